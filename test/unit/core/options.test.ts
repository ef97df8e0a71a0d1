// Options resolved: what is left out, what is given, what is refused.
import { describe, expect, it } from 'vitest'
import { fullClock } from '../../../src/core/clock.ts'
import { checkOptions, type Options, resolveRules, resolveSettings, setFailMax } from '../../../src/core/options.ts'
import { consecutive, failureRate, partsOf, slowRate } from '../../../src/core/trip.ts'
import { wordsOf } from './support.ts'

const Never = Number.POSITIVE_INFINITY
const rulesOf = (options: Options) => resolveRules(options, resolveSettings(options))

describe('settings', () => {
  it('have their defaults and are frozen', () => {
    const settings = resolveSettings({})
    expect(settings).toEqual({
      name: 'circuit',
      clock: fullClock(undefined),
      slowCall: Never,
      timeout: Never,
      throwNewErrorOnTrip: true,
      stackTrace: false,
      shadow: false,
    })
    expect(settings.clock).toBe(fullClock(undefined))
    expect(Object.isFrozen(settings)).toBe(true)
  })

  it('are what was given', () => {
    const given = {
      name: 'db',
      slowCall: 0,
      timeout: 5,
      throwNewErrorOnTrip: false,
      stackTrace: true,
      shadow: true,
    }
    const settings = resolveSettings({ ...given, clock: { now: () => 3 } })
    expect(settings).toMatchObject(given)
    expect(settings.clock.now()).toBe(3)
  })

  it.each<[object, string]>([
    [{ name: '' }, 'RangeError: Expected `name` to be a text that is not empty, got `` (string)'],
    [{ name: 5 }, 'TypeError: Expected `name` to be a text that is not empty, got `5` (number)'],
    [{ clock: 5 }, 'TypeError: Expected `clock` to be an object, got `5` (number)'],
    [{ clock: {} }, 'TypeError: Expected `clock.now` to be a function, got `undefined` (undefined)'],
    [{ slowCall: -1 }, 'RangeError: Expected `slowCall` to be milliseconds from 0 (or Infinity), got `-1` (number)'],
    [{ timeout: -1 }, 'RangeError: Expected `timeout` to be milliseconds from 0 (or Infinity), got `-1` (number)'],
    [{ throwNewErrorOnTrip: 1 }, 'TypeError: Expected `throwNewErrorOnTrip` to be true or false, got `1` (number)'],
    [{ stackTrace: 1 }, 'TypeError: Expected `stackTrace` to be true or false, got `1` (number)'],
    [{ shadow: 1 }, 'TypeError: Expected `shadow` to be true or false, got `1` (number)'],
  ])('%# refuse %o', (options, message) => {
    expect(wordsOf(() => resolveSettings(options))).toBe(message)
  })
})

describe('rules', () => {
  it('have their defaults', () => {
    expect(rulesOf({})).toEqual({
      failMax: 5,
      trip: consecutive(5),
      parts: [{ kind: 'consecutive', failures: 5 }],
      resetTimeout: 60_000,
      successThreshold: 1,
      trials: 1,
      trialTimeout: 30_000,
      rampUp: 0,
    })
  })

  it('are what was given', () => {
    const trip = failureRate()
    const resetTimeout = (): number => 5
    expect(
      rulesOf({ trip, failMax: 7, resetTimeout, successThreshold: 2, trials: 3, trialTimeout: 4, rampUp: 6 }),
    ).toEqual({
      failMax: undefined,
      trip,
      parts: partsOf(trip, 'trip'),
      resetTimeout,
      successThreshold: 2,
      trials: 3,
      trialTimeout: 4,
      rampUp: 6,
    })
  })

  it('give a trial a second more than a call has', () => {
    expect(rulesOf({ timeout: 2_000 }).trialTimeout).toBe(3_000)
    expect(rulesOf({ timeout: 0 }).trialTimeout).toBe(1_000)
    expect(rulesOf({ timeout: Never }).trialTimeout).toBe(30_000)
  })

  it('insist on slowCall where slow calls decide, and only there', () => {
    const message = 'TypeError: Expected `slowCall` to be finite where `trip` has a slowRate, got `Infinity` (number)'
    expect(wordsOf(() => rulesOf({ trip: slowRate() }))).toBe(message)
    expect(() => rulesOf({ trip: slowRate(), slowCall: 5 })).not.toThrow()
    expect(() => rulesOf({ trip: failureRate() })).not.toThrow()
  })

  it.each<[object, string]>([
    [{ failMax: 0 }, 'RangeError: Expected `failMax` to be an integer from 1, got `0` (number)'],
    [{ successThreshold: 0 }, 'RangeError: Expected `successThreshold` to be an integer from 1, got `0` (number)'],
    [{ trials: 0 }, 'RangeError: Expected `trials` to be an integer from 1, got `0` (number)'],
    [
      { trialTimeout: 0 },
      'RangeError: Expected `trialTimeout` to be milliseconds above 0 (or Infinity), got `0` (number)',
    ],
    [
      { rampUp: -1 },
      'RangeError: Expected `rampUp` to be a number from 0, at most 9007199254740991, got `-1` (number)',
    ],
    [
      { trip: {} },
      'TypeError: Expected `trip` to be a trip policy (consecutive, failureRate, slowRate or anyOf), got `[object Object]` (object)',
    ],
  ])('%# refuse %o', (options, message) => {
    expect(wordsOf(() => rulesOf(options))).toBe(message)
  })

  it('take another failMax later, unless a policy decides', () => {
    const rules = rulesOf({})
    setFailMax(rules, 3)
    expect(rules).toMatchObject({ failMax: 3, trip: consecutive(3), parts: [{ kind: 'consecutive', failures: 3 }] })
    expect(wordsOf(() => setFailMax(rules, 0))).toBe(
      'RangeError: Expected `failMax` to be an integer from 1, got `0` (number)',
    )
    expect(rules.failMax).toBe(3)
    expect(wordsOf(() => setFailMax(rulesOf({ trip: failureRate() }), 3))).toBe(
      'TypeError: Expected `failMax` not to be set where `trip` decides',
    )
  })
})

describe('the options of a breaker', () => {
  it('are an object with known names', () => {
    expect(wordsOf(() => checkOptions(5 as never))).toBe(
      'TypeError: Expected `options` to be an object, got `5` (number)',
    )
    const known =
      'name, failMax, resetTimeout, successThreshold, trials, rampUp, slowCall, timeout, throwNewErrorOnTrip, stackTrace, ' +
      'shadow, trip, trialTimeout, exclude, ignore, classify, listeners, storage, clock'
    expect(wordsOf(() => checkOptions({ failmax: 5 }))).toBe(
      `TypeError: Unknown option \`failmax\` of CircuitBreaker; known are ${known}`,
    )
    for (const name of known.split(', ')) expect(() => checkOptions({ [name]: 1 })).not.toThrow()
  })
})
