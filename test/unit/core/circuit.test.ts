// A circuit without a breaker around it: tickets, effects, words, watchers, ramps and holds.
import { describe, expect, it } from 'vitest'
import { closeCommand, forceCommand, halfOpenCommand, openCommand, releaseCommand } from '../../../src/core/commands.ts'
import { Circuit, type CircuitWatcher, type Transition } from '../../../src/core/circuit.ts'
import type { Options } from '../../../src/core/options.ts'
import { HttpStatusError } from '../../../src/core/errors.ts'
import { PRISTINE } from '../../../src/core/snapshot.ts'
import { anyOf, consecutive, failureRate, slowRate } from '../../../src/core/trip.ts'
import { boom, failOnce, succeedOnce, ticket, type World, world as unwatched } from './support.ts'

const hold = (state: 'open' | 'closed', until: number) => ({ state, until, by: 'ann', reason: 'a test' })

interface Watched extends World {
  /** Heard by a watcher, `closed>open: why`. */
  readonly heard: string[]
  /** Keeps the watcher, which a circuit holds weakly. */
  readonly watcher: CircuitWatcher
}

function world(options: Options = {}): Watched {
  const at = unwatched(options)
  const heard: string[] = []
  const watcher = { told: ({ from, to, why }: Transition): void => void heard.push(`${from}>${to}: ${why}`) }
  at.circuit.watchers.add(watcher)
  return { ...at, heard, watcher }
}

/** A world whose circuit has just tripped by its one failure. */
function tripped(options: Options = {}): Watched {
  const at = world({ failMax: 1, resetTimeout: 100, ...options })
  failOnce(at)
  return at
}

describe('a closed circuit', () => {
  it('counts failures in a row, and opens at the last of them', () => {
    const at = world({ failMax: 3, resetTimeout: 100 })
    expect([failOnce(at), failOnce(at), at.circuit.failures]).toEqual(['counted', 'counted', 2])
    expect([succeedOnce(at), at.circuit.failures]).toEqual(['counted', 0])
    expect([failOnce(at), failOnce(at), failOnce(at)]).toEqual(['counted', 'counted', 'tripped'])
    expect([at.circuit.failures, at.circuit.lastFailure]).toEqual([3, boom])
    expect(at.circuit.snapshot).toMatchObject({
      state: 'open',
      since: 1_000,
      until: 1_100,
      openedAt: 500_000,
      why: '3 calls in a row failed: boom',
      by: undefined,
    })
    at.circuit.tell()
    expect(at.heard).toEqual(['closed>open: 3 calls in a row failed: boom'])
  })

  it('says nothing of an error where there was none', () => {
    const at = world({ failMax: 1 })
    at.circuit.settle(ticket(at), 'failure', false, undefined, at.rules, at.clock)
    expect(at.circuit.snapshot).toMatchObject({ state: 'open', why: '1 call failed' })
  })

  it('takes an ignored call for nothing, even between failures', () => {
    const at = world({ failMax: 2 })
    failOnce(at)
    expect(at.circuit.settle(ticket(at), 'ignore', true, undefined, at.rules, at.clock)).toBe('counted')
    expect([at.circuit.failures, at.circuit.lastFailure]).toEqual([1, boom])
    expect(failOnce(at)).toBe('tripped')
  })

  it('keeps the newest failure, not a success, as the last', () => {
    const at = world({ failMax: 5 })
    failOnce(at)
    succeedOnce(at)
    expect(at.circuit.lastFailure).toBe(boom)
  })

  it('is plain unless it is held, not closed, or traffic is coming back', () => {
    const at = tripped({ rampUp: 50 })
    const { circuit, clock, manual, rules } = at
    expect(new Circuit().isPlain(clock)).toBe(true)
    expect(circuit.isPlain(clock)).toBe(false)
    circuit.command(closeCommand(rules), clock)
    expect(circuit.isPlain(clock)).toBe(false)
    manual.advance(49)
    expect(circuit.isPlain(clock)).toBe(false)
    manual.advance(1)
    expect(circuit.isPlain(clock)).toBe(true)
    circuit.command(forceCommand(hold('closed', 9_999)), clock)
    expect(circuit.isPlain(clock)).toBe(false)
  })

  it('without a ramp is plain without a look at the clock', () => {
    const clock = { ...world().clock, now: (): never => expect.unreachable('the clock was asked') }
    expect(new Circuit().isPlain(clock)).toBe(true)
  })

  it('that is closed again has no ramp', () => {
    const { circuit, clock, rules } = world({ rampUp: 50 })
    circuit.command(closeCommand(rules), clock)
    expect(circuit.snapshot.rampUp).toBe(0)
    expect(circuit.isPlain(clock)).toBe(true)
  })

  it('counts a quick success in windows alone', () => {
    const at = world({ trip: failureRate() })
    const part = at.rules.parts[0] as never
    at.circuit.failures = 3
    at.circuit.succeed(at.clock.now())
    expect(at.circuit.failures).toBe(0)
    expect(at.circuit.sums(part, 1_000)).toEqual({ ok: 1, bad: 0, slow: 0 })
  })
})

describe('windows', () => {
  it('are made once for each key', () => {
    const at = world({
      trip: anyOf(consecutive(3), failureRate(), failureRate({ threshold: 0.9 }), failureRate({ count: 5 })),
    })
    const { circuit, rules } = at
    expect(circuit.windows.map(({ key }) => key)).toEqual(['ms:10000', 'calls:5'])
    circuit.watch(rules.parts)
    expect(circuit.windows).toHaveLength(2)
    expect([circuit.isTimed, new Circuit().isTimed]).toEqual([true, false])
    expect(circuit.sums(rules.parts[0] as never, 0)).toBeUndefined()
    expect(new Circuit().sums(rules.parts[1] as never, 0)).toBeUndefined()
    expect(new Circuit().windows).toEqual([])
    expect(Object.isFrozen(new Circuit().windows)).toBe(true)
  })

  it('without one the clock is not asked on the way of a success', () => {
    const at = world()
    const reads: string[] = []
    const clock = {
      ...at.clock,
      now() {
        reads.push('now')
        return 5
      },
    }
    at.circuit.succeed(0)
    at.circuit.settle({ snapshot: at.circuit.snapshot, lease: undefined }, 'success', false, undefined, at.rules, clock)
    expect(reads).toEqual([])
  })

  it('trip by rate, with its words', () => {
    const at = world({ trip: failureRate({ count: 4 }) })
    expect([succeedOnce(at), succeedOnce(at), failOnce(at), failOnce(at)]).toEqual([
      'counted',
      'counted',
      'counted',
      'tripped',
    ])
    expect(at.circuit.snapshot.why).toBe('2 of 4 calls failed lately: boom')
  })

  it('a slow success may trip, and its crossing names no error', () => {
    const at = world({ trip: slowRate({ count: 2 }), slowCall: 5 })
    const slow = (): string => at.circuit.settle(ticket(at), 'success', true, undefined, at.rules, at.clock)
    expect([succeedOnce(at), slow()]).toEqual(['counted', 'tripped'])
    expect(at.circuit.snapshot.why).toBe('1 of 2 calls slow lately')
  })

  it('a quick success never trips, though the line is crossed', () => {
    const at = world({ trip: failureRate({ threshold: 0, count: 5, minimumCalls: 1 }) })
    expect(succeedOnce(at)).toBe('counted')
    expect(at.circuit.snapshot.state).toBe('closed')
  })

  it('are cleared by closing', () => {
    const at = world({ trip: failureRate({ count: 2 }) })
    failOnce(at)
    at.circuit.command(closeCommand(at.rules), at.clock)
    expect(at.circuit.sums(at.rules.parts[0] as never, 0)).toEqual({ ok: 0, bad: 0, slow: 0 })
    expect(at.circuit.failures).toBe(0)
  })
})

describe('an ended period', () => {
  it('makes a verdict late, and a held one notes it', () => {
    const at = world({ failMax: 2 })
    const early = ticket(at)
    at.circuit.command(closeCommand(at.rules), at.clock)
    expect(at.circuit.settle(early, 'failure', false, boom, at.rules, at.clock)).toBe('late')
    expect([at.circuit.failures, at.circuit.lastFailure]).toEqual([0, undefined])
    at.circuit.command(forceCommand(hold('closed', 2_000)), at.clock)
    expect([failOnce(at), at.circuit.failures]).toEqual(['noted', 0])
    const held = ticket(at)
    at.manual.advance(1_000)
    expect(at.circuit.settle(held, 'failure', false, boom, at.rules, at.clock)).toBe('late')
  })
})

describe('a trial', () => {
  it('goes out when the open time is over, with a lease and a reason', () => {
    const at = tripped({ trialTimeout: 30 })
    const { circuit, clock, manual, rules } = at
    expect(circuit.admit(rules, clock)).toEqual({ reason: 'open', retryAfter: 100 })
    manual.advance(100)
    const trial = ticket(at)
    expect(trial).toEqual({ snapshot: circuit.snapshot, lease: { id: '1', until: 1_130 } })
    expect(Object.isFrozen(trial.lease)).toBe(true)
    expect(circuit.admit(rules, clock)).toEqual({ reason: 'trial-in-flight', retryAfter: 30 })
    manual.advance(30)
    expect(ticket(at).lease).toEqual({ id: '2', until: 1_160 })
    expect(circuit.settle(trial, 'success', false, undefined, rules, clock)).toBe('late')
    circuit.tell()
    expect(at.heard).toEqual([
      'closed>open: 1 call failed: boom',
      'open>half-open: its time is over, a trial call goes out',
    ])
  })

  it('that fails opens the circuit again, and counts', () => {
    const at = tripped()
    at.manual.advance(100)
    const again = new Error('again')
    expect(failOnce(at, again)).toBe('trial-failed')
    expect(at.circuit.snapshot).toMatchObject({
      state: 'open',
      relapses: 1,
      since: 1_100,
      why: 'the trial call failed: again',
    })
    expect([at.circuit.failures, at.circuit.lastFailure]).toEqual([2, again])
    at.manual.advance(100)
    const trial = ticket(at)
    at.circuit.settle(trial, 'failure', false, undefined, at.rules, at.clock)
    expect(at.circuit.snapshot.why).toBe('the trial call failed')
  })

  it('that is ignored gives its place to the next, and changes no count', () => {
    const at = tripped()
    at.manual.advance(100)
    expect(at.circuit.settle(ticket(at), 'ignore', false, undefined, at.rules, at.clock)).toBe('counted')
    expect([at.circuit.snapshot.state, at.circuit.failures]).toEqual(['half-open', 1])
    expect(ticket(at).lease?.id).toBe('2')
  })

  it('that succeeds often enough closes, with nothing left', () => {
    const at = tripped({ successThreshold: 2, rampUp: 40 })
    at.manual.advance(100)
    expect([succeedOnce(at), at.circuit.snapshot.state, at.circuit.failures]).toEqual(['counted', 'half-open', 0])
    expect([succeedOnce(at), at.circuit.snapshot.state, at.circuit.snapshot.rampUp]).toEqual(['counted', 'closed', 40])
    at.circuit.tell()
    expect(at.heard.at(-1)).toBe('half-open>closed: 2 trial calls succeeded')
  })
})

describe('the ramp after closing', () => {
  it('lets in a share that grows, spread evenly, and says until when', () => {
    const at = tripped({ rampUp: 100 })
    const { circuit, clock, manual, rules } = at
    circuit.command(closeCommand(rules), clock)
    expect(circuit.admit(rules, clock)).toEqual({ reason: 'ramp-up', retryAfter: 100 })
    const letIn = (calls: number): string =>
      Array.from({ length: calls }, () => ('reason' in circuit.admit(rules, clock) ? '-' : 'x')).join('')
    manual.advance(25)
    expect(circuit.admit(rules, clock)).toEqual({ reason: 'ramp-up', retryAfter: 75 })
    expect(letIn(8)).toBe('--x---x-')
    manual.advance(25)
    expect(letIn(6)).toBe('-x-x-x')
    manual.advance(49)
    expect(letIn(1)).toBe('x')
    manual.advance(1)
    expect(letIn(3)).toBe('xxx')
    expect(circuit.admit(rules, clock)).toEqual({ snapshot: circuit.snapshot, lease: undefined })
  })

  it('starts without credit each time', () => {
    const at = tripped({ rampUp: 100 })
    const { circuit, clock, manual, rules } = at
    circuit.command(closeCommand(rules), clock)
    manual.advance(90)
    expect(circuit.admit(rules, clock)).toMatchObject({ reason: 'ramp-up' })
    circuit.command(openCommand(rules, circuit.lastFailure), clock)
    circuit.command(closeCommand(rules), clock)
    manual.advance(20)
    expect(circuit.admit(rules, clock)).toMatchObject({ reason: 'ramp-up' })
  })
})

describe('commands', () => {
  it('say which they were', () => {
    const at = world({ resetTimeout: 100 })
    const { circuit, clock, rules } = at
    circuit.command(openCommand(rules, circuit.lastFailure), clock)
    expect(circuit.snapshot).toMatchObject({ state: 'open', until: 1_100, openedAt: 500_000, why: 'open() was called' })
    circuit.command(halfOpenCommand(), clock)
    circuit.command(closeCommand(rules), clock)
    circuit.command(forceCommand(hold('open', 5_000)), clock)
    circuit.command(releaseCommand(), clock)
    circuit.tell()
    expect(at.heard).toEqual([
      'closed>open: open() was called',
      'open>half-open: halfOpen() was called',
      'half-open>closed: close() was called',
      'closed>open: a test',
      'open>half-open: release() was called',
    ])
  })

  it('take who and why from whoever knows', () => {
    const at = world()
    const { circuit, clock, rules } = at
    const origin = { why: 'a drill', by: 'ann' }
    circuit.command(openCommand(rules, circuit.lastFailure, origin), clock)
    expect(circuit.snapshot).toMatchObject(origin)
    circuit.command(halfOpenCommand(origin), clock)
    expect(circuit.snapshot).toMatchObject(origin)
    circuit.command(closeCommand(rules, origin), clock)
    expect(circuit.snapshot).toMatchObject(origin)
  })

  it('open() asks resetTimeout with the last failure and the relapses there are', () => {
    const told: unknown[] = []
    const at = world({ failMax: 1, resetTimeout: ({ relapses, error }) => told.push([relapses, error]) })
    const http = new HttpStatusError(503, 9)
    failOnce(at, http)
    at.manual.advance(1)
    failOnce(at, http)
    at.circuit.command(openCommand(at.rules, at.circuit.lastFailure), at.clock)
    expect(told).toEqual([
      [0, http],
      [1, http],
      [1, http],
    ])
  })

  it('release() without a hold does nothing', () => {
    const { circuit, clock } = world()
    circuit.command(releaseCommand(), clock)
    expect(circuit.snapshot).toBe(PRISTINE)
  })

  it('a new resetTimeout moves the end of an open time, and nothing else', () => {
    const at = tripped()
    at.circuit.reopenFor(700)
    expect(at.circuit.snapshot.until).toBe(1_700)
    at.circuit.reopenFor(({ relapses, error }) => (error === boom ? 900 + relapses : 0))
    expect(at.circuit.snapshot.until).toBe(1_900)
    at.circuit.command(halfOpenCommand(), at.clock)
    const half = at.circuit.snapshot
    at.circuit.reopenFor(5)
    expect(at.circuit.snapshot).toBe(half)
    at.circuit.command(forceCommand(hold('open', 5_000)), at.clock)
    at.circuit.reopenFor(5)
    expect(at.circuit.snapshot.until).toBe(5_000)
    const closed = world().circuit
    closed.reopenFor(5)
    expect(closed.snapshot).toBe(PRISTINE)
  })
})

describe('a hold', () => {
  it('ends by itself when its time is over, noticed by whoever looks', () => {
    const at = world()
    const { circuit, clock, manual, rules } = at
    circuit.expire(clock)
    expect(circuit.snapshot).toBe(PRISTINE)
    circuit.command(forceCommand(hold('open', 1_050)), clock)
    manual.advance(49)
    expect(circuit.admit(rules, clock)).toEqual({ reason: 'forced', retryAfter: 1 })
    manual.advance(1)
    expect(ticket(at).lease).toBeDefined()
    circuit.tell()
    expect(at.heard).toEqual([
      'closed>open: a test',
      'open>half-open: the circuit was held open, and the time of that is over',
    ])
    circuit.command(forceCommand(hold('closed', 1_060)), clock)
    manual.advance(10)
    circuit.expire(clock)
    expect(circuit.snapshot).toMatchObject({
      state: 'closed',
      forced: undefined,
      why: 'the circuit was held closed, and the time of that is over',
      by: undefined,
    })
  })
})

describe('watchers', () => {
  it('hear from, to, when, why and who, each change to all before the next', () => {
    const { circuit, clock, rules } = world()
    const heard: unknown[] = []
    const one = { told: (change: { to: string }): void => void heard.push(['one', change]) }
    const two = { told: (change: { to: string }): void => void heard.push(['two', change.to]) }
    circuit.watchers.add(one)
    circuit.watchers.add(two)
    circuit.command(openCommand(rules, circuit.lastFailure, { why: 'a drill', by: 'ann' }), clock)
    circuit.command(closeCommand(rules), clock)
    circuit.tell()
    expect(heard).toEqual([
      ['one', { from: 'closed', to: 'open', at: 500_000, why: 'a drill', by: 'ann', origin: 'local' }],
      ['two', 'open'],
      ['one', { from: 'open', to: 'closed', at: 500_000, why: 'close() was called', by: undefined, origin: 'local' }],
      ['two', 'closed'],
    ])
    circuit.tell()
    expect(heard).toHaveLength(4)
  })

  it('hear no change from a state to itself', () => {
    const at = world()
    at.circuit.command(closeCommand(at.rules), at.clock)
    at.circuit.command(openCommand(at.rules, at.circuit.lastFailure), at.clock)
    at.circuit.command(openCommand(at.rules, at.circuit.lastFailure), at.clock)
    at.circuit.tell()
    expect(at.heard).toEqual(['closed>open: open() was called'])
  })

  it('that change the circuit are heard after, in order', () => {
    const { circuit, clock, rules } = world()
    const heard: string[] = []
    const meddler = {
      told({ to }: { to: string }): void {
        heard.push(`meddler ${to}`)
        if (to === 'open') circuit.command(halfOpenCommand(), clock)
        circuit.tell()
      },
    }
    const other = { told: ({ to }: { to: string }): void => void heard.push(`other ${to}`) }
    circuit.watchers.add(meddler)
    circuit.watchers.add(other)
    circuit.command(openCommand(rules, circuit.lastFailure), clock)
    circuit.tell()
    expect(heard).toEqual(['meddler open', 'other open', 'meddler half-open', 'other half-open'])
    circuit.command(closeCommand(rules), clock)
    circuit.tell()
    expect(heard.slice(4)).toEqual(['meddler closed', 'other closed'])
  })

  it('are all kept, however many, as long as somebody holds them', () => {
    const { circuit, clock, rules } = world()
    let told = 0
    const many = Array.from({ length: 40 }, () => ({ told: (): void => void told++ }))
    for (const one of many) circuit.watchers.add(one)
    circuit.command(openCommand(rules, circuit.lastFailure), clock)
    circuit.tell()
    expect(told).toBe(40)
  })
})

describe('a circuit that is restored', () => {
  it('is where the snapshot says, with cleared windows and the given failures', () => {
    const at = world({ trip: failureRate({ count: 5 }) })
    failOnce(at)
    const snapshot = { ...PRISTINE, state: 'open' as const, why: 'from a memo' }
    at.circuit.restore(snapshot, 4, at.clock)
    expect([at.circuit.snapshot, at.circuit.failures]).toEqual([snapshot, 4])
    expect(at.circuit.sums(at.rules.parts[0] as never, 0)).toEqual({ ok: 0, bad: 0, slow: 0 })
    at.circuit.tell()
    expect(at.heard).toEqual(['closed>open: from a memo'])
  })
})
