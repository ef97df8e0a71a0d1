// call and callSync: what goes in, what comes out, how it is judged.
import { describe, expect, it, vi } from 'vitest'
import { CircuitBreaker, CircuitBreakerError, type Outcome } from '../../../src/index.ts'
import { ManualClock } from '../../../src/testing/index.ts'
import {
  boom,
  caught,
  fail,
  failSync,
  failTimes,
  flush,
  hang,
  make,
  makeDue,
  makeOpen,
  pass,
  recorder,
  rejection,
  rejectionSync,
  thrown,
} from './support.ts'
import { deferred } from '../../support/async.ts'

class NotFound extends Error {}

describe('call', () => {
  it('passes the arguments on and has no `this`', async () => {
    const { breaker } = make()
    const seen = await breaker.call(
      function (this: unknown, ...args: unknown[]) {
        return [this, ...args]
      },
      1,
      undefined,
      'c',
    )
    expect(seen).toEqual([undefined, 1, undefined, 'c'])
  })

  it.each([
    ['a value', 7],
    ['undefined', undefined],
    ['null', null],
    ['false', false],
    ['an error as a value', boom],
  ])('resolves with what the function returned: %s', async (_, value) => {
    const { breaker } = make()
    await expect(breaker.call(() => value)).resolves.toBe(value)
    await expect(breaker.call(async () => value)).resolves.toBe(value)
    expect(breaker.stats.successes).toBe(2)
  })

  it('returns a promise at once and runs the function in the same tick', () => {
    const { breaker } = make()
    let ran = false
    const promise = breaker.call(() => {
      ran = true
    })
    expect(ran).toBe(true)
    expect(promise).toBeInstanceOf(Promise)
  })

  it('turns a synchronous throw into a rejection with the same error', async () => {
    const { breaker } = make()
    const promise = breaker.call(failSync)
    expect(await caught(promise)).toBe(boom)
    expect(breaker.stats.failures).toBe(1)
  })

  it('rejects instead of throwing when the circuit is open', async () => {
    const { breaker } = await makeOpen()
    const promise = breaker.call(pass)
    expect(promise).toBeInstanceOf(Promise)
    expect((await rejection(promise)).reason).toBe('open')
  })

  it.each([
    ['undefined', undefined],
    ['null', null],
    ['a string', 'down'],
    ['zero', 0],
    ['an object', { code: 1 }],
  ])('counts a rejection with %s and passes it on as it is', async (_, reason) => {
    const seen: unknown[] = []
    const { breaker } = make({ failMax: 2, listeners: [{ failure: (_who, error) => void seen.push(error) }] })
    expect(await caught(breaker.call(() => Promise.reject(reason)))).toBe(reason)
    expect(breaker.failCounter).toBe(1)
    const tripped = await rejection(
      breaker.call(() => {
        throw reason
      }),
    )
    expect('cause' in tripped).toBe(true)
    expect(tripped.cause).toBe(reason)
    expect(seen).toEqual([reason, reason])
    expect((await rejection(breaker.call(pass))).cause).toBe(reason)
  })

  describe('with thenables', () => {
    it('awaits one that is no promise', async () => {
      const { breaker } = make()
      const thenable = { then: (yes: (value: string) => void) => yes('ok') }
      await expect(breaker.call(() => thenable as PromiseLike<string>)).resolves.toBe('ok')
      expect(breaker.stats.successes).toBe(1)
    })

    it('counts one that rejects', async () => {
      const { breaker } = make()
      const thenable = { then: (_: unknown, no: (error: unknown) => void) => no(boom) }
      expect(await caught(breaker.call(() => thenable as PromiseLike<string>))).toBe(boom)
      expect(breaker.stats).toMatchObject({ successes: 0, failures: 1 })
    })

    it('counts one whose then throws', async () => {
      const { breaker } = make()
      const thenable = { then: failSync }
      expect(await caught(breaker.call(() => thenable as unknown as PromiseLike<string>))).toBe(boom)
      expect(breaker.stats).toMatchObject({ successes: 0, failures: 1 })
    })

    it('counts one whose then cannot be read', async () => {
      const { breaker } = make()
      const thenable = {
        get then(): never {
          throw boom
        },
      }
      expect(await caught(breaker.call(() => thenable))).toBe(boom)
      expect(breaker.stats).toMatchObject({ calls: 1, successes: 0, failures: 1 })
    })

    it('judges one that settles twice once', async () => {
      const { heard, listener } = recorder()
      const { breaker } = make({ listeners: [listener] })
      const thenable = {
        then: (yes: (value: string) => void, no: (error: unknown) => void) => {
          yes('ok')
          no(boom)
          yes('again')
        },
      }
      await expect(breaker.call(() => thenable as PromiseLike<string>)).resolves.toBe('ok')
      await flush()
      expect(heard).toEqual(['beforeCall', 'success'])
    })

    it('judges the value inside a promise of a promise', async () => {
      const { breaker } = make()
      expect(await caught(breaker.call(() => Promise.resolve().then(() => fail())))).toBe(boom)
      expect(breaker.stats.failures).toBe(1)
    })

    it('takes an object with a `then` that is no function as a value', async () => {
      const { breaker } = make()
      const value = { then: 1 }
      await expect(breaker.call(() => value)).resolves.toBe(value)
    })
  })

  it('judges a call when it settles, not when it starts', async () => {
    const { breaker } = make({ failMax: 1 })
    const gate = deferred<void>()
    const call = caught(breaker.call(() => gate.promise))
    expect(breaker.stats).toMatchObject({ calls: 1, successes: 0, failures: 0 })
    expect(breaker.state).toBe('closed')
    gate.reject(boom)
    await call
    expect(breaker.state).toBe('open')
  })

  it('lets calls in flight end as they like when the circuit opens meanwhile', async () => {
    const { breaker } = make({ failMax: 1 })
    const good = deferred<string>()
    const bad = deferred<string>()
    const calls = [breaker.call(() => good.promise), caught(breaker.call(() => bad.promise))]
    await failTimes(breaker, 1)
    good.resolve('ok')
    bad.reject(boom)
    expect(await Promise.all(calls)).toEqual(['ok', boom])
    expect(breaker.stats).toMatchObject({ calls: 3, failures: 1, late: 2 })
    expect(breaker.state).toBe('open')
  })

  it('can be called within itself', async () => {
    const { breaker } = make()
    await expect(breaker.call(() => breaker.call(pass))).resolves.toBe('ok')
    expect(breaker.stats).toMatchObject({ calls: 2, successes: 2 })
  })

  it.each([undefined, null, 1, 'fn', {}])(
    'refuses %s in place of a function, which is no failure of the dependency',
    async (fn) => {
      const { breaker } = make({ failMax: 1 })
      let error: unknown
      try {
        error = await caught(breaker.call(fn as unknown as () => void))
      } catch (early) {
        error = early
      }
      expect(error).toBeInstanceOf(TypeError)
      expect(breaker.stats).toMatchObject({ calls: 0, failures: 0 })
      expect(breaker.state).toBe('closed')
    },
  )
})

describe('callSync', () => {
  it('passes arguments, value and error through', () => {
    const { breaker } = make()
    expect(breaker.callSync(Math.max, 1, 3, 2)).toBe(3)
    expect(thrown(() => breaker.callSync(failSync))).toBe(boom)
    expect(breaker.stats).toMatchObject({ calls: 2, successes: 1, failures: 1 })
  })

  it('throws the new error with the original as cause when it trips', () => {
    const { breaker } = make({ failMax: 1 })
    const error = rejectionSync(() => breaker.callSync(failSync))
    expect(error.reason).toBe('tripped')
    expect(error.cause).toBe(boom)
  })

  it('passes thrown undefined on', () => {
    const { breaker } = make()
    let seen: unknown = 'nothing'
    try {
      breaker.callSync(() => {
        throw undefined
      })
    } catch (error) {
      seen = error
    }
    expect(seen).toBeUndefined()
    expect(breaker.failCounter).toBe(1)
  })

  it('is a trial like any other', async () => {
    const { breaker } = await makeDue()
    expect(breaker.callSync(() => rejectionSync(() => breaker.callSync(() => 1)).reason)).toBe('trial-in-flight')
    expect(breaker.state).toBe('closed')
  })
})

describe('The verdict', () => {
  it('is success for an excluded error and none for an ignored one, and ignore speaks first', async () => {
    const { heard, listener } = recorder()
    const { breaker } = make({ exclude: [NotFound], ignore: [NotFound, RangeError], listeners: [listener] })
    await failTimes(breaker, 2)
    heard.length = 0
    await caught(breaker.call(() => Promise.reject(new NotFound('gone'))))
    await caught(breaker.call(() => Promise.reject(new RangeError('far'))))
    expect(breaker.failCounter).toBe(2)
    expect(breaker.stats).toMatchObject({ ignored: 2, successes: 0 })
    expect(heard).toEqual(['beforeCall', 'ignored gone', 'beforeCall', 'ignored far'])
  })

  it('asks classify only where ignore and exclude said nothing', async () => {
    const outcomes: Outcome[] = []
    const { breaker } = make({
      exclude: [NotFound],
      ignore: [RangeError],
      classify: (outcome) => {
        outcomes.push(outcome)
        return 'failure'
      },
    })
    await caught(breaker.call(() => Promise.reject(new NotFound())))
    await caught(breaker.call(() => Promise.reject(new RangeError())))
    expect(outcomes).toEqual([])
    await caught(breaker.call(fail))
    expect(outcomes).toHaveLength(1)
    expect(breaker.stats).toMatchObject({ successes: 1, ignored: 1, failures: 1 })
  })

  it('classify sees value or error, duration and arguments', async () => {
    const outcomes: Outcome[] = []
    const { breaker, clock } = make({
      classify: (outcome) => {
        outcomes.push(outcome)
        return outcome.ok ? 'success' : 'failure'
      },
    })
    await breaker.call(
      async (a: number, b: number) => {
        clock.advance(30)
        return a + b
      },
      1,
      2,
    )
    await caught(
      breaker.call(async (_: string) => {
        clock.advance(40)
        throw boom
      }, 'x'),
    )
    expect(outcomes).toMatchObject([
      { ok: true, value: 3, duration: 30, args: [1, 2] },
      { ok: false, error: boom, duration: 40, args: ['x'] },
    ])
  })

  it('classify can call a value a failure; the caller gets the value, on the call that trips as well', async () => {
    const { breaker } = make({
      failMax: 2,
      classify: (outcome) =>
        outcome.ok && (outcome.value as { status: number }).status === 503 ? 'failure' : 'success',
    })
    const answer = { status: 503 }
    await expect(breaker.call(async () => answer)).resolves.toBe(answer)
    expect(breaker.failCounter).toBe(1)
    await expect(breaker.call(async () => answer)).resolves.toBe(answer)
    expect(breaker.state).toBe('open')
  })

  it('classify can call an error a success, or nothing at all', async () => {
    const { breaker } = make({ classify: ({ error }) => (error === boom ? 'ignore' : 'success') })
    expect(await caught(breaker.call(fail))).toBe(boom)
    const other = new Error('other')
    expect(await caught(breaker.call(() => Promise.reject(other)))).toBe(other)
    expect(breaker.stats).toMatchObject({ ignored: 1, successes: 1, failures: 0 })
  })

  it.each(['ignore', 'exclude', 'classify'] as const)(
    'skips a %s that throws, with a warning, and goes on',
    async (option) => {
      const warned = vi.spyOn(process, 'emitWarning').mockImplementation(() => {})
      const broken = (): never => {
        throw new Error('broken predicate')
      }
      const { breaker } = make({ [option]: option === 'classify' ? broken : [broken] })
      expect(await caught(breaker.call(fail))).toBe(boom)
      expect(breaker.failCounter).toBe(1)
      await flush()
      expect(warned).toHaveBeenCalled()
      expect(String(warned.mock.calls[0]?.[0])).toContain('broken predicate')
    },
  )

  it('goes on after a predicate that throws to the next one', async () => {
    vi.spyOn(process, 'emitWarning').mockImplementation(() => {})
    const broken = (): never => {
      throw new Error('broken predicate')
    }
    const { breaker } = make({ exclude: [broken, (error: unknown) => error === boom] })
    await caught(breaker.call(fail))
    expect(breaker.stats).toMatchObject({ successes: 1, failures: 0 })
  })

  it('skips a classify that answers nonsense, with a warning', async () => {
    const warned = vi.spyOn(process, 'emitWarning').mockImplementation(() => {})
    const { breaker } = make({ classify: (() => 'maybe') as never })
    await caught(breaker.call(fail))
    await breaker.call(pass)
    await flush()
    expect(breaker.stats).toMatchObject({ successes: 1, failures: 1 })
    expect(warned).toHaveBeenCalled()
  })

  it("is none for another breaker's rejection, directly or as a cause", async () => {
    const inner = await makeOpen({ name: 'inner' })
    const { breaker } = make({ name: 'outer', failMax: 1 })
    expect((await rejection(breaker.call(() => inner.breaker.call(pass)))).breaker).toBe('inner')
    const wrapped = await caught(
      breaker.call(() =>
        inner.breaker.call(pass).catch((error: unknown) => {
          throw new Error('layer', { cause: new Error('deeper', { cause: error }) })
        }),
      ),
    )
    expect(wrapped).toMatchObject({ message: 'layer' })
    expect(breaker.stats).toMatchObject({ ignored: 2, failures: 0 })
    expect(breaker.state).toBe('closed')
  })

  it('of an ignored trial frees its place', async () => {
    const { breaker } = await makeDue({ ignore: [RangeError] })
    await caught(breaker.call(() => Promise.reject(new RangeError())))
    expect(breaker.state).toBe('half-open')
    await expect(breaker.call(pass)).resolves.toBe('ok')
    expect(breaker.state).toBe('closed')
  })

  it('counts a slow call beside its verdict', async () => {
    const { breaker, clock } = make({ slowCall: 100 })
    await breaker.call(async () => clock.advance(100))
    expect(breaker.stats.slow).toBe(0)
    await breaker.call(async () => clock.advance(101))
    await caught(
      breaker.call(async () => {
        clock.advance(500)
        throw boom
      }),
    )
    expect(breaker.stats).toMatchObject({ slow: 2, successes: 2, failures: 1 })
  })
})

describe('The rejection', () => {
  it('tells breaker, state, reason, how long to wait and the last failure', async () => {
    const { breaker, clock } = await makeOpen({ name: 'payments' })
    clock.advance(250)
    const error = await rejection(breaker.call(pass))
    expect(error).toMatchObject({
      breaker: 'payments',
      state: 'open',
      reason: 'open',
      retryAfter: 750,
      cause: boom,
      statusCode: 503,
      code: 'ERR_CIRCUIT_OPEN',
    })
    expect(error.openedAt).toEqual(breaker.openedAt)
    expect(error.toString()).toContain('Timeout not elapsed yet, circuit breaker still open')
  })

  it('of a trial in flight tells what is left of the lease', async () => {
    const { breaker, clock } = await makeDue({ trialTimeout: 5000 })
    void breaker.call(hang)
    clock.advance(2000)
    const error = await rejection(breaker.call(pass))
    expect(error).toMatchObject({ state: 'half-open', reason: 'trial-in-flight', retryAfter: 3000, cause: boom })
  })

  it('is an Infinity to wait where the reset time is one', async () => {
    const { breaker, clock } = await makeOpen({ resetTimeout: Number.POSITIVE_INFINITY })
    clock.advance(1e12)
    expect((await rejection(breaker.call(pass))).retryAfter).toBe(Number.POSITIVE_INFINITY)
  })

  it('of the call that trips tells the full time to wait', async () => {
    const { breaker } = make({ failMax: 1, resetTimeout: 1000 })
    expect(await rejection(breaker.call(fail))).toMatchObject({ state: 'open', reason: 'tripped', retryAfter: 1000 })
  })

  it('works with resetTimeout 0: the next call is the trial', async () => {
    const { breaker } = make({ failMax: 1, resetTimeout: 0 })
    await failTimes(breaker, 1)
    expect(breaker.state).toBe('open')
    await expect(breaker.call(pass)).resolves.toBe('ok')
    expect(breaker.state).toBe('closed')
  })

  it('has no cause where nothing failed', async () => {
    const { breaker } = make()
    await breaker.open()
    expect((await rejection(breaker.call(pass))).cause).toBeUndefined()
  })

  it('is made without the system clock', async () => {
    const now = vi.spyOn(Date, 'now')
    const performanceNow = vi.spyOn(performance, 'now')
    const breaker = new CircuitBreaker({ failMax: 1, clock: new ManualClock() })
    await failTimes(breaker, 1)
    expect(await caught(breaker.call(pass))).toBeInstanceOf(CircuitBreakerError)
    expect(now).not.toHaveBeenCalled()
    expect(performanceNow).not.toHaveBeenCalled()
  })
})
