// Where the circuits of an application live when it does not say so itself: Redis where a setting or option names one,
// else the processes of this machine share them. Whoever opens it here closes it here.

import { bad } from '../core/check.ts'
import { describeError } from '../core/describe.ts'
import { checkNamespace } from '../fleet/namespace.ts'
import type { CircuitStorage, SharedOptions } from '../fleet/storage.ts'
import type { RedisClient } from '../redis/client.ts'
import type { Mirror } from '../redis/keys.ts'
import { openRedisClient } from './redis-client.ts'
import { checkRedisUrl } from './redis-url.ts'
import type { Settings } from './settings.ts'

/** A storage that the application opened, and how it is let go of. */
export interface Sharing {
  readonly storage: CircuitStorage
  close(): Promise<void>
}

export interface SharingOptions {
  /** A URL, or a connected client of `redis`, `ioredis` or `iovalkey`, which stays its owner's to close. */
  readonly redis: string | RedisClient | undefined
  readonly mirror: Mirror | false | undefined
}

const MIRRORS: readonly (Mirror | false)[] = ['infuse', 'pybreaker', false]

/** @throws TypeError or RangeError for options that are none, and for what no client can be opened for. */
export async function openSharing(settings: Settings, { redis, mirror }: SharingOptions): Promise<Sharing> {
  if (mirror !== undefined && !MIRRORS.includes(mirror))
    throw bad('mirror', "'infuse', 'pybreaker' or false", mirror, 'string')
  if (typeof redis === 'string') checkRedisUrl('redis', redis)
  const wanted = redis ?? settings.redisUrl
  const shared: SharedOptions = { whenDown: settings.whenDown }
  checkTemplate(settings.namespace)
  if (wanted === undefined) return openHost(shared, settings.namespace)
  // Who uses Infuse's settings for Redis has Python services beside these, or had.
  const kept = mirror ?? (redis === undefined ? 'infuse' : false)
  return openRedis(wanted, shared, settings.namespace, kept === false ? undefined : kept)
}

let isSaid = false

async function openHost(shared: SharedOptions, namespace: string): Promise<Sharing> {
  const { HostStorage } = await import('../host/index.ts')
  const storage = new HostStorage({ ...shared, namespace })
  if (!isSaid) process.stderr.write('[INFUSE] circuits are shared by the processes of this machine\n')
  isSaid = true
  return { storage, close: () => storage.dispose() }
}

async function openRedis(
  redis: string | RedisClient,
  shared: SharedOptions,
  namespace: string,
  mirror: Mirror | undefined,
): Promise<Sharing> {
  const { RedisStorage } = await import('../redis/index.ts')
  const own = typeof redis === 'string' ? await openRedisClient(redis) : undefined
  try {
    const storage = new RedisStorage(own?.client ?? (redis as RedisClient), { ...shared, namespace, mirror })
    const close = async (): Promise<void> => {
      await storage.dispose()
      own?.close()
    }
    return { storage, close }
  } catch (error) {
    own?.close()
    throw error
  }
}

/** Settings made it, so an error has to name them. */
function checkTemplate(namespace: string): void {
  try {
    checkNamespace(namespace)
  } catch (cause) {
    const names = '`INFUSE_REDIS_KEY_NAMESPACE_TEMPLATE` with the name of the environment'
    throw new TypeError(`${names} gives no namespace that keys could carry: ${describeError(cause)}`, { cause })
  }
}
