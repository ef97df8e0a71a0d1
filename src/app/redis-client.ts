// A Redis client for settings that name a URL only: whichever of the known clients the application has installed. A
// server that is not there yet is no reason not to start; the circuits learn of it when it comes.

import { describeError } from '../core/describe.ts'
import { warn } from '../core/warning.ts'
import type { RedisClient } from '../redis/client.ts'

export interface OwnClient {
  readonly client: RedisClient
  /** Ends its connection at once, and its attempts to have one. */
  close(): void
}

/** How a package is loaded. */
export type Load = (name: string) => Promise<unknown>

interface Emitter {
  on(event: string, listener: (error?: unknown) => void): unknown
}
interface NodeRedisModule {
  createClient(options: object): RedisClient & NodeRedisClient
}
interface NodeRedisClient extends Emitter {
  connect(): Promise<unknown>
  destroy(): void
}
interface IoRedisModule {
  Redis: new (url: string, options: object) => RedisClient & IoRedisClient
}
interface IoRedisClient extends Emitter {
  disconnect(): void
}

const PAUSE = 50
const LONGEST_PAUSE = 1_000
/** ms that the first connection is waited for: circuits that are read before it is there would take storage to be down. */
const FIRST_WAIT = 1_000

/**
 * A client that is connected, or goes on trying.
 * @throws TypeError where none of the packages is installed, Error where one cannot be loaded. No message has the URL.
 */
export async function openRedisClient(url: string, load: Load = (name) => import(name)): Promise<OwnClient> {
  for (const { name, open } of CLIENTS) {
    const module = await find(name, load)
    if (module === undefined) continue
    const [client, close] = open(module, url)
    await answered(client)
    return { client, close }
  }
  const names = CLIENTS.map(({ name }) => name).join(', ')
  throw new TypeError(`Sharing circuits through Redis needs one of the packages ${names}; none is installed`)
}

async function find(name: string, load: Load): Promise<unknown> {
  try {
    return await load(name)
  } catch (cause) {
    const { code, message } = cause as { code?: unknown; message?: unknown }
    if (code === 'ERR_MODULE_NOT_FOUND' && String(message).includes(`'${name}'`)) return undefined
    throw new Error(`The package ${name} cannot be loaded: ${describeError(cause)}`, { cause })
  }
}

type Opened = [client: RedisClient & Emitter, close: () => void]

function openNodeRedis(module: unknown, url: string): Opened {
  const { createClient } = module as NodeRedisModule
  const client = createClient({ url, disableOfflineQueue: true, socket: { reconnectStrategy: pause } })
  explain(client)
  // It rejects where `close` comes first.
  client.connect().catch(() => undefined)
  return [client, () => client.destroy()]
}

function openIoRedis(module: unknown, url: string): Opened {
  const { Redis } = module as IoRedisModule
  const client = new Redis(url, { enableOfflineQueue: false, maxRetriesPerRequest: 0, retryStrategy: pause })
  explain(client)
  return [client, () => client.disconnect()]
}

// ioredis has a `createClient` too: only their names tell them apart.
const CLIENTS: readonly { readonly name: string; readonly open: (module: unknown, url: string) => Opened }[] = [
  { name: 'redis', open: openNodeRedis },
  { name: 'ioredis', open: openIoRedis },
  { name: 'iovalkey', open: openIoRedis },
]

function pause(tries: number): number {
  return Math.min(tries * PAUSE, LONGEST_PAUSE)
}

/** Why it is not connected is said once per outage: circuits themselves only see that nobody answers. */
function explain(client: Emitter): void {
  let isSaid = false
  client.on('ready', () => {
    isSaid = false
  })
  client.on('error', (error) => {
    if (!isSaid) warn('The Redis that circuits are shared through does not answer', error)
    isSaid = true
  })
}

function answered(client: Emitter): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, FIRST_WAIT)
    for (const event of ['ready', 'error']) {
      client.on(event, () => {
        clearTimeout(timer)
        resolve()
      })
    }
  })
}
