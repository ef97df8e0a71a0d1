// The storage a command works on: a Redis, or the socket of this machine. It is opened for one run and let go of. Where
// nobody serves at the socket this run does, as any process would, and leaves nothing there.

import { SharedSource } from '../admin/shared.ts'
import type { AdminSource } from '../admin/source.ts'
import { openRedisClient } from '../app/redis-client.ts'
import { checkRedisUrl } from '../app/redis-url.ts'
import { checkNamespace, groupOf } from '../fleet/namespace.ts'
import type { CircuitStorage } from '../fleet/storage.ts'
import { HostStorage, type HostStorageOptions } from '../host/index.ts'
import { groupsHere } from '../host/place.ts'
import { type RedisClient, RedisStorage, type RedisStorageOptions } from '../redis/index.ts'
import { unlessEnded } from './ending.ts'
import { type Fault, failed, misused } from './fault.ts'
import type { Request } from './request.ts'
import type { World } from './world.ts'

export interface Connection extends AsyncDisposable {
  readonly storage: CircuitStorage
  readonly source: AdminSource
  /** Which, for people; without credentials. */
  readonly text: string
}

/** ms that a person waits rather than being told that nothing answers. */
const PATIENCE = 2_000

/** @throws Fault where the flags name no storage, or it does not answer. */
export async function connect({ flags }: Request, world: World): Promise<Connection> {
  const socket = textOf(flags.get('host-socket'))
  const given = textOf(flags.get('redis'))
  const namespace = textOf(flags.get('namespace'))
  if (given !== undefined && socket !== undefined) throw misused('Give --redis or --host-socket, not both.')
  const option = given === undefined ? 'INFUSE_REDIS_URL' : '--redis'
  const url = given ?? (socket === undefined ? world.env['INFUSE_REDIS_URL'] || undefined : undefined)
  if (namespace !== undefined) understood(() => checkNamespace(namespace))
  if (socket !== undefined && namespace !== undefined) throw misused('Give --namespace or --host-socket, not both.')
  const connection =
    url === undefined
      ? toHost({ ...(socket !== undefined && { path: socket }), ...(namespace !== undefined && { namespace }) })
      : await toRedis(
          understood(() => checkRedisUrl(option, url)),
          namespace,
          world,
        )
  try {
    const { storage, circuits } = await unlessEnded(world.end, connection.source.survey(false))
    if (!storage.up) throw await silent(connection.text, world)
    if (circuits.length === 0 && url === undefined && socket === undefined) pointOut(namespace ?? '', world)
    return connection
  } catch (error) {
    await connection[Symbol.asyncDispose]()
    throw error
  }
}

/** Nothing is here: names the namespaces that have a socket on this machine. */
function pointOut(namespace: string, { err }: World): void {
  const others = groupsHere().filter((group) => group !== groupOf(namespace))
  if (others.length > 0)
    err.write(`There are sockets of other namespaces on this machine: ${others.join(', ')} (--namespace).\n`)
}

async function toRedis(url: string, namespace: string | undefined, world: World): Promise<Connection> {
  const options: RedisStorageOptions = { ...(namespace !== undefined && { namespace }), timeout: PATIENCE }
  const text = `Redis at ${new URL(url).host}`
  const own = await openRedisClient(url).catch((error: Error) => {
    throw failed(`${error.message}.`)
  })
  try {
    if (!(await answers(own.client, world.end))) throw await silent(text, world)
    const storage = new RedisStorage(own.client, options)
    return connectionTo(storage, text, async () => {
      await storage.dispose()
      own.close()
    })
  } catch (error) {
    own.close()
    throw error
  }
}

function toHost(options: HostStorageOptions): Connection {
  const { path } = options
  const storage = understood(() => new HostStorage({ ...options, timeout: PATIENCE }))
  return connectionTo(storage, path === undefined ? 'The socket of this machine' : `The socket ${path}`, () =>
    storage.dispose(),
  )
}

/** A storage of a path or address that a person need not have typed. */
export function connectionTo(storage: CircuitStorage, text: string, close: () => Promise<void>): Connection {
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
async function answers(client: RedisClient, end: AbortSignal): Promise<boolean> {
  const connected = client as { isReady?: boolean; status?: string }
  const isReady = (): boolean => connected.isReady === true || connected.status === 'ready'
  const until = performance.now() + PATIENCE
  while (!isReady() && !end.aborted && performance.now() < until)
    await new Promise((resolve) => setTimeout(resolve, 10))
  if (end.aborted) throw failed('Interrupted.')
  return isReady()
}

async function silent(text: string, { warnings }: World): Promise<Fault> {
  // Warnings are heard a tick after they are given.
  await new Promise((resolve) => setImmediate(resolve))
  const { cause } = warnings
  return failed(`${text} does not answer${cause === undefined ? '' : `: ${cause.replace(/\.$/, '')}`}.`)
}

/** What an option's check throws names the option; here it stands behind a flag of the same name. */
function understood<T>(make: () => T): T {
  try {
    return make()
  } catch (error) {
    if (error instanceof TypeError || error instanceof RangeError) throw misused(`${error.message}.`)
    throw error
  }
}

function textOf(given: string | true | undefined): string | undefined {
  return typeof given === 'string' ? given : undefined
}
