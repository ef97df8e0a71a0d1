// The guard around a function: the built-in fetch, undici's, ky on top of one. It sees heads of answers.

import ky from 'ky'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { CircuitBreaker, Infuse, isCircuitBreakerError } from '../../src/index.ts'
import { guardFetch } from '../../src/outbound/fetch.ts'
import { errorOf } from '../support/async.ts'
import { Circuits } from './circuits.ts'
import { type Adapter, outboundContract } from './contract.ts'
import { Dependency } from './servers.ts'
import { BUILT_IN, fetchClient, loadUndici } from './undici-clients.ts'

type AnyFetch = (url: any, init?: any) => Promise<any>

/** Around a fetch that can be given a dispatcher with timeouts. */
function around(name: string, fetch: AnyFetch, { Agent }: Awaited<ReturnType<typeof loadUndici>>): Adapter {
  return {
    name,
    sees: 'heads',
    timeouts: ['connect', 'headers', 'body'],
    aborts: 'reason',
    connect: ({ breakers, options, timeouts = {} }) => {
      const dispatcher = new Agent({
        ...(timeouts.headers !== undefined && { headersTimeout: timeouts.headers }),
        ...(timeouts.body !== undefined && { bodyTimeout: timeouts.body }),
        ...(timeouts.connect !== undefined && { connectTimeout: timeouts.connect }),
      })
      const guarded = guardFetch(fetch, breakers, options)
      return {
        ...fetchClient((url, asked) => guarded(url, { ...asked, dispatcher })),
        end: () => dispatcher.destroy(),
      }
    },
  }
}

const builtIn = await loadUndici(BUILT_IN)
const undici7 = await loadUndici(7)

describe('around the built-in fetch', () => outboundContract(around('fetch', fetch, builtIn)))
describe('around undici’s fetch', () => outboundContract(around('undici.fetch', undici7.fetch as AnyFetch, undici7)))

describe('below ky', () =>
  outboundContract({
    name: 'ky',
    sees: 'heads',
    // ky's own cannot be told from an abort, see below.
    timeouts: [],
    aborts: 'reason',
    connect: ({ breakers, options }) => {
      const guarded = guardFetch(fetch, breakers, options)
      const client = ky.create({
        fetch: guarded,
        retry: 0,
        throwHttpErrors: false,
        timeout: false,
      })
      return { ...fetchClient((url, asked) => client(url, asked)), end: () => undefined }
    },
  }))

describe('guardFetch', () => {
  let dependency: Dependency
  beforeAll(async () => {
    dependency = await Dependency.start()
  })
  afterAll(() => dependency.end())

  it('takes Request objects, whose method, URL and signal it sees', async () => {
    const circuits = new Circuits()
    const seen: unknown[] = []
    const key = (request: object): string => {
      seen.push({ ...request })
      return 'one'
    }
    const guarded = guardFetch(fetch, circuits.breaker, { key })
    const request = new Request(`${dependency.origin}/echo`, { method: 'PUT', body: 'hello' })
    expect(await (await guarded(request)).text()).toBe('hello')
    expect(await (await guarded(new URL(`${dependency.origin}/a?b#c`))).text()).toBe('fine')
    expect(seen).toEqual([
      { method: 'PUT', origin: dependency.origin, path: '/echo' },
      { method: 'GET', origin: dependency.origin, path: '/a?b' },
    ])
    const aborted = new Request(dependency.origin, { signal: AbortSignal.abort('no') })
    expect(await errorOf(guarded(aborted))).toBe('no')
    expect(await circuits.judged()).toEqual(['success', 'success'])
  })

  it('leaves what goes nowhere to fetch', async () => {
    const circuits = new Circuits()
    const guarded = guardFetch(fetch, circuits.breaker)
    expect(await (await guarded('data:text/plain,hello')).text()).toBe('hello')
    expect(await errorOf(guarded('/relative'))).toBeInstanceOf(TypeError)
    expect(circuits.calls).toBe(0)
  })

  it('holds nothing against anybody where fetch refuses a request', async () => {
    const circuits = new Circuits()
    const guarded = guardFetch(fetch, circuits.breaker)
    await errorOf(guarded(dependency.origin, { body: 'a GET with a body' }))
    await errorOf(guarded(dependency.origin, { headers: { 'bad name': 'x' } }))
    await errorOf(guarded('http://127.0.0.1:6000/'))
    expect(await circuits.judged()).toEqual(['ignore', 'ignore', 'ignore'])
  })

  it('stands stand-ins of fetch that throw, answer nothing, or no Response', async () => {
    const thrown = new Error('a mock’s own')
    const answers = [
      () => {
        throw thrown
      },
      async () => undefined,
      async () => ({ status: 503 }),
      async () => ({ ok: true }),
    ]
    const circuits = new Circuits()
    const guarded = guardFetch((async () => (answers.shift() as () => unknown)()) as AnyFetch, circuits.breaker)
    expect(await errorOf(guarded('http://a.example/'))).toBe(thrown)
    expect(await guarded('http://a.example/')).toBeUndefined()
    expect(await guarded('http://a.example/')).toEqual({ status: 503 })
    expect(await guarded('http://a.example/')).toEqual({ ok: true })
    expect(await circuits.judged()).toEqual(['success', 'success', 'failure', 'failure'])
  })

  it('rejects with the breaker’s error itself, in a stopped request without a trace', async () => {
    const breaker = new CircuitBreaker({ failMax: 1 })
    const guarded = guardFetch(fetch, () => breaker)
    await breaker.open()
    const error = await errorOf(guarded(dependency.origin))
    expect(error).toMatchObject({ name: 'CircuitBreakerError', code: 'ERR_CIRCUIT_OPEN' })
  })

  it('takes an Infuse, whose services name the circuits', async () => {
    const infuse = new Infuse({ services: { payments: dependency.origin }, circuits: { payments: { failMax: 2 } } })
    const guarded = guardFetch(fetch, infuse)
    for (let call = 0; call < 2; call++) await (await guarded(`${dependency.origin}/status/503`)).text()
    expect(isCircuitBreakerError(await errorOf(guarded(`${dependency.origin}/status/200`)))).toBe(true)
    expect([...infuse.breakers.keys()]).toEqual(['payments'])
    await infuse.dispose()
  })

  it('takes ky’s own timeout for an abort, and a signal’s for a timeout', async () => {
    const circuits = new Circuits()
    const client = ky.create({ fetch: guardFetch(fetch, circuits.breaker), retry: 0 })
    const url = `${dependency.origin}/hang`
    expect((await errorOf(client(url, { timeout: 100 }))).name).toBe('TimeoutError')
    expect(await circuits.judged()).toEqual(['ignore'])
    const timed = await errorOf(client(url, { timeout: false, signal: AbortSignal.timeout(100) }))
    expect(timed.name).toBe('TimeoutError')
    expect(await circuits.judged()).toEqual(['failure', 'ignore'])
  })

  it('H10 below ky’s retries judges every attempt; a hook ends them where the circuit is open', async () => {
    const circuits = new Circuits({ failMax: 2, resetTimeout: 60_000 })
    const stop = ({ error }: { error: Error }): void => {
      if (isCircuitBreakerError(error)) throw error
    }
    const client = ky.create({
      fetch: guardFetch(fetch, circuits.breaker),
      retry: { limit: 5, delay: () => 1 },
      hooks: { beforeRetry: [stop] },
    })
    const before = dependency.requests.length
    const error = await errorOf(client(`${dependency.origin}/status/503`))
    expect(isCircuitBreakerError(error)).toBe(true)
    expect(dependency.requests.length - before).toBe(2)
    expect(await circuits.judged()).toEqual(['failure', 'failure'])
    expect(circuits.only.stats.rejected).toBe(1)
  })

  it('refuses breakers and options that are none', () => {
    expect(() => guardFetch(fetch, undefined as never)).toThrow(/breakers/)
    expect(() => guardFetch(fetch, {} as never)).toThrow(/breakers/)
    const breaker = (): CircuitBreaker => new CircuitBreaker()
    expect(() => guardFetch(fetch, breaker, { kee: 1 } as never)).toThrow(/kee/)
    expect(() => guardFetch(fetch, breaker, { key: 'x' } as never)).toThrow(/key/)
    expect(() => guardFetch(fetch, breaker, { isFailure: 1 } as never)).toThrow(/isFailure/)
  })
})
