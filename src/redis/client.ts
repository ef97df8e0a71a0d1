// What this library asks of a Redis client: to run a script, and to subscribe on a connection of its own. Clients are
// told apart by their shape; none is imported. One adapter per family turns it into these verbs.

import { bad } from '../core/check.ts'
import { ioredisServer } from './ioredis.ts'
import { nodeRedisServer } from './node-redis.ts'

/** node-redis 5 and 6: client, cluster or sentinel. */
export interface NodeRedisLike {
  evalSha(sha: string, options: { keys: string[]; arguments: string[] }): PromiseLike<unknown>
  eval(script: string, options: { keys: string[]; arguments: string[] }): PromiseLike<unknown>
}

/** ioredis 5 and 6 and iovalkey: client (sentinels included) or cluster. */
export interface IoRedisLike {
  evalsha(sha: string, keys: number, ...args: string[]): PromiseLike<unknown>
  eval(script: string, keys: number, ...args: string[]): PromiseLike<unknown>
}

/** A connected client of the user's; it stays theirs to configure, to watch for errors and to close. */
export type RedisClient = NodeRedisLike | IoRedisLike

/** A Redis server, sentinel group or cluster, behind whichever client. */
export interface Server {
  /** Keys of one command must share a slot. */
  readonly cluster: boolean
  /** What the client puts before every key. */
  readonly prefix: string
  /** The number of the database: keys are told apart by it, channels are not. */
  readonly database: number
  evalsha(sha: string, keys: readonly string[], args: readonly string[]): PromiseLike<unknown>
  eval(script: string, keys: readonly string[], args: readonly string[]): PromiseLike<unknown>
  /** A connection for subscribing, connected. */
  listen(ear: Ear): Promise<Line>
}

/** Who hears what comes over a {@link Line}. */
export interface Ear {
  message(channel: string, text: string): void
  /** The client subscribed anew by itself; what was said meanwhile is lost. */
  again(): void
  /** The line is gone for good. */
  lost(): void
}

/** A connection for subscribing. */
export interface Line {
  subscribe(channel: string): PromiseLike<unknown>
  unsubscribe(channel: string): PromiseLike<unknown>
  /** Whether it listens in the wrong place by now (a cluster's slots move). */
  stale?(): boolean
  close(): void
}

/** Events of a client, which all of them emit as Node does. */
export interface Emitter {
  on(event: string, heard: (...args: unknown[]) => void): unknown
  off(event: string, heard: (...args: unknown[]) => void): unknown
}

/** The adapter for a client. @throws TypeError for what is none. */
export function serverOf(client: RedisClient): Server {
  if (typeof client === 'object' && client !== null) {
    if ('evalsha' in client && typeof client.evalsha === 'function') return ioredisServer(client)
    if ('evalSha' in client && typeof client.evalSha === 'function') return nodeRedisServer(client)
  }
  throw bad('client', 'a client of redis, ioredis or iovalkey', client, 'client')
}
