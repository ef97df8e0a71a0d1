import { describe, expect, it } from 'vitest'
import { period, PRISTINE, type Snapshot } from '../../../src/core/snapshot.ts'
import { fullClock } from '../../../src/core/clock.ts'
import { resolveRules, resolveSettings } from '../../../src/core/options.ts'
import type { OpenContext } from '../../../src/core/backoff.ts'
import type { WhenDown } from '../../../src/fleet/storage.ts'
import { lastKnown, takeover } from '../../../src/fleet/takeover.ts'
import { ManualClock } from '../../../src/testing/index.ts'

const clock = fullClock(new ManualClock(1_000, 500_000))
const resetTimeout = ({ relapses, error }: OpenContext): number => (error === 'slow down' ? 1_000 * relapses : 5_000)
const rules = resolveRules({ resetTimeout }, resolveSettings({}))
const take = (whenDown: WhenDown, last: Snapshot, lastFailure?: unknown): Snapshot | undefined =>
  takeover(whenDown, last, rules, lastFailure, clock)

const lease = Object.freeze({ id: 'a.1', until: 2_000 })
const open = period({ state: 'open', since: 500, until: 3_000, relapses: 2, openedAt: 499_500, why: 'it failed' })
const trying = period({ state: 'half-open', since: 900, until: 3_400, leases: [lease], relapses: 2, openedAt: 1 })
const heldClosed = period({
  state: 'closed',
  since: 900,
  until: 3_400,
  forced: { state: 'closed', until: 3_400, by: 'Ann', reason: undefined },
})

describe('with whenDown last-known', () => {
  it('a closed circuit is left to the process', () => {
    expect(take('last-known', PRISTINE)).toBeUndefined()
  })

  it('an open one stays open for the rest of its time', () => {
    expect(take('last-known', open)).toEqual(open)
  })

  it('one that was tried is tried here, since the trials of the fleet are not known', () => {
    expect(take('last-known', trying)).toEqual({ ...trying, leases: [] })
  })

  it('one that a person holds closed stays held', () => {
    expect(take('last-known', heldClosed)).toEqual(heldClosed)
    expect(lastKnown(heldClosed)).toEqual(heldClosed)
  })

  it('what comes of it is frozen', () => {
    expect(Object.isFrozen(take('last-known', trying))).toBe(true)
  })
})

describe('with whenDown closed', () => {
  it.each([PRISTINE, open, trying, heldClosed])('it is closed from now on', (last) => {
    expect(take('closed', last)).toMatchObject({
      state: 'closed',
      since: 1_000,
      rampUp: 0,
      relapses: 0,
      leases: [],
      forced: undefined,
      why: 'shared storage does not answer',
    })
  })
})

describe('with whenDown open', () => {
  it('it is open from now on, for as long as the rules say', () => {
    expect(take('open', PRISTINE)).toMatchObject({
      state: 'open',
      since: 1_000,
      until: 6_000,
      openedAt: 500_000,
      relapses: 0,
      why: 'shared storage does not answer',
    })
  })

  it('the last failure and the relapses so far count', () => {
    expect(take('open', open, 'slow down')).toMatchObject({ until: 3_000, relapses: 2 })
  })
})

describe('with whenDown half-open', () => {
  it.each([PRISTINE, open, trying])('the next call is a trial', (last) => {
    expect(take('half-open', last)).toMatchObject({
      state: 'half-open',
      since: 1_000,
      leases: [],
      relapses: last.relapses,
      why: 'shared storage does not answer',
    })
  })

  it('it opened when it opened, or else now', () => {
    expect(take('half-open', open)?.openedAt).toBe(499_500)
    expect(take('half-open', PRISTINE)?.openedAt).toBe(500_000)
  })
})
