// The storage a command works on: a Redis, or the socket of this machine. It is opened for one run and let go of.

import { SharedSource } from '../admin/shared.ts'
import type { AdminSource } from '../admin/source.ts'
import { openRedisClient } from '../app/redis-client.ts'
import type { CircuitStorage } from '../fleet/storage.ts'
import { HostStorage } from '../host/index.ts'
import { type RedisClient, RedisStorage } from '../redis/index.ts'
import { failed, misused } from './fault.ts'
import type { Request } from './request.ts'

export interface Connection extends AsyncDisposable {
  readonly storage: CircuitStorage
  readonly source: AdminSource
  /** Which, for people; without credentials. */
  readonly text: string
}

/** ms that a person waits rather than being told that nothing answers. */
const PATIENCE = 2_000

/** @throws Fault where the flags name no storage, or it does not answer. */
export async function connect({ flags }: Request, env: NodeJS.ProcessEnv): Promise<Connection> {
  const socket = flags.get('host-socket')
  const redis = flags.get('redis') ?? (socket === undefined ? env['INFUSE_REDIS_URL'] : undefined)
  if (flags.has('redis') && socket !== undefined) throw misused('Give --redis or --host-socket, not both.')
  const connection = typeof redis === 'string' ? await toRedis(redis, flags.get('namespace')) : toHost(socket)
  const { storage } = await connection.source.survey(false)
  if (storage.up) return connection
  await connection[Symbol.asyncDispose]()
  throw failed(`${connection.text} does not answer.`)
}

async function toRedis(url: string, namespace: string | true | undefined): Promise<Connection> {
  if (!URL.canParse(url) || !/^rediss?:$/.test(new URL(url).protocol))
    throw misused('A Redis is named by a redis:// URL.')
  const own = await openRedisClient(url).catch((error: Error) => {
    throw failed(error.message)
  })
  const client = await answering(own.client, new URL(url).host, own.close)
  const named = typeof namespace === 'string' ? { namespace } : {}
  const storage = new RedisStorage(client, { ...named, timeout: PATIENCE })
  return connectionTo(storage, `Redis at ${new URL(url).host}`, async () => {
    await storage.dispose()
    own.close()
  })
}

function toHost(socket: string | true | undefined): Connection {
  const storage = new HostStorage({ ...(typeof socket === 'string' && { path: socket }), timeout: PATIENCE })
  return connectionTo(storage, 'The socket of this machine', async () => storage.dispose())
}

function connectionTo(storage: CircuitStorage, text: string, close: () => Promise<void>): Connection {
  const source = new SharedSource(storage, undefined)
  return {
    storage,
    source,
    text,
    [Symbol.asyncDispose]: async () => {
      source.dispose()
      await close()
    },
  }
}

/** The client once it is connected: it queues nothing, so what is asked before is refused. */
async function answering(client: RedisClient, host: string, close: () => void): Promise<RedisClient> {
  const end = performance.now() + PATIENCE
  const connected = client as { isReady?: boolean; status?: string }
  while (connected.isReady !== true && connected.status !== 'ready') {
    if (performance.now() > end) {
      close()
      throw failed(`Redis at ${host} does not answer.`)
    }
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
  return client
}
