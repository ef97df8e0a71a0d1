// node-redis 5 and 6: single servers, clusters and sentinels. Of a single server's subscriber reconnecting is left to
// the caller's own timer, since theirs would keep a process alive; a cluster or sentinel client looks after its own.

import type { Ear, Emitter, Line, NodeRedisLike, Server } from './client.ts'

type Heard = (text: string, channel: string) => void

interface Subscribing {
  subscribe(channel: string, heard: Heard): PromiseLike<unknown>
  unsubscribe(channel: string, heard?: Heard): PromiseLike<unknown>
}

interface Duplicate extends Emitter, Subscribing {
  connect(): PromiseLike<unknown>
  destroy(): void
  unref?(): void
}

interface Duplicable {
  readonly options?: { readonly socket?: object | undefined } | undefined
  duplicate(options: object): Duplicate
}

export function nodeRedisServer(client: NodeRedisLike): Server {
  return {
    cluster: false,
    evalsha: (sha, keys, args) => client.evalSha(sha, { keys: [...keys], arguments: [...args] }),
    eval: (script, keys, args) => client.eval(script, { keys: [...keys], arguments: [...args] }),
    listen: (ear) => listen(client as unknown as Duplicable, ear),
  }
}

async function listen(client: Duplicable, ear: Ear): Promise<Line> {
  const socket = { ...client.options?.socket, reconnectStrategy: false }
  const subscriber = client.duplicate({ socket, disableOfflineQueue: false })
  const heard: Heard = (text, channel) => ear.message(channel, text)
  // A client without a listener for errors would end the process; they show as a lost line.
  subscriber.on('error', () => undefined)
  subscriber.unref?.()
  await subscriber.connect()
  subscriber.on('end', () => ear.lost())
  subscriber.on('terminated', () => ear.lost())
  return {
    subscribe: (channel) => subscriber.subscribe(channel, heard),
    unsubscribe: (channel) => subscriber.unsubscribe(channel),
    close: () => subscriber.destroy(),
  }
}
