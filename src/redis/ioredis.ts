// ioredis 5 and 6, and iovalkey: single servers, sentinels and clusters. Reconnecting is left to the caller's own
// timer, since theirs would keep a process alive.

import { listenToCluster, type Owner, sharded } from './cluster.ts'
import type { Ear, Emitter, Line, Server } from './server.ts'

/** ioredis 5 and 6 and iovalkey: client (sentinels included) or cluster. */
export interface IoRedisLike {
  evalsha(sha: string, keys: number, ...args: string[]): PromiseLike<unknown>
  eval(script: string, keys: number, ...args: string[]): PromiseLike<unknown>
}

interface Duplicate extends Emitter {
  connect(): PromiseLike<unknown>
  disconnect(): void
  subscribe(channel: string): PromiseLike<unknown>
  unsubscribe(channel: string): PromiseLike<unknown>
  ssubscribe(channel: string): PromiseLike<unknown>
  sunsubscribe(channel: string): PromiseLike<unknown>
  readonly stream?: { unref?(): void } | undefined
}

interface Options {
  readonly host?: string | undefined
  readonly port?: number | undefined
  readonly db?: number | undefined
  readonly keyPrefix?: string | undefined
}

interface Single {
  readonly options: Options
  duplicate(options: object): Duplicate
}

interface Cluster {
  readonly isCluster: true
  readonly options: Options
  /** `host:port`, the master's first, by slot. */
  readonly slots: readonly (readonly string[] | undefined)[]
  nodes(): readonly Single[]
}

/** Own reconnects, channels as they are, and commands that wait for the connection rather than fail before it is there. */
const SUBSCRIBER = {
  keyPrefix: '',
  lazyConnect: true,
  enableOfflineQueue: true,
  enableReadyCheck: false,
  autoResubscribe: false,
  maxRetriesPerRequest: null,
  retryStrategy: () => null,
}

export function ioredisServer(client: IoRedisLike): Server {
  const shape = client as unknown as Single | Cluster
  const { keyPrefix: prefix = '', db: database = 0 } = shape.options
  const common = {
    prefix,
    evalsha: (sha: string, keys: readonly string[], args: readonly string[]) =>
      client.evalsha(sha, keys.length, ...keys, ...args),
    eval: (script: string, keys: readonly string[], args: readonly string[]) =>
      client.eval(script, keys.length, ...keys, ...args),
  }
  if ('isCluster' in shape && shape.isCluster) {
    const listenAll = async (ear: Ear): Promise<Line> => listenToCluster((slot) => ownerOf(shape, slot), ear)
    return { ...common, cluster: true, database: 0, listen: listenAll }
  }
  return { ...common, cluster: false, database, listen: (ear) => listen(shape as Single, ear, false) }
}

function ownerOf(cluster: Cluster, slot: number): Owner | undefined {
  const key = cluster.slots[slot]?.[0]
  const node = cluster.nodes().find(({ options: { host, port } }) => `${host}:${port}` === key)
  return key === undefined || node === undefined ? undefined : { key, listen: (ear) => listen(node, ear, true) }
}

async function listen(client: Single, ear: Ear, inShards: boolean): Promise<Line> {
  const subscriber = client.duplicate(SUBSCRIBER)
  // A client without a listener for errors would end the process; they show as a lost line.
  subscriber.on('error', () => undefined)
  subscriber.on('connect', () => subscriber.stream?.unref?.())
  for (const event of ['message', 'smessage']) {
    subscriber.on(event, (channel, text) => ear.message(String(channel), String(text)))
  }
  await subscriber.connect()
  subscriber.on('end', () => ear.lost())
  const plainly = (channel: string): PromiseLike<unknown> => subscriber.subscribe(channel)
  return {
    subscribe: (channel) =>
      inShards
        ? sharded(
            () => subscriber.ssubscribe(channel),
            () => plainly(channel),
          )
        : plainly(channel),
    unsubscribe: (channel) => (inShards ? subscriber.sunsubscribe(channel) : subscriber.unsubscribe(channel)),
    close: () => subscriber.disconnect(),
  }
}
