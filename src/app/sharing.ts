// Where the circuits of an application live when it does not say so itself: Redis where a setting or option names one,
// else the processes of this machine share them. Whoever opens it here closes it here.

import type { CircuitStorage, SharedOptions } from '../fleet/storage.ts'
import type { RedisClient } from '../redis/client.ts'
import type { Mirror } from '../redis/keys.ts'
import { openRedisClient } from './redis-client.ts'
import type { Settings } from './settings.ts'

/** A storage that the application opened, and how it is let go of. */
export interface Sharing {
  readonly storage: CircuitStorage
  /** Where circuits are shared, for the log. */
  readonly text: string
  close(): Promise<void>
}

export interface SharingOptions {
  /** A URL, or a connected client of `redis`, `ioredis` or `iovalkey`, which stays yours to close. */
  readonly redis: string | RedisClient | undefined
  readonly mirror: Mirror | false | undefined
}

export async function openSharing(settings: Settings, { redis, mirror }: SharingOptions): Promise<Sharing> {
  const wanted = redis ?? settings.redisUrl
  const shared: SharedOptions = { whenDown: settings.whenDown }
  if (wanted === undefined) return openHost(shared)
  // Who uses Infuse's settings for Redis has Python services beside these, or had.
  const kept = mirror ?? (redis === undefined ? 'infuse' : false)
  return openRedis(wanted, shared, settings.namespace, kept === false ? undefined : kept)
}

async function openHost(shared: SharedOptions): Promise<Sharing> {
  const { HostStorage } = await import('../host/index.ts')
  const storage = new HostStorage(shared)
  return { storage, text: 'circuits are shared by the processes of this machine', close: async () => storage.dispose() }
}

async function openRedis(
  redis: string | RedisClient,
  shared: SharedOptions,
  namespace: string,
  mirror: Mirror | undefined,
): Promise<Sharing> {
  const { RedisStorage } = await import('../redis/index.ts')
  const own = typeof redis === 'string' ? await openRedisClient(redis) : undefined
  const storage = new RedisStorage(own?.client ?? (redis as RedisClient), { ...shared, namespace, mirror })
  const close = async (): Promise<void> => {
    await storage.dispose()
    await own?.close()
  }
  return { storage, text: 'circuits are shared through Redis', close }
}
