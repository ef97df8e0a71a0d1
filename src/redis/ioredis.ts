// ioredis 5 and 6, and iovalkey: single servers, sentinels and clusters. Reconnecting is left to the caller's own
// timer, since theirs would keep a process alive.

import type { Ear, Emitter, IoRedisLike, Line, Server } from './client.ts'

interface Duplicate extends Emitter {
  connect(): PromiseLike<unknown>
  disconnect(): void
  subscribe(channel: string): PromiseLike<unknown>
  unsubscribe(channel: string): PromiseLike<unknown>
  readonly stream?: { unref?(): void } | undefined
}

interface Duplicable {
  readonly isCluster?: boolean
  duplicate(options: object): Duplicate
}

/** Own reconnects, and commands that wait for the connection rather than fail before it is there. */
const SUBSCRIBER = {
  lazyConnect: true,
  enableOfflineQueue: true,
  enableReadyCheck: false,
  autoResubscribe: false,
  maxRetriesPerRequest: null,
  retryStrategy: () => null,
}

export function ioredisServer(client: IoRedisLike): Server {
  const duplicable = client as unknown as Duplicable
  const cluster = duplicable.isCluster === true
  return {
    cluster,
    evalsha: (sha, keys, args) => client.evalsha(sha, keys.length, ...keys, ...args),
    eval: (script, keys, args) => client.eval(script, keys.length, ...keys, ...args),
    listen: (ear) => listen(duplicable.duplicate(SUBSCRIBER), ear),
  }
}

async function listen(subscriber: Duplicate, ear: Ear): Promise<Line> {
  // A client without a listener for errors would end the process; they show as a lost line.
  subscriber.on('error', () => undefined)
  subscriber.on('connect', () => subscriber.stream?.unref?.())
  subscriber.on('message', (channel, text) => ear.message(String(channel), String(text)))
  await subscriber.connect()
  subscriber.on('end', () => ear.lost())
  return {
    subscribe: (channel) => subscriber.subscribe(channel),
    unsubscribe: (channel) => subscriber.unsubscribe(channel),
    close: () => subscriber.disconnect(),
  }
}
