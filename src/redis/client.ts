// The user's Redis client. Clients are told apart by their shape; none is imported. One adapter per family makes a server
// of it.

import { bad } from '../core/check.ts'
import { type IoRedisLike, ioredisServer } from './ioredis.ts'
import { type NodeRedisLike, nodeRedisServer } from './node-redis.ts'
import type { Server } from './server.ts'

/** A connected client of the user's; it stays theirs to configure, to watch for errors and to close. */
export type RedisClient = NodeRedisLike | IoRedisLike

/** The adapter for a client. @throws TypeError for what is none. */
export function serverOf(client: RedisClient): Server {
  if (typeof client === 'object' && client !== null) {
    if ('evalsha' in client && typeof client.evalsha === 'function') return ioredisServer(client)
    if ('evalSha' in client && typeof client.evalSha === 'function') return nodeRedisServer(client)
  }
  throw bad('client', 'a client of redis, ioredis or iovalkey', client, 'client')
}
