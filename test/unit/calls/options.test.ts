// Every option with every kind of bad value: it throws at once and names option, value and type.
import { describe, expect, it } from 'vitest'
import {
  anyOf,
  backoff,
  CircuitBreaker,
  consecutive,
  failureRate,
  MemoryStorage,
  slowRate,
} from '../../../src/index.ts'
import { make, thrown } from './support.ts'

const Infinite = Number.POSITIVE_INFINITY
const wrongTypes: readonly unknown[] = ['x', true, {}, [], null, 1n, Symbol('s')]

/** Bad values throw a RangeError; `good` ones are taken. What is not a number at all throws a TypeError. */
const numbers: Readonly<Record<string, { readonly bad: readonly number[]; readonly good: readonly number[] }>> = {
  failMax: { bad: [0, -1, 1.5, Number.NaN, Infinite, -Infinite], good: [1, 5, Number.MAX_SAFE_INTEGER] },
  successThreshold: { bad: [0, -1, 1.5, Number.NaN, Infinite], good: [1, 3] },
  trials: { bad: [0, -1, 1.5, Number.NaN, Infinite], good: [1, 3] },
  resetTimeout: { bad: [-1, Number.NaN, -Infinite], good: [0, 0.5, 60_000, 2 ** 40, Infinite] },
  trialTimeout: { bad: [0, -1, Number.NaN, -Infinite], good: [0.5, 1, 2 ** 40, Infinite] },
  rampUp: { bad: [-1, Number.NaN, Infinite, -Infinite], good: [0, 1, 2 ** 40] },
  slowCall: { bad: [-1, Number.NaN, -Infinite], good: [0, 0.5, Infinite] },
  timeout: { bad: [-1, Number.NaN, -Infinite], good: [0, 0.5, 2 ** 40, Infinite] },
}

/** As messages name it. */
function typeOf(value: unknown): string {
  if (value === null) return '(null)'
  return Array.isArray(value) ? '(array)' : `(${typeof value})`
}

const numberCases = Object.entries(numbers)

describe('A number option', () => {
  it.each(numberCases)('%s refuses a bad number with a RangeError', (name, { bad }) => {
    for (const value of bad) {
      const error = thrown(() => new CircuitBreaker({ [name]: value }))
      expect(error, String(value)).toBeInstanceOf(RangeError)
      expect((error as Error).message).toContain(`\`${name}\``)
      expect((error as Error).message).toContain(`got \`${value}\` (number)`)
      expect((error as Error).message).toMatch(/^Expected /)
    }
  })

  it.each(numberCases)('%s takes a good number', (name, { good }) => {
    for (const value of good) expect(() => new CircuitBreaker({ [name]: value }), String(value)).not.toThrow()
  })

  it.each(numberCases)('%s refuses another type with a TypeError', (name) => {
    for (const value of wrongTypes) {
      const error = thrown(() => new CircuitBreaker({ [name]: value }))
      expect(error, String(value)).toBeInstanceOf(TypeError)
      expect((error as Error).message).toContain(`\`${name}\``)
      expect((error as Error).message).toContain(typeOf(value))
    }
  })

  it.each(numberCases)('%s takes undefined as not given', (name) => {
    const breaker = new CircuitBreaker({ [name]: undefined })
    const plain = new CircuitBreaker()
    expect([breaker.failMax, breaker.resetTimeout, breaker.successThreshold]).toEqual([
      plain.failMax,
      plain.resetTimeout,
      plain.successThreshold,
    ])
  })
})

/** Options of other types: what is refused, and what is taken. */
const others: Readonly<Record<string, { readonly bad: readonly unknown[]; readonly good: readonly unknown[] }>> = {
  name: { bad: [1, null, {}, Symbol('s')], good: ['circuit', 'payments:eu-1/[2].x'] },
  trip: { bad: [1, 'consecutive', null, {}, () => true], good: [consecutive(3), failureRate()] },
  exclude: { bad: [1, null, Error, ['Error'], [null], [{}]], good: [[], [Error], [() => true]] },
  ignore: { bad: [1, null, Error, ['Error'], [undefined], [{}]], good: [[], [Error], [() => true]] },
  classify: { bad: [1, null, 'success', {}], good: [() => 'success'] },
  throwNewErrorOnTrip: { bad: [0, 1, null, 'false', {}], good: [true, false] },
  storage: { bad: [1, null, 'redis://', {}], good: [new MemoryStorage()] },
  listeners: { bad: [1, null, {}, [null], [1]], good: [[], [{}]] },
  stackTrace: { bad: [0, null, 'yes'], good: [true, false] },
  shadow: { bad: [0, null, 'yes'], good: [true, false] },
  clock: { bad: [1, null, {}, { now: 1 }], good: [{ now: () => 0 }, { now: () => 0, wallNow: () => 0 }] },
}

describe('An option of another type', () => {
  it.each(Object.entries(others))('%s refuses what it is not', (name, { bad }) => {
    for (const value of bad) {
      const error = thrown(() => new CircuitBreaker({ [name]: value }))
      expect(error, String(value)).toBeInstanceOf(TypeError)
      expect((error as Error).message).toContain(name)
    }
  })

  it.each(Object.entries(others))('%s takes what it is', (name, { good }) => {
    for (const value of good) expect(() => new CircuitBreaker({ [name]: value })).not.toThrow()
  })
})

describe('The options as a whole', () => {
  it('may be left out', () => {
    expect(() => new CircuitBreaker()).not.toThrow()
    expect(() => new CircuitBreaker(undefined)).not.toThrow()
    expect(() => new CircuitBreaker({})).not.toThrow()
  })

  it.each([null, 1, 'payments', true, Symbol('s')])('are refused when they are no object: %s', (options) => {
    expect(thrown(() => new CircuitBreaker(options as never))).toBeInstanceOf(TypeError)
  })

  it('with a name that nobody knows are refused, naming it', () => {
    const error = thrown(() => new CircuitBreaker({ failmax: 3 } as never))
    expect(error).toBeInstanceOf(TypeError)
    expect((error as Error).message).toContain('failmax')
  })

  it('take a resetTimeout that is a function', () => {
    const fn = backoff()
    expect(new CircuitBreaker({ resetTimeout: fn }).resetTimeout).toBe(fn)
  })

  it('refuse slowRate without a finite slowCall', () => {
    expect(thrown(() => new CircuitBreaker({ trip: slowRate() }))).toBeInstanceOf(Error)
    expect(() => new CircuitBreaker({ trip: slowRate() })).toThrow('slowCall')
    expect(() => new CircuitBreaker({ trip: anyOf(consecutive(3), slowRate()) })).toThrow('slowCall')
    expect(() => new CircuitBreaker({ trip: slowRate(), slowCall: Infinite })).toThrow('slowCall')
    expect(() => new CircuitBreaker({ trip: slowRate(), slowCall: 100 })).not.toThrow()
  })
})

describe('A trip policy', () => {
  it.each([0, -1, 1.5, Number.NaN, Infinite])('consecutive refuses %s', (n) => {
    expect(thrown(() => consecutive(n))).toBeInstanceOf(RangeError)
  })

  it.each([
    ['threshold', [-0.1, 1.1, Number.NaN, Infinite], [0, 0.5, 1]],
    ['window', [0, -1, Number.NaN, Infinite], [1, 10_000]],
    ['minimumCalls', [0, -1, 1.5, Number.NaN, Infinite], [1, 10]],
  ] as const)('%s of a rate refuses bad numbers', (name, bad, good) => {
    for (const make of [failureRate, slowRate]) {
      for (const value of bad) {
        const error = thrown(() => make({ [name]: value }))
        expect(error, String(value)).toBeInstanceOf(RangeError)
        expect((error as Error).message).toContain(`\`${name}\``)
      }
      for (const value of good) expect(() => make({ [name]: value })).not.toThrow()
      for (const value of ['1', null, {}])
        expect(thrown(() => make({ [name]: value as never }))).toBeInstanceOf(TypeError)
    }
  })

  it('count of a rate refuses bad numbers, and fewer than minimumCalls', () => {
    for (const count of [0, -1, 1.5, Number.NaN, Infinite]) {
      expect(
        thrown(() => failureRate({ count, minimumCalls: 1 })),
        String(count),
      ).toBeInstanceOf(RangeError)
    }
    expect(() => failureRate({ count: 5, minimumCalls: 6 })).toThrow('minimumCalls')
    expect(() => failureRate({ count: 5, minimumCalls: 5 })).not.toThrow()
  })

  it('refuses window and count together, and names nobody knows', () => {
    expect(() => failureRate({ count: 5, window: 1000, minimumCalls: 5 } as never)).toThrow(/count|window/)
    expect(() => failureRate({ treshold: 0.5 } as never)).toThrow('treshold')
  })

  it('anyOf refuses what is no policy', () => {
    expect(thrown(() => anyOf(7 as never))).toBeInstanceOf(TypeError)
    expect(thrown(() => (anyOf as () => unknown)())).toBeInstanceOf(TypeError)
  })

  it('says in words what it does', () => {
    for (const policy of [
      consecutive(3),
      failureRate(),
      failureRate({ count: 50 }),
      slowRate(),
      anyOf(consecutive(3), failureRate()),
    ]) {
      expect(policy.text).toMatch(/\w/)
      expect(policy.text).not.toMatch(/undefined|NaN|\[object/)
    }
    expect(consecutive(3).text).toContain('3')
  })
})

describe('backoff', () => {
  const context = (relapses: number, retryAfter?: number) => ({ relapses, error: undefined, retryAfter })

  it('grows by factor from initial to max', () => {
    const wait = backoff({ initial: 100, max: 1000, factor: 2, jitter: 0 })
    expect([0, 1, 2, 3, 4, 400].map((relapses) => wait(context(relapses)))).toEqual([100, 200, 400, 800, 1000, 1000])
  })

  it('stays within jitter and max', () => {
    const wait = backoff({ initial: 100, max: 1000, factor: 2, jitter: 0.5 })
    for (let relapses = 0; relapses < 200; relapses++) {
      const base = Math.min(1000, 100 * 2 ** relapses)
      expect(wait(context(relapses))).toBeGreaterThanOrEqual(base / 2)
      expect(wait(context(relapses))).toBeLessThanOrEqual(base)
    }
  })

  it('waits as long as the dependency asked for, up to max', () => {
    const wait = backoff({ initial: 100, max: 1000, jitter: 0 })
    expect(wait(context(0, 500))).toBe(500)
    expect(wait(context(0, 50))).toBe(100)
    expect(wait(context(0, 5000))).toBe(1000)
  })

  it.each([
    ['initial', [-1, Number.NaN, 'x']],
    ['max', [-1, Number.NaN, 'x']],
    ['factor', [0, -1, Number.NaN, 'x']],
    ['jitter', [-0.1, 1.1, Number.NaN, 'x']],
  ] as const)('%s refuses bad values', (name, bad) => {
    for (const value of bad) expect(() => backoff({ [name]: value as never }), String(value)).toThrow(name)
  })

  it('drives the time that a circuit stays open', async () => {
    const { breaker, clock } = make({
      failMax: 1,
      resetTimeout: backoff({ initial: 100, max: 1000, factor: 2, jitter: 0 }),
    })
    const waits: number[] = []
    for (let i = 0; i < 5; i++) {
      const error = (await breaker
        .call(() => Promise.reject(new Error('down')))
        .catch((caught: unknown) => caught)) as { retryAfter: number }
      waits.push(error.retryAfter)
      clock.advance(error.retryAfter)
    }
    expect(waits).toEqual([100, 200, 400, 800, 1000])
  })
})
