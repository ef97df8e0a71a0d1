// What every server plugin has to do, on real servers with real dependencies. A framework passes by starting an
// application with the routes and options it is given.

import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import { CircuitBreaker, Infuse, MemoryStorage } from '../../src/index.ts'
import type { Identity } from '../../src/admin/identity.ts'
import type { PluginOptions } from '../../src/server/application.ts'
import { ManualClock } from '../../src/testing/index.ts'
import { RedisServer } from '../support/redis-server.ts'
import { ask, begin, listen, until } from './ask.ts'
import { Dependency } from './dependency.ts'

/** A handler as every framework has one; what it resolves with is answered as JSON. */
export type Handler = (call: { readonly infuse: Infuse; readonly signal: AbortSignal }) => Promise<object>

export interface Setting {
  readonly routes: Readonly<Record<`/${string}`, Handler>>
  readonly options: PluginOptions
  /** Whether the application has an error handler that answers 418 with `{ mine: message }`, and stands where it gets what the plugin leaves. */
  readonly hasOwnHandler?: boolean
  /** Whether that handler was set so that it is asked first, and answers everything. */
  readonly isFirst?: boolean
}

export interface Running {
  readonly url: string
  readonly infuse: Infuse
  /** As the framework is ended. */
  close(): Promise<void>
}

export type Start = (setting: Setting) => Promise<Running>

interface Logged {
  readonly line: string
  readonly level: string
}

const UNAVAILABLE = { statusCode: 503, error_code: 998603, message: 'A dependency is currently unavailable.' }

export function serverContract(name: string, start: Start): void {
  describe(name, () => contract(start))
}

function contract(start: Start): void {
  const ended: (() => PromiseLike<unknown>)[] = []
  let clock: ManualClock
  let storage: MemoryStorage
  let dependency: Dependency
  let logged: Logged[]
  const bare = globalThis.fetch

  const log = (line: string, level: string): void => void logged.push({ line, level })
  const run = async (setting: Setting): Promise<Running> => {
    const options = { storage, clock, log, ...setting.options }
    if (setting.options.redis !== undefined) delete (options as { storage?: unknown }).storage
    const running = await start({ ...setting, options })
    ended.unshift(() => running.close())
    return running
  }
  /** A route that fetches the dependency with nothing but the global fetch. */
  const plain = (init?: RequestInit): Handler => {
    return async () => ({ status: (await fetch(dependency.url, init)).status })
  }

  beforeEach(async () => {
    clock = new ManualClock()
    storage = new MemoryStorage({ clock })
    logged = []
    dependency = await Dependency.start()
    ended.push(() => dependency[Symbol.asyncDispose]())
    vi.stubEnv('INFUSE_ENVIRONMENT', 'test')
    vi.stubEnv('INFUSE_SERVICE_NAME', 'shop')
    vi.stubEnv('INFUSE_BREAKER_MAX_FAILURE', '3')
    vi.stubEnv('INFUSE_BREAKER_RESET_TIMEOUT', '20')
  })

  afterEach(async () => {
    for (const end of ended.splice(0)) await end()
    vi.unstubAllEnvs()
    expect(globalThis.fetch).toBe(bare)
  })

  describe('the plugin', () => {
    it('reads its settings from the environment, and options come before them', async () => {
      const { infuse } = await run({ routes: {}, options: { defaults: { failMax: 7 } } })
      expect([infuse.env, infuse.serviceName]).toEqual(['test', 'shop'])
      expect(infuse.breaker('payments')).toMatchObject({ failMax: 7, resetTimeout: 20_000 })
    })

    it('refuses a bad option or setting at start, naming it, and leaves fetch as it was', async () => {
      await expect(start({ routes: {}, options: { storage, dependencyHeader: 1 as never } })).rejects.toThrow(
        /`dependencyHeader`/,
      )
      await expect(start({ routes: {}, options: { storage, typo: 1 } as never })).rejects.toThrow(/`typo`/)
      await expect(start({ routes: {}, options: { storage, defaults: 5 as never } })).rejects.toThrow(/`defaults`/)
      vi.stubEnv('INFUSE_BREAKER_MAX_FAILURE', 'many')
      await expect(start({ routes: {}, options: { storage } })).rejects.toThrow(/INFUSE_BREAKER_MAX_FAILURE/)
      expect(globalThis.fetch).toBe(bare)
    })

    it('announces its own service, so that callers whose circuit was open try it at once', async () => {
      const caller = new CircuitBreaker({ name: 'shop', storage, clock })
      await caller.open()
      await run({ routes: {}, options: {} })
      expect(caller.state).toBe('closed')
    })

    it.each(['open', 'half-open'] as const)('announces %s where the setting says so', async (state) => {
      vi.stubEnv('INFUSE_INITIAL_CIRCUIT_STATE', state)
      const { infuse } = await run({ routes: {}, options: {} })
      expect(infuse.breaker('shop').state).toBe(state)
    })

    it('three connection failures open the circuit, the fourth request is not sent and is answered 503', async () => {
      const { url, infuse } = await run({ routes: { '/': plain() }, options: {} })
      await dependency.down()
      // Each of the three gets its own error, which is the application's to answer.
      for (const _ of [1, 2, 3]) expect((await ask(url)).status).toBe(500)
      expect(infuse.breaker(dependency.url).state).toBe('open')
      await dependency.up()
      const rejected = await ask(url)
      expect(rejected.status).toBe(503)
      expect(rejected.headers['retry-after']).toBe('20')
      expect(rejected.headers['content-type']).toBe('application/json; charset=utf-8')
      expect(rejected.headers).not.toHaveProperty('infuse-dependency')
      expect(rejected.json).toEqual(UNAVAILABLE)
      expect(dependency.hits).toBe(0)
    })

    it('lets one trial pass after the timeout: it fails with its own error and opens again, or closes', async () => {
      const { url, infuse } = await run({ routes: { '/': plain() }, options: {} })
      await dependency.down()
      for (const _ of [1, 2, 3]) await ask(url)
      clock.advance(20_000)
      expect((await ask(url)).status).toBe(500)
      expect((await ask(url)).status).toBe(503)
      clock.advance(19_001)
      expect((await ask(url)).headers['retry-after']).toBe('1')
      clock.advance(999)
      await dependency.up()
      expect((await ask(url)).status).toBe(200)
      expect(infuse.breaker(dependency.url).state).toBe('closed')
      expect(dependency.hits).toBe(1)
    })

    it('ten answers of 400 do not open the circuit', async () => {
      const { url, infuse } = await run({ routes: { '/': plain() }, options: {} })
      dependency.says(400)
      for (let time = 0; time < 10; time++) expect((await ask(url)).json).toEqual({ status: 400 })
      expect(infuse.breaker(dependency.url).state).toBe('closed')
    })

    it('five failures with skipBreaker are not counted', async () => {
      const { url, infuse } = await run({ routes: { '/': plain({ skipBreaker: true }) }, options: {} })
      await dependency.down()
      for (let time = 0; time < 5; time++) expect((await ask(url)).status).toBe(500)
      expect(infuse.breakers.has(dependency.url)).toBe(false)
    })

    it('with `install: false` guards service clients only', async () => {
      const services = { payments: dependency.url }
      const handler: Handler = async ({ infuse }) => {
        const answer = await infuse.service('payments', dependency.url).fetch('/')
        return { status: answer.status }
      }
      const routes = { '/plain': plain(), '/client': handler } as const
      const { url, infuse } = await run({ routes, options: { install: false, services } })
      expect(globalThis.fetch).toBe(bare)
      dependency.says(500)
      for (const _ of [1, 2, 3]) await ask(`${url}/plain`)
      expect(infuse.breaker('payments').state).toBe('closed')
      for (const _ of [1, 2, 3]) await ask(`${url}/client`)
      expect((await ask(`${url}/client`)).status).toBe(503)
    })
  })

  describe('the answer to an open circuit', () => {
    const callBreaker = (breaker: string): Handler => {
      return async ({ infuse }) => ({ got: await infuse.breaker(breaker).call(async () => 'fine') })
    }

    it('names a service as the application does, and neither a host nor an origin', async () => {
      const origin = 'http://internal.example:8080'
      const routes = {
        '/service': callBreaker('payments'),
        '/circuit': callBreaker('stock.v2'),
        '/name': callBreaker('mail'),
        '/origin': callBreaker(origin),
        '/host': callBreaker('internal.example'),
      } as const
      const services = { payments: 'http://10.1.2.3:8000' }
      const { url, infuse } = await run({ routes, options: { services, circuits: { 'stock.v2': { failMax: 1 } } } })
      for (const one of ['payments', 'stock.v2', 'mail', origin, 'internal.example']) await infuse.breaker(one).open()
      const messages = await Promise.all(Object.keys(routes).map(async (path) => (await ask(url + path)).json.message))
      expect(messages).toEqual([
        'test:payments is currently unavailable.',
        'test:stock.v2 is currently unavailable.',
        'test:mail is currently unavailable.',
        'A dependency is currently unavailable.',
        'A dependency is currently unavailable.',
      ])
    })

    it('leaves the environment out where it is unknown', async () => {
      vi.stubEnv('INFUSE_ENVIRONMENT', '')
      vi.stubEnv('ENVIRONMENT', '')
      const { url, infuse } = await run({ routes: { '/': callBreaker('payments') }, options: {} })
      await infuse.breaker('payments').open()
      expect((await ask(url)).json.message).toBe('payments is currently unavailable.')
    })

    it('has no Retry-After where only a person can end it', async () => {
      const { url, infuse } = await run({ routes: { '/': callBreaker('payments') }, options: {} })
      await infuse.breaker('payments').force('open', { by: 'kim', reason: 'secret' })
      const { status, headers, text } = await ask(url)
      expect([status, headers['retry-after']]).toEqual([503, undefined])
      expect(text).not.toMatch(/kim|secret/)
    })

    it('is found behind the error of a fetch, but not behind an error of the application with a status', async () => {
      const wrapping = (wrap: (cause: unknown) => Error): Handler => {
        return async ({ infuse }) => {
          try {
            return { got: await infuse.breaker('payments').call(async () => 'fine') }
          } catch (error) {
            throw wrap(error)
          }
        }
      }
      const routes = {
        '/fetch': wrapping((cause) => new TypeError('fetch failed', { cause })),
        '/own': wrapping((cause) => Object.assign(new Error('sold out', { cause }), { statusCode: 409 })),
      } as const
      const { url, infuse } = await run({ routes, options: {}, hasOwnHandler: true })
      await infuse.breaker('payments').open()
      expect((await ask(`${url}/fetch`)).json).toMatchObject({ error_code: 998603 })
      expect(await ask(`${url}/own`)).toMatchObject({ status: 418, json: { mine: 'sold out' } })
    })

    it('leaves every other error to the handler of the application', async () => {
      const boom: Handler = () => Promise.reject(new Error('boom'))
      const { url, infuse } = await run({
        routes: { '/boom': boom, '/open': callBreaker('payments') },
        options: {},
        hasOwnHandler: true,
      })
      await infuse.breaker('payments').open()
      expect(await ask(`${url}/boom`)).toMatchObject({ status: 418, json: { mine: 'boom' } })
      expect((await ask(`${url}/open`)).status).toBe(503)
    })

    it('is left to a handler of the application that is asked first', async () => {
      const { url, infuse } = await run({
        routes: { '/': callBreaker('payments') },
        options: {},
        hasOwnHandler: true,
        isFirst: true,
      })
      await infuse.breaker('payments').open()
      expect(await ask(url)).toMatchObject({
        status: 418,
        json: { mine: 'Timeout not elapsed yet, circuit breaker still open' },
      })
    })

    it('is one line of the log per change, none per rejected call', async () => {
      const { url, infuse } = await run({
        routes: { '/': plain() },
        options: { services: { payments: dependency.url } },
      })
      dependency.says(500)
      for (let time = 0; time < 10; time++) await ask(url)
      clock.advance(20_000)
      dependency.says(200)
      await ask(url)
      await infuse.breaker('payments').force('open', { by: 'kim', reason: 'two\nlines' })
      expect(logged.map(({ line, level }) => `${level} ${line}`)).toEqual([
        expect.stringMatching(/^error \[INFUSE] \[test:payments] closed -> open: .+/),
        expect.stringMatching(/^info \[INFUSE] \[test:payments] open -> half-open/),
        expect.stringMatching(/^info \[INFUSE] \[test:payments] half-open -> closed/),
        'error [INFUSE] [test:payments] closed -> open, by kim: two lines',
      ])
    })
  })

  describe('whose trouble it is', () => {
    /** A service that calls the dependency and says so in its answers, or does not. */
    const between = async (dependencyHeader: boolean): Promise<{ readonly url: string; readonly infuse: Infuse }> => {
      const handler: Handler = async ({ infuse }) => {
        const answer = await infuse.service('c', dependency.url).fetch('/')
        if (!answer.ok) throw new Error('c failed')
        return {}
      }
      const running = await run({ routes: { '/': handler }, options: { install: false, dependencyHeader } })
      await running.infuse.breaker('c').open()
      return running
    }

    it.each([true, false])('A calls B calls C: with the header %s A holds it against B or not', async (says) => {
      const { url } = await between(says)
      await using a = new Infuse({ clock, defaults: { failMax: 3 }, services: { b: url } })
      for (let time = 0; time < 5; time++) {
        const answer = await a
          .service('b', url)
          .fetch('/')
          .catch(() => undefined)
        if (answer === undefined) continue
        expect(answer.status).toBe(503)
        expect(answer.headers.get('infuse-dependency')).toBe(says ? 'unavailable' : null)
        expect(answer.headers.get('retry-after')).toBe('20')
        await answer.text()
      }
      expect(a.breaker('b').state).toBe(says ? 'closed' : 'open')
      expect(a.breaker('b').stats.ignored).toBe(says ? 5 : 0)
    })
  })

  describe('R11', () => {
    it('R11 a client that disconnects leaves no call in flight, and a trial gives its place back', async () => {
      const handler: Handler = async ({ signal }) => ({ status: (await fetch(dependency.url, { signal })).status })
      const { url, infuse } = await run({ routes: { '/': handler }, options: {} })
      const breaker = infuse.breaker(dependency.url)
      const inFlight = (): number => {
        const { calls, successes, failures, ignored, late } = breaker.stats
        return calls - successes - failures - ignored - late
      }
      dependency.hang()
      const hangUps = [begin(url), begin(url)]
      await until(() => inFlight() === 2 && dependency.hits === 2)
      for (const hangUp of hangUps) hangUp()
      await until(() => inFlight() === 0)
      expect(breaker.stats).toMatchObject({ failures: 0, ignored: 2 })

      await breaker.halfOpen()
      const hangUp = begin(url)
      await until(() => dependency.hits === 3)
      expect((await ask(url)).status).toBe(503)
      hangUp()
      await until(() => inFlight() === 0)
      dependency.says(200)
      expect((await ask(url)).status).toBe(200)
      expect(breaker.state).toBe('closed')
    })
  })

  describe('the end', () => {
    it('gives fetch back, a second time does nothing, and calls go on unguarded', async () => {
      const running = await run({ routes: { '/': plain() }, options: {} })
      expect((await ask(running.url)).status).toBe(200)
      expect(globalThis.fetch).not.toBe(bare)
      await running.close()
      await until(() => globalThis.fetch === bare)
      await running.close()
      await running.infuse.dispose()
      expect(globalThis.fetch).toBe(bare)
      expect((await fetch(dependency.url)).status).toBe(200)
    })

    it('waits for the requests that are under way', async () => {
      const { url, close } = await run({ routes: { '/': plain() }, options: {} })
      let finish: (() => void) | undefined
      dependency.answer = (_request, response) => {
        finish = () => response.end('late')
      }
      const reply = ask(url)
      await until(() => finish !== undefined)
      const closing = close()
      finish?.()
      expect((await reply).status).toBe(200)
      await closing
    })
  })

  describe('two applications in one process', () => {
    it('end in any order, and fetch is what it was', async () => {
      const [first, second] = [
        await run({ routes: { '/': plain() }, options: { service: 'first' } }),
        await run({ routes: { '/': plain() }, options: { service: 'second' } }),
      ]
      const replies = [await ask(first.url), await ask(second.url)]
      expect(replies.map(({ status }) => status)).toEqual([200, 200])
      // A request is judged once, by the outermost.
      const calls = (infuse: Infuse): number => infuse.breakers.get(dependency.url)?.stats.calls ?? 0
      expect(calls(first.infuse) + calls(second.infuse)).toBe(2)
      await first.close()
      expect((await ask(second.url)).status).toBe(200)
      await second.close()
      await until(() => globalThis.fetch === bare)
    })
  })

  describe('the admin API', () => {
    const authorize = (): Identity => ({ actor: 'kim', can: ['read', 'operate'] })

    it('is not there unless it was asked for, and never at the root', async () => {
      const { url } = await run({ routes: {}, options: {} })
      expect((await ask(`${url}/infuse/circuits`)).status).toBe(404)
      const options = { storage, admin: { authorize, basePath: '/' } }
      await expect(start({ routes: {}, options })).rejects.toThrow(/`admin.basePath`/)
      await expect(start({ routes: {}, options: { storage, admin: {} as never } })).rejects.toThrow(/`authorize`/)
    })

    it('answers below its path, bodies and streams too, and lets the server close', async () => {
      const routes = { '/infusement': async () => ({ mine: true }) } as const
      const running = await run({ routes, options: { admin: { authorize, allowMutations: true } } })
      const { url, infuse } = running
      infuse.breaker('http://internal.example')
      const admin = `${url}/infuse`
      expect(await ask(admin)).toMatchObject({ status: 308, headers: { location: '/infuse/' } })
      expect((await ask(`${url}/infusement`)).json).toEqual({ mine: true })
      const body = JSON.stringify({ reason: 'a drill' })
      const path = `${admin}/circuits/${encodeURIComponent('http://internal.example')}/open`
      expect((await ask(path, { method: 'POST', headers: { 'content-type': 'text/plain' }, body })).status).toBe(415)
      const opened = await ask(path, { method: 'POST', headers: { 'content-type': 'application/json' }, body })
      expect(opened).toMatchObject({ status: 200, json: { circuit: { state: 'open' } } })
      expect(infuse.breaker('http://internal.example').state).toBe('open')
      expect((await ask(`${admin}/circuits`, { headers: { host: 'no host' } })).status).toBe(400)

      const stream = listen(`${admin}/events`)
      await until(() => stream.text().includes('event: heartbeat'))
      await running.close()
      await stream.ended
    })

    it('ends the stream of a client that has gone', async () => {
      const { url } = await run({ routes: {}, options: { admin: { authorize, maxStreams: 1 } } })
      const first = listen(`${url}/infuse/events`)
      await until(() => first.text().includes('event: heartbeat'))
      expect((await ask(`${url}/infuse/events`)).status).toBe(503)
      first.hangUp()
      let second = listen(`${url}/infuse/events`)
      await until(async () => {
        if (second.text().includes('event: heartbeat')) return true
        second.hangUp()
        second = listen(`${url}/infuse/events`)
        await until(() => second.text() !== '')
        return second.text().includes('event: heartbeat')
      })
      second.hangUp()
    })
  })

  describe('with Redis', () => {
    it('starts though there is none, and guards by itself', async () => {
      const { url, infuse } = await run({ routes: { '/': plain() }, options: { redis: 'redis://127.0.0.1:1' } })
      dependency.says(500)
      for (const _ of [1, 2, 3]) expect((await ask(url)).json).toEqual({ status: 500 })
      expect((await ask(url)).status).toBe(503)
      expect(infuse.breaker(dependency.url).state).toBe('open')
      expect(logged.filter(({ line }) => line.includes('storage'))).toEqual([
        { line: '[INFUSE] circuits are not shared for now: their storage does not answer', level: 'error' },
      ])
    })

    let redis: RedisServer
    beforeAll(async () => {
      redis = await RedisServer.start()
    })
    afterAll(async () => {
      await redis[Symbol.asyncDispose]()
    })

    it('shares circuits through it, and closes its connections at the end', { timeout: 30_000 }, async () => {
      const redisUrl = `redis://127.0.0.1:${redis.port}`
      const { url, close } = await run({ routes: { '/': plain() }, options: { redis: redisUrl } })
      await dependency.down()
      await until(async () => (await ask(url)).status === 503)
      expect(await clientsOf(redis)).toBeGreaterThan(0)
      await close()
      await until(async () => (await clientsOf(redis)) === 0)
    })

    it('D17 two services in one process keep their names and namespaces', { timeout: 30_000 }, async () => {
      const redisUrl = `redis://127.0.0.1:${redis.port}`
      const told: Record<string, string[]> = { testone: [], testtwo: [] }
      const one = (service: string, env: string): Promise<Running> => {
        const take = (line: string): void => void told[service]?.push(line)
        vi.stubEnv('INFUSE_ENVIRONMENT', env)
        vi.stubEnv('INFUSE_REDIS_URL', redisUrl)
        const handler: Handler = async ({ infuse }) => ({ got: await infuse.breaker('mail').call(async () => 'fine') })
        return start({ routes: { '/': handler }, options: { service, install: false, log: take } })
      }
      const first = await one('testone', 'test')
      ended.unshift(() => first.close())
      const second = await one('testtwo', 'stage')
      ended.unshift(() => second.close())
      expect([first.infuse.serviceName, second.infuse.serviceName]).toEqual(['testone', 'testtwo'])
      await first.infuse.breaker('mail').open()
      const answers = [await ask(first.url), await ask(second.url)]
      expect(answers.map(({ status }) => status)).toEqual([503, 200])
      expect(answers[0]?.json.message).toBe('test:mail is currently unavailable.')
      expect(told).toEqual({ testone: [expect.stringContaining('[test:mail] closed -> open')], testtwo: [] })
      const keys = await redis.command('keys', 'infuse:*:state')
      expect(keys).toEqual(expect.arrayContaining(['infuse:test:testone:state', 'infuse:stage:testtwo:state']))
    })
  })
}

/** Connections but the one that asks. */
async function clientsOf(redis: RedisServer): Promise<number> {
  const list = String(await redis.command('CLIENT', 'LIST'))
  return list.trim().split('\n').length - 1
}
