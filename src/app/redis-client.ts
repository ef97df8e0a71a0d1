// A Redis client for settings that name a URL only: whichever of the known clients the application has installed. A
// server that is not there yet is no reason not to start; the circuits learn of it when it comes.

import type { RedisClient } from '../redis/client.ts'

export interface OwnClient {
  readonly client: RedisClient
  close(): Promise<void>
}

interface NodeRedisModule {
  createClient(options: object): RedisClient & NodeRedisExtras
}
interface NodeRedisExtras {
  on(event: 'error', listener: () => void): void
  connect(): Promise<unknown>
  destroy(): void
}
interface IoRedisModule {
  Redis: new (url: string, options: object) => RedisClient & IoRedisExtras
}
interface IoRedisExtras {
  on(event: 'error', listener: () => void): void
  disconnect(): void
}

const CLIENTS = ['redis', 'ioredis', 'iovalkey'] as const
const LONGEST_PAUSE = 1_000
const PAUSE = 50

/** @throws TypeError where none of the clients is installed. */
export async function openRedisClient(url: string): Promise<OwnClient> {
  for (const name of CLIENTS) {
    const module = await load(name)
    if (module === undefined) continue
    return 'createClient' in module ? openNodeRedis(module, url) : openIoRedis(module, url)
  }
  throw new TypeError(
    'Sharing circuits through Redis needs one of the packages redis, ioredis, iovalkey; none is installed',
  )
}

async function load(name: string): Promise<NodeRedisModule | IoRedisModule | undefined> {
  try {
    return (await import(name)) as NodeRedisModule | IoRedisModule
  } catch (error) {
    if ((error as { code?: unknown }).code === 'ERR_MODULE_NOT_FOUND') return undefined
    throw error
  }
}

function openNodeRedis({ createClient }: NodeRedisModule, url: string): OwnClient {
  const reconnectStrategy = (tries: number): number => Math.min(tries * PAUSE, LONGEST_PAUSE)
  const client = createClient({ url, disableOfflineQueue: true, socket: { reconnectStrategy } })
  // What goes wrong is told as `storageDown`, once.
  client.on('error', () => {})
  client.connect().catch(() => {})
  return { client, close: async () => client.destroy() }
}

function openIoRedis({ Redis }: IoRedisModule, url: string): OwnClient {
  const client = new Redis(url, { enableOfflineQueue: false, maxRetriesPerRequest: 0 })
  client.on('error', () => {})
  return { client, close: async () => client.disconnect() }
}
