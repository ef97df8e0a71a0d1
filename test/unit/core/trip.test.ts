// Trip policies: their parts, their words, and the line each draws.
import { describe, expect, it } from 'vitest'
import {
  anyOf,
  consecutive,
  crosses,
  describeCrossing,
  failureRate,
  type Part,
  partsOf,
  slowRate,
  type TripPolicy,
} from '../../../src/core/trip.ts'
import { wordsOf } from './support.ts'

const only = (policy: TripPolicy): Part => partsOf(policy, 'trip')[0] as Part
const sums = (ok: number, bad: number, slow = 0) => ({ ok, bad, slow })

describe('consecutive', () => {
  it('is one part, in words', () => {
    expect(partsOf(consecutive(1), 'trip')).toEqual([{ kind: 'consecutive', failures: 1 }])
    expect(consecutive(1).text).toBe('1 failure')
    expect(consecutive(5).text).toBe('5 failures in a row')
  })

  it('up to 100 is made once', () => {
    expect(consecutive(100)).toBe(consecutive(100))
    expect(consecutive(101)).not.toBe(consecutive(101))
    expect(consecutive(99)).not.toBe(consecutive(100))
    expect(consecutive(101).text).toBe('101 failures in a row')
  })

  it('says what it expected', () => {
    expect(wordsOf(() => consecutive(0))).toBe(
      'RangeError: Expected `consecutive(n)` to be an integer from 1, got `0` (number)',
    )
  })

  it('is crossed by the last of so many', () => {
    expect(crosses(only(consecutive(3)), 2, undefined)).toBe(false)
    expect(crosses(only(consecutive(3)), 3, undefined)).toBe(true)
    expect(describeCrossing(only(consecutive(1)), 1, undefined)).toBe('1 call failed')
    expect(describeCrossing(only(consecutive(3)), 3, undefined)).toBe('3 calls in a row failed')
  })
})

describe('a rate', () => {
  it('has its defaults, a key for its counters, and is frozen', () => {
    const window = { unit: 'ms', size: 10_000 }
    const part = { kind: 'rate', threshold: 0.5, minimumCalls: 10, window, key: 'ms:10000' }
    expect(partsOf(failureRate(), 'trip')).toEqual([{ ...part, of: 'failures' }])
    expect(partsOf(slowRate(), 'trip')).toEqual([{ ...part, of: 'slow' }])
    const lately = { unit: 'calls', size: 4 }
    expect(partsOf(failureRate({ count: 4 }), 'trip')).toEqual([
      { ...part, of: 'failures', minimumCalls: 4, window: lately, key: 'calls:4' },
    ])
    expect(only(failureRate({ count: 50 }))).toMatchObject({ minimumCalls: 10 })
    const policy = failureRate()
    expect([policy, partsOf(policy, 'trip'), only(policy)].map((one) => Object.isFrozen(one))).toEqual([
      true,
      true,
      true,
    ])
  })

  it.each<[TripPolicy, string]>([
    [failureRate(), '50 % failed in the last 10 s, of at least 10 calls'],
    [slowRate({ threshold: 0.125, window: 60_000 }), '12.5 % slow in the last 60 s, of at least 10 calls'],
    [failureRate({ threshold: 0.1234, count: 1 }), '12.3 % failed in the last 1 call'],
    [failureRate({ count: 20, minimumCalls: 1 }), '50 % failed in the last 20 calls'],
    [failureRate({ threshold: 0.29, minimumCalls: 2 }), '29 % failed in the last 10 s, of at least 2 calls'],
  ])('%# reads well', (policy, text) => {
    expect(policy.text).toBe(text)
  })

  it.each<[() => unknown, string]>([
    [() => failureRate(5 as never), 'TypeError: Expected `failureRate(options)` to be an object, got `5` (number)'],
    [() => slowRate(5 as never), 'TypeError: Expected `slowRate(options)` to be an object, got `5` (number)'],
    [
      () => failureRate({ windows: 5 } as never),
      'TypeError: Unknown option `windows` of failureRate; known are threshold, window, count, minimumCalls',
    ],
    [
      () => slowRate({ window: 5, count: 5 } as never),
      'TypeError: Expected slowRate to get `window` or `count`, got both',
    ],
    [
      () => failureRate({ threshold: 1.1 }),
      'RangeError: Expected `threshold` to be a number from 0, at most 1, got `1.1` (number)',
    ],
    [
      () => failureRate({ threshold: -0.1 }),
      'RangeError: Expected `threshold` to be a number from 0, at most 1, got `-0.1` (number)',
    ],
    [
      () => failureRate({ window: 0 }),
      'RangeError: Expected `window` to be milliseconds above 0 (or Infinity), got `0` (number)',
    ],
    [
      () => failureRate({ window: Number.POSITIVE_INFINITY }),
      'RangeError: Expected `window` to be a number from 0, at most 9007199254740991, got `Infinity` (number)',
    ],
    [() => failureRate({ count: 0 }), 'RangeError: Expected `count` to be an integer from 1, got `0` (number)'],
    [
      () => failureRate({ count: 100_001 }),
      'RangeError: Expected `count` to be a number from 1, at most 100000, got `100001` (number)',
    ],
    [
      () => failureRate({ minimumCalls: 0 }),
      'RangeError: Expected `minimumCalls` to be an integer from 1, got `0` (number)',
    ],
    [
      () => failureRate({ count: 5, minimumCalls: 6 }),
      'RangeError: Expected `minimumCalls` to be at most `count` (5), got `6` (number)',
    ],
  ])('%# refuses what is wrong', (make, message) => {
    expect(wordsOf(make)).toBe(message)
  })

  it('takes the limits themselves', () => {
    expect(() => failureRate({ count: 100_000 })).not.toThrow()
    expect(() => failureRate({ count: 5, minimumCalls: 5 })).not.toThrow()
    expect(() => failureRate({ threshold: 0 })).not.toThrow()
    expect(() => failureRate({ threshold: 1, window: 1 })).not.toThrow()
    expect(() => failureRate({ minimumCalls: 1_000_000 })).not.toThrow()
  })

  it('is crossed from the threshold on, given enough calls', () => {
    const half = only(failureRate({ minimumCalls: 4 }))
    expect(crosses(half, 9, sums(1, 2))).toBe(false)
    expect(crosses(half, 0, sums(2, 2))).toBe(true)
    expect(crosses(half, 0, sums(3, 2))).toBe(false)
    expect(crosses(half, 0, sums(2, 1, 3))).toBe(false)
    const slow = only(slowRate({ minimumCalls: 4 }))
    expect(crosses(slow, 0, sums(4, 0, 2))).toBe(true)
    expect(crosses(slow, 9, sums(0, 4, 1))).toBe(false)
  })

  it('is not crossed by no calls, nor without a window', () => {
    const any = only(failureRate({ threshold: 0, minimumCalls: 1 }))
    expect(crosses(any, 9, sums(0, 0))).toBe(false)
    expect(crosses({ ...any, minimumCalls: 0 } as Part, 9, sums(0, 0))).toBe(false)
    expect(crosses(any, 9, undefined)).toBe(false)
    expect(crosses(any, 0, sums(1, 0))).toBe(true)
  })

  it('says by how many it was crossed', () => {
    expect(describeCrossing(only(failureRate()), 0, sums(4, 6))).toBe('6 of 10 calls failed in 10 s')
    expect(describeCrossing(only(slowRate({ count: 5 })), 0, sums(4, 1, 3))).toBe('3 of 5 calls slow lately')
    expect(describeCrossing(only(failureRate({ count: 1 })), 0, sums(0, 1))).toBe('1 of 1 call failed lately')
    expect(describeCrossing(only(failureRate()), 0, undefined)).toBe('0 of 0 calls failed in 10 s')
  })
})

describe('anyOf', () => {
  it('has the parts of all, and the words of all', () => {
    const policy = anyOf(consecutive(2), anyOf(failureRate(), consecutive(3)))
    expect(partsOf(policy, 'trip').map((part) => part.kind)).toEqual(['consecutive', 'rate', 'consecutive'])
    expect(policy.text).toBe(
      '2 failures in a row, or 50 % failed in the last 10 s, of at least 10 calls, or 3 failures in a row',
    )
  })

  it('refuses what is no policy, as partsOf does', () => {
    const told = 'to be a trip policy (consecutive, failureRate, slowRate or anyOf), got'
    expect(wordsOf(() => anyOf(5 as never))).toBe(`TypeError: Expected \`anyOf\` ${told} \`5\` (number)`)
    expect(wordsOf(() => anyOf(consecutive(1), {} as never))).toContain(`Expected \`anyOf\` ${told}`)
    expect(wordsOf(() => partsOf(null as never, 'trip'))).toBe(`TypeError: Expected \`trip\` ${told} \`null\` (null)`)
  })
})
