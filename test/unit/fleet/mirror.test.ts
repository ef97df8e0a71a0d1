import { describe, expect, it } from 'vitest'
import { PRISTINE, period, type Snapshot } from '../../../src/core/snapshot.ts'
import { claimableFrom, Mirror, toGiveBack, toMove } from '../../../src/fleet/mirror.ts'
import type { StoredCircuit } from '../../../src/fleet/storage.ts'
import { record } from './support.ts'

const FOREVER = 8.64e15
const LATE = Number.POSITIVE_INFINITY
const parts = { move: 'me.1', mover: 'me', policy: '5 failures in a row' }

function mirrored(...heard: [stored: StoredCircuit, now: number, delay?: number][]): Mirror {
  const mirror = new Mirror()
  for (const [stored, now, delay = LATE] of heard) mirror.take(stored, now, delay)
  return mirror
}

describe('a mirror that has heard nothing', () => {
  it('is a circuit nothing has happened to, of epoch 0', () => {
    const mirror = new Mirror()
    expect(mirror.snapshot).toBe(PRISTINE)
    expect([mirror.epoch, mirror.period, mirror.offset]).toEqual([0, 0, undefined])
    expect(mirror.offset).toBe(undefined)
  })
})

describe('storage time', () => {
  const at = (ms: number): StoredCircuit => record({ at: ms })

  it('is what the first answer says', () => {
    const mirror = mirrored([at(1_000), 10, 100])
    expect(mirror.offset).toBe(990)
    expect(20 + (mirror.offset ?? Number.NaN)).toBe(1_010)
  })

  it('follows an answer that came quicker', () => {
    expect(mirrored([at(1_000), 10], [at(1_100), 105]).offset).toBe(995)
  })

  it('is not spoilt by one that came later, but for what clocks may have drifted', () => {
    expect(mirrored([at(1_000), 10], [at(1_900), 1_010]).offset).toBeCloseTo(990 - 0.1, 9)
    expect(mirrored([at(1_000), 10], [at(1_900), 1_010], [at(2_900), 2_010]).offset).toBeCloseTo(990 - 0.2, 9)
  })

  it('goes back where an answer cannot have taken so long', () => {
    expect(mirrored([at(1_000), 10], [at(1_100), 190, 30]).offset).toBe(940)
    expect(mirrored([at(1_000), 10], [at(1_100), 190, 0]).offset).toBe(910)
  })
})

describe('a snapshot of a record', () => {
  it('has its times in the time of the process', () => {
    const leases = [{ id: 'a.1', until: 5_000 }]
    const stored = record({
      at: 1_000,
      state: 'half-open',
      period: 800,
      until: 4_000,
      relapses: 3,
      successes: 1,
      leases,
      why: 'x',
      by: 'Ann',
    })
    expect(mirrored([stored, 10]).snapshot).toEqual({
      ...PRISTINE,
      state: 'half-open',
      since: 800 - 990,
      until: 4_000 - 990,
      relapses: 3,
      successes: 1,
      leases: [{ id: 'a.1', until: 5_000 - 990 }],
      openedAt: 800,
      why: 'x',
      by: 'Ann',
    })
  })

  it('says when it opened only while it is not closed', () => {
    expect(mirrored([record({ state: 'open', period: 800 }), 0]).snapshot.openedAt).toBe(800)
    expect(mirrored([record({ state: 'closed', period: 800 }), 0]).snapshot.openedAt).toBeUndefined()
  })

  it('has a hold, with who and why', () => {
    const stored = record({ at: 1_000, forced: { state: 'open', until: 2_000 }, by: 'Ann', why: 'deploy' })
    expect(mirrored([stored, 0]).snapshot.forced).toEqual({ state: 'open', until: 1_000, by: 'Ann', reason: 'deploy' })
  })

  it('knows times without end', () => {
    const forced = { state: 'closed', until: FOREVER } as const
    const leases = [{ id: 'a', until: FOREVER }]
    const { snapshot } = mirrored([record({ at: 1_000, until: FOREVER, forced, leases }), 0])
    expect([snapshot.until, snapshot.forced?.until, snapshot.leases[0]?.until]).toEqual([LATE, LATE, LATE])
    expect(mirrored([record({ at: 1_000, until: FOREVER - 1 }), 0]).snapshot.until).toBeLessThan(LATE)
  })

  it('is frozen', () => {
    expect(Object.isFrozen(mirrored([record(), 0]).snapshot)).toBe(true)
  })

  it('began when it began while its period lasts, whatever clocks do', () => {
    const stored = record({ at: 1_000, period: 800 })
    const mirror = mirrored([stored, 10], [{ ...stored, at: 1_100, epoch: 1_050 }, 105])
    expect(mirror.snapshot.since).toBe(800 - 990)
    mirror.take({ ...stored, at: 1_200, period: 1_150 }, 205, LATE)
    expect(mirror.snapshot.since).toBeCloseTo(1_150 - 995, 1)
  })

  it('keeps the lease that it knows, which is the ticket of a trial', () => {
    const lease = (id: string) => ({ id, until: 5_000 })
    const stored = record({ at: 1_000, state: 'half-open', leases: [lease('a')] })
    const mirror = mirrored([stored, 10])
    const [known] = mirror.snapshot.leases
    mirror.take({ ...stored, at: 1_100, leases: [lease('b'), lease('a')] }, 105, LATE)
    expect(mirror.snapshot.leases[1]).toBe(known)
    expect(mirror.snapshot.leases[0]?.id).toBe('b')
  })

  it('waits longer than it must by its jitter, where it is open and nobody holds it', () => {
    const until = (stored: Partial<StoredCircuit>): number => {
      const mirror = new Mirror()
      mirror.jitter = 40
      mirror.take(record({ at: 1_000, until: 2_000, ...stored }), 0, LATE)
      return mirror.snapshot.until
    }
    expect(until({ state: 'open' })).toBe(1_040)
    expect(until({ state: 'half-open' })).toBe(1_000)
    expect(until({ state: 'open', forced: { state: 'open', until: 2_000 } })).toBe(1_000)
  })
})

describe('a move to another state', () => {
  const next = period({ state: 'open', since: 10, until: 60_010.4, relapses: 2, why: 'x', by: 'Ann' })

  it('is a new period, its times so many ms from now', () => {
    expect(toMove(next, PRISTINE, undefined, 10, parts)).toEqual({
      state: 'open',
      until: { in: 60_000 },
      relapses: 2,
      successes: 0,
      leases: [],
      forced: undefined,
      overrides: undefined,
      by: 'Ann',
      why: 'x',
      period: 'new',
      ...parts,
    })
  })

  it('says times without end as the latest there is', () => {
    const forced = { state: 'open', until: LATE, by: undefined, reason: undefined } as const
    const held = period({ state: 'open', since: 10, until: LATE, forced })
    expect(toMove(held, PRISTINE, undefined, 10, parts)).toMatchObject({
      until: FOREVER,
      forced: { state: 'open', until: FOREVER },
    })
    expect(toMove(PRISTINE, next, undefined, 10, parts)).toMatchObject({ until: { in: -FOREVER } })
  })

  it('carries the time of a hold, what was overridden, and when it may be made', () => {
    const forced = { state: 'closed', until: 110, by: 'Ann', reason: undefined } as const
    const held = period({ state: 'closed', since: 10, until: 110, forced })
    const stored = record({ overrides: { failMax: 9 } })
    const move = toMove(held, PRISTINE, stored, 10, { ...parts, notBefore: 77 })
    expect(move).toMatchObject({
      forced: { state: 'closed', until: { in: 100 } },
      overrides: { failMax: 9 },
      notBefore: 77,
    })
    expect(toMove(held, PRISTINE, stored, 10, parts)).not.toHaveProperty('notBefore')
  })
})

describe('a move within a period', () => {
  const stored = record({
    at: 1_000,
    state: 'half-open',
    period: 800,
    until: 4_000,
    leases: [{ id: 'a', until: 5_000 }],
  })
  const base = mirrored([stored, 10.5]).snapshot
  const next: Snapshot = { ...base, leases: [...base.leases, { id: 'b', until: 30_010.5 }] }

  it('keeps period and time, and the leases that it found to the ms', () => {
    expect(toMove(next, base, stored, 10.5, parts)).toMatchObject({
      period: 800,
      until: 4_000,
      leases: [
        { id: 'a', until: 5_000 },
        { id: 'b', until: { in: 30_000 } },
      ],
    })
  })

  it('is a new one where state or beginning differ, or there is nothing to go on with', () => {
    const anew = { period: 'new', until: { in: expect.any(Number) } }
    expect(toMove({ ...next, state: 'open' }, base, stored, 10, parts)).toMatchObject(anew)
    expect(toMove({ ...next, since: 10 }, base, stored, 10, parts)).toMatchObject(anew)
    expect(toMove(next, undefined, stored, 10, parts)).toMatchObject(anew)
    expect(toMove(next, base, undefined, 10, parts)).toMatchObject(anew)
    // A command that storage does not know yet is no base.
    expect(toMove(next, base, { ...stored, state: 'closed' }, 10, parts)).toMatchObject(anew)
  })
})

it('a record put back is what it was, under the name of another move', () => {
  const {
    at: _,
    listeners: __,
    counts: ___,
    asked: ____,
    asker: _____,
    ...whole
  } = record({
    state: 'open',
    leases: [{ id: 'a', until: 5_000 }],
    forced: { state: 'open', until: 7_000 },
    overrides: { failMax: 9 },
    policy: 'p',
    by: 'Ann',
    why: 'x',
  })
  const stored = { ...record(), ...whole, counts: { fails: [1] }, asked: 5, asker: 'z' }
  expect(toGiveBack(stored, 'me.9')).toEqual({ ...whole, move: 'me.9' })
})

describe('a trial may be claimed', () => {
  const leases = [
    { id: 'a', until: 5_000 },
    { id: 'b', until: 6_000 },
    { id: 'c', until: 9_000 },
  ]
  const from = (stored: Partial<StoredCircuit>, dropped: string[] = []): number | undefined =>
    claimableFrom(record({ at: 1_000, until: 2_000, leases, ...stored }), (id) => dropped.includes(id))

  it('of an open circuit when its time is over', () => {
    expect(from({ state: 'open' })).toBe(2_000)
  })

  it('of one that is held when the hold is over', () => {
    expect(from({ state: 'open', forced: { state: 'open', until: 3_000 } })).toBe(3_000)
  })

  it('of a half-open one at once, or when the places that it takes have expired', () => {
    expect(from({ state: 'half-open' })).toBeUndefined()
    expect(from({ state: 'half-open' }, ['a', 'b'])).toBe(6_000)
    expect(from({ state: 'half-open', at: 8_000 }, ['a', 'b'])).toBe(8_000)
  })
})
