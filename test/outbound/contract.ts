// What every outbound guard keeps, whichever client it sits in. An adapter is told by a few functions; the suite tries
// it on real servers.

import { afterAll, beforeAll, describe, expect, it, onTestFinished, vi } from 'vitest'
import { findCircuitBreakerError, Infuse, isCircuitBreakerError } from '../../src/index.ts'
import type { Breakers, GuardOptions } from '../../src/outbound/options.ts'
import { ended, errorOf } from '../support/async.ts'
import { Circuits, type Judgement, until } from './circuits.ts'
import { Dependency, type Listening, refusingOrigin, startSilent, startUntrusted } from './servers.ts'

/** ms; `whole`: from the call to the end of the answer. */
export interface Timeouts {
  readonly connect?: number
  readonly headers?: number
  readonly body?: number
  readonly whole?: number
}

export interface Setup {
  readonly breakers: Breakers
  readonly options?: GuardOptions
  readonly timeouts?: Timeouts
}

export interface Asked {
  readonly method?: string
  readonly body?: string
  readonly signal?: AbortSignal
  readonly skipBreaker?: boolean
}

export interface Answered {
  readonly status: number
  readonly body: string
  header(name: string): string | null | undefined
}

/** A guarded client. */
export interface Client {
  /** Reads the answer to its end; resolves for every status. */
  request(url: string, asked?: Asked): Promise<Answered>
  /** Leaves the body of the answer alone, until told to give it up; where the client can do that. */
  leave?(url: string): Promise<{ readonly status: number; cancel(): void | Promise<void> }>
  end(): void | Promise<void>
}

export interface Adapter {
  readonly name: string
  /** What its guard sees of an answer: a success is told at the head, or at the end of the body. */
  readonly sees: 'heads' | 'bodies'
  /** Those that can be set. */
  readonly timeouts: readonly (keyof Timeouts)[]
  /** What a caller who aborts gets: its own reason, or an error of the client's; `false` where there is no signal. */
  readonly aborts: 'reason' | 'error' | false
  /** A client of its own, that retries nothing and follows no redirect where this can be said. */
  connect(setup: Setup): Client | Promise<Client>
}

const FAILING = [500, 502, 503, 504]
const ANSWERING = [200, 201, 204, 304, 400, 401, 404, 409, 422, 429, 501, 505]
const OPEN = { failMax: 1, resetTimeout: 10_000 }

const text = new Error('connect ECONNREFUSED 127.0.0.1:1')
const REASONS: readonly [name: string, reason: unknown][] = [
  ['an AbortError', new DOMException('not any more', 'AbortError')],
  ['a string', 'never mind'],
  ['nothing', undefined],
  ['an error with code ECONNRESET', Object.assign(text, { code: 'ECONNRESET' })],
]

export function outboundContract(adapter: Adapter): void {
  let dependency: Dependency
  let untrusted: Listening
  let silent: Listening
  beforeAll(async () => {
    dependency = await Dependency.start()
    untrusted = await startUntrusted()
    silent = await startSilent()
  })
  afterAll(async () => {
    await Promise.all([dependency.end(), untrusted.end(), silent.end()])
  })

  const sent = (): number => dependency.requests.length
  const url = (path: string): string => dependency.origin + path
  const bodies = adapter.sees === 'bodies'

  /** Runs `body` with a client on breakers of its own. */
  async function withClient(
    { circuits = new Circuits(), ...setup }: Partial<Setup> & { circuits?: Circuits },
    body: (client: Client, circuits: Circuits) => Promise<void>,
  ): Promise<void> {
    const client = await adapter.connect({ breakers: circuits.breaker, ...setup })
    try {
      await body(client, circuits)
    } finally {
      dependency.release()
      await client.end()
    }
  }

  describe('the verdict', () => {
    it.each(FAILING)('H1 is failure for %i, which the caller gets', async (status) => {
      await withClient({}, async (client, circuits) => {
        const answer = await client.request(url(`/status/${status}`))
        expect(answer).toMatchObject({ status, body: `status ${status}` })
        expect(answer.header('x-asked')).toBe(`/status/${status}`)
        expect(await circuits.judged()).toEqual(['failure'])
      })
    })

    it('H2 is success for every other answer', async () => {
      await withClient({}, async (client, circuits) => {
        for (const status of ANSWERING) {
          const answer = await client.request(url(`/status/${status}`))
          expect(answer.status).toBe(status)
          expect(answer.body).toBe(status === 204 || status === 304 ? '' : `status ${status}`)
        }
        expect(await circuits.judged()).toEqual(ANSWERING.map(() => 'success'))
      })
    })

    const errors: readonly [name: string, target: () => string | Promise<string>, code: RegExp][] = [
      ['a refused connection', async () => `${await refusingOrigin()}/`, /ECONNREFUSED/],
      ['a reset before the head', () => url('/reset'), /ECONNRESET|UND_ERR_SOCKET/],
      ['a name that is not known', () => 'http://nonexistent.invalid/', /ENOTFOUND|EAI_AGAIN/],
      ['a certificate that nobody knows', () => `${untrusted.origin}/`, /DEPTH_ZERO_SELF_SIGNED_CERT/],
    ]
    it.each(errors)('H11 is failure for %s, and the caller gets the error', async (_, target, code) => {
      await withClient({}, async (client, circuits) => {
        const error = await errorOf(client.request(await target()))
        expect(isCircuitBreakerError(error)).toBe(false)
        expect(codesOf(error)).toMatch(code)
        expect(await circuits.judged()).toEqual(['failure'])
      })
    })

    const wholly = adapter.timeouts.includes('whole')
    const timeouts: readonly [name: keyof Timeouts, target: () => string, verdict: Judgement][] = [
      ['connect', () => `${silent.origin}/`, 'failure'],
      ['headers', () => url('/hang'), 'failure'],
      ['body', () => url('/half'), bodies ? 'failure' : 'success'],
    ]
    for (const [name, target, verdict] of timeouts) {
      if (!adapter.timeouts.includes(name)) continue
      // Clients have coarse timers: these wait together.
      it.concurrent(`is ${verdict} for a ${name} timeout of the client`, async () => {
        await withClient({ timeouts: { [name]: 300 } }, async (client, circuits) => {
          const error = await errorOf(client.request(target()))
          expect(isCircuitBreakerError(error)).toBe(false)
          expect(await circuits.judged()).toEqual([verdict])
        })
      })
    }
    if (wholly) {
      it('is failure for a timeout of the client', async () => {
        await withClient({ timeouts: { whole: 300 } }, async (client, circuits) => {
          await errorOf(client.request(url('/hang')))
          expect(await circuits.judged()).toEqual(['failure'])
        })
      })
    }

    it(`H3 is ${bodies ? 'failure' : 'success'} for a body that is cut off, and the caller gets the error`, async () => {
      await withClient({}, async (client, circuits) => {
        const error = await errorOf(client.request(url('/cut')))
        expect(isCircuitBreakerError(error)).toBe(false)
        expect(await circuits.judged()).toEqual([bodies ? 'failure' : 'success'])
      })
    })

    it('is no evidence where the service says that its own dependency is the trouble', async () => {
      await withClient({ circuits: new Circuits(OPEN) }, async (client, circuits) => {
        const answer = await client.request(url('/blameless'))
        expect(answer).toMatchObject({ status: 503, body: 'not my fault' })
        expect(answer.header('retry-after')).toBe('9')
        expect(await circuits.judged()).toEqual(['ignore'])
        expect(circuits.only.state).toBe('closed')
      })
    })
  })

  if (adapter.aborts !== false) {
    describe('the caller’s abort', () => {
      it.each(REASONS)('T3 with %s is no evidence', async (_, reason) => {
        await withClient({}, async (client, circuits) => {
          const controller = new AbortController()
          const asked = ended(client.request(url('/hold'), { signal: controller.signal }))
          await until(() => dependency.held > 0)
          controller.abort(reason)
          const end = await asked
          expect(end.ok).toBe(false)
          if (!end.ok && adapter.aborts === 'reason') expect(end.error).toBe(controller.signal.reason)
          expect(await circuits.judged()).toEqual(['ignore'])
        })
      })

      it('within the body is no evidence', async () => {
        await withClient({}, async (client, circuits) => {
          const controller = new AbortController()
          const before = sent()
          const asked = ended(client.request(url('/half'), { signal: controller.signal }))
          await until(() => sent() > before)
          if (!bodies) await until(() => circuits.only.stats.successes > 0)
          controller.abort()
          expect((await asked).ok).toBe(false)
          expect(await circuits.judged()).toEqual([bodies ? 'ignore' : 'success'])
        })
      })

      it('at once is no evidence and leaves nothing behind', async () => {
        await withClient({}, async (client, circuits) => {
          const controller = new AbortController()
          const asked = ended(client.request(url('/status/200'), { signal: controller.signal }))
          controller.abort()
          expect((await asked).ok).toBe(false)
          for (const verdict of await circuits.judged()) expect(verdict).toBe('ignore')
        })
      })

      it('T4 before the call: it is neither sent nor counted', async () => {
        await withClient({}, async (client, circuits) => {
          const before = sent()
          const end = await ended(client.request(url('/status/200'), { signal: AbortSignal.abort('too late') }))
          expect(end.ok).toBe(false)
          if (!end.ok && adapter.aborts === 'reason') expect(end.error).toBe('too late')
          expect(sent()).toBe(before)
          expect(circuits.calls).toBe(0)
        })
      })

      it('is a failure where it is a timeout that the caller set', async () => {
        await withClient({}, async (client, circuits) => {
          const end = await ended(client.request(url('/hang'), { signal: AbortSignal.timeout(300) }))
          expect(end.ok).toBe(false)
          expect(await circuits.judged()).toEqual(['failure'])
        })
      })

      it('of one request leaves the others alone', async () => {
        await withClient({}, async (client, circuits) => {
          const controller = new AbortController()
          const aborted = ended(client.request(url('/hold'), { signal: controller.signal }))
          const other = client.request(url('/hold'))
          await until(() => dependency.held >= 2)
          controller.abort()
          expect((await aborted).ok).toBe(false)
          dependency.release()
          expect(await other).toMatchObject({ status: 200, body: 'held' })
          expect(await circuits.judged()).toEqual(['success', 'ignore'])
        })
      })
    })
  }

  describe('a circuit', () => {
    it('S24 that a call opens leaves its answer alone; the next call is not sent', async () => {
      await withClient({ circuits: new Circuits(OPEN) }, async (client, circuits) => {
        expect(await client.request(url('/status/503'))).toMatchObject({ status: 503, body: 'status 503' })
        await until(() => circuits.only.state === 'open')
        const before = sent()
        const error = await errorOf(client.request(url('/status/200')))
        expect(findCircuitBreakerError(error)).toMatchObject({ reason: 'open', retryAfter: 10_000 })
        expect(sent()).toBe(before)
        expect(circuits.only.stats.rejected).toBe(1)
      })
    })

    it('S24 that a call opens leaves its error alone', async () => {
      await withClient({ circuits: new Circuits(OPEN) }, async (client, circuits) => {
        const error = await errorOf(client.request(url('/reset')))
        expect(isCircuitBreakerError(error)).toBe(false)
        await until(() => circuits.only.state === 'open')
      })
    })

    it('S24 whose trial fails leaves the answer of the trial alone', async () => {
      await withClient({ circuits: new Circuits(OPEN) }, async (client, circuits) => {
        await client.request(url('/status/500'))
        await until(() => circuits.only.state === 'open')
        circuits.clock.advance(10_000)
        expect(await client.request(url('/status/502'))).toMatchObject({ status: 502, body: 'status 502' })
        await until(() => circuits.only.state === 'open')
        circuits.clock.advance(10_000)
        expect(isCircuitBreakerError(await errorOf(client.request(url('/reset'))))).toBe(false)
        await until(() => circuits.only.state === 'open')
      })
    })

    it('sends one of many requests as its trial, and closes when it succeeds', async () => {
      await withClient({ circuits: new Circuits(OPEN) }, async (client, circuits) => {
        await client.request(url('/status/500'))
        await until(() => circuits.only.state === 'open')
        circuits.clock.advance(10_000)
        const before = sent()
        const asked = Array.from({ length: 10 }, () => ended(client.request(url('/hold'))))
        await until(() => circuits.only.stats.rejected === 9)
        await until(() => dependency.held > 0)
        dependency.release()
        const ends = await Promise.all(asked)
        expect(sent() - before).toBe(1)
        expect(ends.filter(({ ok }) => ok)).toHaveLength(1)
        for (const end of ends) {
          if (!end.ok) expect(findCircuitBreakerError(end.error)).toMatchObject({ reason: 'trial-in-flight' })
        }
        await until(() => circuits.only.state === 'closed')
        expect(await client.request(url('/status/200'))).toMatchObject({ status: 200 })
      })
    })

    it('stays open for as long as the dependency asks, where `resetTimeout` says so', async () => {
      const circuits = new Circuits({ failMax: 1, resetTimeout: ({ retryAfter }) => retryAfter ?? 1_000 })
      await withClient({ circuits }, async (client) => {
        expect(await client.request(url('/busy?7'))).toMatchObject({ status: 503, body: 'busy' })
        await until(() => circuits.only.state === 'open')
        const error = await errorOf(client.request(url('/status/200')))
        expect(findCircuitBreakerError(error)?.retryAfter).toBe(7_000)
      })
    })

    it('is passed by a request that skips the breaker, which counts nowhere', async () => {
      await withClient({ circuits: new Circuits(OPEN) }, async (client, circuits) => {
        for (let call = 0; call < 5; call++) {
          expect(await client.request(url('/status/503'), { skipBreaker: true })).toMatchObject({ status: 503 })
        }
        await errorOf(client.request(url('/reset'), { skipBreaker: true }))
        expect(circuits.calls).toBe(0)
        await client.request(url('/status/503'), { skipBreaker: false })
        await until(() => circuits.only.state === 'open')
        expect(await client.request(url('/status/200'), { skipBreaker: true })).toMatchObject({ status: 200 })
        expect(circuits.only.stats).toMatchObject({ calls: 1, rejected: 0 })
      })
    })

    it('D18 lets one request skip, and none beside it or after it', async () => {
      await withClient({}, async (client, circuits) => {
        const asked = Array.from({ length: 20 }, (_, call) =>
          client.request(url('/status/200'), call % 2 === 0 ? { skipBreaker: true } : {}),
        )
        await Promise.all(asked)
        await until(() => circuits.only.stats.successes === 10)
        expect(circuits.calls).toBe(10)
        await client.request(url('/status/200'))
        await until(() => circuits.only.stats.successes === 11)
      })
    })
  })

  describe('an answer’s body', () => {
    it(`H4 that is given up ${bodies ? 'is no evidence' : 'does not matter'}, and its socket is let go of`, async () => {
      await withClient({}, async (client, circuits) => {
        const left = await client.leave?.(url('/large'))
        if (left === undefined) return
        if (bodies) expect(circuits.unsettled).toBe(1)
        await left.cancel()
        expect(await circuits.judged()).toEqual([bodies ? 'ignore' : 'success'])
        await until(() => [...dependency.listening.sockets].every((socket) => socket.writableLength === 0))
      })
    })

    it('that is sent arrives', async () => {
      await withClient({}, async (client, circuits) => {
        const asked = { method: 'POST', body: 'a question' }
        expect(await client.request(url('/echo'), asked)).toMatchObject({ status: 200, body: 'a question' })
        expect(await circuits.judged()).toEqual(['success'])
      })
    })

    it('leaves the connection to the next request', async () => {
      await withClient({}, async (client, circuits) => {
        const before = dependency.listening.connections
        for (let call = 0; call < 10; call++) await client.request(url(call % 2 ? '/status/500' : '/status/200'))
        // A client may see the end of an answer a little before its connection is free again.
        expect(dependency.listening.connections - before).toBeLessThanOrEqual(2)
        expect(await circuits.judged()).toHaveLength(10)
      })
    })
  })

  describe('options', () => {
    it('H8 a key is an origin in one spelling, without credentials', async () => {
      await withClient({}, async (client, circuits) => {
        const { port } = dependency.listening
        await client.request(`http://LOCALHOST:${port}/status/200`)
        await client.request(`http://localhost:${port}/status/200?again`)
        // Some clients refuse credentials in a URL.
        await ended(client.request(`http://me:secret@localhost:${port}/`))
        expect([...circuits.made.keys()]).toEqual([`http://localhost:${port}`])
      })
    })

    it('`key` sees the request and names its circuit', async () => {
      const seen: unknown[] = []
      const key: GuardOptions['key'] = (request) => {
        seen.push({ ...request })
        return 'payments:charge'
      }
      await withClient({ options: { key } }, async (client, circuits) => {
        await client.request(url('/echo?id=1'), { method: 'POST', body: 'x' })
        expect(seen).toEqual([{ method: 'POST', origin: dependency.origin, path: '/echo?id=1' }])
        expect([...circuits.made.keys()]).toEqual(['payments:charge'])
      })
    })

    it('H9 keys without end leave a bounded number of breakers', async () => {
      const infuse = new Infuse({ maxBreakers: 5 })
      const options: GuardOptions = { key: ({ path }) => path }
      await withClient({ breakers: infuse, options }, async (client) => {
        for (let id = 0; id < 20; id++) await client.request(url(`/status/200?id=${id}`))
        await until(() => infuse.breakers.size <= 5)
      })
      await infuse.dispose()
    })

    it('a `key` that throws rejects the request, which is not sent', async () => {
      const thrown = new Error('no key')
      const key = (): string => {
        throw thrown
      }
      await withClient({ options: { key } }, async (client, circuits) => {
        const before = sent()
        const error = await errorOf(client.request(url('/status/200')))
        expect(chainOf(error)).toContain(thrown)
        expect(sent()).toBe(before)
        expect(circuits.made.size).toBe(0)
      })
    })

    it('`isFailure` decides where it says something', async () => {
      const isFailure: GuardOptions['isFailure'] = ({ status, error }) => {
        if (status === 404) return true
        if (status === 503 || error !== undefined) return false
        return undefined
      }
      await withClient({ options: { isFailure } }, async (client, circuits) => {
        expect(await client.request(url('/status/404'))).toMatchObject({ status: 404, body: 'status 404' })
        await client.request(url('/status/503'))
        await client.request(url('/status/500'))
        await errorOf(client.request(url('/reset')))
        expect(await circuits.judged()).toEqual(['success', 'failure', 'failure', 'ignore'])
      })
    })

    it('an `isFailure` that throws is skipped with a warning', async () => {
      const warnings = vi.spyOn(process, 'emitWarning').mockImplementation(() => undefined)
      onTestFinished(() => warnings.mockRestore())
      const isFailure = (): never => {
        throw new Error('not mine')
      }
      await withClient({ options: { isFailure } }, async (client, circuits) => {
        expect(await client.request(url('/status/500'))).toMatchObject({ status: 500 })
        expect(await client.request(url('/status/200'))).toMatchObject({ status: 200 })
        await errorOf(client.request(url('/reset')))
        expect(await circuits.judged()).toEqual(['success', 'failure', 'failure'])
        const told = warnings.mock.calls.filter(([warning]) => String(warning).includes('`isFailure` threw'))
        expect(told).toHaveLength(3)
      })
    })
  })
}

/** An error with its causes and the errors that it gathers. */
function chainOf(error: unknown): unknown[] {
  if (typeof error !== 'object' || error === null) return [error]
  const { cause, errors } = error as { cause?: unknown; errors?: unknown }
  return [error, ...(cause === undefined ? [] : chainOf(cause)), ...(Array.isArray(errors) ? errors : [])]
}

function codesOf(error: unknown): string {
  return chainOf(error)
    .map((one) => String((one as { code?: unknown } | null)?.code))
    .join(' ')
}
