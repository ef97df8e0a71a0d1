// N6 at length: what a time window holds, compared with every sample ever taken, at exact bucket edges, after long
// idle, with negative and fractional times and with clocks that step back. fast-check prints the seed of a run that
// failed; `INFUSE_SEED=<seed>` plays it again.

import fc from 'fast-check'
import { expect, test } from 'vitest'
import { CircuitBreaker, failureRate, slowRate } from '../../src/index.ts'
import { fail, succeed } from '../support/breaker.ts'
import { slotted, within } from '../support/window.ts'

const seed = process.env['INFUSE_SEED']
const settings = (numRuns: number): fc.Parameters<unknown> => ({
  numRuns,
  ...(seed === undefined ? { seed: 42 } : { seed: Number(seed) }),
})

/** A moment: so far after the one before (negative: the clock stepped back), with so many quick successes. */
interface Moment {
  readonly after: number
  readonly calls: number
}

/** The time of every success, and the time at the end. */
function timesOf(start: number, moments: readonly Moment[]): { times: number[]; now: number } {
  let now = start
  const times = moments.flatMap(({ after, calls }) => {
    now += after
    return Array<number>(calls).fill(now)
  })
  return { times, now }
}

/** Whether a policy of that many minimumCalls trips when, at the end of it all, one call fails. */
function trips(window: number, minimumCalls: number, start: number, moments: readonly Moment[]): boolean {
  let now = start
  const breaker = new CircuitBreaker({
    clock: { now: () => now },
    trip: failureRate({ threshold: 0, window, minimumCalls }),
  })
  for (const { after, calls } of moments) {
    now += after
    succeed(breaker, calls) // a quick success is counted and judges nothing
  }
  fail(breaker)
  return breaker.state === 'open'
}

/** Whether the window holds exactly `held` outcomes once that last failure is in. */
const holds = (held: number, window: number, start: number, moments: readonly Moment[]): boolean =>
  trips(window, held, start, moments) && !trips(window, held + 1, start, moments)

const windows = fc.constantFrom(10, 100, 250, 1_000, 10_000, 60_000)
const starts = fc.oneof(fc.constantFrom(0, -1, 1, 2 ** 31 - 500, 2 ** 40), fc.integer({ min: -100_000, max: 100_000 }))
const calls = fc.integer({ min: 0, max: 3 })

/** Lengths of time at and around the edges of slots and windows. */
const edges = (window: number): fc.Arbitrary<number> => {
  const slot = window / 10
  const edge = fc.constantFrom(
    0,
    slot,
    2 * slot,
    5 * slot,
    9 * slot,
    window,
    window + slot,
    2 * window,
    100 * window,
    3_600_000,
  )
  return fc.tuple(edge, fc.constantFrom(-1, 0, 0, 1)).map(([ms, offset]) => Math.max(0, ms + offset))
}

test('N6 a time window holds what its slots say, at every edge, after any idle time, from any start', () => {
  const run = windows.chain((window) =>
    fc.record({
      window: fc.constant(window),
      start: fc.oneof(starts, fc.constantFrom(-window, window, -window / 10, 7 * window)),
      moments: fc.array(fc.record({ after: fc.oneof(edges(window), fc.integer({ min: 0, max: 2 * window })), calls }), {
        maxLength: 15,
      }),
    }),
  )
  fc.assert(
    fc.property(run, ({ window, start, moments }) => {
      const { times, now } = timesOf(start, moments)
      expect(holds(slotted(times, now, window) + 1, window, start, moments)).toBe(true)
    }),
    settings(1_500),
  )
})

test('N6 a window of any length counts nine tenths of itself at least and the whole at most', () => {
  const length = fc.oneof(
    fc.constantFrom(1, 3, 7, 33.3, 0.1, 86_400_000),
    fc.double({ min: 0.5, max: 100_000, noNaN: true }),
  )
  const run = length.chain((window) =>
    fc.record({
      window: fc.constant(window),
      start: fc.double({ min: -1e6, max: 1e9, noNaN: true }),
      moments: fc.array(fc.record({ after: fc.double({ min: 0, max: 3 * window, noNaN: true }), calls }), {
        maxLength: 12,
      }),
    }),
  )
  fc.assert(
    fc.property(run, ({ window, start, moments }) => {
      const { times, now } = timesOf(start, moments)
      // Sums of fractions are not exact; a sample this close to an edge may count or not.
      const blur = 1e-6 * window + 1e-6
      const least = within(times, now, 0.9 * window - blur) + 1
      const most = within(times, now, window + blur) + 1
      expect(trips(window, least, start, moments)).toBe(true)
      expect(trips(window, most + 1, start, moments)).toBe(false)
    }),
    settings(800),
  )
})

test('N6 a clock that steps back loses nothing of the last nine tenths, and all is forgotten a window after its latest time', () => {
  const run = windows.chain((window) =>
    fc.record({
      window: fc.constant(window),
      start: starts,
      moments: fc.array(
        fc.record({ after: fc.oneof(edges(window), fc.constantFrom(-1, -window / 10, -window, -3_600_000)), calls }),
        { maxLength: 15 },
      ),
    }),
  )
  fc.assert(
    fc.property(run, ({ window, start, moments }) => {
      const { times, now } = timesOf(start, moments)
      const latest = Math.max(now, ...times)
      // What came after the last step back is held for nine tenths of a window by any reading of the time.
      let recent = 0
      let age = 0
      for (const { after, calls } of moments.toReversed()) {
        if (age < 0.9 * window) recent += calls
        if (after < 0) break
        age += after
      }
      expect(trips(window, recent + 1, start, moments)).toBe(true)
      expect(trips(window, times.length + 2, start, moments)).toBe(false)

      const idle = [...moments, { after: latest - now + window, calls: 0 }]
      expect(holds(1, window, start, idle)).toBe(true)
    }),
    settings(800),
  )
})

test('N6 failures and slow calls leave the window with their slots, like all calls', () => {
  const outcome = fc.record({
    after: fc.constantFrom(0, 1, 9, 10, 11, 50, 90, 99, 100, 101, 1_000),
    kind: fc.constantFrom('good', 'bad', 'slow'),
  })
  const run = fc.record({
    start: starts,
    of: fc.constantFrom('failures', 'slow'),
    threshold: fc.constantFrom(0.1, 0.25, 0.5, 0.75, 1),
    minimumCalls: fc.integer({ min: 1, max: 8 }),
    outcomes: fc.array(outcome, { maxLength: 30 }),
  })
  fc.assert(
    fc.property(run, ({ start, of, threshold, minimumCalls, outcomes }) => {
      let now = start
      const rule = { threshold, window: 100, minimumCalls }
      const trip = of === 'slow' ? slowRate(rule) : failureRate(rule)
      const breaker = new CircuitBreaker({ clock: { now: () => now }, trip, slowCall: 0, throwNewErrorOnTrip: false })
      const all: number[] = []
      const hits: number[] = []
      for (const { after, kind } of outcomes) {
        now += after
        if (kind === 'slow') breaker.callSync(() => now++)
        else if (kind === 'bad') fail(breaker)
        else succeed(breaker)
        all.push(now)
        if (kind === (of === 'slow' ? 'slow' : 'bad')) hits.push(now)
        const calls = slotted(all, now, 100)
        const isJudged = kind !== 'good'
        const isCrossed = calls >= minimumCalls && slotted(hits, now, 100) / calls >= threshold
        expect(breaker.state).toBe(isJudged && isCrossed ? 'open' : 'closed')
        if (breaker.state === 'open') {
          void breaker.close()
          all.length = hits.length = 0
        }
      }
    }),
    settings(1_000),
  )
})
