// infuse-breaker/redis

export type { IoRedisLike, NodeRedisLike, RedisClient } from './client.ts'
export type { Mirror } from './keys.ts'
export { type PeerRules, RedisStorage, type RedisStorageOptions } from './storage.ts'
