// run: a signal for the function, a timeout and an abort for this call alone, a fallback that never alters the verdict.
import { afterEach, describe, expect, it, vi } from 'vitest'
import { CircuitBreaker } from '../../../src/index.ts'
import {
  boom,
  caught,
  fail,
  failSync,
  flush,
  hang,
  make,
  makeDue,
  makeOpen,
  pass,
  recorder,
  rejection,
} from './support.ts'
import { deferred } from '../../support/async.ts'

class NotFound extends Error {}

describe('run', () => {
  it('resolves with the value of the function, promised or not', async () => {
    const { breaker } = make()
    await expect(breaker.run(() => 7)).resolves.toBe(7)
    await expect(breaker.run(async () => 7)).resolves.toBe(7)
    await expect(breaker.run(() => undefined)).resolves.toBeUndefined()
    expect(breaker.stats.successes).toBe(3)
  })

  it('rejects with the error of the function, promised or thrown', async () => {
    const { breaker } = make()
    expect(await caught(breaker.run(fail))).toBe(boom)
    expect(await caught(breaker.run(failSync))).toBe(boom)
    expect(await caught(breaker.run(() => Promise.reject(undefined)))).toBeUndefined()
    expect(breaker.stats.failures).toBe(3)
  })

  it('trips like call', async () => {
    const { breaker } = make({ failMax: 1 })
    const error = await rejection(breaker.run(fail, { timeout: 1000 }))
    expect([error.reason, error.cause]).toEqual(['tripped', boom])
    expect((await rejection(breaker.run(pass))).reason).toBe('open')
  })

  it('refuses bad options of a call, naming them', async () => {
    const { breaker } = make()
    const attempts = [
      ['timeout', { timeout: -1 }],
      ['timeout', { timeout: Number.NaN }],
      ['timeout', { timeout: '100' as never }],
      ['fallback', { fallback: 'cached' as never }],
      ['signal', { signal: {} as never }],
    ] as const
    for (const [name, options] of attempts) {
      let error: unknown
      try {
        error = await caught(breaker.run(pass, options))
      } catch (early) {
        error = early
      }
      expect(String(error), name).toContain(name)
    }
    expect(breaker.stats.failures).toBe(0)
  })

  it('takes undefined, and null for the signal, as not given', async () => {
    const { breaker } = make()
    await expect(breaker.run(pass, { signal: null, timeout: undefined, fallback: undefined })).resolves.toBe('ok')
    await expect(breaker.run(pass, undefined)).resolves.toBe('ok')
  })
})

describe("run's signal", () => {
  afterEach(() => vi.unstubAllGlobals())

  it('is made only when it is read, and once', async () => {
    let made = 0
    const Original = AbortController
    vi.stubGlobal(
      'AbortController',
      class extends Original {
        constructor() {
          super()
          made++
        }
      },
    )
    const { breaker } = make()
    await breaker.run(() => 1, { timeout: 1000, signal: new Original().signal })
    expect(made).toBe(0)
    await breaker.run((context) => {
      expect(context.signal).toBe(context.signal)
      expect(context.signal).toBeInstanceOf(AbortSignal)
    })
    expect(made).toBeLessThanOrEqual(1)
  })

  it('is not aborted in a call that ends by itself', async () => {
    const { breaker, clock } = make()
    let signal: AbortSignal | undefined
    const controller = new AbortController()
    await breaker.run(
      (context) => {
        signal = context.signal
      },
      { timeout: 100, signal: controller.signal },
    )
    clock.advance(1000)
    expect(signal?.aborted).toBe(false)
  })

  it('is aborted by the timeout with the error that the caller gets', async () => {
    const { breaker, clock } = make()
    let signal: AbortSignal | undefined
    const call = caught(
      breaker.run(
        (context) => {
          signal = context.signal
          return hang()
        },
        { timeout: 2000 },
      ),
    )
    clock.advance(2000)
    const error = await call
    expect(signal?.aborted).toBe(true)
    expect(signal?.reason).toBe(error)
  })

  it('that is read only after the end is aborted then, with the same reason', async () => {
    const { breaker, clock } = make()
    let context: { readonly signal: AbortSignal } | undefined
    const call = caught(
      breaker.run(
        (given) => {
          context = given
          return hang()
        },
        { timeout: 100 },
      ),
    )
    clock.advance(100)
    const error = await call
    expect(context?.signal.aborted).toBe(true)
    expect(context?.signal.reason).toBe(error)
  })

  it('is one of its own for each call', async () => {
    const { breaker } = make()
    const outer = new AbortController().signal
    const signals = await Promise.all([1, 2].map(() => breaker.run(async ({ signal }) => signal, { signal: outer })))
    expect(signals[0]).not.toBe(signals[1])
  })
})

describe("run's timeout", () => {
  it('ends a call whose function ignores its signal, as a failure', async () => {
    const { heard, listener } = recorder()
    const { breaker, clock } = make({ listeners: [listener] })
    const call = caught(breaker.run(hang, { timeout: 2000 }))
    clock.advance(1999)
    await flush()
    expect(breaker.stats.failures).toBe(0)
    clock.advance(1)
    const error = await call
    expect(error).toBeInstanceOf(DOMException)
    expect(error).toMatchObject({ name: 'TimeoutError', message: 'Timed out after 2000 ms' })
    expect(heard).toEqual(['beforeCall', 'failure Timed out after 2000 ms'])
  })

  it("is the breaker's where the call has none, and the call's where it has one", async () => {
    const { breaker, clock } = make({ timeout: 1000 })
    const calls = [caught(breaker.run(hang)), caught(breaker.run(hang, { timeout: 10 }))]
    void breaker.run(hang, { timeout: Number.POSITIVE_INFINITY })
    expect(clock.pending).toBe(2)
    clock.advance(10)
    expect(await calls[1]).toMatchObject({ message: 'Timed out after 10 ms' })
    clock.advance(990)
    expect(await calls[0]).toMatchObject({ message: 'Timed out after 1000 ms' })
    expect(breaker.stats).toMatchObject({ calls: 3, failures: 2 })
  })

  it('of zero is a timeout of zero', async () => {
    const { breaker, clock } = make({ timeout: 60_000 })
    const call = caught(breaker.run(hang, { timeout: 0 }))
    clock.advance(0)
    expect(await call).toMatchObject({ name: 'TimeoutError' })
    expect(breaker.stats.failures).toBe(1)
  })

  it('beyond 2^31 ms does not fire at once', async () => {
    const warned = vi.spyOn(process, 'emitWarning')
    const breaker = new CircuitBreaker()
    const gate = deferred<string>()
    const call = breaker.run(() => gate.promise, { timeout: 2 ** 40 })
    await flush()
    await flush()
    gate.resolve('ok')
    await expect(call).resolves.toBe('ok')
    expect(warned).not.toHaveBeenCalled()
  })

  it('trips at failMax, with the TimeoutError as cause', async () => {
    const { breaker, clock } = make({ failMax: 1 })
    const call = rejection(breaker.run(hang, { timeout: 100 }))
    clock.advance(100)
    const error = await call
    expect(error.reason).toBe('tripped')
    expect(error.cause).toMatchObject({ name: 'TimeoutError' })
  })

  it('can be excluded or ignored like any error', async () => {
    const { breaker, clock } = make({ ignore: [(error: Error) => error.name === 'TimeoutError'] })
    const call = caught(breaker.run(hang, { timeout: 100 }))
    clock.advance(100)
    expect(await call).toMatchObject({ name: 'TimeoutError' })
    expect(breaker.stats).toMatchObject({ ignored: 1, failures: 0 })
  })

  it('does not limit call, callSync or a permit', async () => {
    const { breaker, clock } = make({ timeout: 100 })
    const gate = deferred<string>()
    const call = breaker.call(() => gate.promise)
    expect(clock.pending).toBe(0)
    clock.advance(1000)
    gate.resolve('ok')
    await expect(call).resolves.toBe('ok')
  })

  it('gives the place of a trial away a second later when trialTimeout is not set', async () => {
    const { breaker, clock } = await makeDue({ timeout: 2000 })
    void breaker.call(hang)
    clock.advance(2999)
    expect((await rejection(breaker.call(pass))).retryAfter).toBe(1)
    clock.advance(1)
    await expect(breaker.call(pass)).resolves.toBe('ok')
  })

  it('of a function that rejects upon its signal is judged once, as the timeout', async () => {
    const { heard, listener } = recorder()
    const { breaker, clock } = make({ listeners: [listener] })
    const call = caught(
      breaker.run(
        ({ signal }) =>
          new Promise((_, no) => {
            signal.addEventListener('abort', () => no(new Error('stopped')))
          }),
        { timeout: 100 },
      ),
    )
    clock.advance(100)
    expect(await call).toMatchObject({ name: 'TimeoutError' })
    await flush()
    expect(heard).toEqual(['beforeCall', 'failure Timed out after 100 ms'])
  })
})

describe("The caller's abort", () => {
  it('ends a call whose function ignores its signal, without a verdict', async () => {
    const { heard, listener } = recorder()
    const { breaker } = make({ listeners: [listener] })
    const controller = new AbortController()
    const reason = new Error('client gone')
    const call = caught(breaker.run(hang, { signal: controller.signal }))
    controller.abort(reason)
    expect(await call).toBe(reason)
    expect(breaker.stats).toMatchObject({ calls: 1, ignored: 1, failures: 0 })
    expect(heard).toEqual(['beforeCall', 'ignored client gone'])
  })

  it('speaks before classify and exclude', async () => {
    const { breaker } = make({ classify: () => 'failure', exclude: [Error] })
    const controller = new AbortController()
    const call = caught(breaker.run(hang, { signal: controller.signal }))
    controller.abort(new Error('client gone'))
    await call
    expect(breaker.stats).toMatchObject({ ignored: 1, failures: 0, successes: 0 })
  })

  it('gives the caller the reason, not what the function rejects with', async () => {
    const { breaker } = make()
    const controller = new AbortController()
    const call = caught(
      breaker.run(
        ({ signal }) =>
          new Promise((_, no) => {
            signal.addEventListener('abort', () => no(new Error('socket closed')))
          }),
        { signal: controller.signal },
      ),
    )
    controller.abort('client gone')
    expect(await call).toBe('client gone')
  })

  it('made by the function itself is an abort too', async () => {
    const { breaker } = make()
    const controller = new AbortController()
    const call = breaker.run(
      () => {
        controller.abort('client gone')
        throw new Error('socket closed')
      },
      { signal: controller.signal },
    )
    expect(await caught(call)).toBe('client gone')
    expect(breaker.stats).toMatchObject({ ignored: 1, failures: 0 })
  })

  it('after the end is nothing', async () => {
    const { breaker } = make()
    const controller = new AbortController()
    await breaker.run(pass, { signal: controller.signal })
    controller.abort()
    await flush()
    expect(breaker.stats).toMatchObject({ calls: 1, successes: 1, ignored: 0 })
  })

  it('of one call leaves the other calls with the same breaker alone', async () => {
    const { breaker } = make()
    const controller = new AbortController()
    const gate = deferred<string>()
    const aborted = caught(breaker.run(hang, { signal: controller.signal }))
    const other = breaker.run(() => gate.promise)
    controller.abort()
    await aborted
    gate.resolve('ok')
    await expect(other).resolves.toBe('ok')
  })
})

describe("run's fallback", () => {
  it('answers a failure with the original error, and the failure counts', async () => {
    const { heard, listener } = recorder()
    const { breaker } = make({ listeners: [listener] })
    const seen: unknown[] = []
    const fallback = (error: unknown): string => {
      seen.push(error)
      return 'cached'
    }
    await expect(breaker.run(fail, { fallback })).resolves.toBe('cached')
    await expect(breaker.run(failSync, { fallback })).resolves.toBe('cached')
    expect(seen).toEqual([boom, boom])
    expect(breaker.failCounter).toBe(2)
    expect(heard).toEqual(['beforeCall', 'failure boom', 'beforeCall', 'failure boom'])
  })

  it('gets the original error on the call that trips too', async () => {
    const { breaker } = make({ failMax: 1 })
    let seen: unknown
    await breaker.run(fail, {
      fallback: (error) => {
        seen = error
      },
    })
    expect(seen).toBe(boom)
    expect(breaker.state).toBe('open')
  })

  it('answers a rejection with its error', async () => {
    const { breaker } = await makeOpen()
    await expect(breaker.run(pass, { fallback: (error) => (error as Error).message })).resolves.toBe(
      'Timeout not elapsed yet, circuit breaker still open',
    )
    expect(breaker.stats.rejected).toBe(1)
  })

  it("answers another breaker's rejection", async () => {
    const inner = await makeOpen()
    const { breaker } = make()
    await expect(breaker.run(() => inner.breaker.call(pass), { fallback: () => 'cached' })).resolves.toBe('cached')
  })

  it('answers a timeout', async () => {
    const { breaker, clock } = make()
    const call = breaker.run(hang, { timeout: 100, fallback: (error) => (error as Error).name })
    clock.advance(100)
    await expect(call).resolves.toBe('TimeoutError')
    expect(breaker.stats.failures).toBe(1)
  })

  it("does not answer the caller's abort", async () => {
    const { breaker } = make()
    const controller = new AbortController()
    let asked = 0
    const fallback = (): number => ++asked
    const call = caught(breaker.run(hang, { signal: controller.signal, fallback }))
    controller.abort('client gone')
    expect(await call).toBe('client gone')
    expect(await caught(breaker.run(pass, { signal: controller.signal, fallback }))).toBe('client gone')
    expect(asked).toBe(0)
  })

  it('does not answer an error that is no failure', async () => {
    const { breaker } = make({ exclude: [NotFound], ignore: [RangeError] })
    const missing = new NotFound()
    const far = new RangeError()
    expect(await caught(breaker.run(() => Promise.reject(missing), { fallback: () => 'cached' }))).toBe(missing)
    expect(await caught(breaker.run(() => Promise.reject(far), { fallback: () => 'cached' }))).toBe(far)
  })

  it('does not answer a value, one that classify calls a failure included', async () => {
    const { breaker } = make({ classify: () => 'failure' })
    await expect(breaker.run(pass, { fallback: () => 'cached' })).resolves.toBe('ok')
    expect(breaker.stats.failures).toBe(1)
  })

  it('can be asynchronous, and what it throws reaches the caller', async () => {
    const { breaker } = make()
    await expect(breaker.run(fail, { fallback: async () => 'cached' })).resolves.toBe('cached')
    const other = new Error('no cache')
    expect(
      await caught(
        breaker.run(fail, {
          fallback: () => {
            throw other
          },
        }),
      ),
    ).toBe(other)
    expect(await caught(breaker.run(fail, { fallback: () => Promise.reject(other) }))).toBe(other)
    expect(breaker.stats).toMatchObject({ calls: 3, failures: 3 })
  })

  it('that answers a failed trial does not close the circuit', async () => {
    const { breaker } = await makeDue()
    await expect(breaker.run(fail, { fallback: () => 'cached' })).resolves.toBe('cached')
    expect(breaker.state).toBe('open')
  })

  it('answers undefined and null as errors too', async () => {
    const { breaker } = make()
    const fallback = (error: unknown): unknown[] => [error]
    await expect(breaker.run(() => Promise.reject(undefined), { fallback })).resolves.toEqual([undefined])
    await expect(breaker.run(() => Promise.reject(null), { fallback })).resolves.toEqual([null])
  })
})
