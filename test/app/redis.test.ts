// Infuse.fromEnv and its own Redis client: whichever package is installed, with passwords and TLS, with a server that
// comes late, and an end after which a process ends.

import { execFile } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { type AddressInfo, connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createServer } from 'node:tls'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest'
import { type Load, openRedisClient } from '../../src/app/redis-client.ts'
import { gateOf } from '../../src/calls/gates.ts'
import { Infuse } from '../../src/index.ts'
import { RedisStorage } from '../../src/redis/index.ts'
import { compiled } from '../support/processes.ts'
import { RedisServer, until } from '../support/redis-server.ts'

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 })

const certificates = new URL('../outbound/self-signed/', import.meta.url)
const PASSWORD = 'p4ss:w/rd'
let redis: RedisServer
let library: string
const ends: (() => unknown)[] = []

beforeAll(async () => {
  redis = await RedisServer.start()
  library = compiled('app')
})
afterAll(() => redis[Symbol.asyncDispose]())
afterEach(async () => {
  for (const end of ends.splice(0).toReversed()) await end()
})

/** Only this package is installed, for the name that an application would know it by. */
function only(name: string, as: string): Load {
  return async (wanted) => {
    if (wanted === name) return import(as)
    throw Object.assign(new Error(`Cannot find package '${wanted}' imported from here`), {
      code: 'ERR_MODULE_NOT_FOUND',
    })
  }
}

describe('the client of an application', () => {
  it.each([
    ['redis', 'redis-5'],
    ['redis', 'redis-6'],
    ['ioredis', 'ioredis-5'],
    ['ioredis', 'ioredis-6'],
    ['iovalkey', 'iovalkey'],
  ])('is that of %s (%s) where only that is installed, and is connected', async (name, as) => {
    const own = await openRedisClient(`${redis.url}/3`, only(name, as))
    ends.push(own.close)
    const storage = new RedisStorage(own.client)
    ends.push(() => storage.dispose())
    expect(await storage.read(['payments'])).toEqual([undefined])
    expect(await redis.command('INFO', 'keyspace')).not.toContain('db0:')
  })

  it('is that of the first package that there is', async () => {
    const asked: string[] = []
    const own = await openRedisClient(redis.url, async (name) => {
      asked.push(name)
      return only('ioredis', 'ioredis-6')(name)
    })
    own.close()
    expect(asked).toEqual(['redis', 'ioredis'])
  })

  it('is none where no package is installed, and one that is broken is named', async () => {
    await expect(openRedisClient(redis.url, only('none', 'none'))).rejects.toThrow(
      'needs one of the packages redis, ioredis, iovalkey; none is installed',
    )
    const broken: Load = () => Promise.reject(new SyntaxError('Unexpected token'))
    await expect(openRedisClient(redis.url, broken)).rejects.toThrow('The package redis cannot be loaded: SyntaxError')
    const nested = Object.assign(new Error("Cannot find package '@redis/client'"), { code: 'ERR_MODULE_NOT_FOUND' })
    await expect(openRedisClient(redis.url, () => Promise.reject(nested))).rejects.toThrow('The package redis cannot')
  })

  it.each([
    ['redis', 'redis-6'],
    ['ioredis', 'ioredis-6'],
    ['iovalkey', 'iovalkey'],
  ])('%s: user and password are those of the URL; wrong ones are no reason not to start', async (name, as) => {
    await redis.command('ACL', 'SETUSER', 'shop', 'on', `>${PASSWORD}`, '~*', '&*', '+@all')
    const told: string[] = []
    const hear = (warning: Error): void => void told.push(warning.message)
    process.on('warning', hear)
    ends.push(() => process.off('warning', hear))
    const at = (password: string): string => `redis://shop:${encodeURIComponent(password)}@127.0.0.1:${redis.port}`
    const right = await openRedisClient(at(PASSWORD), only(name, as))
    ends.push(right.close)
    const storage = new RedisStorage(right.client)
    ends.push(() => storage.dispose())
    expect(await storage.read(['payments'])).toEqual([undefined])
    const wrong = await openRedisClient(at('other'), only(name, as))
    ends.push(wrong.close)
    await until(() => told.length > 0)
    expect(told[0]).toContain('The Redis that circuits are shared through does not answer: ')
    expect(told.join()).not.toContain('other')
  })

  it.each([
    ['redis', 'redis-6'],
    ['ioredis', 'ioredis-6'],
    ['iovalkey', 'iovalkey'],
  ])('%s: a server that is not there is waited for, and found when it comes', async (name, as) => {
    const late = await RedisServer.start()
    ends.push(() => late[Symbol.asyncDispose]())
    await late.stop()
    const own = await openRedisClient(late.url, only(name, as))
    ends.push(own.close)
    const storage = new RedisStorage(own.client)
    ends.push(() => storage.dispose())
    await expect(storage.read(['payments'])).rejects.toThrow()
    await late.start()
    await until(async () => (await storage.read(['payments'])).length === 1)
  })
})

describe('an application by its settings', () => {
  it('begins at once beside a Redis that is black-holed', async () => {
    const frozen = await RedisServer.start()
    ends.push(() => frozen[Symbol.asyncDispose]())
    frozen.freeze()
    const env = { INFUSE_REDIS_URL: frozen.url, INFUSE_SERVICE_NAME: 'shop' }
    const infuse = await Infuse.fromEnv(env, { defaults: { failMax: 1, throwNewErrorOnTrip: false } })
    ends.push(() => infuse.dispose())
    await infuse.ready()
    const payments = infuse.breaker('payments')
    await payments.call(() => Promise.reject(new Error('no'))).catch(() => undefined)
    await expect(payments.call(async () => 'ok')).rejects.toMatchObject({ reason: 'open' })
    frozen.thaw()
    await until(() => gateOf(payments).fleet?.isStorageUp === true)
  })

  it('leaves a client that was given open, and an own one closed, however often it ends', async () => {
    const own = await openRedisClient(redis.url)
    ends.push(own.close)
    const infuse = await Infuse.fromEnv({}, { redis: own.client })
    await infuse.breaker('payments').ready()
    await Promise.all([infuse.dispose(), infuse.dispose()])
    const storage = new RedisStorage(own.client)
    ends.push(() => storage.dispose())
    expect(await storage.read(['payments'])).toHaveLength(1)
    const clients = async (): Promise<number> =>
      String(await redis.command('CLIENT', 'LIST'))
        .trim()
        .split('\n').length
    const before = await clients()
    const other = await Infuse.fromEnv({ INFUSE_REDIS_URL: redis.url })
    await other.breaker('payments').ready()
    await other.dispose()
    await other.dispose()
    await until(async () => (await clients()) === before)
  })

  it('refuses what cannot be, and leaves nothing open', async () => {
    const env = { INFUSE_REDIS_URL: redis.url }
    const clients = async (): Promise<number> =>
      String(await redis.command('CLIENT', 'LIST'))
        .trim()
        .split('\n').length
    const before = await clients()
    for (const [options, message] of [
      [{ redis: `http://:${PASSWORD}@redis` }, 'Expected `redis` to be a URL such as redis://host:6379/0'],
      [{ redis: {} }, 'Expected `client` to be a client of redis, ioredis or iovalkey'],
      [{ redis: redis.url, storage: {} }, 'Expected `storage`, or `redis` with `mirror`, but not both'],
      [{ mirror: 'python' }, "Expected `mirror` to be 'infuse', 'pybreaker' or false, got `python` (string)"],
      [{ breakers: 5 }, 'Unknown option `breakers` of an application'],
      [{ defaults: { failMax: 0 } }, '`defaults`: Expected `failMax`'],
      [{ defaults: { resetTimeout: () => 5 } }, 'with `mirror: false` any will do'],
      [{ circuits: { a: { name: 'b' } } }, '`name` of `circuits.a`'],
    ] as const) {
      const error: unknown = await Infuse.fromEnv(env, options as object).catch((thrown: unknown) => thrown)
      expect((error as Error).message).toContain(message)
      expect((error as Error).message).not.toContain(PASSWORD)
    }
    const odd = { ...env, INFUSE_ENVIRONMENT: 'my laptop' }
    await expect(Infuse.fromEnv(odd)).rejects.toThrow('`INFUSE_REDIS_KEY_NAMESPACE_TEMPLATE` with the name of the')
    await until(async () => (await clients()) === before)
  })

  it('keeps the keys of Python where a setting names the Redis, and else where it is told to', async () => {
    const mirrorOf = async (env: Record<string, string>, options: object = {}): Promise<string | undefined> => {
      const infuse = await Infuse.fromEnv(env, options)
      ends.push(() => infuse.dispose())
      return infuse.storage?.mirror
    }
    const env = { INFUSE_REDIS_URL: redis.url }
    expect(await mirrorOf(env)).toBe('infuse')
    expect(await mirrorOf(env, { mirror: false })).toBeUndefined()
    expect(await mirrorOf(env, { mirror: 'pybreaker' })).toBe('pybreaker')
    expect(await mirrorOf({}, { redis: redis.url })).toBeUndefined()
    expect(await mirrorOf(env, { redis: redis.url })).toBeUndefined()
    expect(await mirrorOf({}, { redis: redis.url, mirror: 'infuse' })).toBe('infuse')
  })
})

describe('a process with an application', () => {
  /** What a script prints until it ends by itself. */
  async function run(script: string, environment: Record<string, string>): Promise<string> {
    const folder = mkdtempSync(join(tmpdir(), 'infuse-script-'))
    ends.push(() => rmSync(folder, { recursive: true }))
    const file = join(folder, 'script.mjs')
    writeFileSync(file, `import { Infuse } from '${library}index.js'\n${script}\n`)
    const env = { ...process.env, TMPDIR: folder, ...environment }
    const { stdout } = await promisify(execFile)(process.execPath, [file], { env, timeout: 30_000 })
    return stdout
  }
  it('speaks TLS where the URL says rediss, and says why where it does not trust the server', async () => {
    const [cert, key] = ['cert', 'key'].map((name) => fileURLToPath(new URL(`${name}.pem`, certificates)))
    if (cert === undefined || key === undefined) throw new Error('There are two')
    const proxy = createServer({ cert: readFileSync(cert), key: readFileSync(key) }, (socket) => {
      const server = connect(redis.port, '127.0.0.1')
      socket.pipe(server).pipe(socket)
      for (const end of [socket, server]) end.on('error', () => socket.destroy() && server.destroy())
    })
    await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve))
    ends.push(() => proxy.close())
    const { port } = proxy.address() as AddressInfo
    const script = `process.on('warning', ({ message }) => console.log(message))
const infuse = await Infuse.fromEnv()
const stored = await infuse.breaker('payments').open().then(() => 'stored', () => 'not stored')
await infuse.dispose()
console.log(stored)`
    const env = { INFUSE_REDIS_URL: `rediss://localhost:${port}` }
    expect(await run(script, { ...env, NODE_EXTRA_CA_CERTS: cert })).toBe('stored\n')
    expect(await run(script, env)).toBe(
      'The Redis that circuits are shared through does not answer: DEPTH_ZERO_SELF_SIGNED_CERT\nnot stored\n',
    )
  })

  const work = `const infuse = await Infuse.fromEnv()
infuse.install()
await infuse.ready()
await infuse.breaker('payments').open()
process.on('exit', () => console.log('ended', infuse.breaker('payments').state))`

  it('R1 that shares through Redis ends after dispose()', async () => {
    const env = { INFUSE_REDIS_URL: redis.url, INFUSE_SERVICE_NAME: 'shop' }
    expect(await run(`${work}\nawait infuse.dispose()`, env)).toBe('ended open\n')
  })

  it('R1 that waits for a Redis ends after dispose()', async () => {
    const env = { INFUSE_REDIS_URL: 'redis://127.0.0.1:1', INFUSE_SERVICE_NAME: 'shop' }
    const script = `${work.replace('.open()', '.open().catch(() => {})')}\nawait infuse.dispose()`
    expect(await run(script, env)).toBe('ended open\n')
  })

  it('R1 that shares on its machine ends by itself, and prints nothing on stdout', async () => {
    expect(await run(work, { INFUSE_SERVICE_NAME: 'shop', INFUSE_REDIS_URL: '' })).toBe('ended open\n')
  })
})
