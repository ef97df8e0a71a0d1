// What can be set on a living breaker: failMax, resetTimeout, successThreshold, excluded errors.
import { describe, expect, it, vi } from 'vitest'
import { consecutive } from '../../../src/index.ts'
import {
  boom,
  caught,
  fail,
  failTimes,
  flush,
  make,
  makeDue,
  makeOpen,
  pass,
  recorder,
  rejection,
  thrown,
} from './support.ts'

describe('A setter', () => {
  it.each([
    ['failMax', [0, -1, 1.5, Number.NaN, Number.POSITIVE_INFINITY], ['x', null, undefined, {}]],
    ['successThreshold', [0, -1, 1.5, Number.NaN, Number.POSITIVE_INFINITY], ['x', null, undefined, {}]],
    ['resetTimeout', [-1, Number.NaN], ['x', null, undefined, {}]],
  ] as const)('of %s refuses what the option refuses, and keeps the value', (name, badNumbers, badTypes) => {
    const { breaker } = make({ failMax: 3, successThreshold: 2, resetTimeout: 1000 })
    const before = breaker[name]
    for (const value of badNumbers) {
      const error = thrown(() => Object.assign(breaker, { [name]: value }))
      expect(error, String(value)).toBeInstanceOf(RangeError)
      expect((error as Error).message).toContain(name)
    }
    for (const value of badTypes)
      expect(
        thrown(() => Object.assign(breaker, { [name]: value })),
        String(value),
      ).toBeInstanceOf(TypeError)
    expect(breaker[name]).toBe(before)
  })

  it('of failMax opens nothing by itself: the next failure does', async () => {
    const { heard, listener } = recorder()
    const { breaker } = make({ failMax: 5, listeners: [listener] })
    await failTimes(breaker, 3)
    breaker.failMax = 3
    expect(breaker.state).toBe('closed')
    await failTimes(breaker, 1)
    expect(breaker.state).toBe('open')
    expect(heard.at(-1)).toBe('closed->open')
  })

  it('of failMax gives more room as well', async () => {
    const { breaker } = make({ failMax: 3 })
    await failTimes(breaker, 2)
    breaker.failMax = 4
    await failTimes(breaker, 1)
    expect(breaker.state).toBe('closed')
    await failTimes(breaker, 1)
    expect(breaker.state).toBe('open')
  })

  it('of failMax is refused where a trip policy stands in its place', () => {
    const { breaker } = make({ trip: consecutive(3) })
    expect(breaker.failMax).toBeUndefined()
    expect(() => {
      breaker.failMax = 3
    }).toThrow(/failMax/)
    expect(breaker.failMax).toBeUndefined()
  })

  it('of resetTimeout shortens and lengthens an open period', async () => {
    const { breaker, clock } = await makeOpen({ resetTimeout: 1000 })
    clock.advance(500)
    breaker.resetTimeout = 2000
    clock.advance(500)
    expect((await rejection(breaker.call(pass))).retryAfter).toBe(1000)
    expect(breaker.explain().nextTrialAt).toEqual(new Date(clock.wallNow() + 1000))
    breaker.resetTimeout = 0
    await expect(breaker.call(pass)).resolves.toBe('ok')
  })

  it('of resetTimeout takes a function, for an open circuit too', async () => {
    const { breaker, clock } = await makeOpen({ resetTimeout: 1000 })
    breaker.resetTimeout = ({ relapses }) => 300 + relapses
    clock.advance(299)
    expect((await rejection(breaker.call(pass))).retryAfter).toBe(1)
    clock.advance(1)
    await expect(breaker.call(pass)).resolves.toBe('ok')
  })

  it('of successThreshold closes nothing by itself: the next trial success does', async () => {
    const { breaker } = await makeDue({ successThreshold: 3 })
    await breaker.call(pass)
    await breaker.call(pass)
    breaker.successThreshold = 2
    expect(breaker.state).toBe('half-open')
    await breaker.call(pass)
    expect(breaker.state).toBe('closed')
  })
})

describe('A resetTimeout that is a function', () => {
  it('is told how often the circuit relapsed and by which error', async () => {
    const contexts: unknown[] = []
    const { breaker, clock } = make({
      failMax: 1,
      resetTimeout: (context) => {
        contexts.push(context)
        return 1000
      },
    })
    await failTimes(breaker, 1)
    clock.advance(1000)
    await failTimes(breaker, 1)
    expect(contexts).toMatchObject([
      { relapses: 0, error: boom, retryAfter: undefined },
      { relapses: 1, error: boom, retryAfter: undefined },
    ])
  })

  it.each([
    [
      'throws',
      () => {
        throw new Error('broken reset')
      },
    ],
    ['returns NaN', () => Number.NaN],
    ['returns a negative number', () => -1],
    ['returns no number', () => 'soon' as unknown as number],
  ])('and %s is warned about, and a minute is used', async (_, resetTimeout) => {
    const warned = vi.spyOn(process, 'emitWarning').mockImplementation(() => {})
    const { breaker } = make({ failMax: 1, resetTimeout: resetTimeout as () => number })
    const error = await rejection(breaker.call(fail))
    expect(error.retryAfter).toBe(60_000)
    await flush()
    expect(warned).toHaveBeenCalled()
  })

  it('may return Infinity and 0', async () => {
    const { breaker, clock } = make({ failMax: 1, resetTimeout: () => Number.POSITIVE_INFINITY })
    expect((await rejection(breaker.call(fail))).retryAfter).toBe(Number.POSITIVE_INFINITY)
    clock.advance(1e15)
    expect((await rejection(breaker.call(pass))).reason).toBe('open')
    expect(breaker.explain().nextTrialAt).toBeUndefined()
  })
})

describe('Excluded errors', () => {
  it('added later hold for calls in flight', async () => {
    const { breaker } = make()
    const permit = await breaker.acquire()
    breaker.addExcluded(RangeError)
    permit.failure(new RangeError())
    expect(breaker.failCounter).toBe(0)
  })

  it('are refused when they are neither class nor predicate', () => {
    const { breaker } = make()
    for (const matcher of [undefined, null, 'Error', 7, {}]) {
      expect(
        thrown(() => breaker.addExcluded(matcher as never)),
        String(matcher),
      ).toBeInstanceOf(TypeError)
    }
    expect(breaker.excluded).toEqual([])
  })

  it('removed that were never there change nothing', () => {
    const { breaker } = make({ exclude: [RangeError] })
    breaker.removeExcluded(TypeError)
    expect(breaker.excluded).toEqual([RangeError])
  })

  it('match by class also where the class has an abstract or a private constructor', async () => {
    abstract class Base extends Error {}
    class Leaf extends Base {}
    const { breaker } = make({ exclude: [Base] })
    await caught(breaker.call(() => Promise.reject(new Leaf())))
    expect(breaker.failCounter).toBe(0)
  })

  it('isSystemError is false for ignored errors too, and counts nothing', () => {
    const { breaker } = make({ ignore: [RangeError], exclude: [TypeError] })
    expect(breaker.isSystemError(new RangeError())).toBe(false)
    expect(breaker.isSystemError(new TypeError())).toBe(false)
    expect(breaker.isSystemError(undefined)).toBe(true)
    expect(breaker.stats).toMatchObject({ calls: 0, failures: 0 })
  })
})
