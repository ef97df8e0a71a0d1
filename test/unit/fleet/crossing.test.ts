import { describe, expect, it } from 'vitest'
import { partsOf } from '../../../src/core/trip.ts'
import { crossing, fleetCounts, keepFor } from '../../../src/fleet/crossing.ts'
import type { Counts, Slot } from '../../../src/fleet/storage.ts'
import { anyOf, consecutive, failureRate, slowRate, type TripPolicy } from '../../../src/index.ts'

const parts = (policy: TripPolicy) => partsOf(policy, 'trip')
const keep = (policy: TripPolicy) => keepFor(parts(policy))
const cross = (policy: TripPolicy, counts: Counts, at = 100_000) => crossing(parts(policy), counts, at)
const slot = (start: number, ok = 0, bad = 0, slow = 0): Slot => ({ start, ok, bad, slow })

describe('what storage must keep', () => {
  it('of failures in a row is as many as trip', () => {
    expect(keep(consecutive(3))).toEqual({ fails: 3 })
  })

  it('of a time window is a tenth per slot, and one slot more than fit', () => {
    expect(keep(failureRate({ window: 10_000 }))).toEqual({ slotWidth: 1_000, slots: 11 })
    expect(keep(failureRate({ window: 15 }))).toEqual({ slotWidth: 2, slots: 9 })
    expect(keep(failureRate({ window: 1 }))).toEqual({ slotWidth: 1, slots: 2 })
  })

  it('of a count window is 64 slots of a second', () => {
    expect(keep(failureRate({ count: 500 }))).toEqual({ slotWidth: 1_000, slots: 64 })
  })

  it('of several policies is what the most demanding needs', () => {
    expect(keep(anyOf(consecutive(3), consecutive(7)))).toEqual({ fails: 7 })
    const windows = anyOf(failureRate({ window: 1_000 }), failureRate({ window: 60_000 }))
    expect(keep(windows)).toEqual({ slotWidth: 100, slots: 601 })
    expect(keep(anyOf(consecutive(4), failureRate({ window: 10_000 })))).toEqual({
      fails: 4,
      slotWidth: 1_000,
      slots: 11,
    })
    expect(keep(anyOf(failureRate({ count: 50 }), slowRate({ window: 1_000 })))).toEqual({ slotWidth: 100, slots: 64 })
  })
})

describe('failures in a row', () => {
  it('cross with the last that is needed, not before', () => {
    expect(cross(consecutive(3), { fails: [9, 8] })).toBeUndefined()
    expect(cross(consecutive(3), { fails: [9, 8, 7] })).toEqual({
      why: '3 calls in a row failed, in the whole fleet',
      since: 7,
    })
  })

  it('are those after the newest success; at its very time is not after', () => {
    expect(cross(consecutive(3), { okAt: 7, fails: [9, 8, 7] })).toBeUndefined()
    expect(cross(consecutive(3), { okAt: 6, fails: [9, 8, 7] })).toBeDefined()
  })

  it('are refuted by a success after the oldest of those that trip, though more are kept', () => {
    expect(cross(consecutive(2), { fails: [9, 8, 7, 6] })?.since).toBe(8)
  })

  it('never cross without counts', () => {
    expect(cross(consecutive(1), {})).toBeUndefined()
  })
})

describe('a time window', () => {
  const half = failureRate({ threshold: 0.5, window: 10_000, minimumCalls: 4 })

  it('crosses at its threshold', () => {
    expect(cross(half, { slots: [slot(99_000, 3, 2)] })).toBeUndefined()
    expect(cross(half, { slots: [slot(99_000, 2, 2)] })).toMatchObject({
      why: '2 of 4 calls failed in 10 s, in the whole fleet',
    })
  })

  it('adds up its slots', () => {
    expect(cross(half, { slots: [slot(99_000, 0, 2), slot(95_000, 2, 0)] })).toBeDefined()
  })

  it('holds a slot that began within it, not one that began at its edge', () => {
    const slots = (start: number) => ({ slots: [slot(99_000, 0, 3), slot(start, 0, 1)] })
    expect(cross(half, slots(90_000))).toBeUndefined()
    expect(cross(half, slots(90_001))).toBeDefined()
  })

  it('is refuted by a success in the same window', () => {
    expect(cross(half, { slots: [slot(99_000, 0, 4)] })?.since).toBe(90_000)
  })

  it('of slow calls looks at slow calls', () => {
    const slow = slowRate({ threshold: 0.5, window: 10_000, minimumCalls: 4 })
    expect(cross(slow, { slots: [slot(99_000, 0, 4, 1)] })).toBeUndefined()
    expect(cross(slow, { slots: [slot(99_000, 4, 0, 2)] })?.why).toBe('2 of 4 calls slow in 10 s, in the whole fleet')
  })
})

describe('a count window', () => {
  const last = failureRate({ threshold: 0.5, count: 10, minimumCalls: 4 })

  it('holds the newest slots, until they reach the count', () => {
    expect(cross(last, { slots: [slot(99_000, 6, 4), slot(98_000, 0, 50)] })).toBeUndefined()
    expect(cross(last, { slots: [slot(99_000, 5, 4), slot(98_000, 0, 50)] })).toBeDefined()
    expect(cross(last, { slots: [slot(99_000, 4, 4), slot(98_000, 1, 1), slot(1, 50, 0)] })).toBeDefined()
  })

  it('knows no age', () => {
    expect(cross(last, { slots: [slot(0, 0, 10)] })).toEqual({
      why: '10 of 10 calls failed lately, in the whole fleet',
      since: 0,
    })
  })
})

describe('several policies', () => {
  const both = anyOf(consecutive(3), failureRate({ threshold: 0.5, window: 10_000, minimumCalls: 4 }))

  it('cross when one of them does, and it says why', () => {
    expect(cross(both, { fails: [9, 8], slots: [slot(99_000, 3, 1)] })).toBeUndefined()
    expect(cross(both, { fails: [9, 8, 7], slots: [slot(99_000, 3, 1)] })).toMatchObject({ since: 7 })
    expect(cross(both, { fails: [9], slots: [slot(99_000, 0, 4)] })?.why).toContain('4 of 4 calls failed')
  })
})

describe('the counts for people', () => {
  it('are failures in a row where nothing else is asked', () => {
    expect(fleetCounts(parts(consecutive(3)), { okAt: 5, fails: [7, 6, 4] }, 10)).toEqual({ fleetFailures: 2 })
    expect(fleetCounts(parts(consecutive(3)), {}, 10)).toEqual({ fleetFailures: 0 })
  })

  it('are what the window holds where there is one', () => {
    const policy = parts(failureRate({ window: 10_000 }))
    const counts = { slots: [slot(99_000, 5, 2, 1), slot(95_000, 1, 1, 1), slot(80_000, 9, 9, 9)] }
    expect(fleetCounts(policy, counts, 100_000)).toEqual({ fleetCalls: 9, fleetFailures: 3, fleetSlow: 2 })
    expect(fleetCounts(policy, {}, 100_000)).toEqual({ fleetCalls: 0, fleetFailures: 0, fleetSlow: 0 })
  })
})
