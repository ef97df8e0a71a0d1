// node-redis 5 and 6: single servers, clusters and sentinels. Reconnecting is left to the caller's own timer, since
// theirs would keep a process alive; a sentinel client, which cannot be duplicated, subscribes and reconnects itself.

import { listenToCluster, type Owner, sharded } from './cluster.ts'
import type { Ear, Emitter, Line, Server } from './server.ts'

/** node-redis 5 and 6: client, cluster or sentinel. */
export interface NodeRedisLike {
  evalSha(sha: string, options: { keys: string[]; arguments: string[] }): PromiseLike<unknown>
  eval(script: string, options: { keys: string[]; arguments: string[] }): PromiseLike<unknown>
}

type Heard = (text: string, channel: string) => void
type Subscribe = (channel: string, heard: Heard) => PromiseLike<unknown>
type Unsubscribe = (channel: string, heard?: Heard) => PromiseLike<unknown>

interface Duplicate extends Emitter {
  readonly isOpen: boolean
  connect(): PromiseLike<unknown>
  destroy(): void
  unref?(): void
  readonly subscribe: Subscribe
  readonly unsubscribe: Unsubscribe
  readonly sSubscribe: Subscribe
  readonly sUnsubscribe: Unsubscribe
}

interface Options {
  readonly socket?: object | undefined
  readonly database?: number | undefined
  readonly keyPrefix?: string | undefined
}

interface Single {
  readonly options?: Options | undefined
  duplicate(options: object): Duplicate
}

interface Cluster {
  readonly slots: readonly ({ readonly master: { readonly address: string } } | undefined)[]
  nodeClient(node: { readonly address: string }): PromiseLike<Single> | Single
}

interface Sentinel extends Emitter {
  getSentinelNode(): unknown
  readonly subscribe: Subscribe
  readonly unsubscribe: Unsubscribe
}

export function nodeRedisServer(client: NodeRedisLike): Server {
  const shape = client as unknown as Single | Cluster | Sentinel
  const { keyPrefix: prefix = '', database = 0 } = ('options' in shape ? shape.options : undefined) ?? {}
  const common = {
    prefix,
    database,
    evalsha: (sha: string, keys: readonly string[], args: readonly string[]) =>
      client.evalSha(sha, { keys: [...keys], arguments: [...args] }),
    eval: (script: string, keys: readonly string[], args: readonly string[]) =>
      client.eval(script, { keys: [...keys], arguments: [...args] }),
  }
  if ('nodeClient' in shape) {
    const listenAll = async (ear: Ear): Promise<Line> => listenToCluster((slot) => ownerOf(shape, slot), ear)
    return { ...common, cluster: true, listen: listenAll }
  }
  if ('getSentinelNode' in shape) return { ...common, cluster: false, listen: async (ear) => overSentinel(shape, ear) }
  return { ...common, cluster: false, listen: (ear) => listen(shape, ear, false) }
}

function ownerOf(cluster: Cluster, slot: number): Owner | undefined {
  const master = cluster.slots[slot]?.master
  return master && { key: master.address, listen: async (ear) => listen(await cluster.nodeClient(master), ear, true) }
}

async function listen(client: Single, ear: Ear, inShards: boolean): Promise<Line> {
  const socket = { ...client.options?.socket, reconnectStrategy: false }
  const subscriber = client.duplicate({ socket, disableOfflineQueue: false, keyPrefix: '' })
  const heard: Heard = (text, channel) => ear.message(channel, text)
  let connected = false
  // A client without a listener for errors would end the process; here they tell that the line is lost.
  for (const event of ['error', 'terminated', 'end']) subscriber.on(event, () => connected && ear.lost())
  subscriber.unref?.()
  await subscriber.connect()
  connected = true
  const plainly = (channel: string): PromiseLike<unknown> => subscriber.subscribe(channel, heard)
  return {
    subscribe: (channel) =>
      inShards
        ? sharded(
            () => subscriber.sSubscribe(channel, heard),
            () => plainly(channel),
          )
        : plainly(channel),
    unsubscribe: (channel) => (inShards ? subscriber.sUnsubscribe(channel) : subscriber.unsubscribe(channel)),
    close() {
      connected = false
      if (subscriber.isOpen) subscriber.destroy()
    },
  }
}

function overSentinel(sentinel: Sentinel, ear: Ear): Line {
  const heard: Heard = (text, channel) => ear.message(channel, text)
  const again = (): void => ear.again()
  const channels = new Set<string>()
  sentinel.on('topology-change', again)
  const unsubscribe = (channel: string): PromiseLike<unknown> => {
    channels.delete(channel)
    return sentinel.unsubscribe(channel, heard)
  }
  return {
    subscribe(channel) {
      channels.add(channel)
      return sentinel.subscribe(channel, heard)
    },
    unsubscribe,
    close() {
      sentinel.off('topology-change', again)
      for (const channel of channels) unsubscribe(channel).then(undefined, () => undefined)
    },
  }
}
