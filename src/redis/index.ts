// infuse-breaker/redis

export type { IoRedisLike, NodeRedisLike, RedisClient } from './client.ts'
export type { Mirror } from './keys.ts'
export type { PeerRules } from '../fleet/storage.ts'
export { RedisStorage, type RedisStorageOptions } from './storage.ts'
