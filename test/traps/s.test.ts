// TRAPS.md, state machine and races: one test or more per row, each named after its row.

import { afterEach, expect, test, vi } from 'vitest'
import {
  CircuitBreaker,
  CircuitBreakerError,
  consecutive,
  failureRate,
  isCircuitBreakerError,
  MemoryStorage,
  slowRate,
} from '../../src/index.ts'
import type { CircuitState, Listener, Permit } from '../../src/index.ts'
import { ManualClock } from '../../src/testing/index.ts'
import { deferred, ended, endedSync, errorOf, flush, watch } from '../support/async.ts'
import { begin, broken, changes, down, fail, fine, record, setup, succeed, trip } from '../support/breaker.ts'
import type { Setup } from '../support/breaker.ts'

afterEach(() => {
  vi.restoreAllMocks()
})

const resetTimeout = 1_000

/** A circuit that tripped at time 0 and whose time is up: the next call is a trial. */
function due(options: Parameters<typeof setup>[0] = {}): Setup {
  const made = setup({ failMax: 1, resetTimeout, ...options })
  trip(made.breaker)
  made.clock.advance(resetTimeout)
  made.events.length = 0
  return made
}

function warnings(): string[] {
  const heard: string[] = []
  vi.spyOn(process, 'emitWarning').mockImplementation((warning: string | Error) => {
    heard.push(String(warning))
  })
  return heard
}

// ---- S1

test('S1 a trial that never settles gives its place away after trialTimeout', async () => {
  const { clock, breaker } = due({ trialTimeout: 500 })
  const hung = await begin(breaker)
  expect(hung.ran).toBe(true)
  clock.advance(499)
  expect(await errorOf(breaker.call(fine))).toMatchObject({ reason: 'trial-in-flight', retryAfter: 1 })
  clock.advance(1)
  expect(await breaker.call(fine)).toBe('fine')
  expect(breaker.state).toBe('closed')
})

test('S1 what a trial says after its trialTimeout is discarded, success and failure alike', async () => {
  for (const verdict of ['succeed', 'fail'] as const) {
    const { clock, breaker, events } = due({ trialTimeout: 500 })
    const hung = await begin(breaker)
    clock.advance(501)
    expect((await hung[verdict]()).ok).toBe(verdict === 'succeed')
    expect(breaker.state).toBe('half-open')
    expect(breaker.stats.late).toBe(1)
    expect(events).toEqual(['open->half-open'])

    const second = await begin(breaker)
    expect(second.ran).toBe(true)
    await second.succeed()
    expect(breaker.state).toBe('closed')
    expect(breaker.stats).toMatchObject({ trials: 2, late: 1 })
  }
})

test('S1 the late result of a replaced trial neither decides nor frees the place of its successor', async () => {
  const { clock, breaker } = due({ trialTimeout: 500 })
  const first = await begin(breaker)
  clock.advance(500)
  const second = await begin(breaker)
  await first.succeed()
  expect(breaker.state).toBe('half-open')
  expect(await errorOf(breaker.call(fine))).toMatchObject({ reason: 'trial-in-flight' })
  await second.fail()
  expect(breaker.state).toBe('open')
})

test('S1 trialTimeout is the timeout and one second, and 30 seconds without a timeout', async () => {
  for (const [options, left] of [
    [{ timeout: 4_000 }, 5_000],
    [{}, 30_000],
  ] as const) {
    const { breaker } = due(options)
    await begin(breaker)
    expect(await errorOf(breaker.call(fine))).toMatchObject({ reason: 'trial-in-flight', retryAfter: left })
  }
})

// ---- S2

test('S2 of 1000 calls in one tick exactly `trials` run', async () => {
  for (const trials of [1, 3]) {
    const { breaker } = due({ trials })
    const work = deferred()
    let running = 0
    const calls = Array.from({ length: 1_000 }, () =>
      watch(
        breaker.call(() => {
          running++
          return work.promise
        }),
      ),
    )
    await flush()
    expect(running).toBe(trials)
    expect(breaker.stats).toMatchObject({ trials, rejected: 1_000 - trials })
    for (const { settled } of calls.filter(({ settled }) => settled !== undefined)) {
      expect(settled).toMatchObject({ ok: false, error: { reason: 'trial-in-flight', state: 'half-open' } })
    }
    work.resolve('fine')
    const outcomes = await Promise.all(calls.map(({ done }) => done))
    expect(outcomes.filter(({ ok }) => ok)).toHaveLength(trials)
    expect(running).toBe(trials)
  }
})

test('S2 permits asked for in one tick are `trials` at most, awaited or not', async () => {
  const { breaker } = due({ trials: 2 })
  const asked = await Promise.all(Array.from({ length: 100 }, () => ended(breaker.acquire())))
  expect(asked.filter(({ ok }) => ok)).toHaveLength(2)
  expect(endedSync(() => breaker.acquireSync()).ok).toBe(false)
})

// ---- S3

test('S3 a late success does not close a half-open circuit', async () => {
  const { clock, breaker, events } = setup({ failMax: 1, resetTimeout })
  const early = await begin(breaker)
  trip(breaker)
  clock.advance(resetTimeout)
  const trial = await begin(breaker)
  expect(await early.succeed('late')).toEqual({ ok: true, value: 'late' })
  expect(breaker.state).toBe('half-open')
  expect(breaker.successCounter).toBe(0)
  expect(breaker.stats).toMatchObject({ late: 1, successes: 0 })
  await trial.fail()
  expect(breaker.state).toBe('open')
  expect(changes(events)).toEqual(['closed->open', 'open->half-open', 'half-open->open'])
})

// ---- S4

test('S4 a late failure does not re-open a half-open circuit: the trial decides alone', async () => {
  const { clock, breaker, events } = setup({ failMax: 1, resetTimeout })
  const early = await begin(breaker)
  trip(breaker)
  clock.advance(resetTimeout)
  const trial = await begin(breaker)
  expect(await early.fail()).toEqual({ ok: false, error: down })
  expect(breaker.state).toBe('half-open')
  expect(breaker.stats).toMatchObject({ late: 1, failures: 1 })
  expect(await trial.succeed()).toEqual({ ok: true, value: 'fine' })
  expect(breaker.state).toBe('closed')
  expect(changes(events)).toEqual(['closed->open', 'open->half-open', 'half-open->closed'])
})

test('S4 a failure from before the outage counts against nothing once the circuit is closed again', async () => {
  const { clock, breaker } = setup({ failMax: 1, resetTimeout })
  const early = await begin(breaker)
  trip(breaker)
  clock.advance(resetTimeout)
  succeed(breaker)
  await early.fail()
  expect(breaker.state).toBe('closed')
  expect(breaker.failCounter).toBe(0)
  expect(breaker.stats.late).toBe(1)
})

// ---- S5

test('S5 a late success does not close an open circuit, nor does anything half-open a closed one later', async () => {
  const { clock, breaker, events } = setup({ failMax: 1, resetTimeout })
  const early = await begin(breaker)
  trip(breaker)
  const openedAt = breaker.openedAt
  clock.advance(400)
  await early.succeed()
  expect(breaker.state).toBe('open')
  expect(breaker.openedAt).toEqual(openedAt)
  expect(await errorOf(breaker.call(fine))).toMatchObject({ reason: 'open', retryAfter: 600 })

  clock.advance(600)
  succeed(breaker)
  expect(breaker.state).toBe('closed')
  clock.advance(10 * resetTimeout)
  await flush()
  expect(breaker.state).toBe('closed')
  expect(changes(events)).toEqual(['closed->open', 'open->half-open', 'half-open->closed'])
})

test('S5 a circuit closed by hand is not half-opened by the time of the open before', async () => {
  const { clock, breaker, events } = setup({ failMax: 1, resetTimeout })
  trip(breaker)
  void breaker.close()
  clock.advance(resetTimeout)
  succeed(breaker)
  expect(breaker.state).toBe('closed')
  expect(changes(events)).toEqual(['closed->open', 'open->closed'])
})

// ---- S6

test('S6 a trial of one half-open period does not close the next one, nor free a place in it', async () => {
  const { clock, breaker } = due({ trials: 2 })
  const old = await begin(breaker)
  await (await begin(breaker)).fail()
  clock.advance(resetTimeout)
  const first = await begin(breaker)
  const second = await begin(breaker)
  expect([old.ran, first.ran, second.ran]).toEqual([true, true, true])

  await old.succeed()
  expect(breaker.state).toBe('half-open')
  expect(breaker.stats.late).toBe(1)
  expect((await begin(breaker)).ran).toBe(false)

  await first.succeed()
  expect(breaker.state).toBe('closed')
})

test('S6 a trial of one half-open period does not re-open the next one', async () => {
  const { clock, breaker } = due({ trials: 2 })
  const old = await begin(breaker)
  await (await begin(breaker)).fail()
  clock.advance(resetTimeout)
  const trial = await begin(breaker)
  expect(await old.fail()).toEqual({ ok: false, error: down })
  expect(breaker.state).toBe('half-open')
  await trial.succeed()
  expect(breaker.state).toBe('closed')
})

test('S6 a trial counts for nothing in a half-open period that a command began', async () => {
  const { breaker } = due({ successThreshold: 2 })
  const old = await begin(breaker)
  void breaker.close()
  void breaker.halfOpen()
  const trial = await begin(breaker)
  expect(trial.ran).toBe(true)
  await old.succeed()
  expect(breaker.successCounter).toBe(0)
  expect((await begin(breaker)).ran).toBe(false)
})

// ---- S7

test('S7 failures after the trip do not prolong the open period', async () => {
  const { clock, breaker, events } = setup({ failMax: 2, resetTimeout })
  const flying = await Promise.all(Array.from({ length: 10 }, () => begin(breaker)))
  await flying[0]!.fail()
  await flying[1]!.fail()
  const openedAt = breaker.openedAt
  expect(breaker.state).toBe('open')
  for (const call of flying.slice(2)) {
    clock.advance(100)
    await call.fail()
    expect(breaker.openedAt).toEqual(openedAt)
  }
  expect(await errorOf(breaker.call(fine))).toMatchObject({ retryAfter: 200 })
  clock.advance(200)
  expect(await breaker.call(fine)).toBe('fine')
  expect(changes(events)).toEqual(['closed->open', 'open->half-open', 'half-open->closed'])
})

test('S7 rejected calls do not prolong the open period', () => {
  const { clock, breaker } = setup({ failMax: 1, resetTimeout })
  trip(breaker)
  for (let elapsed = 100; elapsed < resetTimeout; elapsed += 100) {
    clock.advance(100)
    expect(endedSync(() => breaker.callSync(() => 'fine')).ok).toBe(false)
  }
  clock.advance(100)
  expect(breaker.callSync(() => 'fine')).toBe('fine')
})

// ---- S8

test('S8 the open period is measured from the failure, not from the start of the call that failed', async () => {
  const { clock, breaker } = setup({ failMax: 1, resetTimeout })
  const slow = await begin(breaker)
  clock.advance(20_000)
  await slow.fail()
  expect(breaker.openedAt).toEqual(new Date(clock.wallNow()))
  clock.advance(resetTimeout - 1)
  expect(await errorOf(breaker.call(fine))).toMatchObject({ reason: 'open', retryAfter: 1 })
  clock.advance(1)
  expect(await breaker.call(fine)).toBe('fine')
})

test('S8 a slow trial that fails still gives a full open period', async () => {
  const { clock, breaker } = due({ trialTimeout: Infinity })
  const trial = await begin(breaker)
  clock.advance(20_000)
  expect((await trial.fail()).ok).toBe(false)
  expect(await errorOf(breaker.call(fine))).toMatchObject({ reason: 'open', retryAfter: resetTimeout })
})

// ---- S9

test('S9 concurrent trials that all fail open the circuit once', async () => {
  const { breaker, events } = due({ trials: 3 })
  const trials = [await begin(breaker), await begin(breaker), await begin(breaker)]
  const outcomes = await Promise.all(trials.map((trial) => trial.fail()))
  expect(changes(events)).toEqual(['open->half-open', 'half-open->open'])
  expect(breaker.stats).toMatchObject({ trials: 3, late: 2, failures: 2 })
  // The first decides; the other two came late and pass as they are.
  expect(outcomes[0]).toMatchObject({ ok: false, error: { reason: 'trial-failed', cause: down } })
  expect(outcomes.slice(1)).toEqual([
    { ok: false, error: down },
    { ok: false, error: down },
  ])
})

test('S9 concurrent failures trip a closed circuit once', async () => {
  const { breaker, events } = setup({ failMax: 3 })
  await Promise.all(Array.from({ length: 100 }, () => ended(breaker.call(broken))))
  expect(changes(events)).toEqual(['closed->open'])
})

test('S9 concurrent trials that all succeed close the circuit once', async () => {
  const { breaker, events } = due({ trials: 3 })
  const trials = [await begin(breaker), await begin(breaker), await begin(breaker)]
  await Promise.all(trials.map((trial) => trial.succeed()))
  expect(changes(events)).toEqual(['open->half-open', 'half-open->closed'])
  expect(breaker.stats.late).toBe(2)
})

// ---- S10

test('S10 one failed trial re-opens, whatever minimumCalls the policy asks for', () => {
  const policies = [
    failureRate({ threshold: 0.5, minimumCalls: 10 }),
    failureRate({ threshold: 0.5, count: 100, minimumCalls: 10 }),
    consecutive(10),
  ]
  for (const policy of policies) {
    const { clock, breaker } = setup({ trip: policy, resetTimeout })
    fail(breaker, 10)
    expect(breaker.state).toBe('open')
    clock.advance(resetTimeout)
    const trial = endedSync(() =>
      breaker.callSync(() => {
        throw down
      }),
    )
    expect(trial).toMatchObject({ ok: false, error: { reason: 'trial-failed' } })
    expect(breaker.state).toBe('open')
  }
})

test('S10 a failed trial re-opens under slowRate too', () => {
  const { breaker } = setup({ trip: slowRate({ minimumCalls: 5 }), slowCall: 100, resetTimeout })
  void breaker.halfOpen()
  fail(breaker)
  expect(breaker.state).toBe('open')
})

// ---- S11

class NotMine extends Error {}

test('S11 an ignored error gives the trial its place back and decides nothing', async () => {
  const { breaker, events } = due({ ignore: [NotMine] })
  const error = new NotMine('not this dependency')
  for (let round = 0; round < 5; round++) {
    expect(
      await errorOf(
        breaker.call(() => {
          throw error
        }),
      ),
    ).toBe(error)
    expect(breaker.state).toBe('half-open')
  }
  expect(breaker.stats).toMatchObject({ ignored: 5, trials: 5, failures: 1 })
  expect(await breaker.call(fine)).toBe('fine')
  expect(breaker.state).toBe('closed')
  expect(events).toEqual(['open->half-open', ...Array(5).fill('ignored'), 'half-open->closed', 'success'])
})

test('S11 every way to say nothing gives the place back: classify, ignore(), a disposed permit', () => {
  const { breaker } = due({
    classify: (outcome) => (outcome.value === 'neither' ? 'ignore' : outcome.ok ? 'success' : 'failure'),
  })
  expect(breaker.callSync(() => 'neither')).toBe('neither')
  breaker.acquireSync().ignore()
  breaker.acquireSync()[Symbol.dispose]()
  expect(breaker.state).toBe('half-open')
  expect(breaker.stats).toMatchObject({ ignored: 3, trials: 3 })
  succeed(breaker)
  expect(breaker.state).toBe('closed')
})

// ---- S12

test('S12 a predicate that throws is skipped with a warning; the caller gets the own error', async () => {
  const bad = () => {
    throw new Error('a bug in the predicate')
  }
  for (const options of [{ classify: bad }, { ignore: [bad] }, { exclude: [bad] }]) {
    const heard = warnings()
    const { breaker } = setup({ failMax: 2, resetTimeout, ...options })
    expect(await errorOf(breaker.call(broken))).toBe(down)
    expect(heard.length).toBeGreaterThan(0)
    expect(heard[0]).toContain('a bug in the predicate')
    expect(breaker.failCounter).toBe(1)
    expect(await breaker.call(fine)).toBe('fine')
    expect(breaker.stats).toMatchObject({ calls: 2, failures: 1, successes: 1 })
    vi.restoreAllMocks()
  }
})

test('S12 a classifier that throws during a trial does not keep its place', async () => {
  warnings()
  const { breaker } = due({
    successThreshold: 2,
    classify: () => {
      throw new Error('a bug in the classifier')
    },
  })
  expect(await breaker.call(fine)).toBe('fine')
  expect(breaker.successCounter).toBe(1)
  expect(await breaker.call(fine)).toBe('fine')
  expect(breaker.state).toBe('closed')
})

test('S12 a predicate that throws leaves the others their say', async () => {
  warnings()
  const bad = () => {
    throw new Error('a bug in the predicate')
  }
  const { breaker } = setup({ ignore: [bad, NotMine] })
  await errorOf(
    breaker.call(() => {
      throw new NotMine()
    }),
  )
  expect(breaker.stats).toMatchObject({ ignored: 1, failures: 0 })
})

test('S12 a classifier that answers something else is skipped with a warning', async () => {
  const heard = warnings()
  const { breaker } = setup({ classify: (() => 'maybe') as never })
  expect(await breaker.call(fine)).toBe('fine')
  expect(await errorOf(breaker.call(broken))).toBe(down)
  expect(breaker.stats).toMatchObject({ successes: 1, failures: 1 })
  expect(heard.length).toBeGreaterThan(0)
})

// ---- S13

const hooks = ['beforeCall', 'success', 'failure', 'ignored', 'rejected', 'stateChange'] as const

test('S13 a listener that throws, or whose promise rejects, does not touch what the caller gets', async () => {
  for (const how of ['throw', 'reject'] as const) {
    const heard = warnings()
    const called = new Set<string>()
    const listener = Object.fromEntries(
      hooks.map((hook) => [
        hook,
        () => {
          called.add(hook)
          const bug = new Error(`a bug in ${hook}`)
          if (how === 'throw') throw bug
          return Promise.reject(bug)
        },
      ]),
    ) as Listener
    const clock = new ManualClock()
    const breaker = new CircuitBreaker({ clock, failMax: 1, resetTimeout, ignore: [NotMine], listeners: [listener] })
    const after: string[] = record(breaker)

    const notMine = new NotMine()
    expect(await breaker.call(fine)).toBe('fine')
    expect(
      await errorOf(
        breaker.call(() => {
          throw notMine
        }),
      ),
    ).toBe(notMine)
    expect(await errorOf(breaker.call(broken))).toMatchObject({ reason: 'tripped', cause: down })
    expect(await errorOf(breaker.call(fine))).toMatchObject({ reason: 'open' })
    clock.advance(resetTimeout)
    expect(breaker.callSync(() => 'fine')).toBe('fine')
    await flush()

    expect(breaker.state).toBe('closed')
    expect([...called].sort()).toEqual([...hooks].sort())
    for (const hook of hooks) expect(heard.join('\n')).toContain(`a bug in ${hook}`)
    // The listener after the broken one hears everything.
    expect(after).toEqual([
      'success',
      'ignored',
      'failure',
      'closed->open',
      'rejected open',
      'open->half-open',
      'half-open->closed',
      'success',
    ])
    vi.restoreAllMocks()
  }
})

test('S13 a listener that moves the circuit does not change what the call that tripped it gets', async () => {
  for (const command of ['close', 'halfOpen'] as const) {
    const { breaker } = setup({ failMax: 1, resetTimeout })
    breaker.on('stateChange', (told, _, to) => {
      if (to === 'open') void told[command]()
    })
    const error = await errorOf(breaker.call(broken))
    expect(breaker.state).toBe(command === 'close' ? 'closed' : 'half-open')
    expect(error).toMatchObject({ reason: 'tripped', state: 'open', retryAfter: resetTimeout, cause: down })
    expect(error.openedAt).toBeInstanceOf(Date)
  }
})

test('S13 a listener that throws does not keep commands from acting', async () => {
  warnings()
  const { breaker } = setup()
  breaker.on('stateChange', () => {
    throw new Error('a bug')
  })
  await breaker.open()
  expect(breaker.state).toBe('open')
  await breaker.halfOpen()
  expect(breaker.state).toBe('half-open')
  await breaker.close()
  expect(breaker.state).toBe('closed')
})

// ---- S14

test('S14 a trial whose caller aborts frees its place; the next caller is the trial', async () => {
  const { breaker, events } = due()
  const abort = new AbortController()
  const trial = watch(breaker.run(() => new Promise(() => {}), { signal: abort.signal }))
  await flush()
  expect((await errorOf(breaker.call(fine))).reason).toBe('trial-in-flight')
  const reason = new Error('the user went away')
  abort.abort(reason)
  expect(await trial.done).toEqual({ ok: false, error: reason })
  expect(breaker.state).toBe('half-open')
  expect(breaker.stats).toMatchObject({ ignored: 1, failures: 1 })
  expect(await breaker.call(fine)).toBe('fine')
  expect(breaker.state).toBe('closed')
  expect(events).toContain('ignored')
})

test('S14 a generator that is stopped during its trial frees its place', async () => {
  const { breaker } = due()
  const rows = breaker.iterate(async function* () {
    yield 1
    yield 2
  })
  expect(await rows.next()).toEqual({ done: false, value: 1 })
  expect((await errorOf(breaker.call(fine))).reason).toBe('trial-in-flight')
  await rows.return(undefined)
  expect(breaker.state).toBe('half-open')
  succeed(breaker)
  expect(breaker.state).toBe('closed')

  const again = due()
  for (const _ of again.breaker.iterateSync([1, 2])) break
  expect(again.breaker.state).toBe('half-open')
  succeed(again.breaker)
  expect(again.breaker.state).toBe('closed')
})

test('S14 a permit dropped by an early return frees its place', () => {
  const { breaker } = due()
  const early = (permit: Permit): void => {
    try {
      return
    } finally {
      permit[Symbol.dispose]()
    }
  }
  early(breaker.acquireSync())
  succeed(breaker)
  expect(breaker.state).toBe('closed')
})

// ---- S15 (and the property test in test/model)

test('S15 a success and a trip in one tick leave no timestamp behind on a closed circuit', async () => {
  const { clock, breaker } = setup({ failMax: 1, resetTimeout })
  const good = await begin(breaker)
  const bad = await begin(breaker)
  const results = [bad.fail(), good.succeed()]
  await Promise.all(results)
  expect(breaker.state).toBe('open')
  expect(breaker.openedAt).toBeInstanceOf(Date)

  clock.advance(resetTimeout)
  expect(breaker.state).toBe('open')
  succeed(breaker)
  expect(breaker.state).toBe('closed')
  expect(breaker.openedAt).toBeUndefined()
  expect(breaker.explain()).toMatchObject({ state: 'closed', openedAt: undefined, nextTrialAt: undefined })
})

// ---- S16

test('S16 a command that changes nothing fires no stateChange and does not throw', async () => {
  const { clock, breaker, events } = setup({ resetTimeout })
  await breaker.close()
  expect(events).toEqual([])
  await breaker.open()
  clock.advance(600)
  await breaker.open()
  // Not a change, but the time starts anew.
  expect(await errorOf(breaker.call(fine))).toMatchObject({ reason: 'open', retryAfter: resetTimeout })
  await breaker.halfOpen()
  await breaker.halfOpen()
  await breaker.close()
  await breaker.close()
  await breaker.release()
  expect(changes(events)).toEqual(['closed->open', 'open->half-open', 'half-open->closed'])
})

test('S16 forcing a circuit into the state it has fires no stateChange', async () => {
  const { breaker, events } = setup({ resetTimeout })
  await breaker.force('closed')
  await breaker.force('closed')
  expect(events).toEqual([])
  await breaker.release()
  await breaker.open()
  await breaker.force('open')
  await breaker.force('open')
  expect(events).toEqual(['closed->open'])
})

test('S16 close() on a closed circuit zeroes its counts', () => {
  const { breaker } = setup({ failMax: 3 })
  fail(breaker, 2)
  void breaker.close()
  expect(breaker.failCounter).toBe(0)
  fail(breaker, 2)
  expect(breaker.state).toBe('closed')
  fail(breaker)
  expect(breaker.state).toBe('open')
})

// ---- S17

test('S17 a forced open circuit stays open, whatever time passes, until release', async () => {
  const { clock, breaker } = setup({ failMax: 1, resetTimeout })
  trip(breaker)
  void breaker.force('open', { by: 'ada', reason: 'maintenance' })
  clock.advance(1_000 * resetTimeout)
  expect(breaker.state).toBe('open')
  const error = await errorOf(breaker.call(fine))
  expect(error).toMatchObject({
    reason: 'forced',
    state: 'open',
    retryAfter: Infinity,
    message: 'Circuit breaker forced open',
  })
  expect(breaker.explain().forced).toMatchObject({ state: 'open', by: 'ada', reason: 'maintenance', until: undefined })
  void breaker.release()
  expect(breaker.state).toBe('half-open')
  expect(breaker.explain().forced).toBeUndefined()
  succeed(breaker)
  expect(breaker.state).toBe('closed')
})

test('S17 a forced open circuit ends at its expiry, half-open', async () => {
  const { clock, breaker, events } = setup({ failMax: 1, resetTimeout })
  void breaker.force('open', { for: 5_000 })
  clock.advance(4_999)
  expect(await errorOf(breaker.call(fine))).toMatchObject({ reason: 'forced', retryAfter: 1 })
  clock.advance(1)
  expect(await breaker.call(fine)).toBe('fine')
  expect(breaker.state).toBe('closed')
  expect(changes(events)).toEqual(['closed->open', 'open->half-open', 'half-open->closed'])
})

test('S17 a forced closed circuit lets everything pass and does not trip, until release', () => {
  const { clock, breaker, events } = setup({ failMax: 2, resetTimeout })
  fail(breaker)
  void breaker.force('closed')
  for (let call = 0; call < 50; call++) {
    expect(
      endedSync(() =>
        breaker.callSync(() => {
          throw down
        }),
      ),
    ).toEqual({ ok: false, error: down })
    clock.advance(100)
  }
  expect(breaker.state).toBe('closed')
  expect(breaker.stats.failures).toBe(51)
  void breaker.release()
  expect(breaker.state).toBe('closed')
  expect(breaker.failCounter).toBe(0)
  fail(breaker)
  expect(breaker.state).toBe('closed')
  fail(breaker)
  expect(breaker.state).toBe('open')
  expect(changes(events)).toEqual(['closed->open'])
})

test('S17 a forced closed circuit ends at its expiry, closed with counts zero', () => {
  const { clock, breaker } = setup({ failMax: 2, resetTimeout })
  fail(breaker)
  void breaker.force('closed', { for: 5_000 })
  fail(breaker, 10)
  clock.advance(5_000)
  fail(breaker)
  expect(breaker.state).toBe('closed')
  expect(breaker.failCounter).toBe(1)
  fail(breaker)
  expect(breaker.state).toBe('open')
})

test('S17 a circuit forced closed while open does not open again by the old period', async () => {
  const { clock, breaker } = setup({ failMax: 1, resetTimeout })
  const early = await begin(breaker)
  trip(breaker)
  void breaker.force('closed')
  expect(breaker.state).toBe('closed')
  clock.advance(resetTimeout / 2)
  await early.fail()
  expect(await breaker.call(fine)).toBe('fine')
  clock.advance(resetTimeout)
  expect(breaker.state).toBe('closed')
})

test('S17 open, halfOpen and close end a force', () => {
  for (const [command, state] of [
    ['open', 'open'],
    ['halfOpen', 'half-open'],
    ['close', 'closed'],
  ] as const) {
    for (const forced of ['open', 'closed'] as const) {
      const { breaker } = setup({ resetTimeout })
      void breaker.force(forced)
      void breaker[command]()
      expect(breaker.state).toBe(state)
      expect(breaker.explain().forced).toBeUndefined()
    }
  }
})

test('S17 a call in flight when the force began decides nothing, during it and after', async () => {
  const { breaker } = due()
  const trial = await begin(breaker)
  void breaker.force('open')
  await trial.succeed()
  expect(breaker.state).toBe('open')
  expect((await errorOf(breaker.call(fine))).reason).toBe('forced')
  void breaker.release()
  expect(breaker.state).toBe('half-open')
  expect(breaker.successCounter).toBe(0)
})

// ---- S18

test('S18 state is one of three at every moment under load, the same wherever it is read', async () => {
  const { clock, breaker } = setup({ failMax: 3, resetTimeout: 100, trials: 2, successThreshold: 2 })
  const seen = new Set<CircuitState>()
  let state: CircuitState = 'closed'
  breaker.on('stateChange', (told, from, to) => {
    expect(from).toBe(state)
    expect(told.state).toBe(to)
    state = to
  })
  const look = (): void => {
    expect(['closed', 'open', 'half-open']).toContain(breaker.state)
    expect(breaker.explain().state).toBe(breaker.state)
    expect(breaker.state).toBe(state)
    seen.add(breaker.state)
  }
  let sick = false
  for (let round = 0; round < 60; round++) {
    if (round % 10 === 0) sick = !sick
    const calls = Array.from({ length: 10 }, () => {
      look()
      const call = ended(breaker.call(sick ? broken : fine))
      look()
      return call.then(look)
    })
    await Promise.all(calls)
    clock.advance(30)
  }
  expect([...seen].sort()).toEqual(['closed', 'half-open', 'open'])
})

// ---- S19

test('S19 a listener sees the new state, in every field', () => {
  const { clock, breaker } = setup({ failMax: 1, resetTimeout })
  const seen: unknown[] = []
  breaker.on('stateChange', (told, from, to) => {
    seen.push([from, to, told.state, told.explain().state, told.openedAt !== undefined, told.successCounter])
  })
  trip(breaker)
  clock.advance(resetTimeout)
  succeed(breaker)
  expect(seen).toEqual([
    ['closed', 'open', 'open', 'open', true, 0],
    ['open', 'half-open', 'half-open', 'half-open', true, 0],
    ['half-open', 'closed', 'closed', 'closed', false, 0],
  ])
})

test('S19 a call made inside a stateChange listener meets the new state', async () => {
  const { clock, breaker } = setup({ failMax: 1, resetTimeout })
  const inside: unknown[] = []
  breaker.on('stateChange', (told, _, to) => {
    const outcome = endedSync(() => told.callSync(() => 'inside'))
    inside.push([to, outcome.ok ? outcome.value : outcome.error.reason])
  })
  trip(breaker)
  clock.advance(resetTimeout)
  // This call made the circuit half-open and is its trial; the one inside finds the place taken.
  expect(await breaker.call(fine)).toBe('fine')
  expect(inside).toEqual([
    ['open', 'open'],
    ['half-open', 'trial-in-flight'],
    ['closed', 'inside'],
  ])
  expect(breaker.state).toBe('closed')
})

test('S19 changes made by a listener are heard by every listener in the order they happened', () => {
  const clock = new ManualClock()
  const first: string[] = []
  const second: string[] = []
  const breaker = new CircuitBreaker({
    clock,
    failMax: 1,
    resetTimeout,
    listeners: [
      {
        stateChange(told, from, to) {
          first.push(`${from}->${to}`)
          if (to === 'open') void told.halfOpen()
          if (to === 'half-open') void told.close()
        },
      },
      { stateChange: (_, from, to) => void second.push(`${from}->${to}`) },
    ],
  })
  fail(breaker)
  const order = ['closed->open', 'open->half-open', 'half-open->closed']
  expect(first).toEqual(order)
  expect(second).toEqual(order)
  expect(breaker.state).toBe('closed')
})

test('S19 breakers on one circuit all hear the changes in order, when a listener of one makes the next', () => {
  const clock = new ManualClock()
  const storage = new MemoryStorage({ clock })
  const make = (): CircuitBreaker => new CircuitBreaker({ clock, storage, name: 'shared', failMax: 1, resetTimeout })
  const one = make()
  const two = make()
  one.on('stateChange', (told, _, to) => {
    if (to === 'open') void told.halfOpen()
    if (to === 'half-open') void told.close()
  })
  const heard = [record(one), record(two)]
  fail(one)
  const order = ['closed->open', 'open->half-open', 'half-open->closed']
  expect(heard.map(changes)).toEqual([order, order])
})

test('S19 a call made inside the function of a trial is rejected, not a second trial', async () => {
  const { breaker } = due()
  const outcome = await breaker.call(async () => (await errorOf(breaker.call(fine))).reason)
  expect(outcome).toBe('trial-in-flight')
  expect(breaker.stats.trials).toBe(1)
  expect(breaker.state).toBe('closed')
})

test('S19 a listener that removes itself, or adds another, does not make one be skipped', () => {
  const { breaker } = setup({ failMax: 1 })
  const heard: string[] = []
  const once = breaker.on('failure', () => {
    heard.push('once')
    once[Symbol.dispose]()
  })
  breaker.on('failure', () => {
    heard.push('always')
  })
  fail(breaker)
  expect(heard).toEqual(['once', 'always'])
  void breaker.close()
  fail(breaker)
  expect(heard).toEqual(['once', 'always', 'always'])
})

// ---- S20

test('S20 calls beside a trial do not wait: they are rejected at once, and nothing stampedes when it ends', async () => {
  const { breaker } = due()
  const trial = await begin(breaker)
  const beside = Array.from({ length: 100 }, () => watch(breaker.call(fine)))
  await flush()
  expect(beside.every(({ settled }) => settled?.ok === false)).toBe(true)
  const ran = breaker.stats.calls
  await trial.succeed()
  await flush()
  expect(breaker.stats.calls).toBe(ran)
  expect(breaker.state).toBe('closed')
})

// ---- S21

test('S21 rejections are no verdict: they move no counter', async () => {
  const { breaker } = setup({ trip: failureRate({ threshold: 0.5, count: 10, minimumCalls: 4 }), resetTimeout })
  fail(breaker, 4)
  const before = { fails: breaker.failCounter, stats: breaker.stats }
  for (let call = 0; call < 100; call++) await errorOf(breaker.call(fine))
  expect(breaker.failCounter).toBe(before.fails)
  expect(breaker.stats).toEqual({ ...before.stats, rejected: before.stats.rejected + 100 })
})

test("S21 another breaker's rejection is no verdict here, however deep in cause", async () => {
  const inner = setup({ name: 'inner' })
  void inner.breaker.open()
  const { breaker, events } = setup({ name: 'outer', failMax: 1 })
  const error = await errorOf(breaker.call(() => inner.breaker.call(fine)))
  expect(error).toMatchObject({ breaker: 'inner', reason: 'open' })
  const wrapped = new Error('request failed', { cause: new Error('no connection', { cause: error }) })
  expect(await errorOf(breaker.call(() => Promise.reject(wrapped)))).toBe(wrapped)
  expect(breaker.state).toBe('closed')
  expect(breaker.stats).toMatchObject({ ignored: 2, failures: 0 })
  expect(events).toEqual(['ignored', 'ignored'])
})

// ---- S22

test('S22 every way a function can end is handled', async () => {
  const { breaker } = setup({ failMax: 1_000 })
  const thenable = { then: (yes: (value: string) => void) => yes('from a thenable') }
  const refusing = { then: (_: unknown, no: (error: unknown) => void) => no('refused') }
  const ways: [() => unknown, unknown][] = [
    [
      () => {
        throw down
      },
      { ok: false, error: down },
    ],
    [() => 'at once', { ok: true, value: 'at once' }],
    [() => undefined, { ok: true, value: undefined }],
    [() => null, { ok: true, value: null }],
    [() => 0, { ok: true, value: 0 }],
    [() => thenable, { ok: true, value: 'from a thenable' }],
    [() => refusing, { ok: false, error: 'refused' }],
    [() => Promise.resolve(), { ok: true, value: undefined }],
    [() => Promise.reject(undefined), { ok: false, error: undefined }],
    [() => Promise.reject(null), { ok: false, error: null }],
    [
      () => {
        throw undefined
      },
      { ok: false, error: undefined },
    ],
    [
      () => {
        throw null
      },
      { ok: false, error: null },
    ],
    [
      () => ({
        get then(): never {
          throw down
        },
      }),
      { ok: false, error: down },
    ],
  ]
  for (const [fn, expected] of ways) {
    expect(await ended(breaker.call(fn))).toEqual(expected)
    expect(await ended(breaker.wrap(fn as () => Promise<unknown>)())).toEqual(expected)
    expect(await ended(breaker.run(fn))).toEqual(expected)
  }
  const failures = ways.filter(([, expected]) => !(expected as { ok: boolean }).ok).length
  expect(breaker.stats).toMatchObject({
    calls: 3 * ways.length,
    failures: 3 * failures,
    successes: 3 * (ways.length - failures),
    ignored: 0,
  })
})

test('S22 callSync hands back what the function gave and throws what it threw, falsy or not', () => {
  const { breaker } = setup({ failMax: 1_000 })
  for (const value of [undefined, null, 0, '', false, NaN]) expect(breaker.callSync(() => value)).toBe(value)
  for (const error of [undefined, null, 0, '', down]) {
    expect(
      endedSync(() =>
        breaker.callSync(() => {
          throw error
        }),
      ),
    ).toEqual({ ok: false, error })
  }
  expect(breaker.stats).toMatchObject({ successes: 6, failures: 5 })
})

test('S22 an error that is undefined trips like any other, and is the cause', async () => {
  const { breaker } = setup({ failMax: 1 })
  const error = await errorOf(breaker.call(() => Promise.reject(undefined)))
  expect(isCircuitBreakerError(error)).toBe(true)
  expect(error).toMatchObject({ reason: 'tripped', cause: undefined })
  expect(breaker.state).toBe('open')
})

// ---- S23

test('S23 a permit takes one verdict: what is said after it is a no-op', () => {
  const { breaker } = setup({ failMax: 1 })
  const permit = breaker.acquireSync()
  permit.success()
  permit.failure(down)
  permit.ignore()
  permit.success()
  permit[Symbol.dispose]()
  expect(breaker.state).toBe('closed')
  expect(breaker.stats).toMatchObject({ calls: 1, successes: 1, failures: 0, ignored: 0, late: 0 })
})

test('S23 a permit that was ignored cannot fail afterwards', () => {
  const { breaker } = setup({ failMax: 1 })
  const permit = breaker.acquireSync()
  permit.ignore()
  permit.failure(down)
  expect(breaker.state).toBe('closed')
  expect(breaker.stats).toMatchObject({ calls: 1, ignored: 1, failures: 0, late: 0 })
})

test('S23 a call that timed out and answers later has one verdict', async () => {
  for (const end of ['resolve', 'reject'] as const) {
    const { clock, breaker, events } = setup({ failMax: 5 })
    const work = deferred()
    const call = watch(breaker.run(() => work.promise, { timeout: 100 }))
    await flush()
    clock.advance(100)
    expect(await call.done).toMatchObject({ ok: false, error: { name: 'TimeoutError' } })
    work[end]('late' as never)
    await flush()
    expect(events).toEqual(['failure'])
    expect(breaker.stats).toMatchObject({ calls: 1, failures: 1, successes: 0, late: 0 })
  }
})

test('S23 a thenable that settles twice is heard once', async () => {
  const { breaker, events } = setup()
  const twice = {
    then(yes: (value: string) => void, no: (error: unknown) => void) {
      yes('first')
      no(down)
      yes('second')
    },
  }
  expect(await breaker.call(() => twice as PromiseLike<string>)).toBe('first')
  await flush()
  expect(events).toEqual(['success'])
})

test('S23 two places are not freed by one trial', () => {
  const { breaker } = due({ trials: 2 })
  const first = breaker.acquireSync()
  breaker.acquireSync()
  first.ignore()
  first.ignore()
  first[Symbol.dispose]()
  breaker.acquireSync()
  expect(endedSync(() => breaker.acquireSync())).toMatchObject({ ok: false, error: { reason: 'trial-in-flight' } })
})

// ---- S24 (the core's part)

test('S24 the call that trips throws CircuitBreakerError with the original as cause', async () => {
  const { breaker } = setup({ failMax: 2, resetTimeout, name: 'payments' })
  expect(await errorOf(breaker.call(broken))).toBe(down)
  const error = await errorOf(breaker.call(broken))
  expect(error).toBeInstanceOf(CircuitBreakerError)
  expect(error.message).toBe('Failures threshold reached, circuit breaker opened')
  expect(error).toMatchObject({ breaker: 'payments', state: 'open', reason: 'tripped', retryAfter: resetTimeout })
  expect(error.cause).toBe(down)
})

test('S24 the trial that fails throws CircuitBreakerError with the original as cause', async () => {
  const { breaker } = due()
  const other = new Error('still down')
  const error = await errorOf(breaker.call(() => Promise.reject(other)))
  expect(error).toBeInstanceOf(CircuitBreakerError)
  expect(error.message).toBe('Trial call failed, circuit breaker opened')
  expect(error).toMatchObject({ state: 'open', reason: 'trial-failed', retryAfter: resetTimeout })
  expect(error.cause).toBe(other)
})

test('S24 with throwNewErrorOnTrip: false both throw the original, and later calls are rejected as ever', async () => {
  const { clock, breaker } = setup({ failMax: 1, resetTimeout, throwNewErrorOnTrip: false })
  expect(await errorOf(breaker.call(broken))).toBe(down)
  expect(breaker.state).toBe('open')
  expect((await errorOf(breaker.call(fine))).reason).toBe('open')
  clock.advance(resetTimeout)
  expect(
    endedSync(() =>
      breaker.callSync(() => {
        throw down
      }),
    ),
  ).toEqual({ ok: false, error: down })
  expect(breaker.state).toBe('open')
})

test('S24 a value that trips is returned as it is, and so is a slow success', async () => {
  const judged = setup({ failMax: 1, classify: () => 'failure' })
  expect(await judged.breaker.call(async () => 503)).toBe(503)
  expect(judged.breaker.state).toBe('open')

  const slow = setup({ trip: slowRate({ minimumCalls: 1 }), slowCall: 100 })
  const call = await begin(slow.breaker)
  slow.clock.advance(101)
  expect(await call.succeed('at last')).toEqual({ ok: true, value: 'at last' })
  expect(slow.breaker.state).toBe('open')
})

test('S24 a fallback is given the original error, not the one that replaces it', async () => {
  const { breaker } = setup({ failMax: 1 })
  const given: unknown[] = []
  const answer = await breaker.run(broken, { fallback: (error) => (given.push(error), 'cached') })
  expect(answer).toBe('cached')
  expect(given).toEqual([down])
  expect(breaker.state).toBe('open')
})

// ---- S25

test('S25 with timers that never run, the transition happens on the next call, by the clock', () => {
  let now = 0
  const clock = { now: () => now }
  const breaker = new CircuitBreaker({ clock, failMax: 1, resetTimeout, trialTimeout: 500 })
  const events = record(breaker)
  fail(breaker)
  now = 999
  expect(endedSync(() => breaker.callSync(() => 'fine')).ok).toBe(false)
  now = 1_000
  // The trial's place is taken and never given back; its lease ends by the clock alone.
  breaker.acquireSync()
  expect(breaker.state).toBe('half-open')
  now = 1_500
  expect(breaker.callSync(() => 'fine')).toBe('fine')
  void breaker.force('open', { for: 100 })
  now = 1_600
  expect(breaker.callSync(() => 'fine')).toBe('fine')
  expect(changes(events)).toEqual([
    'closed->open',
    'open->half-open',
    'half-open->closed',
    'closed->open',
    'open->half-open',
    'half-open->closed',
  ])
})

test('S25 a busy microtask loop on the system clock does not hold the circuit open', async () => {
  const breaker = new CircuitBreaker({ failMax: 1, resetTimeout: 0 })
  await errorOf(breaker.call(broken))
  expect(breaker.state).toBe('open')
  // Not one timer or immediate runs in here.
  for (let turn = 0; turn < 1_000; turn++) await undefined
  expect(await breaker.call(fine)).toBe('fine')
  expect(breaker.state).toBe('closed')
})
