// infuse-breaker/redis

export type { RedisClient } from './client.ts'
export type { IoRedisLike } from './ioredis.ts'
export type { Mirror } from './keys.ts'
export type { NodeRedisLike } from './node-redis.ts'
export type { PeerRules } from '../fleet/storage.ts'
export { RedisStorage, type RedisStorageOptions } from './storage.ts'
