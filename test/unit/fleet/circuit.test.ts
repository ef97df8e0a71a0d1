import { describe, expect, it } from 'vitest'
import { Circuit } from '../../../src/core/circuit.ts'
import { fullClock } from '../../../src/core/clock.ts'
import { newStats } from '../../../src/core/stats.ts'
import { resolveRules, resolveSettings } from '../../../src/core/options.ts'
import { FleetCircuit } from '../../../src/fleet/circuit.ts'
import { Link } from '../../../src/fleet/link.ts'
import { consecutive, failureRate } from '../../../src/index.ts'
import type { StoredCircuit, Tally } from '../../../src/index.ts'
import { ManualClock, SimulatedStorage } from '../../../src/testing/index.ts'
import { ended, flush, watch } from '../../support/async.ts'
import { down, fail } from '../../support/breaker.ts'
import {
  AHEAD,
  advance,
  begin,
  due,
  type FleetOptions,
  fleetOf,
  joined,
  Line,
  moveTo,
  NAME,
  type Process,
  record,
} from './support.ts'

const fine = (): string => 'fine'

async function pair(options?: FleetOptions): Promise<[Process, Process]> {
  return (await fleetOf(2, options)) as [Process, Process]
}

async function alone(options?: FleetOptions): Promise<Process> {
  return (await fleetOf(1, options))[0] as Process
}

const states = (...all: Process[]): string[] => all.map(({ breaker }) => breaker.state)

describe('a fleet trips', () => {
  it('by the failures of all its processes together, once nobody has objected', async () => {
    const [a, b] = await pair({ breaker: { failMax: 3 } })
    fail(a.breaker, 2)
    fail(b.breaker, 1)
    await flush(60)
    await advance(a, 49)
    expect(states(a, b)).toEqual(['closed', 'closed'])
    await advance(a, 1)
    expect(states(a, b)).toEqual(['open', 'open'])
    expect([...a.events, ...b.events].sort()).toEqual(['closed->open local', 'closed->open remote'])
    const stored = a.line.stored(NAME)
    expect(stored).toMatchObject({ state: 'open', relapses: 0, policy: '3 failures in a row', counts: {} })
    expect(stored.until - stored.period).toBe(1_000)
    const why = '3 calls in a row failed, in the whole fleet: the dependency is down'
    expect([a, b].map(({ breaker }) => breaker.explain().reason)).toEqual([why, why])
  })

  it('not while one of them succeeds', async () => {
    const [a, b] = await pair({ breaker: { failMax: 3 } })
    fail(a.breaker, 2)
    await advance(a, 30)
    b.breaker.callSync(fine)
    fail(a.breaker, 1)
    await advance(a, 300)
    expect(b.breaker.state).toBe('closed')
    expect(a.line.stored(NAME).state).toBe('closed')
    // Its own circuit still protects who fails alone.
    expect(a.breaker.state).toBe('open')
    expect(a.breaker.explain().scope).toBe('local')
  })

  it('not while the process that asked has succeeded since', async () => {
    const a = await alone({ breaker: { failMax: 3, throwNewErrorOnTrip: false } })
    let answer = (_: string): void => undefined
    const early = a.breaker.call(() => new Promise<string>((resolve) => (answer = resolve)))
    fail(a.breaker, 3)
    await advance(a, 5)
    answer('fine')
    await early
    await advance(a, 200)
    expect(a.line.stored(NAME).state).toBe('closed')
  })

  it('after a hold is over that nobody has released', async () => {
    const [a, b] = await pair({ breaker: { failMax: 3 } })
    await a.breaker.force('closed', { for: 100 })
    fail(a.breaker, 3)
    await advance(a, 100)
    expect(a.line.stored(NAME)).toMatchObject({ forced: { state: 'closed' } })
    fail(a.breaker, 2)
    fail(b.breaker, 1)
    await advance(a, 100)
    expect(a.line.stored(NAME)).toMatchObject({ state: 'open', forced: undefined })
    expect(states(a, b)).toEqual(['open', 'open'])
  })

  it('once, though each of them finds that it should', async () => {
    const [a, b] = await pair({ confirm: 0, breaker: { failMax: 1 } })
    fail(a.breaker)
    fail(b.breaker)
    await advance(a, 50)
    expect(a.line.stored(NAME)).toMatchObject({ state: 'open', relapses: 0 })
    expect(a.events).toHaveLength(1)
    expect(b.events.filter((event) => event.startsWith('closed->open'))).toHaveLength(1)
  })

  it('at a failMax that was changed', async () => {
    const [a, b] = await pair({ breaker: { failMax: 2 } })
    a.breaker.failMax = b.breaker.failMax = 4
    fail(a.breaker, 2)
    fail(b.breaker, 1)
    await advance(a, 100)
    expect((a.line.drain('add') as Tally[]).at(-1)?.keep).toEqual({ fails: 4 })
    expect(a.line.stored(NAME).state).toBe('closed')
    fail(b.breaker, 1)
    await advance(a, 100)
    expect(a.line.stored(NAME)).toMatchObject({ state: 'open', policy: '4 failures in a row' })
  })

  it('by a share of the calls of all', async () => {
    const trip = failureRate({ threshold: 0.5, minimumCalls: 8, window: 10_000 })
    const [a, b] = await pair({ breaker: { trip } })
    for (let call = 0; call < 4; call++) b.breaker.callSync(fine)
    fail(a.breaker, 4)
    await advance(a, 100)
    // What b has seen it tells when it is asked, or fails itself.
    expect(a.breaker.state).toBe('closed')
    fail(b.breaker, 1)
    await advance(a, 200)
    expect(states(a, b)).toEqual(['open', 'open'])
    expect(a.breaker.explain().reason).toContain('5 of 9 calls failed in 10 s, in the whole fleet')
  })
})

describe('an outcome', () => {
  it('counts for the fleet even where the own circuit has moved on', async () => {
    const [a, b] = await pair({ breaker: { failMax: 3 } })
    const call = await begin(a)
    fail(a.breaker, 3)
    expect(a.breaker.state).toBe('open')
    await advance(a, 1)
    b.breaker.callSync(fine)
    await advance(a, 4)
    await call.succeed()
    expect(a.breaker.stats).toMatchObject({ successes: 1, late: 0 })
    await advance(a, 300)
    expect(a.line.stored(NAME).state).toBe('closed')
  })

  it('of a period that is over counts nowhere', async () => {
    const [a, b] = await pair({ breaker: { failMax: 3 } })
    const calls = [await begin(a), await begin(a), await begin(a)]
    await b.breaker.open()
    await b.breaker.close()
    a.line.sent.length = 0
    for (const call of calls) await call.fail()
    await advance(a, 300)
    expect(a.breaker.stats).toMatchObject({ late: 3, failures: 0 })
    expect(a.line.drain('add')).toEqual([])
    expect(states(a, b)).toEqual(['closed', 'closed'])
  })

  it('of a call made before storage was read counts as well', async () => {
    const first = await alone({ breaker: { failMax: 2 } })
    await first.breaker.close()
    const line = new Line({ clock: first.line.clock, memory: first.line.memory, random: () => 0.7 })
    const late = joined(line, { failMax: 2 })
    const call = watch(late.breaker.call(fine))
    await late.breaker.ready()
    expect((await call.done).ok).toBe(true)
    expect((await ended(late.breaker.call(() => Promise.reject(down)))).ok).toBe(false)
    await advance(first, 30)
    expect(line.stored(NAME).counts.fails).toHaveLength(1)
  })

  it('that waits to be told when a new period begins is dropped', async () => {
    const [a, b] = await pair({ breaker: { failMax: 5 } })
    fail(a.breaker)
    await flush(60)
    fail(a.breaker)
    await b.breaker.close()
    await advance(a, 100)
    expect(a.line.stored(NAME).counts).toEqual({})
  })

  it('of a call that the process let in alone is late once the fleet governs again', async () => {
    const a = await alone({ whenDown: 'closed', breaker: { resetTimeout: 60_000 } })
    await a.breaker.open()
    a.line.mode = 'refuses'
    await advance(a, 5_000)
    const call = await begin(a)
    expect(call.ran).toBe(true)
    a.line.mode = 'well'
    await advance(a, 5_000)
    await call.fail()
    expect(a.breaker.stats).toMatchObject({ late: 1, failures: 0 })
  })

  it('that waits to be told while somebody opens the circuit is dropped', async () => {
    const a = await alone({ breaker: { failMax: 5 } })
    fail(a.breaker)
    await flush(60)
    fail(a.breaker)
    a.line.mode = 'late'
    a.line.deaf = true
    const opened = a.breaker.open()
    a.line.drain('add')
    await advance(a, 50)
    expect(a.line.drain('add')).toEqual([])
    a.line.release()
    await opened
    await advance(a, 50)
    expect(a.line.stored(NAME)).toMatchObject({ state: 'open', counts: {} })
  })
})

describe('the newest epoch wins', () => {
  const older = record({ epoch: 5, period: 5, at: AHEAD })
  const newer = record({ epoch: 9, period: 9, at: AHEAD, state: 'open', until: AHEAD + 1_000 })

  function single(): { fleet: FleetCircuit; line: Line } {
    const line = new Line({ refreshInterval: Number.POSITIVE_INFINITY })
    const rules = resolveRules({}, resolveSettings({}))
    const fleet = new FleetCircuit(NAME, rules, new Circuit(), new Link(line, fullClock(line.clock)))
    fleet.join({ stats: newStats(), told: () => undefined, storageDown: () => undefined, storageUp: () => undefined })
    return { fleet, line }
  }

  const seen = (fleet: FleetCircuit): number => (fleet.look().state === 'open' ? 9 : 5)

  it('in an answer and in a push alike', async () => {
    for (const how of ['met', 'changed'] as const) {
      const { fleet, line } = single()
      await fleet.ready
      const hear = (stored: StoredCircuit): void => (how === 'met' ? fleet.met(stored) : fleet.changed(NAME, stored))
      hear(older)
      expect([seen(fleet), fleet.period]).toEqual([5, 5])
      hear(newer)
      expect([seen(fleet), fleet.period]).toEqual([9, 9])
      hear(older)
      expect([seen(fleet), fleet.period]).toEqual([9, 9])
      await flush(60)
      expect(line.drain('replace')).toHaveLength(how === 'met' ? 1 : 0)
    }
  })

  it('and who meets an older one puts its own back as it was, once at a time', async () => {
    const { fleet, line } = single()
    await fleet.ready
    line.memory.replace(NAME, undefined, { ...moveTo({ state: 'closed' }), epoch: 5, period: 5 })
    fleet.met(newer)
    fleet.met(older)
    fleet.met(older)
    fleet.met(undefined)
    await flush(60)
    expect(line.drain('replace')).toHaveLength(1)
    expect(line.stored(NAME)).toMatchObject({
      epoch: 9,
      period: 9,
      state: 'open',
      until: AHEAD + 1_000,
      mover: 'other',
    })
    line.memory.replace(NAME, line.stored(NAME), { ...moveTo({ state: 'closed' }), epoch: 5, period: 5 })
    fleet.met(older)
    await flush(60)
    expect(line.drain('replace')).toHaveLength(1)
  })

  it('and what somebody else has put there meanwhile is adopted, not overwritten', async () => {
    const { fleet, line } = single()
    await fleet.ready
    fleet.met(older)
    line.memory.replace(NAME, undefined, { ...moveTo({ state: 'open', until: { in: 700 } }), epoch: 9, period: 9 })
    fleet.met(undefined)
    await flush(60)
    expect(line.stored(NAME)).toMatchObject({ epoch: 9, state: 'open' })
    expect([seen(fleet), fleet.period]).toEqual([9, 9])
  })

  it('and a record that nobody has moved is not put back', async () => {
    const { fleet, line } = single()
    await fleet.ready
    fleet.met(record({ epoch: 0, period: 0 }))
    fleet.met(undefined)
    await flush(60)
    expect(line.drain('replace')).toEqual([])
  })

  it('also where storage was emptied, or went back in time', async () => {
    const clock = new ManualClock()
    const storage = new SimulatedStorage({ clock })
    const lines = [storage, storage.connect(), storage.connect()]
    const all = lines.map((line) => joined(line as unknown as Line))
    await Promise.all(all.map(({ breaker }) => breaker.ready()))
    const steps = async (ms: number): Promise<void> => {
      for (let left = ms; left > 0; left -= 10) {
        clock.advance(10)
        await flush(60)
      }
    }
    await all[0]?.breaker.open()
    const before = storage.server.peek(NAME)
    for (const lose of [() => storage.server.flush(), () => storage.server.failOver({ lost: 8_000 })]) {
      lose()
      await steps(6_000)
      expect(storage.server.peek(NAME)).toMatchObject({ epoch: before?.epoch, period: before?.period, state: 'open' })
      expect(states(...all)).toEqual(['open', 'open', 'open'])
    }
    expect(all.map(({ events }) => events.length)).toEqual([1, 1, 1])
  })
})

describe('the own circuit', () => {
  it('rests while the fleet governs, and goes on clean when that ends', async () => {
    const [a, b] = await pair({ breaker: { failMax: 5 } })
    fail(a.breaker, 3)
    await b.breaker.open()
    expect([a.breaker.state, a.breaker.failCounter, a.breaker.explain().scope]).toEqual(['open', 3, 'fleet'])
    await b.breaker.close()
    expect([a.breaker.state, a.breaker.failCounter, a.breaker.explain().scope]).toEqual(['closed', 0, 'local'])
    fail(a.breaker, 4)
    expect(a.breaker.state).toBe('closed')
    fail(a.breaker, 1)
    expect(a.breaker.state).toBe('open')
  })

  it('that had opened by itself is closed by what closes the fleet', async () => {
    const [a, b] = await pair({ breaker: { failMax: 2 } })
    b.breaker.callSync(fine)
    fail(a.breaker, 2)
    expect(states(a, b)).toEqual(['open', 'closed'])
    await b.breaker.open()
    await b.breaker.close()
    expect(states(a, b)).toEqual(['closed', 'closed'])
    expect(a.events).toEqual(['closed->open local', 'open->closed remote'])
  })

  it('of a process that starts beside a closed circuit goes on with what it has', async () => {
    const a = await alone({ breaker: { failMax: 3 } })
    await a.breaker.close()
    const late = joined(new Line({ clock: a.line.clock, memory: a.line.memory, random: () => 0.7 }), { failMax: 3 })
    fail(late.breaker, 2)
    await late.breaker.ready()
    expect(late.breaker.failCounter).toBe(2)
  })

  it('of a process that starts beside an open circuit rests', async () => {
    const a = await alone()
    await a.breaker.open()
    const late = joined(new Line({ clock: a.line.clock, memory: a.line.memory, random: () => 0.7 }))
    expect(late.breaker.state).toBe('closed')
    await late.breaker.ready()
    expect(late.breaker.state).toBe('open')
    expect(late.events).toEqual(['closed->open remote'])
  })

  it('lets traffic back bit by bit after the fleet has closed', async () => {
    const [a, b] = (await due(2, { breaker: { rampUp: 1_000 } })) as [Process, Process]
    expect(await a.breaker.call(fine)).toBe('fine')
    await flush(60)
    for (const { breaker } of [a, b]) {
      expect(await breaker.call(fine).catch((error: unknown) => error)).toMatchObject({ reason: 'ramp-up' })
    }
    await advance(a, 1_000)
    expect(await b.breaker.call(fine)).toBe('fine')
  })
})

describe('the processes of a large fleet', () => {
  it('do not all ask for the trial at once', async () => {
    const a = await alone()
    a.line.listeners = 1_000
    await a.breaker.open()
    await advance(a, 1_239)
    expect(await a.breaker.call(fine).catch((error: unknown) => error)).toMatchObject({ reason: 'open', retryAfter: 1 })
    await advance(a, 1)
    expect(await a.breaker.call(fine)).toBe('fine')
  })
})

describe('a command', () => {
  const commands = {
    open: ({ breaker }: Process) => breaker.open(),
    halfOpen: ({ breaker }: Process) => breaker.halfOpen(),
    hold: ({ breaker }: Process) => breaker.force('open'),
  }
  const leadsTo = { open: 'open', halfOpen: 'half-open', hold: 'open' }

  it.each(['open', 'halfOpen', 'hold'] as const)(
    '%s acts here at once, and everywhere when storage has it',
    async (name) => {
      const [a, b] = await pair()
      const done = commands[name](a)
      expect(a.breaker.state).toBe(leadsTo[name])
      await done
      expect(states(a, b)).toEqual([leadsTo[name], leadsTo[name]])
      expect(a.line.stored(NAME).state).toBe(leadsTo[name])
      expect([a.events, b.events]).toEqual([[`closed->${leadsTo[name]} local`], [`closed->${leadsTo[name]} remote`]])
    },
  )

  it.each(['open', 'halfOpen', 'hold'] as const)(
    '%s rejects where storage does not take it, and acts here all the same',
    async (name) => {
      const a = await alone()
      a.line.mode = 'refuses'
      expect(await ended(commands[name](a))).toMatchObject({ ok: false, error: { message: 'connect ECONNREFUSED' } })
      expect(a.breaker.state).toBe(leadsTo[name])
      expect(a.events).toEqual([`closed->${leadsTo[name]} local`, 'storage down'])
    },
  )

  it.each(['open', 'halfOpen', 'hold'] as const)(
    '%s rejects at once where storage is known to be down, and acts here',
    async (name) => {
      const a = await alone()
      a.line.mode = 'refuses'
      await a.breaker.open().catch(() => undefined)
      await a.breaker.close().catch(() => undefined)
      a.line.sent.length = 0
      const message = 'The storage of this circuit does not answer'
      expect(await ended(commands[name](a))).toMatchObject({ ok: false, error: { message } })
      expect(a.line.sent).toEqual([])
      expect(a.breaker.state).toBe(leadsTo[name])
    },
  )

  it('that nobody awaits may fail', async () => {
    const a = await alone()
    a.line.mode = 'refuses'
    void a.breaker.open()
    await flush(60)
    expect(a.breaker.state).toBe('open')
  })

  it('holds against what others do at the same time', async () => {
    const [a] = await pair()
    a.line.deaf = true
    a.line.before = () => {
      a.line.before = undefined
      a.line.memory.replace(NAME, undefined, moveTo({ state: 'closed' }))
    }
    await a.breaker.open()
    expect(a.line.drain('replace')).toHaveLength(2)
    expect([a.line.stored(NAME).state, a.breaker.state]).toEqual(['open', 'open'])
  })

  it('holds against answers that were on their way when it was given', async () => {
    const a = await alone()
    a.line.deaf = true
    a.line.memory.add(NAME, { epoch: 0, period: 0, keep: {} })
    a.line.mode = 'late'
    for (const watcher of a.line.watchers) watcher.reconnected()
    await advance(a, 20)
    const opened = a.breaker.open()
    a.line.release()
    await opened
    expect(a.breaker.state).toBe('open')
    expect(a.events).toEqual(['closed->open local'])
  })

  it('gives up where the circuit goes on changing', async () => {
    const [a] = await pair()
    a.line.deaf = true
    a.line.before = () => {
      a.line.memory.replace(NAME, a.line.memory.read([NAME])[0], moveTo({ state: 'closed' }))
    }
    expect(await ended(a.breaker.open())).toMatchObject({
      ok: false,
      error: { message: 'Circuit "c" went on changing; what was asked of it is not stored' },
    })
    expect(a.line.drain('replace')).toHaveLength(4)
  })

  it('that changes nothing is not sent', async () => {
    const a = await alone()
    await a.breaker.release()
    expect(a.line.drain('replace')).toEqual([])
  })

  it('on an open circuit starts its time anew, everywhere', async () => {
    const [a, b] = await pair()
    await a.breaker.open()
    await advance(a, 600)
    await b.breaker.open()
    await advance(a, 999)
    expect(await a.breaker.call(fine).catch((error: unknown) => error)).toMatchObject({ reason: 'open', retryAfter: 1 })
  })

  it('closes and zeroes the counts of all', async () => {
    const [a, b] = await pair({ breaker: { failMax: 5 } })
    fail(a.breaker, 2)
    fail(b.breaker, 2)
    await advance(a, 50)
    await a.breaker.close()
    expect([a, b].map(({ breaker }) => breaker.failCounter)).toEqual([0, 0])
    expect(a.line.stored(NAME)).toMatchObject({ state: 'closed', counts: {} })
  })

  it('holds a circuit until its time is over, which everybody notices', async () => {
    const [a, b] = await pair()
    await a.breaker.force('open', { for: 500, by: 'Ann', reason: 'deploy' })
    expect(await b.breaker.call(fine).catch((error: unknown) => error)).toMatchObject({
      reason: 'forced',
      retryAfter: 500,
    })
    expect(b.breaker.explain()).toMatchObject({ forced: { by: 'Ann', reason: 'deploy' }, scope: 'fleet' })
    await advance(a, 499)
    expect(states(a, b)).toEqual(['open', 'open'])
    await advance(a, 1)
    expect(states(a, b)).toEqual(['half-open', 'half-open'])
    expect(await b.breaker.call(fine)).toBe('fine')
    await flush(60)
    expect(states(a, b)).toEqual(['closed', 'closed'])
  })
})

describe('while storage is down', () => {
  it('an open circuit stays open here, and is tried by the process alone', async () => {
    const [a, b] = await pair()
    await a.breaker.open()
    a.line.mode = 'refuses'
    await a.breaker.open().catch(() => undefined)
    expect(a.breaker.explain().scope).toBe('local')
    expect(a.breaker.state).toBe('open')
    await advance(a, 1_000)
    a.line.sent.length = 0
    expect(await a.breaker.call(fine)).toBe('fine')
    expect(a.breaker.state).toBe('closed')
    expect(a.line.sent).toEqual([])
    a.line.mode = 'well'
    await advance(a, 5_000)
    expect(states(a, b)).toEqual(['open', 'open'])
    expect(a.events.filter((event) => event.startsWith('storage'))).toEqual(['storage down', 'storage up'])
    expect(a.events.at(-1)).toBe('closed->open remote')
  })

  it("failures are the own circuit's, and are not told afterwards", async () => {
    const [a, b] = await pair({ breaker: { failMax: 3 } })
    a.line.mode = 'refuses'
    fail(a.breaker, 3)
    await advance(a, 50)
    expect([a.breaker.state, b.breaker.state]).toEqual(['open', 'closed'])
    a.line.mode = 'well'
    a.line.sent.length = 0
    await advance(a, 6_000)
    expect((a.line.drain('add') as Tally[]).flatMap(({ fails }) => fails ?? [])).toEqual([])
    expect(b.breaker.state).toBe('closed')
  })

  it.each([
    ['last-known', 'open', []],
    ['closed', 'closed', ['open->closed local', 'closed->open remote']],
    ['open', 'open', []],
    ['half-open', 'half-open', ['open->half-open local', 'half-open->open remote']],
  ] as const)('an open circuit is, with whenDown %s, %s', async (whenDown, state, changes) => {
    const a = await alone({ whenDown, breaker: { resetTimeout: 60_000 } })
    await a.breaker.open()
    a.events.length = 0
    a.line.mode = 'silent'
    await advance(a, 5_000)
    expect(a.breaker.state).toBe(state)
    a.line.mode = 'well'
    await advance(a, 5_000)
    expect(a.breaker.state).toBe('open')
    expect(a.events.filter((event) => !event.startsWith('storage'))).toEqual(changes)
  })

  it.each(['open', 'half-open'] as const)(
    'a closed circuit is %s with whenDown so, until storage is back',
    async (whenDown) => {
      const a = await alone({ whenDown, breaker: { resetTimeout: 60_000 } })
      await a.breaker.close()
      a.line.mode = 'silent'
      await advance(a, 5_000)
      expect(a.breaker.state).toBe(whenDown)
      a.line.mode = 'well'
      await advance(a, 5_000)
      expect(a.breaker.state).toBe('closed')
      expect(a.events.filter((event) => !event.startsWith('storage'))).toEqual([
        `closed->${whenDown} local`,
        `${whenDown}->closed remote`,
      ])
    },
  )

  it('commands of others are learnt when it is back', async () => {
    const [a, b] = await pair()
    a.line.mode = 'refuses'
    a.line.deaf = true
    await advance(a, 5_000)
    await b.breaker.open()
    expect(a.breaker.state).toBe('closed')
    a.line.mode = 'well'
    await advance(a, 5_000)
    expect(a.breaker.state).toBe('open')
    expect(a.events.at(-1)).toBe('closed->open remote')
  })
})

describe('pushes that were missed', () => {
  it('are made up for soon after the connection is back', async () => {
    const [a, b] = await pair()
    a.line.deaf = true
    await b.breaker.open()
    expect(a.breaker.state).toBe('closed')
    a.line.deaf = false
    for (const watcher of a.line.watchers) watcher.reconnected()
    await advance(a, 20)
    expect(a.breaker.state).toBe('open')
  })
})

describe('settled and ready', () => {
  it('resolve at once where nothing is under way', async () => {
    const a = await alone()
    await expect(a.breaker.ready()).resolves.toBeUndefined()
    await expect(a.breaker.settled()).resolves.toBeUndefined()
  })

  it('ready waits for the first read, or until storage does not answer', async () => {
    const line = new Line()
    line.mode = 'silent'
    const { breaker } = joined(line)
    const ready = watch(breaker.ready())
    await flush(60)
    expect(ready.settled).toBeUndefined()
    line.clock.advance(100)
    await flush(60)
    expect(ready.settled?.ok).toBe(true)
  })

  it('settled waits until the fleet has made up its mind, and that is stored', async () => {
    const a = await alone({ breaker: { failMax: 3 } })
    fail(a.breaker, 3)
    const settled = watch(a.breaker.settled())
    await flush(60)
    await advance(a, 49)
    expect(settled.settled).toBeUndefined()
    await advance(a, 1)
    expect(settled.settled?.ok).toBe(true)
    expect(a.line.stored(NAME).state).toBe('open')
  })

  it('settled waits for a command, and resolves where it failed', async () => {
    const a = await alone()
    a.line.mode = 'silent'
    const opened = watch(a.breaker.open())
    const settled = watch(a.breaker.settled())
    await advance(a, 99)
    expect(settled.settled).toBeUndefined()
    await advance(a, 1)
    expect(settled.settled?.ok).toBe(true)
    expect(opened.settled?.ok).toBe(false)
  })
})

describe('disposed of', () => {
  it('a breaker goes on by its own circuit, where the fleet had left it, and asks storage nothing more', async () => {
    const [a, b] = await pair()
    await a.breaker.open()
    await a.breaker.dispose()
    expect(a.breaker.state).toBe('open')
    expect(a.line.watchers.size).toBe(0)
    expect(b.line.watchers.size).toBe(1)
    await b.breaker.close()
    a.line.sent.length = 0
    expect(a.breaker.state).toBe('open')
    await advance(a, 1_000)
    expect(await a.breaker.call(fine)).toBe('fine')
    expect(a.breaker.state).toBe('closed')
    await a.breaker.open()
    await advance(a, 10_000)
    expect(a.line.sent).toEqual([])
    expect(b.breaker.state).toBe('closed')
    expect(a.events).toEqual([
      'closed->open local',
      'open->half-open local',
      'half-open->closed local',
      'closed->open local',
    ])
  })

  it('at once, a breaker never writes to storage, and leaves no timer', async () => {
    const a = await alone()
    await a.breaker.dispose()
    a.line.sent.length = 0
    await advance(a, 10_000)
    expect(a.line.sent).toEqual([])
    expect(a.line.clock.pending).toBe(0)
  })

  it('the last of a process lets go, not the first', async () => {
    const a = await alone()
    const { breaker, events } = joined(a.line)
    await a.breaker.dispose()
    await a.breaker.dispose()
    expect(a.line.watchers.size).toBe(1)
    await breaker.open()
    expect(a.line.stored(NAME).state).toBe('open')
    expect(events).toEqual(['closed->open local'])
    await breaker.dispose()
    expect(a.line.watchers.size).toBe(0)
  })

  it('a breaker hears no more of the fleet, though another of its process goes on', async () => {
    const a = await alone()
    const { breaker } = joined(a.line)
    await a.breaker.dispose()
    await breaker.open()
    expect(a.events).toEqual([])
  })

  it('in the middle of a trial its verdict is late', async () => {
    const a = (await due(1))[0] as Process
    const call = await begin(a)
    await a.breaker.dispose()
    await call.succeed()
    expect(a.breaker.stats).toMatchObject({ late: 1, successes: 0 })
  })

  it('a breaker can be made anew on the same storage', async () => {
    const a = await alone()
    await a.breaker.dispose()
    await advance(a, 10)
    const again = joined(a.line)
    await again.breaker.ready()
    await again.breaker.open()
    expect(a.line.stored(NAME).state).toBe('open')
    const line = new Line({ clock: a.line.clock, memory: a.line.memory, random: () => 0.7 })
    const other = joined(line)
    await other.breaker.ready()
    await other.breaker.close()
    expect(again.breaker.state).toBe('closed')
  })
})

it('breakers of one process on one storage and name share a circuit, each told once', async () => {
  const a = await alone()
  const other = joined(a.line)
  await a.breaker.open()
  expect(states(a, other)).toEqual(['open', 'open'])
  expect(a.line.watchers.size).toBe(1)
  expect([a.events, other.events]).toEqual([['closed->open local'], ['closed->open local']])
  expect(a.line.drain('replace')).toHaveLength(1)
})

it('what the fleet has counted is in the explanation', async () => {
  const [a, b] = await pair({ breaker: { trip: consecutive(9) } })
  fail(a.breaker, 2)
  await advance(a, 50)
  fail(b.breaker, 3)
  await advance(a, 50)
  expect(b.breaker.explain().counts).toMatchObject({ failures: 3, fleetFailures: 5 })
})
