// Compiled, never run: RedisStorage takes every client as its package types it.
import { Redis as IoRedis5, Cluster as IoCluster5 } from 'ioredis-5'
import { Redis as IoRedis6, Cluster as IoCluster6 } from 'ioredis-6'
import { Cluster as ValkeyCluster, Redis as Valkey } from 'iovalkey'
import * as redis5 from 'redis-5'
import * as redis6 from 'redis-6'
import type { CircuitStorage, Move, SharedOptions, StoredCircuit, Tally, Watcher } from '../../src/index.ts'
import { type RedisClient, RedisStorage } from '../../src/redis/index.ts'

export const storages = (): readonly CircuitStorage[] => [
  new RedisStorage(redis5.createClient()),
  new RedisStorage(redis5.createClient({ RESP: 3 }), { namespace: 'prod' }),
  new RedisStorage(redis5.createCluster({ rootNodes: [] })),
  new RedisStorage(redis5.createSentinel({ name: 'main', sentinelRootNodes: [] })),
  new RedisStorage(redis6.createClient(), { mirror: 'pybreaker' }),
  new RedisStorage(redis6.createCluster({ rootNodes: [] }), { whenDown: 'closed', timeout: undefined }),
  new RedisStorage(redis6.createSentinel({ name: 'main', sentinelRootNodes: [] })),
  new RedisStorage(new IoRedis5()),
  new RedisStorage(new IoCluster5([])),
  new RedisStorage(new IoRedis6()),
  new RedisStorage(new IoCluster6([])),
  new RedisStorage(new Valkey()),
  new RedisStorage(new ValkeyCluster([])),
]

// @ts-expect-error an address is no client
export const address: RedisClient = 'redis://localhost'

// What was promised.
type Options = SharedOptions & { namespace?: string | undefined; mirror?: 'pybreaker' | 'infuse' | undefined }
interface Promised extends CircuitStorage {
  read(names: readonly string[]): Promise<(StoredCircuit | undefined)[]>
  add(name: string, tally: Tally): Promise<StoredCircuit>
  replace(
    name: string,
    expected: StoredCircuit | undefined,
    next: Move,
  ): Promise<{ replaced: boolean; current: StoredCircuit | undefined }>
  watch(name: string, watcher: Watcher): () => void
  list(): Promise<string[]>
}
export const promised: new (client: RedisClient, options?: Options) => Promised = RedisStorage
