// Each client that RedisStorage promises to work with, connected, and how to end it.

import { Redis as IoRedis5, Cluster as IoCluster5 } from 'ioredis-5'
import { Redis as IoRedis6, Cluster as IoCluster6 } from 'ioredis-6'
import { Cluster as ValkeyCluster, Redis as Valkey } from 'iovalkey'
import * as redis5 from 'redis-5'
import * as redis6 from 'redis-6'
import type { RedisClient } from '../../src/redis/index.ts'

export interface Connected {
  readonly client: RedisClient
  end(): Promise<void>
}

export interface SingleOptions {
  readonly username?: string
  readonly password?: string
  readonly keyPrefix?: string
  readonly database?: number
}

export interface Family {
  readonly name: string
  /** `user`, `keyPrefix`, and the number of a database. */
  single(port: number, options?: SingleOptions): Promise<Connected>
  sentinel(port: number): Promise<Connected>
  cluster(port: number): Promise<Connected>
}

interface NodeRedisModule {
  createClient(options: object): NodeRedisClient
  createCluster(options: object): NodeRedisClient
  createSentinel(options: object): NodeRedisClient
}
interface NodeRedisClient {
  on(event: string, heard: () => void): unknown
  connect(): Promise<unknown>
  destroy(): unknown
}

function nodeRedis(name: string, module: unknown): Family {
  const { createClient, createCluster, createSentinel } = module as NodeRedisModule
  const connected = async (client: NodeRedisClient): Promise<Connected> => {
    client.on('error', () => undefined)
    await client.connect()
    return { client: client as unknown as RedisClient, end: async () => void (await client.destroy()) }
  }
  const host = '127.0.0.1'
  return {
    name,
    single: (port, options) => connected(createClient({ socket: { host, port }, ...options })),
    sentinel: (port) => connected(createSentinel({ name: 'main', sentinelRootNodes: [{ host, port }] })),
    cluster: (port) => connected(createCluster({ rootNodes: [{ socket: { host, port } }] })),
  }
}

interface IoRedisClient {
  readonly status: string
  on(event: string, heard: () => void): unknown
  connect(): Promise<unknown>
  disconnect(): void
}

function ioredis(name: string, Redis: unknown, Cluster: unknown): Family {
  const Client = Redis as new (options: object) => IoRedisClient
  const Clusters = Cluster as new (nodes: object[], options: object) => IoRedisClient
  const connected = async (client: IoRedisClient): Promise<Connected> => {
    client.on('error', () => undefined)
    await client.connect()
    return { client: client as unknown as RedisClient, end: async () => client.disconnect() }
  }
  const host = '127.0.0.1'
  return {
    name,
    single: (port, options) =>
      connected(new Client({ host, port, lazyConnect: true, db: options?.database ?? 0, ...options })),
    sentinel: (port) => connected(new Client({ sentinels: [{ host, port }], name: 'main', lazyConnect: true })),
    cluster: (port) => connected(new Clusters([{ host, port }], { lazyConnect: true })),
  }
}

export const families: readonly Family[] = [
  nodeRedis('redis 5', redis5),
  nodeRedis('redis 6', redis6),
  ioredis('ioredis 5', IoRedis5, IoCluster5),
  ioredis('ioredis 6', IoRedis6, IoCluster6),
  ioredis('iovalkey', Valkey, ValkeyCluster),
]
