// Infuse 0.4, row by row, with real servers and a real Redis. The number in a name is the row of docs/parity.md; what
// needs Python beside it is in fleet/parity.test.ts, what a web framework adds is tried with all of them in server/.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import Fastify, { type FastifyInstance } from 'fastify'
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest'
import { HostStorage } from '../../src/host/index.ts'
import { gateOf } from '../../src/calls/gates.ts'
import { type ApplicationOptions, type CircuitBreaker, Infuse, isCircuitBreakerError } from '../../src/index.ts'
import { infusePlugin } from '../../src/server/fastify.ts'
import { RedisServer, until } from '../support/redis-server.ts'
import { boom, caught, fail, make, pass, rejection } from '../unit/calls/support.ts'

// Waiting for storage on a busy machine may take a few of its refreshes.
vi.setConfig({ testTimeout: 30_000 })

let redis: RedisServer
let folder: string
const opened: { dispose(): Promise<void> }[] = []
const dependencies: Dependency[] = []

beforeAll(async () => {
  redis = await RedisServer.start()
  folder = mkdtempSync(join(tmpdir(), 'infuse-parity-'))
})
afterAll(async () => {
  await redis[Symbol.asyncDispose]()
  rmSync(folder, { recursive: true })
})
afterEach(async () => {
  vi.unstubAllEnvs()
  for (const one of opened.splice(0).toReversed()) await one.dispose()
  for (const one of dependencies.splice(0)) await one.down()
  // A test that failed may have left it stopped.
  await redis.flush().catch(() => redis.start())
})

/** A service that is called: it may be down, and says how often it was reached. */
class Dependency {
  requests = 0
  status = 200
  #server: Server | undefined
  #port = 0

  get url(): string {
    return `http://127.0.0.1:${this.#port}`
  }

  async up(): Promise<void> {
    this.#server = createServer((_, response) => {
      this.requests++
      response.writeHead(this.status).end('{}')
    })
    await new Promise<void>((resolve) => this.#server?.listen(this.#port, '127.0.0.1', resolve))
    this.#port = (this.#server.address() as AddressInfo).port
  }

  /** Refuses connections. */
  async down(): Promise<void> {
    const server = this.#server
    this.#server = undefined
    server?.closeAllConnections()
    if (server !== undefined) await new Promise((resolve) => server.close(resolve))
  }
}

async function dependency(): Promise<Dependency> {
  const one = new Dependency()
  dependencies.push(one)
  await one.up()
  return one
}

/** INFUSE_* settings of a service that shares circuits through Redis. */
function settings(more: Record<string, string> = {}): Record<string, string> {
  return { INFUSE_ENVIRONMENT: 'test', INFUSE_SERVICE_NAME: 'testone', INFUSE_REDIS_URL: redis.url, ...more }
}

async function application(more: Record<string, string> = {}, options: ApplicationOptions = {}): Promise<Infuse> {
  const infuse = await Infuse.fromEnv(settings(more), options)
  opened.push(infuse)
  await infuse.ready()
  await heard(infuse)
  return infuse
}

/** On a machine that is busy the first answer may be late. */
async function heard(infuse: Infuse): Promise<void> {
  await until(() => [...infuse.breakers.values()].every((breaker) => gateOf(breaker).fleet?.isStorageUp !== false))
}

/** The same for a command, which rejects then. */
async function open(breaker: CircuitBreaker): Promise<void> {
  await until(() => breaker.open().then(() => true))
}

/** What Python would read of a circuit. */
function stored(name: string): Promise<unknown> {
  return redis.command('GET', `infuse:test:${name}:state`)
}

/** A web service, as a user would write it, that calls another by plain fetch. */
async function shop(url: string, more: Record<string, string> = {}): Promise<FastifyInstance> {
  for (const [name, value] of Object.entries(settings(more))) vi.stubEnv(name, value)
  const app = Fastify({ logger: { level: 'info', stream: { write: (line) => void lines.push(line) } } })
  opened.push({ dispose: () => app.close() })
  await app.register(infusePlugin, { services: { payments: url } })
  app.get('/checkout', async () => (await fetch(`${url}/charge`)).json())
  app.get<{ Querystring: { url: string } }>('/look', async ({ query }) => (await fetch(query.url)).json())
  await app.ready()
  return app
}
const lines: string[] = []

/** What came of a request: its status, `not sent`, or why it failed. */
async function outcome(request: Promise<Response>): Promise<string> {
  try {
    const response = await request
    await response.arrayBuffer()
    return String(response.status)
  } catch (error) {
    if (isCircuitBreakerError(error)) return 'not sent'
    return ((error as Error).cause as { code?: string } | undefined)?.code ?? String(error)
  }
}

async function outcomes(times: number, request: () => Promise<Response>): Promise<string[]> {
  const all: string[] = []
  for (let left = times; left > 0; left--) all.push(await outcome(request()))
  return all
}

describe('Infuse: settings', () => {
  it('Infuse 2: every setting has the default of Infuse', async () => {
    const infuse = await application()
    const payments = infuse.breaker('payments')
    expect([payments.failMax, payments.resetTimeout, payments.excluded, payments.listeners]).toEqual([
      5,
      15_000,
      [],
      [],
    ])
    expect(infuse.storage?.shared?.whenDown).toBe('closed')
    expect(infuse.breaker('testone').state).toBe('closed')
    await open(payments)
    await until(async () => (await stored('payments')) === 'open')
  })

  it('Infuse 2: every setting can be given', async () => {
    await redis.command('FLUSHALL')
    writeFileSync(join(folder, 'given.mjs'), 'export const log = { stateChange() {} }')
    const infuse = await application({
      INFUSE_ENVIRONMENT: 'prod',
      INFUSE_SERVICE_NAME: 'shop',
      INFUSE_BREAKER_MAX_FAILURE: '2',
      INFUSE_BREAKER_RESET_TIMEOUT: '0.25',
      INFUSE_INITIAL_CIRCUIT_STATE: 'half-open',
      INFUSE_FALLBACK_CIRCUIT_STATE: 'open',
      INFUSE_BREAKER_LISTENERS: `${join(folder, 'given.mjs')}#log`,
      INFUSE_BREAKER_EXCLUDE_EXCEPTIONS: 'HttpStatusError',
      INFUSE_REDIS_KEY_NAMESPACE_TEMPLATE: 'circuits:{service_name}:{env}',
    })
    const payments = infuse.breaker('payments')
    expect([payments.failMax, payments.resetTimeout]).toEqual([2, 250])
    expect([payments.excluded.length, payments.listeners.length]).toEqual([1, 1])
    expect([infuse.serviceName, infuse.env, infuse.storage?.shared?.whenDown]).toEqual(['shop', 'prod', 'open'])
    await until(async () => (await redis.command('GET', 'infuse:circuits:shop:prod:state')) === 'half-open')
  })

  it('Infuse 2: what the code says comes before the settings', async () => {
    const options = { service: 'shop', env: 'prod', defaults: { failMax: 9 }, circuits: { stock: { failMax: 4 } } }
    const infuse = await application({}, { ...options, announce: false })
    expect([infuse.breaker('payments').failMax, infuse.breaker('stock').failMax]).toEqual([9, 4])
    expect(infuse.breaker('payments').resetTimeout).toBe(15_000)
    expect([infuse.serviceName, infuse.env]).toEqual(['shop', 'prod'])
    expect(infuse.breakers.has('shop')).toBe(false)
  })

  it('Infuse 2: INFUSE_CACHES says where Redis is, and a number of its database', async () => {
    const caches = { infuse: { HOST: '127.0.0.1', PORT: redis.port, DATABASE: 3 } }
    const infuse = await Infuse.fromEnv({ INFUSE_CACHES: JSON.stringify(caches), SERVICE_NAME: 'testone' })
    opened.push(infuse)
    await infuse.ready()
    await until(async () => String(await redis.command('INFO', 'keyspace')).includes('db3:'))
    expect(await redis.command('GET', 'infuse:testone:state')).toBeNull()
  })

  it('Infuse 2: without a Redis the processes of the machine share, and a line says so', async () => {
    vi.stubEnv('TMPDIR', folder)
    const write = vi.spyOn(process.stderr, 'write').mockReturnValue(true)
    const [one, other] = await Promise.all(
      ['a', 'b'].map((service) => Infuse.fromEnv({ INFUSE_SERVICE_NAME: service })),
    )
    if (one === undefined || other === undefined) throw new Error('There are two')
    opened.push(one, other)
    expect(one.storage).toBeInstanceOf(HostStorage)
    expect(write.mock.calls.map(([line]) => line)).toEqual([
      '[INFUSE] circuits are shared by the processes of this machine\n',
    ])
    await Promise.all([one.breaker('payments').ready(), other.breaker('payments').ready()])
    await open(one.breaker('payments'))
    await until(() => other.breaker('payments').state === 'open')
    const elsewhere = await Infuse.fromEnv({ INFUSE_SERVICE_NAME: 'a', INFUSE_ENVIRONMENT: 'test' })
    opened.push(elsewhere)
    await elsewhere.breaker('payments').ready()
    expect(elsewhere.breaker('payments').state).toBe('closed')
  })

  it('Infuse 3: the service’s own state is written under its own name at start', async () => {
    for (const state of ['open', 'half-open', 'closed'] as const) {
      await application({ INFUSE_INITIAL_CIRCUIT_STATE: state })
      await until(async () => (await stored('testone')) === state)
    }
  })

  it('Infuse 3: D1 a caller that starts leaves the circuits of other services as they are', async () => {
    const before = await application({ INFUSE_SERVICE_NAME: 'shop' })
    await open(before.breaker('payments'))
    const after = await application({ INFUSE_SERVICE_NAME: 'till' })
    await after.breaker('payments').ready()
    expect([before.breaker('payments').state, after.breaker('payments').state]).toEqual(['open', 'open'])
    expect(after.breaker('payments').openedAt).toEqual(before.breaker('payments').openedAt)
    await until(async () => (await stored('payments')) === 'open')
  })

  it('Infuse 3: D11 a service starts without its Redis, and says its state when that comes', async () => {
    await redis.stop()
    const warned: string[] = []
    const hear = (warning: Error): void => void warned.push(warning.message)
    process.on('warning', hear)
    const infuse = await Infuse.fromEnv(settings({ INFUSE_INITIAL_CIRCUIT_STATE: 'half-open' }))
    opened.push(infuse)
    await infuse.ready()
    await expect(infuse.breaker('payments').call(async () => 'ok')).resolves.toBe('ok')
    await redis.start()
    await until(async () => (await stored('testone')) === 'half-open')
    process.off('warning', hear)
    expect(warned).toEqual(['The Redis that circuits are shared through does not answer: ECONNREFUSED'])
  })

  it('Infuse 4: INFUSE_FALLBACK_CIRCUIT_STATE is the state while Redis is stopped', async () => {
    const states = ['closed', 'open', 'half-open'] as const
    const all = await Promise.all(
      states.map((state) => application({ INFUSE_FALLBACK_CIRCUIT_STATE: state, INFUSE_BREAKER_MAX_FAILURE: '2' })),
    )
    const breakers = all.map((infuse) => infuse.breaker('payments', { throwNewErrorOnTrip: false }))
    await Promise.all(all.map(heard))
    await redis.kill()
    await until(() => breakers.every((breaker) => gateOf(breaker).fleet?.isStorageUp === false))
    expect(breakers.map(({ state }) => state)).toEqual(states)
    // Protection goes on in each process.
    const [closed, open, halfOpen] = breakers
    for (const _ of [1, 2]) expect(await caught(closed?.call(fail) ?? pass())).toBe(boom)
    expect(await rejection(closed?.call(pass) ?? pass())).toMatchObject({ reason: 'open' })
    expect(await rejection(open?.call(pass) ?? pass())).toMatchObject({ reason: 'open' })
    await halfOpen?.call(pass)
    expect(halfOpen?.state).toBe('closed')
    await redis.start()
  })

  it('Infuse 5: listeners are loaded by their paths, and hear what happens', async () => {
    writeFileSync(
      join(folder, 'listeners.mjs'),
      `export const heard = []
export const log = { stateChange: (breaker, from, to) => heard.push(\`\${breaker.name} \${from} \${to}\`) }
export class Counter { failure(breaker, error) { heard.push(error.message) } }
`,
    )
    const path = join(folder, 'listeners.mjs')
    const infuse = await application({ INFUSE_BREAKER_LISTENERS: `${path}#log,${path}#Counter` })
    await caught(infuse.breaker('payments', { throwNewErrorOnTrip: false, failMax: 1 }).call(fail))
    const { heard } = (await import(path)) as { heard: string[] }
    expect(heard).toEqual(['boom', 'payments closed open'])
  })

  it('Infuse 5: a path that leads nowhere stops the start, and says which', async () => {
    for (const path of ['./missing.js#log', `${join(folder, 'listeners.mjs')}#nope`, 'my_app.listeners.Log']) {
      const error = await caught(Infuse.fromEnv(settings({ INFUSE_BREAKER_LISTENERS: path })))
      expect(error).toBeInstanceOf(TypeError)
      expect((error as Error).message).toContain('`INFUSE_BREAKER_LISTENERS`')
      expect((error as Error).message).toContain(path.split('#')[0])
    }
  })

  it('Infuse 6: errors that are named do not count, and HttpStatusError brings back the rule of Infuse', async () => {
    const payments = await dependency()
    payments.status = 503
    for (const [excluded, expected] of [
      ['', ['503', '503', 'not sent']],
      ['HttpStatusError', ['503', '503', '503']],
    ] as const) {
      const infuse = await application({
        INFUSE_BREAKER_MAX_FAILURE: '2',
        INFUSE_BREAKER_EXCLUDE_EXCEPTIONS: excluded,
        INFUSE_ENVIRONMENT: `test${excluded}`,
      })
      const client = infuse.service('payments', payments.url)
      expect(await outcomes(3, () => client.fetch('/charge'))).toEqual(expected)
    }
  })

  it('Infuse 7: D17 each service has keys of its own, by the template', async () => {
    const [one, two] = [await application(), await application({ INFUSE_SERVICE_NAME: 'testtwo' })]
    await until(async () => (await stored('testone')) === 'closed')
    await until(async () => (await stored('testtwo')) === 'closed')
    const elsewhere = await application({ INFUSE_ENVIRONMENT: 'prod' })
    await open(one.breaker('testtwo'))
    await until(() => two.breaker('testtwo').state === 'open')
    await until(async () => (await stored('testtwo')) === 'open')
    await until(async () => (await stored('testone')) === 'closed')
    const byCode = await application({}, { env: 'stage' })
    for (const far of [elsewhere.breaker('testtwo'), byCode.breaker('testtwo')]) {
      await far.ready()
      expect(far.state).toBe('closed')
    }
    expect([one.env, elsewhere.env, byCode.env]).toEqual(['test', 'prod', 'stage'])
  })
})

describe('Infuse: what a service calls', () => {
  it('Infuse 8: install guards every fetch, twice is once, and uninstall restores', async () => {
    const payments = await dependency()
    const bare = globalThis.fetch
    const infuse = await application({ INFUSE_BREAKER_MAX_FAILURE: '2' })
    infuse.install()
    infuse.install()
    payments.status = 500
    expect(await outcomes(3, () => fetch(payments.url))).toEqual(['500', '500', 'not sent'])
    // A request was judged once.
    expect(infuse.breaker(payments.url).stats).toMatchObject({ calls: 2, failures: 2, rejected: 1 })
    infuse.uninstall()
    expect(await outcome(fetch(payments.url))).toBe('not sent')
    infuse.uninstall()
    infuse.uninstall()
    expect(await outcome(fetch(payments.url))).toBe('500')
    expect(globalThis.fetch).toBe(bare)
  })

  it('Infuse 9: skipBreaker is not counted, and runs while the circuit is open', async () => {
    const payments = await dependency()
    const infuse = await application({ INFUSE_BREAKER_MAX_FAILURE: '1' })
    infuse.install()
    const client = infuse.service('payments', payments.url)
    await open(infuse.breaker('payments'))
    expect(await outcome(fetch(payments.url))).toBe('not sent')
    expect(await outcome(fetch(payments.url, { skipBreaker: true }))).toBe('200')
    expect(await outcome(client.fetch('/charge', { skipBreaker: true }))).toBe('200')
    expect(infuse.breaker('payments').stats).toMatchObject({ calls: 0, successes: 0, rejected: 1 })
    expect(infuse.breaker('payments').state).toBe('open')
  })

  it('Infuse 10: there is one breaker per service, and it is kept', async () => {
    const [payments, stock] = [await dependency(), await dependency()]
    const infuse = await application()
    infuse.install()
    const first = infuse.breaker('payments')
    await outcomes(2, () => infuse.service('payments', payments.url).fetch('/charge'))
    await outcome(fetch(`${payments.url}/refund`))
    await outcome(fetch(stock.url))
    expect(infuse.breaker('payments')).toBe(first)
    expect(first.stats.calls).toBe(3)
    expect([...infuse.breakers.keys()]).toEqual(['testone', 'payments', stock.url])
  })

  it('Infuse 15: three failed connections open the circuit, the fourth is not sent, one trial after the timeout', async () => {
    const payments = await dependency()
    const infuse = await application({ INFUSE_BREAKER_MAX_FAILURE: '3', INFUSE_BREAKER_RESET_TIMEOUT: '0.5' })
    infuse.install()
    const breaker = infuse.breaker(payments.url)
    const changes: string[] = []
    breaker.addListener({ stateChange: (_, from, to) => void changes.push(`${from}->${to}`) })
    const request = (): Promise<Response> => fetch(payments.url)
    await payments.down()
    // All three keep their own error.
    expect(await outcomes(3, request)).toEqual(['ECONNREFUSED', 'ECONNREFUSED', 'ECONNREFUSED'])
    expect(breaker.state).toBe('open')
    await payments.up()
    const refused = await rejection(request())
    expect(refused).toMatchObject({ statusCode: 503, reason: 'open', breaker: payments.url })
    expect(payments.requests).toBe(0)
    await payments.down()
    await until(async () => (await outcome(request())) === 'ECONNREFUSED')
    expect(await outcome(request())).toBe('not sent')
    await until(() => breaker.state === 'open')
    expect(breaker.stats.trials).toBe(1)
    await payments.up()
    await until(async () => (await outcome(request())) === '200')
    await until(() => breaker.state === 'closed')
    expect(payments.requests).toBe(1)
    expect(changes.join()).toBe('closed->open,open->half-open,half-open->open,open->half-open,half-open->closed')
  })

  it('Infuse 16: five failures with skipBreaker never open the circuit', async () => {
    const payments = await dependency()
    const infuse = await application({ INFUSE_BREAKER_MAX_FAILURE: '3' })
    infuse.install()
    await payments.down()
    const client = infuse.service('payments', payments.url)
    const skipped = await outcomes(5, () => fetch(payments.url, { skipBreaker: true }))
    expect(skipped).toEqual(Array.from({ length: 5 }, () => 'ECONNREFUSED'))
    await outcomes(5, () => client.fetch('/charge', { skipBreaker: true }))
    expect(infuse.breaker('payments')).toMatchObject({ state: 'closed', failCounter: 0 })
    expect(infuse.breaker('payments').stats.calls).toBe(0)
  })

  it('Infuse 17: ten answers with status 400 never open the circuit', async () => {
    const payments = await dependency()
    payments.status = 400
    const infuse = await application({ INFUSE_BREAKER_MAX_FAILURE: '3' })
    infuse.install()
    expect(new Set(await outcomes(10, () => fetch(payments.url)))).toEqual(new Set(['400']))
    expect(infuse.breaker(payments.url)).toMatchObject({ state: 'closed', failCounter: 0 })
    expect(payments.requests).toBe(10)
  })
})

describe('Infuse: a web service', () => {
  it('Infuse 1: one line loads the settings, announces the service, guards what it calls and answers 503', async () => {
    const payments = await dependency()
    const app = await shop(payments.url, { INFUSE_BREAKER_MAX_FAILURE: '2' })
    await until(async () => (await stored('testone')) === 'closed')
    expect(app.infuse.breaker('payments').failMax).toBe(2)
    expect((await app.inject('/checkout')).statusCode).toBe(200)
    await payments.down()
    const statuses = [1, 2, 3].map(async () => (await app.inject('/checkout')).statusCode)
    expect(await statuses[0]).toBe(500)
    await Promise.all(statuses)
    expect((await app.inject('/checkout')).statusCode).toBe(503)
    expect(app.infuse.breaker('payments').state).toBe('open')
    await app.close()
    expect(await outcome(fetch(payments.url))).toBe('ECONNREFUSED')
  })

  it('Infuse 11: an open circuit is answered with 503, Retry-After, the code and the name, and no inner host', async () => {
    const payments = await dependency()
    const app = await shop(payments.url)
    await open(app.infuse.breaker('payments'))
    const answer = await app.inject('/checkout')
    expect(answer.statusCode).toBe(503)
    expect(answer.headers['retry-after']).toBe('15')
    expect(answer.json()).toEqual({
      statusCode: 503,
      error_code: 998_603,
      message: 'test:payments is currently unavailable.',
    })
    expect(payments.requests).toBe(0)
    const stranger = await dependency()
    await open(app.infuse.breaker(stranger.url))
    const other = await app.inject(`/look?url=${stranger.url}`)
    expect([other.statusCode, other.json<{ message: string }>().message]).toEqual([
      503,
      'A dependency is currently unavailable.',
    ])
    expect(other.payload).not.toContain('127.0.0.1')
  })

  it('Infuse 12: a change is one line of log, and a rejected call is counted and no line', async () => {
    lines.length = 0
    const payments = await dependency()
    const app = await shop(payments.url, { INFUSE_BREAKER_MAX_FAILURE: '2' })
    await payments.down()
    for (let request = 1; request <= 10; request++) await app.inject('/checkout')
    const told = lines
      .map((line) => JSON.parse(line) as { msg: string })
      .filter(({ msg }) => msg.startsWith('[INFUSE]'))
    expect(told.map(({ msg }) => msg)).toEqual([expect.stringContaining('[INFUSE] [test:payments] closed -> open: ')])
    expect(app.infuse.breaker('payments').stats).toMatchObject({ failures: 2, rejected: 8 })
  })
})

describe('Infuse: the asynchronous breaker', () => {
  it('Infuse 13: there is one breaker, and what AioCircuitBreaker awaits can be awaited on it', async () => {
    const { breaker, clock } = make({ failMax: 2, resetTimeout: 1000 })
    await breaker.ready()
    await expect(breaker.call(pass)).resolves.toBe('ok')
    expect(await caught(breaker.call(fail))).toBe(boom)
    expect((await rejection(breaker.call(fail))).cause).toBe(boom)
    expect([breaker.state, breaker.failCounter]).toEqual(['open', 2])
    clock.advance(1000)
    await breaker.call(pass)
    const states: string[] = []
    for (const command of ['open', 'halfOpen', 'close'] as const) {
      await breaker[command]()
      states.push(breaker.state)
    }
    expect(states).toEqual(['open', 'half-open', 'closed'])
  })
})
