/**
 * What the guarded shops share their circuit through: a socket of this machine, or a Redis where REDIS_URL names one.
 * The terminal prepares it and cleans up after it; each shop opens it.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import type { CircuitStorage } from 'infuse-breaker'
import { HostStorage } from 'infuse-breaker/host'
import { type NodeRedisLike, RedisStorage } from 'infuse-breaker/redis'

/** How to open it, as the terminal tells the shops. */
export type Meeting = { readonly socket: string } | { readonly redis: string; readonly namespace: string }

export interface Sharing {
  readonly meeting: Meeting
  /** For the audience. */
  readonly text: string
  /** After the shops have ended. */
  end(): void
}

/** As much of a client of the `redis` package as is used here. */
interface Client extends NodeRedisLike {
  on(event: 'error', heard: (error: Error) => void): unknown
  connect(): Promise<unknown>
  ping(): Promise<unknown>
  destroy(): void
}
type NewClient = (options: { url: string; socket?: { reconnectStrategy: false } }) => Client

/** The package as users install it, and under the name that it has in this repository. */
const packages = ['redis', 'redis-6']

/** ms a shop waits for the storage: a machine busy with five processes must not make the shops part. */
const timeout = 1_000

/** Throws an `Error` whose message is for the user. */
export async function prepareSharing(redis: string | undefined): Promise<Sharing> {
  if (redis === undefined || redis === '') {
    const folder = mkdtempSync(join(tmpdir(), 'infuse-demo-'))
    const meeting = { socket: join(folder, 'shops.sock') }
    return { meeting, text: 'HostStorage, a socket of this machine', end: () => forget(meeting) }
  }
  const { host } = await knock(redis)
  // Every run has circuits of its own; Redis forgets them after a day.
  const meeting = { redis, namespace: `demo-${process.pid}-${Date.now().toString(36)}` }
  return { meeting, text: `RedisStorage, ${host}`, end: () => {} }
}

export async function openStorage(meeting: Meeting): Promise<CircuitStorage> {
  if ('socket' in meeting) return new HostStorage({ path: meeting.socket, timeout })
  const newClient = await findClient()
  const client = newClient({ url: meeting.redis })
  // What is amiss the breaker finds out by itself; without a listener the process would end.
  client.on('error', () => {})
  await client.connect()
  return new RedisStorage(client, { namespace: meeting.namespace, timeout })
}

/** Removes what lies on the disk; a shop does it where the terminal was killed. */
export function forget(meeting: Meeting): void {
  if ('socket' in meeting) rmSync(dirname(meeting.socket), { recursive: true, force: true })
}

/** Sees to it that somebody answers there before any shop opens. */
async function knock(url: string): Promise<URL> {
  const address = URL.canParse(url) ? new URL(url) : undefined
  if (!address?.protocol.startsWith('redis')) throw new Error('REDIS_URL is no address such as redis://127.0.0.1:6379')
  const newClient = await findClient()
  const client = newClient({ url, socket: { reconnectStrategy: false } })
  client.on('error', () => {})
  try {
    await client.connect()
    await client.ping()
  } catch (error) {
    throw new Error(`No Redis answers at ${address.host} (REDIS_URL): ${(error as Error).message}`, { cause: error })
  } finally {
    client.destroy()
  }
  return address
}

async function findClient(): Promise<NewClient> {
  for (const name of packages) {
    try {
      const { createClient } = (await import(name)) as { createClient: NewClient }
      return createClient
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ERR_MODULE_NOT_FOUND') throw error
    }
  }
  throw new Error('REDIS_URL needs a client: npm install redis, or unset it to share through this machine')
}
