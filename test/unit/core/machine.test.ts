// Each rule of the state machine at its edges: whole snapshots in, whole snapshots out.
import { describe, expect, it } from 'vitest'
import * as machine from '../../../src/core/machine.ts'
import { type Hold, type Lease, period, PRISTINE, type Snapshot } from '../../../src/core/snapshot.ts'

const Never = Number.POSITIVE_INFINITY
const said = { why: 'they said so', by: 'ann' }
const lease = (until: number, id = 'a'): Lease => ({ id, until })
const hold = (state: 'open' | 'closed', until = 900): Hold => ({ state, until, by: 'bob', reason: 'a test' })

const open = period({
  state: 'open',
  since: 100,
  until: 300,
  relapses: 2,
  openedAt: 5_000,
  why: 'it failed',
  by: 'eve',
})
const half = (leases: readonly Lease[], more: Partial<Snapshot> = {}): Snapshot =>
  period({ state: 'half-open', since: 400, until: 600, relapses: 2, openedAt: 5_000, leases, ...more })
const closed = period({ state: 'closed', since: 100, until: 300, relapses: 2 })
const held = (state: 'open' | 'closed'): Snapshot =>
  period({ state, since: 100, until: 900, relapses: 2, openedAt: 5_000, forced: hold(state) })

describe('admission', () => {
  it('passes where it is closed or held closed', () => {
    expect(machine.admission(PRISTINE, 1, 0)).toBe('pass')
    expect(machine.admission(held('closed'), 1, 200)).toBe('pass')
  })

  it('refuses where it is held open, for as long as that lasts', () => {
    expect(machine.admission(held('open'), 1, 200)).toEqual({ reason: 'forced', retryAfter: 700 })
    expect(machine.admission(held('open'), 1, 1_000)).toEqual({ reason: 'forced', retryAfter: 0 })
  })

  it('refuses while open, and tries from the moment its time is over', () => {
    expect(machine.admission(open, 1, 299)).toEqual({ reason: 'open', retryAfter: 1 })
    expect(machine.admission(open, 1, 300)).toBe('trial')
  })

  it('tries as often as there are places, and waits for the first that will be free', () => {
    expect(machine.admission(half([]), 1, 400)).toBe('trial')
    expect(machine.admission(half([lease(500), lease(450)]), 2, 410)).toEqual({
      reason: 'trial-in-flight',
      retryAfter: 40,
    })
    expect(machine.admission(half([lease(500), lease(450)]), 3, 410)).toBe('trial')
    expect(machine.admission(half([lease(500), lease(450)]), 2, 449)).toMatchObject({ retryAfter: 1 })
    expect(machine.admission(half([lease(500), lease(450)]), 2, 450)).toBe('trial')
    expect(machine.admission(half([lease(500), lease(450)]), 1, 450)).toMatchObject({ retryAfter: 50 })
  })
})

describe('a claim', () => {
  it('makes an open circuit half-open, and keeps its story', () => {
    const trial = lease(700)
    expect(machine.claim(open, trial, 350)).toEqual({
      ...PRISTINE,
      state: 'half-open',
      since: 350,
      until: 550,
      relapses: 2,
      leases: [trial],
      openedAt: 5_000,
      why: 'it failed',
      by: 'eve',
    })
  })

  it('adds to a half-open circuit, dropping the leases that are over', () => {
    const [gone, good, trial] = [lease(450, 'gone'), lease(451, 'good'), lease(700)]
    const before = half([gone, good], { successes: 1 })
    const after = machine.claim(before, trial, 450)
    expect(after).toEqual({ ...before, leases: [good, trial] })
    expect([Object.isFrozen(after), Object.isFrozen(after.leases)]).toEqual([true, true])
    expect(Object.isFrozen(machine.claim(open, trial, 350).leases)).toBe(true)
  })
})

describe('a trial', () => {
  const [mine, other] = [lease(500, 'mine'), lease(800, 'other')]

  it('holds its place until its time is over, and only where it is listed', () => {
    expect(machine.holds(half([mine]), mine, 499)).toBe(true)
    expect(machine.holds(half([mine]), mine, 500)).toBe(false)
    expect(machine.holds(half([other]), mine, 499)).toBe(false)
  })

  it('without evidence gives its place back and changes nothing else', () => {
    const before = half([mine, other], { successes: 1 })
    const after = machine.freed(before, mine)
    expect(after).toEqual({ ...before, leases: [other] })
    expect([Object.isFrozen(after), Object.isFrozen(after.leases)]).toEqual([true, true])
  })

  it('that succeeds counts, and closes the circuit when there are enough', () => {
    const before = half([mine, other])
    const after = machine.succeeded(before, mine, 2, 50, 480)
    expect(after).toEqual({ ...before, leases: [other], successes: 1 })
    expect(Object.isFrozen(after)).toBe(true)
    expect(machine.succeeded(after, other, 2, 50, 490)).toEqual({
      ...PRISTINE,
      state: 'closed',
      since: 490,
      until: 690,
      relapses: 2,
      rampUp: 50,
      why: '2 trial calls succeeded',
    })
    expect(machine.succeeded(before, mine, 1, 0, 480).why).toBe('the trial call succeeded')
  })

  it('after an open time without end: relapses are forgotten at once', () => {
    expect(machine.succeeded(half([mine], { until: Never }), mine, 1, 0, 480)).toMatchObject({ since: 480, until: 480 })
  })
})

describe('relapses', () => {
  it('grow with each failed trial and each trip soon after closing', () => {
    expect(machine.nextRelapses(half([]), 10_000)).toBe(3)
    expect(machine.nextRelapses(closed, 299)).toBe(3)
    expect(machine.nextRelapses(closed, 300)).toBe(0)
  })

  it('are left alone by commands, but for a closed circuit', () => {
    expect(machine.keptRelapses(open)).toBe(2)
    expect(machine.keptRelapses(half([]))).toBe(2)
    expect(machine.keptRelapses(closed)).toBe(0)
  })
})

describe('an opening', () => {
  const opening = { now: 200, wall: 7_000, openFor: 40, ...said }

  it('by the policy is a relapse', () => {
    const next = { ...PRISTINE, state: 'open', since: 200, until: 240, openedAt: 7_000, ...said }
    expect(machine.opened(closed, opening)).toEqual({ ...next, relapses: 3 })
    expect(machine.opened(PRISTINE, opening)).toEqual({ ...next, relapses: 0 })
  })

  it('by a command is none', () => {
    const next = { ...PRISTINE, state: 'open', since: 200, until: 240, openedAt: 7_000, ...said }
    expect(machine.commandedOpen(open, opening)).toEqual({ ...next, relapses: 2 })
    expect(machine.commandedOpen(closed, opening)).toEqual({ ...next, relapses: 0 })
  })

  it('can be given another length later', () => {
    const after = machine.reopenedFor(open, 1_000)
    expect(after).toEqual({ ...open, until: 1_100 })
    expect(Object.isFrozen(after)).toBe(true)
  })
})

describe('a command', () => {
  it('to try keeps relapses and opening, and the open time it had', () => {
    const next = { ...PRISTINE, state: 'half-open', since: 700, relapses: 2, ...said }
    expect(machine.commandedHalfOpen(open, 700, 9_000, said)).toEqual({ ...next, until: 900, openedAt: 5_000 })
    expect(machine.commandedHalfOpen(half([]), 700, 9_000, said)).toEqual({ ...next, until: 900, openedAt: 5_000 })
    expect(machine.commandedHalfOpen(closed, 700, 9_000, said)).toEqual({ ...next, until: 700, openedAt: 9_000 })
    expect(machine.commandedHalfOpen(held('open'), 700, 9_000, said)).toEqual({ ...next, until: 700, openedAt: 5_000 })
  })

  it('to close forgets everything', () => {
    expect(machine.commandedClose(700, 30, said)).toEqual({
      ...PRISTINE,
      state: 'closed',
      since: 700,
      until: 700,
      rampUp: 30,
      ...said,
    })
  })
})

describe('a hold', () => {
  const common = { ...PRISTINE, since: 700, until: 900, relapses: 2, why: 'a test', by: 'bob' }

  it('keeps when it opened, and has no opening where it is held closed', () => {
    const forced = hold('open')
    expect(machine.held(open, forced, 700, 9_000)).toEqual({ ...common, state: 'open', forced, openedAt: 5_000 })
    expect(machine.held(closed, forced, 700, 9_000)).toEqual({ ...common, state: 'open', forced, openedAt: 9_000 })
    const shut = hold('closed')
    expect(machine.held(open, shut, 700, 9_000)).toEqual({ ...common, state: 'closed', forced: shut })
  })

  it('that ends leaves a held open circuit trying and a held closed one clean', () => {
    expect(machine.released(held('open'), 950, 9_000, said)).toEqual({
      ...PRISTINE,
      state: 'half-open',
      since: 950,
      until: 950,
      relapses: 2,
      openedAt: 5_000,
      ...said,
    })
    const clean = { ...PRISTINE, state: 'closed', since: 950, until: 950, ...said }
    expect(machine.released(held('closed'), 950, 9_000, said)).toEqual(clean)
    expect(machine.released(closed, 950, 9_000, said)).toEqual(clean)
  })
})

describe('a period', () => {
  it('is frozen and has nothing but what it was given', () => {
    const next = period({ state: 'open', since: 1, until: 2 })
    expect(next).toEqual({
      state: 'open',
      since: 1,
      until: 2,
      relapses: 0,
      successes: 0,
      leases: [],
      rampUp: 0,
      openedAt: undefined,
      forced: undefined,
      why: undefined,
      by: undefined,
    })
    expect([Object.isFrozen(next), Object.isFrozen(next.leases), Object.isFrozen(PRISTINE)]).toEqual([true, true, true])
    expect(PRISTINE).toMatchObject({ state: 'closed', since: -Never, until: -Never })
  })
})
