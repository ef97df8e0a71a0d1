import { describe, expect, it } from 'vitest'
import { fullClock } from '../../../src/core/clock.ts'
import { PRISTINE } from '../../../src/core/snapshot.ts'
import { partsOf } from '../../../src/core/trip.ts'
import { Activity } from '../../../src/fleet/activity.ts'
import { Link } from '../../../src/fleet/link.ts'
import { Mirror } from '../../../src/fleet/mirror.ts'
import { Reporter } from '../../../src/fleet/reporter.ts'
import type { Note, StoredCircuit, Tally } from '../../../src/fleet/storage.ts'
import { consecutive, failureRate, type TripPolicy } from '../../../src/index.ts'
import { flush, watch } from '../../support/async.ts'
import { AHEAD, Line, type LineOptions, moveTo } from './support.ts'

const NAME = 'c'

interface Desk {
  readonly line: Line
  readonly link: Link
  readonly mirror: Mirror
  readonly activity: Activity
  readonly reporter: Reporter
  readonly trips: string[]
  /** Fails `times` calls, each reported as it should be. */
  fail(times?: number): Promise<void>
  succeed(): void
  /** Time goes on, and what it set off is done. */
  advance(ms: number): Promise<void>
  /** The tallies sent since the last time. */
  tallies(): Tally[]
}

interface DeskOptions extends LineOptions {
  readonly policy?: TripPolicy
  readonly listeners?: number
}

function desk({ policy = consecutive(3), listeners, ...options }: DeskOptions = {}): Desk {
  const line = new Line(options)
  line.listeners = listeners
  const link = new Link(line, fullClock(line.clock))
  const mirror = new Mirror()
  const activity = new Activity()
  const trips: string[] = []
  const parts = partsOf(policy, 'trip')
  const circuit = {
    name: NAME,
    parts,
    activity,
    met: (stored: StoredCircuit | undefined) => stored && mirror.take(stored, line.clock.now(), 100),
    trip: (why: string) => void trips.push(why),
  }
  const reporter = new Reporter(circuit, link, mirror)
  line.watch(NAME, {
    changed: () => undefined,
    reconnected: () => undefined,
    noted: (_, note) => (note.kind === 'hush' ? reporter.hushed(note) : reporter.asked(note)),
  })
  return {
    line,
    link,
    mirror,
    activity,
    reporter,
    trips,
    async fail(times = 1) {
      for (let call = 0; call < times; call++) {
        reporter.unsaid.add(true, false, line.clock.now())
        reporter.report()
      }
      await flush()
    },
    succeed: () => reporter.unsaid.add(false, false, line.clock.now()),
    async advance(ms) {
      // Step by step: what a timer sends is answered before the next is due.
      for (let left = ms; left > 0; left--) {
        line.clock.advance(Math.min(1, left))
        await flush()
      }
    },
    tallies: () => line.drain('add') as Tally[],
  }
}

/** A desk that knows storage's time, with nothing sent that is still to be looked at. */
async function ready(options: DeskOptions = {}): Promise<Desk> {
  const made = desk(options)
  made.mirror.take(made.line.memory.add(NAME, { epoch: 0, period: 0, keep: {} }), made.line.clock.now(), 100)
  if (options.listeners !== undefined)
    made.mirror.take({ ...made.line.stored(NAME), listeners: options.listeners }, 0, 100)
  return made
}

/** Another process says something. */
function says(line: Line, tally: Partial<Tally>): StoredCircuit {
  return line.memory.add(NAME, { epoch: 0, period: 0, keep: { fails: 3 }, ...tally })
}

describe('a report', () => {
  it('goes at once, in storage time, once that is known', async () => {
    const { line, tallies, fail, mirror } = desk()
    line.clock.advance(5)
    await fail()
    expect(tallies()).toEqual([
      { epoch: 0, period: 0, keep: { fails: 3 } },
      { epoch: 0, period: 0, keep: { fails: 3 }, fails: [AHEAD + 5] },
    ])
    expect(mirror.offset).toBe(AHEAD)
  })

  it('tells what happened since the last, and no sooner than 20 ms after it', async () => {
    const { fail, tallies, advance, succeed } = await ready()
    await fail()
    expect(tallies()).toMatchObject([{ fails: [AHEAD] }])
    await advance(3)
    succeed()
    await fail()
    await advance(4)
    await fail()
    await advance(12)
    expect(tallies()).toEqual([])
    await advance(1)
    expect(tallies()).toMatchObject([{ okAt: AHEAD + 3, fails: [AHEAD + 7, AHEAD + 3] }])
    await advance(100)
    expect(tallies()).toEqual([])
  })

  it('is the only one in flight; what happens meanwhile rides with the next', async () => {
    const { fail, tallies, advance, line } = await ready({ policy: consecutive(5) })
    line.mode = 'late'
    await fail()
    await advance(30)
    await fail(2)
    expect(tallies()).toHaveLength(1)
    line.release()
    await flush()
    expect(tallies()).toEqual([])
    await advance(20)
    expect(tallies()).toMatchObject([{ fails: [expect.any(Number), expect.any(Number)] }])
  })

  it('is due after half a ms for each process of a large fleet', async () => {
    const { fail, tallies, advance } = await ready({ listeners: 1_000, policy: consecutive(50) })
    await fail()
    await advance(249)
    expect(tallies()).toEqual([])
    await advance(1)
    expect(tallies()).toHaveLength(1)
    await advance(100)
    await fail()
    await advance(399)
    expect(tallies()).toEqual([])
    await advance(1)
    expect(tallies()).toHaveLength(1)
  })

  it('is not spread where the fleet is small', async () => {
    const { fail, tallies } = await ready({ listeners: 40 })
    await fail()
    expect(tallies()).toHaveLength(1)
  })

  it('says what the policy needs kept, also after it was changed', async () => {
    const { fail, tallies, reporter } = await ready()
    reporter.follow(partsOf(failureRate({ window: 1_000 }), 'trip'))
    await fail()
    expect(tallies()).toMatchObject([{ keep: { slotWidth: 100, slots: 11 } }])
  })

  it('is not made while storage is down, and one that failed is not said again', async () => {
    const { fail, tallies, line, advance, link } = await ready()
    line.mode = 'refuses'
    await fail()
    expect(link.up).toBe(false)
    tallies()
    await fail()
    await advance(100)
    expect(tallies()).toEqual([])
    expect(line.clock.pending).toBe(0)
    line.mode = 'well'
    const seen = () => ({ calls: 0, failures: 0, rejected: 0, slow: 0 })
    const deaf = { met: () => undefined, wentDown: () => undefined, cameUp: () => undefined }
    await link.join({ name: NAME, own: { snapshot: PRISTINE }, governs: false, seen, ...deaf })
    await fail()
    expect(tallies()).toMatchObject([{ fails: [AHEAD + 100, AHEAD] }])
  })

  it('is for failures and slow calls, not for successes', async () => {
    const { succeed, reporter, tallies, fail, advance } = await ready()
    await fail()
    tallies()
    succeed()
    await advance(100)
    expect(tallies()).toEqual([])
    expect(reporter.unsaid.okAt).toBe(0)
  })
})

describe('counts that cross', () => {
  it('are asked about first, with when the failures began', async () => {
    const { fail, tallies, trips, link, advance, line } = await ready()
    await fail()
    await advance(1)
    await fail(2)
    await advance(19)
    const [, , ask] = tallies()
    expect(ask).toEqual({
      epoch: 0,
      period: 0,
      keep: { fails: 3 },
      ask: { id: link.id, since: AHEAD, every: 100 },
    })
    expect(line.stored(NAME)).toMatchObject({ asked: AHEAD + 20, asker: link.id, state: 'closed' })
    expect(trips).toEqual([])
  })

  it('trip the fleet where nobody objects for so long', async () => {
    const { fail, trips, advance, line } = await ready()
    await fail(3)
    await advance(20)
    line.drain('read')
    await advance(49)
    expect(line.drain('read')).toEqual([])
    await advance(1)
    expect(line.drain('read')).toEqual([[NAME]])
    expect(trips).toEqual(['3 calls in a row failed, in the whole fleet'])
    await advance(500)
    expect(trips).toHaveLength(1)
  })

  it('trip it at once where nobody is to be asked', async () => {
    const { fail, trips, tallies } = await ready({ confirm: 0, policy: consecutive(1) })
    await fail()
    expect(trips).toEqual(['1 call failed, in the whole fleet'])
    expect(tallies()).toHaveLength(1)
  })

  it('add up over processes', async () => {
    const { fail, line, trips, advance } = await ready()
    says(line, { fails: [AHEAD + 2, AHEAD + 1] })
    await advance(3)
    await fail()
    await advance(50)
    expect(trips).toHaveLength(1)
  })

  it('are not asked about by everybody: who finds an ask under way leaves it to the asker', async () => {
    const { fail, line, trips, advance, tallies } = await ready({ policy: consecutive(1) })
    says(line, { ask: { id: 'other', since: AHEAD, every: 100 } })
    await fail()
    await advance(60)
    expect(trips).toEqual([])
    expect(tallies().filter(({ ask }) => ask)).toEqual([])
  })

  it.each([
    [75, 'asks', 0, 0],
    [76, 'trips', 1, 0],
    [200, 'trips', 1, 0],
    [201, 'asks anew', 0, 1],
  ])('%d ms after an ask whose asker died, a late one %s', async (age, _, tripped, asked) => {
    const { fail, line, trips, advance, tallies } = await ready({ policy: consecutive(1) })
    says(line, { ask: { id: 'dead', since: AHEAD, every: 100 } })
    await advance(age)
    await fail()
    expect(trips).toHaveLength(tripped)
    expect(tallies().filter(({ ask }) => ask)).toHaveLength(asked)
  })

  it.each([
    [2, 100],
    [500, 100],
    [5_000, 1_000],
  ])(
    'are asked about again no sooner than a fleet of %d bears, after %d ms, and then without a call',
    async (listeners, every) => {
      const asks = async (age: number): Promise<Desk> => {
        const made = await ready({ policy: consecutive(1), listeners, random: () => 0 })
        says(made.line, { ask: { id: 'other', since: AHEAD, every: 100 } })
        says(made.line, { hush: true })
        await made.advance(age)
        await made.fail()
        return made
      }
      const late = await asks(every)
      expect(late.tallies().map(({ ask }) => ask?.every)).toEqual([undefined, every])
      const early = await asks(every - 1)
      expect(early.tallies().map(({ ask }) => ask)).toEqual([undefined])
      await early.advance(1)
      expect(early.tallies().map(({ ask }) => ask?.every)).toEqual([undefined, every])
    },
  )

  it('of a circuit that is not closed, held, or another by now, mean nothing', async () => {
    for (const state of ['open', 'half-open'] as const) {
      const { fail, line, trips, tallies, mirror, advance } = await ready({ confirm: 0, policy: consecutive(1) })
      const { current } = line.memory.replace(NAME, line.stored(NAME), moveTo({ state }))
      if (current) mirror.take(current, 0, 100)
      await fail()
      await advance(50)
      expect(tallies()).toEqual([])
      expect(trips).toEqual([])
    }
    const { fail, line, trips } = await ready({ confirm: 0, policy: consecutive(1) })
    line.before = () => line.memory.replace(NAME, line.stored(NAME), moveTo({ state: 'closed' }))
    await fail()
    expect(trips).toEqual([])
  })

  it('of a circuit held closed mean nothing until the hold is over', async () => {
    const { fail, line, trips, mirror, advance } = await ready({ confirm: 0, policy: consecutive(1) })
    const forced = { state: 'closed', until: { in: 100 } } as const
    const { current } = line.memory.replace(NAME, line.stored(NAME), moveTo({ state: 'closed', forced }))
    if (current) mirror.take(current, 0, 100)
    await advance(99)
    await fail()
    expect(trips).toEqual([])
    await advance(1)
    await fail()
    await advance(20)
    expect(trips).toHaveLength(1)
  })
})

describe('an ask', () => {
  it('that the counts refute is over: its asker says so, and does not trip', async () => {
    const { fail, line, trips, advance, tallies } = await ready()
    await fail(3)
    await advance(30)
    line.deaf = true
    says(line, { okAt: AHEAD + 10 })
    tallies()
    await advance(40)
    expect(trips).toEqual([])
    expect(tallies()).toEqual([{ epoch: 0, period: 0, keep: { fails: 3 }, hush: true }])
    expect(line.stored(NAME).asker).toBeUndefined()
  })

  it('is called off by whoever sees first that the counts do not cross', async () => {
    const { fail, line, tallies } = await ready()
    says(line, { ask: { id: 'other', since: AHEAD, every: 100 } })
    await fail()
    expect(tallies().map(({ hush }) => hush)).toEqual([undefined, true])
    expect(line.stored(NAME).asker).toBeUndefined()
  })

  it('that was called off is not confirmed', async () => {
    const { fail, line, trips, advance } = await ready()
    await fail(3)
    await advance(30)
    line.drain('read')
    says(line, { hush: true })
    await advance(500)
    expect(line.drain('read')).toEqual([])
    expect(trips).toEqual([])
  })

  it('that was called off stays so for who heard it, also where the record does not say', async () => {
    const { fail, line, trips, advance, reporter } = await ready({ policy: consecutive(1) })
    says(line, { ask: { id: 'other', since: AHEAD, every: 1_000 } })
    reporter.hushed({ kind: 'hush', epoch: 0, asked: AHEAD })
    await advance(80)
    await fail()
    expect(trips).toEqual([])
  })

  it('is void where somebody else has asked since', async () => {
    const { fail, line, trips, advance } = await ready()
    await fail(3)
    await advance(30)
    line.before = (verb) => {
      if (verb === 'read') says(line, { ask: { id: 'other', since: AHEAD, every: 0 } })
    }
    await advance(40)
    expect(trips).toEqual([])
  })

  it('is void where the circuit has moved since, or storage does not answer', async () => {
    const moved = await ready()
    await moved.fail(3)
    await moved.advance(30)
    moved.line.memory.replace(NAME, moved.line.stored(NAME), moveTo({ state: 'closed' }))
    await moved.advance(100)
    expect(moved.trips).toEqual([])
    const lost = await ready()
    await lost.fail(3)
    await lost.advance(30)
    lost.line.mode = 'refuses'
    await lost.advance(100)
    expect(lost.trips).toEqual([])
    await expect(lost.activity.idle()).resolves.toBeUndefined()
  })
})

describe('an answer', () => {
  const ask = (parts: Partial<Note & { kind: 'ask' }> = {}): Note & { kind: 'ask' } => ({
    kind: 'ask',
    epoch: 0,
    asked: AHEAD,
    asker: 'other',
    since: AHEAD - 1,
    listeners: 8,
    ...parts,
  })

  it('comes from who has a newer success, soon in a small fleet', async () => {
    const { reporter, succeed, tallies, advance } = await ready()
    succeed()
    reporter.asked(ask())
    await advance(2)
    expect(tallies()).toEqual([])
    await advance(1)
    expect(tallies()).toMatchObject([{ okAt: AHEAD }])
  })

  it.each([
    [0.5, 27, 28],
    [0.05, 18, 19],
  ])('comes late in a large one, by chance: at %f', async (chance, notYet, then) => {
    const { reporter, succeed, tallies, advance } = await ready({ random: () => chance })
    succeed()
    reporter.asked(ask({ listeners: 1_000 }))
    await advance(notYet)
    expect(tallies()).toEqual([])
    await advance(then - notYet)
    expect(tallies()).toHaveLength(1)
  })

  it('comes within three fifths of the time to object', async () => {
    for (const listeners of [1, 15, 16, 100, 5_000]) {
      const { reporter, succeed, tallies, advance } = await ready({ random: () => 0.999_999 })
      succeed()
      reporter.asked(ask({ listeners }))
      await advance(30)
      expect(tallies()).toHaveLength(1)
    }
  })

  it('does not come where the success is no newer, is told already, or the circuit is another', async () => {
    const asked = async (parts: Partial<Note & { kind: 'ask' }>): Promise<number> => {
      const { reporter, succeed, tallies, advance, link } = await ready()
      succeed()
      reporter.asked(ask({ ...parts, ...(parts.asker === 'me' && { asker: link.id }) }))
      await advance(50)
      return tallies().length
    }
    expect(await asked({})).toBe(1)
    expect(await asked({ since: AHEAD })).toBe(0)
    expect(await asked({ epoch: 1 })).toBe(0)
    expect(await asked({ asker: 'me' })).toBe(0)
    const { reporter, succeed, fail, tallies, advance } = await ready()
    succeed()
    await fail()
    reporter.asked(ask())
    tallies()
    await advance(50)
    expect(tallies()).toEqual([])
  })

  it('comes for a success that was made while it waited', async () => {
    const { reporter, succeed, tallies, advance } = await ready()
    reporter.asked(ask())
    await advance(1)
    succeed()
    await advance(10)
    expect(tallies()).toMatchObject([{ okAt: AHEAD + 1 }])
  })

  it('is spared where somebody else has answered', async () => {
    const { reporter, succeed, tallies, advance } = await ready()
    succeed()
    reporter.asked(ask())
    await advance(1)
    reporter.hushed({ kind: 'hush', epoch: 0, asked: AHEAD })
    await advance(50)
    expect(tallies()).toEqual([])
  })

  it('is not given to an ask that was called off before it came', async () => {
    const { reporter, succeed, tallies, advance } = await ready()
    succeed()
    reporter.hushed({ kind: 'hush', epoch: 0, asked: AHEAD })
    reporter.asked(ask())
    await advance(50)
    expect(tallies()).toEqual([])
  })

  it('comes also from who knew nothing of storage: the note tells its time', async () => {
    const { reporter, succeed, tallies, advance } = desk()
    succeed()
    reporter.asked(ask())
    await advance(50)
    expect(tallies().at(-1)).toMatchObject({ okAt: AHEAD })
    const late = desk()
    late.succeed()
    await late.advance(10)
    late.reporter.asked(ask({ asked: AHEAD + 10, since: AHEAD + 5 }))
    await late.advance(50)
    expect(late.tallies()).toEqual([])
  })

  it('rides behind a report in flight', async () => {
    const { reporter, succeed, fail, tallies, advance, line } = await ready()
    line.mode = 'late'
    await fail()
    await advance(1)
    succeed()
    reporter.asked(ask())
    await advance(10)
    expect(tallies()).toHaveLength(1)
    line.release()
    await flush()
    expect(tallies()).toMatchObject([{ okAt: expect.any(Number) }])
  })

  it('refutes the ask of a process that fails alone', async () => {
    const clock = new Line().clock
    const sick = await ready({ clock })
    const well = await ready({ clock, memory: sick.line.memory, random: () => 0.4 })
    await sick.fail(2)
    await sick.advance(20)
    well.succeed()
    await sick.advance(5)
    await sick.fail()
    await sick.advance(100)
    expect(sick.trips).toEqual([])
    expect(sick.line.stored(NAME)).toMatchObject({ asker: undefined, counts: { okAt: AHEAD + 20 } })
    expect(well.tallies()).toHaveLength(2)
  })
})

describe('a new period', () => {
  it('forgets what was unsaid, and everything that was due', async () => {
    const { reporter, fail, succeed, advance, tallies, trips, line, activity } = await ready()
    await fail(3)
    await advance(20)
    succeed()
    reporter.asked({ kind: 'ask', epoch: 0, asked: AHEAD + 20, asker: 'o', since: AHEAD, listeners: 8 })
    await fail()
    tallies()
    line.drain('read')
    expect(line.clock.pending).toBeGreaterThan(1)
    reporter.reset()
    expect(line.clock.pending).toBe(0)
    await expect(activity.idle()).resolves.toBeUndefined()
    await advance(500)
    expect([tallies(), line.drain('read'), trips]).toEqual([[], [], []])
    expect(reporter.unsaid.urgent).toBe(false)
  })

  it('is reported of as soon as the last report allows', async () => {
    const { reporter, fail, advance, tallies } = await ready()
    await fail()
    await fail()
    reporter.reset()
    tallies()
    await fail()
    await advance(19)
    expect(tallies()).toEqual([])
    await advance(1)
    expect(tallies()).toMatchObject([{ fails: [AHEAD] }])
  })
})

it('until the fleet has made up its mind there is something under way', async () => {
  const { fail, advance, activity } = await ready()
  await fail(3)
  const settled = watch(activity.idle())
  await advance(69)
  expect(settled.settled).toBeUndefined()
  await advance(1)
  expect(settled.settled?.ok).toBe(true)
})
