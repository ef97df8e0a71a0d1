// A hold as asked for, and what is refused.
import { expect, it } from 'vitest'
import { fullClock } from '../../../src/core/clock.ts'
import { type ForceOptions, resolveHold } from '../../../src/core/force.ts'
import { ManualClock } from '../../../src/testing/index.ts'
import { wordsOf } from './support.ts'

const clock = fullClock(new ManualClock(1_000))

it('a hold ends when it was asked to, or never', () => {
  expect(resolveHold('open', { for: 500, by: 'ann', reason: 'a test' }, clock)).toEqual({
    state: 'open',
    until: 1_500,
    by: 'ann',
    reason: 'a test',
  })
  expect(resolveHold('closed', {}, clock)).toEqual({
    state: 'closed',
    until: Number.POSITIVE_INFINITY,
    by: undefined,
    reason: undefined,
  })
})

it.each<[unknown, unknown, string]>([
  ['half-open', {}, "RangeError: Expected `state` to be 'open' or 'closed', got `half-open` (string)"],
  [1, {}, "TypeError: Expected `state` to be 'open' or 'closed', got `1` (number)"],
  ['open', 5, 'TypeError: Expected `options` to be an object, got `5` (number)'],
  ['open', { until: 5 }, 'TypeError: Unknown option `until` of force; known are for, by, reason'],
  ['open', { for: -1 }, 'RangeError: Expected `for` to be milliseconds from 0 (or Infinity), got `-1` (number)'],
  ['open', { by: 5 }, 'TypeError: Expected `by` to be a text, got `5` (number)'],
  ['open', { reason: true }, 'TypeError: Expected `reason` to be a text, got `true` (boolean)'],
])('%# a hold with %s and %o is refused', (state, options, message) => {
  expect(wordsOf(() => resolveHold(state as 'open', options as ForceOptions, clock))).toBe(message)
})
