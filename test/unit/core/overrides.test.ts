// Thresholds that a person has set: what is taken, what a storage may hold, and what counts then.
import { describe, expect, it } from 'vitest'
import { setFailMax } from '../../../src/core/options.ts'
import {
  checkUpdate,
  followOverrides,
  ownThresholds,
  readOverrides,
  sameOverrides,
  type Update,
  withUpdate,
} from '../../../src/core/overrides.ts'
import { anyOf, consecutive, failureRate, partsOf } from '../../../src/core/trip.ts'
import { wordsOf, world } from './support.ts'

const names = 'failMax, resetTimeout, successThreshold'

describe('an update', () => {
  it.each([
    [{ failMax: 1 }],
    [{ failMax: 1_000_000, successThreshold: 1_000_000 }],
    [{ resetTimeout: 0 }],
    [{ resetTimeout: 0.5 }],
    [{ resetTimeout: Number.POSITIVE_INFINITY }],
    [{ failMax: null, resetTimeout: null, successThreshold: null }],
    [{ failMax: undefined, resetTimeout: 1 }],
  ])('%j is taken as it is', (update: Update) => {
    expect(checkUpdate(update)).toBe(update)
  })

  it.each([
    [{}, `TypeError: Expected \`update\` to give one of ${names}`],
    [{ failMax: undefined }, `TypeError: Expected \`update\` to give one of ${names}`],
    [{ trials: 1 }, `TypeError: Unknown option \`trials\` of update; known are ${names}`],
    [{ failMax: 0 }, 'RangeError: Expected `failMax` to be an integer from 1, got `0` (number)'],
    [{ successThreshold: 1.5 }, 'RangeError: Expected `successThreshold` to be an integer from 1, got `1.5` (number)'],
    [{ failMax: 1_000_001 }, 'RangeError: Expected `failMax` to be at most 1000000, got 1000001'],
    [
      { resetTimeout: -1 },
      'RangeError: Expected `resetTimeout` to be milliseconds from 0 (or Infinity), got `-1` (number)',
    ],
    [null, 'TypeError: Expected `update` to be an object, got `null` (null)'],
  ])('%j is refused: %s', (update, words) => {
    expect(wordsOf(() => checkUpdate(update as Update))).toBe(words)
  })

  it('changes what it gives, undoes what it gives as null, and leaves the rest', () => {
    const before = { failMax: 2, successThreshold: 3 }
    expect(withUpdate(before, { failMax: 4 })).toEqual({ failMax: 4, successThreshold: 3 })
    expect(withUpdate(before, { failMax: null, resetTimeout: 9 })).toEqual({ resetTimeout: 9, successThreshold: 3 })
    expect(withUpdate(before, { failMax: null, successThreshold: null })).toBeUndefined()
    expect(withUpdate(undefined, { failMax: 1 })).toEqual({ failMax: 1 })
  })
})

describe('what a storage holds', () => {
  it.each([
    [undefined, undefined],
    [null, undefined],
    ['failMax', undefined],
    [{}, undefined],
    [{ failMax: 0, resetTimeout: -1, successThreshold: 'x' }, undefined],
    [{ failMax: 1.5, resetTimeout: '7', successThreshold: 2 }, { successThreshold: 2 }],
    [
      { failMax: 1, resetTimeout: 0 },
      { failMax: 1, resetTimeout: 0 },
    ],
    [
      { failMax: 2e6, resetTimeout: 8.64e15, successThreshold: 2e6 },
      { failMax: 1e6, resetTimeout: Number.POSITIVE_INFINITY, successThreshold: 1e6 },
    ],
  ])('%j is read as %j', (stored, overrides) => {
    expect(readOverrides(stored)).toEqual(overrides)
    if (overrides !== undefined) expect(Object.isFrozen(readOverrides(stored))).toBe(true)
  })

  it('is the same where every threshold is', () => {
    expect(sameOverrides(undefined, undefined)).toBe(true)
    expect(sameOverrides({ failMax: 1 }, { failMax: 1 })).toBe(true)
    expect(sameOverrides({ failMax: 1 }, undefined)).toBe(false)
    expect(sameOverrides({ failMax: 1 }, { failMax: 1, resetTimeout: 2 })).toBe(false)
    expect(sameOverrides({ successThreshold: 1 }, { successThreshold: 2 })).toBe(false)
  })
})

describe('what counts', () => {
  const counted = ({ failMax, trip, resetTimeout, successThreshold }: ReturnType<typeof ownThresholds>) => ({
    failMax,
    trip: trip.text,
    resetTimeout,
    successThreshold,
  })

  it('is what is overridden, and a breaker’s own again when that is undone', () => {
    const { rules } = world({ failMax: 5, resetTimeout: 100, successThreshold: 2 })
    const own = { failMax: 5, trip: '5 failures in a row', resetTimeout: 100, successThreshold: 2 }
    followOverrides(rules, { failMax: 3, resetTimeout: 0, successThreshold: 4 })
    expect(counted(rules)).toEqual({ failMax: 3, trip: '3 failures in a row', resetTimeout: 0, successThreshold: 4 })
    expect(rules.parts).toEqual(partsOf(consecutive(3), 'trip'))
    expect(counted(ownThresholds(rules))).toEqual(own)
    followOverrides(rules, undefined)
    expect(counted(rules)).toEqual(own)
    expect(rules.parts).toEqual(partsOf(consecutive(5), 'trip'))
  })

  it('follows what code sets, once it is undone', () => {
    const { rules } = world({ failMax: 5 })
    followOverrides(rules, { failMax: 3 })
    setFailMax(rules, 7)
    expect([rules.failMax, ownThresholds(rules).failMax]).toEqual([3, 7])
    followOverrides(rules, undefined)
    expect(ownThresholds(rules)).toBe(rules)
    setFailMax(rules, 9)
    expect([rules.failMax, rules.trip.text]).toEqual([9, '9 failures in a row'])
  })

  it.each([
    ['a rate', failureRate({ window: 1_000 })],
    ['any of several', anyOf(consecutive(5), failureRate({ window: 1_000 }))],
  ])('is %s, whatever failMax is overridden', (_, trip) => {
    const { rules } = world({ trip })
    followOverrides(rules, { failMax: 1, resetTimeout: 7 })
    expect([rules.failMax, rules.trip, rules.parts, rules.resetTimeout]).toEqual([
      undefined,
      trip,
      partsOf(trip, 'trip'),
      7,
    ])
  })
})
