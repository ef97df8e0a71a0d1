// TRAPS.md, counting, windows, numbers, clocks: one test or more per row, each named after its row.
// N12 and N13 are about fleets and live with the shared storages.

import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { afterEach, expect, test, vi } from 'vitest'
import { anyOf, backoff, CircuitBreaker, consecutive, failureRate, MemoryStorage, slowRate } from '../../src/index.ts'
import type { OpenContext, TripPolicy } from '../../src/index.ts'
import { ManualClock } from '../../src/testing/index.ts'
import { ended, endedSync, errorOf, flush, watch } from '../support/async.ts'
import { begin, broken, changes, down, fail, fine, record, setup, succeed, trip } from '../support/breaker.ts'
import { Random } from '../support/random.ts'
import { slotted, within } from '../support/window.ts'

afterEach(() => {
  vi.useRealTimers()
  vi.restoreAllMocks()
})

const context = (relapses: number, retryAfter?: number): OpenContext => ({ relapses, error: down, retryAfter })

/** Every number in a value, however deep, with the way to it. */
function numbers(value: unknown, path = ''): [string, number][] {
  if (typeof value === 'number') return [[path, value]]
  if (value instanceof Date) return [[path, value.getTime()]]
  if (typeof value !== 'object' || value === null) return []
  return Object.entries(value).flatMap(([key, inner]) => numbers(inner, `${path}.${key}`))
}

// ---- N1

test('N1 without calls no rate exists: nothing trips and nothing is NaN', () => {
  const policies = [
    failureRate(),
    failureRate({ threshold: 0, minimumCalls: 1 }),
    failureRate({ count: 5, minimumCalls: 1 }),
    slowRate({ minimumCalls: 1 }),
    anyOf(consecutive(1), failureRate({ minimumCalls: 1 })),
  ]
  for (const policy of policies) {
    const { clock, breaker } = setup({ trip: policy, slowCall: 100, ignore: [() => true] })
    const look = (): void => {
      expect(breaker.state).toBe('closed')
      const explanation = breaker.explain()
      expect(numbers(explanation).filter(([, number]) => !Number.isFinite(number))).toEqual([])
      expect(explanation.text).not.toMatch(/NaN|Infinity|undefined/)
      expect(JSON.stringify(explanation)).not.toMatch(/null/)
      expect(breaker.snapshot()).not.toMatch(/NaN|Infinity/)
      expect(numbers(breaker.stats).every(([, number]) => Number.isFinite(number))).toBe(true)
    }
    look()
    fail(breaker, 20) // each is ignored: still no call in any denominator
    look()
    clock.advance(3_600_000)
    look()
  }
})

test('N1 an open circuit without end has no NaN either, and snapshots to JSON that reads back', () => {
  const { clock, breaker } = setup({ failMax: 1, resetTimeout: Infinity })
  trip(breaker)
  expect(breaker.explain().nextTrialAt).toBeUndefined()
  expect(breaker.explain().text).not.toMatch(/NaN|undefined|Invalid/)
  expect(breaker.snapshot()).not.toMatch(/NaN/)
  const again = new CircuitBreaker({ clock, failMax: 1, resetTimeout: Infinity })
  again.restore(breaker.snapshot())
  expect(again.state).toBe('open')
  expect(endedSync(() => again.callSync(() => 'fine'))).toMatchObject({ ok: false, error: { retryAfter: Infinity } })
})

// ---- N2

test('N2 a rate equal to the threshold trips', () => {
  for (const window of [{ window: 10_000 }, { count: 10 }]) {
    const { breaker } = setup({ trip: failureRate({ threshold: 0.5, minimumCalls: 10, ...window }) })
    succeed(breaker, 5)
    fail(breaker, 4)
    expect(breaker.state).toBe('closed')
    fail(breaker)
    expect(breaker.state).toBe('open')
  }
})

test('N2 a threshold of 1 trips when every call fails, and not before', () => {
  for (const window of [{ window: 10_000 }, { count: 10 }]) {
    const all = setup({ trip: failureRate({ threshold: 1, minimumCalls: 3, ...window }) })
    fail(all.breaker, 2)
    expect(all.breaker.state).toBe('closed')
    fail(all.breaker)
    expect(all.breaker.state).toBe('open')

    const most = setup({ trip: failureRate({ threshold: 1, minimumCalls: 3, ...window }) })
    succeed(most.breaker)
    fail(most.breaker, 9)
    expect(most.breaker.state).toBe('closed')
  }
})

test('N2 slowRate with a threshold of 1 trips when every call is slow', () => {
  const { clock, breaker } = setup({ trip: slowRate({ threshold: 1, minimumCalls: 3 }), slowCall: 100 })
  const slow = (): unknown => breaker.callSync(() => clock.advance(101))
  slow()
  slow()
  expect(breaker.state).toBe('closed')
  slow()
  expect(breaker.state).toBe('open')
})

test('N2 a call is slow above slowCall, not at it', () => {
  const { clock, breaker } = setup({ slowCall: 100 })
  breaker.callSync(() => clock.advance(100))
  expect(breaker.stats.slow).toBe(0)
  breaker.callSync(() => clock.advance(101))
  expect(breaker.stats.slow).toBe(1)
})

test('N2 failMax is reached at failMax, and the wait is over at resetTimeout', () => {
  const { clock, breaker } = setup({ failMax: 3, resetTimeout: 1_000 })
  fail(breaker, 2)
  expect(breaker.state).toBe('closed')
  fail(breaker)
  expect(breaker.state).toBe('open')
  clock.advance(999)
  expect(endedSync(() => breaker.callSync(() => 'fine')).ok).toBe(false)
  clock.advance(1)
  expect(endedSync(() => breaker.callSync(() => 'fine')).ok).toBe(true)
})

// ---- N3

test('N3 the first failure after silence does not trip: minimumCalls is honoured', () => {
  const { clock, breaker } = setup({ trip: failureRate({ threshold: 0.5, window: 10_000, minimumCalls: 5 }) })
  succeed(breaker, 100)
  clock.advance(60_000)
  fail(breaker, 4)
  expect(breaker.state).toBe('closed')
  fail(breaker)
  expect(breaker.state).toBe('open')
})

test('N3 minimumCalls is honoured for timeouts too', async () => {
  const { clock, breaker } = setup({
    trip: failureRate({ threshold: 0.1, window: 10_000, minimumCalls: 3 }),
    timeout: 100,
  })
  for (const state of ['closed', 'closed', 'open']) {
    const call = watch(breaker.run(() => new Promise(() => {})))
    await flush()
    clock.advance(100)
    expect((await call.done).ok).toBe(false)
    expect(breaker.state).toBe(state)
  }
})

test('N3 minimumCalls is 10 by default', () => {
  const { breaker } = setup({ trip: failureRate() })
  fail(breaker, 9)
  expect(breaker.state).toBe('closed')
  fail(breaker)
  expect(breaker.state).toBe('open')
})

// ---- N4

test('N4 rejected calls dilute no rate', () => {
  const { clock, breaker } = setup({
    trip: failureRate({ threshold: 0.5, window: 60_000, minimumCalls: 4 }),
    resetTimeout: 1_000,
    rampUp: 10_000,
  })
  void breaker.open()
  for (let call = 0; call < 100; call++) endedSync(() => breaker.callSync(() => 'fine'))
  clock.advance(1_000)
  succeed(breaker)
  expect(breaker.state).toBe('closed')
  // Right after closing most calls are turned away by the ramp.
  let failed = 0
  for (let call = 0; call < 1_000 && breaker.state === 'closed'; call++) {
    clock.advance(1)
    const outcome = endedSync(() =>
      breaker.callSync(() => {
        throw down
      }),
    )
    if (!outcome.ok && (outcome.error === down || outcome.error.reason === 'tripped')) failed++
  }
  expect(breaker.state).toBe('open')
  expect(breaker.stats.rejected).toBeGreaterThan(104)
  expect(failed).toBe(4)
})

test('N4 ignored calls dilute no rate and reach no minimum', () => {
  for (const window of [{ window: 10_000 }, { count: 8 }]) {
    const { breaker } = setup({
      trip: failureRate({ threshold: 0.5, minimumCalls: 4, ...window }),
      ignore: [RangeError],
    })
    fail(breaker, 100, new RangeError('not mine'))
    fail(breaker, 3)
    expect(breaker.state).toBe('closed')
    fail(breaker, 100, new RangeError('not mine'))
    expect(breaker.state).toBe('closed')
    fail(breaker)
    expect(breaker.state).toBe('open')
  }
})

test('N4 calls in flight are in no denominator, nor are late verdicts', async () => {
  const { breaker } = setup({ trip: failureRate({ threshold: 0.6, count: 10, minimumCalls: 2 }) })
  const early = [await begin(breaker), await begin(breaker), await begin(breaker)]
  void breaker.open()
  void breaker.close()
  const flying = [await begin(breaker), await begin(breaker)]
  for (const call of early) await call.succeed()
  expect(breaker.stats.late).toBe(3)
  fail(breaker)
  expect(breaker.state).toBe('closed')
  fail(breaker)
  expect(breaker.state).toBe('open')
  for (const call of flying) await call.succeed()
})

test('N4 ignored calls leave the count of consecutive failures alone', () => {
  const { breaker } = setup({ failMax: 3, ignore: [RangeError] })
  fail(breaker, 2)
  fail(breaker, 5, new RangeError('not mine'))
  expect(breaker.failCounter).toBe(2)
  fail(breaker)
  expect(breaker.state).toBe('open')
})

// ---- N5

test('N5 a window empties by time even when nothing calls', () => {
  const { clock, breaker } = setup({ trip: failureRate({ threshold: 0.5, window: 10_000, minimumCalls: 5 }) })
  fail(breaker, 4)
  clock.advance(10_000)
  fail(breaker)
  expect(breaker.state).toBe('closed')
  fail(breaker, 3)
  expect(breaker.state).toBe('closed')
  fail(breaker)
  expect(breaker.state).toBe('open')
})

test('N5 what explain() counts empties by time, without a call in between', () => {
  const { clock, breaker } = setup({
    trip: failureRate({ threshold: 0.9, window: 10_000, minimumCalls: 50 }),
    slowCall: 1,
  })
  succeed(breaker, 7)
  fail(breaker, 5)
  const full = Object.values(breaker.explain().counts)
  expect(full).toContain(12)
  clock.advance(10_000)
  const empty = Object.values(breaker.explain().counts)
  expect(empty).not.toContain(12)
  expect(empty).not.toContain(7)
})

test('N5 old successes do not linger either: an outage after them trips once they are out of the window', () => {
  const { clock, breaker } = setup({ trip: failureRate({ threshold: 1, window: 10_000, minimumCalls: 2 }) })
  succeed(breaker, 100)
  clock.advance(8_000)
  fail(breaker, 2)
  expect(breaker.state).toBe('closed')
  clock.advance(2_000)
  fail(breaker)
  expect(breaker.state).toBe('open')
})

test('N5 an outcome counts for nine tenths of the window at least and the whole at most', () => {
  for (const offset of [0, 1, 499, 500, 999]) {
    for (const [age, counts] of [
      [8_999, true],
      [9_000, true],
      [10_000, false],
      [10_001, false],
    ] as const) {
      const { clock, breaker } = setup({ trip: failureRate({ threshold: 0.5, window: 10_000, minimumCalls: 2 }) })
      clock.advance(offset)
      fail(breaker)
      clock.advance(age)
      fail(breaker)
      expect(breaker.state, `offset ${offset}, age ${age}`).toBe(counts ? 'open' : 'closed')
    }
  }
})

// ---- N6 (the long property test is in test/model)

interface Moment {
  /** ms since the moment before */
  readonly after: number
  readonly calls: number
}

/** How many outcomes the window holds when one more failure is recorded, found out by asking both sides of minimumCalls. */
function heldBy(window: number, start: number, moments: readonly Moment[], expected: number): boolean {
  const tripsAt = (minimumCalls: number): boolean => {
    const clock = new ManualClock(start)
    const breaker = new CircuitBreaker({ clock, trip: failureRate({ threshold: 0, window, minimumCalls }) })
    for (const { after, calls } of moments) {
      clock.advance(after)
      succeed(breaker, calls) // a quick success judges nothing
    }
    fail(breaker)
    return breaker.state === 'open'
  }
  return tripsAt(expected + 1) && !tripsAt(expected + 2)
}

test('N6 the window holds what a naive model says, at bucket edges, after long idle, from any start', () => {
  const random = Random.from('N6')
  for (let round = 0; round < 300; round++) {
    const window = random.pick([10, 100, 1_000, 10_000])
    const slot = window / 10
    const start = random.pick([0, 1, -1, -slot, -window - 1, 987_654_321, 2 ** 31 - slot, 2 ** 40])
    const moments = random.list(12, () => ({
      after: random.pick([
        0,
        1,
        slot - 1,
        slot,
        slot + 1,
        5 * slot,
        window - slot,
        window - 1,
        window,
        window + 1,
        10 * window,
        3_600_000,
      ]),
      calls: random.upTo(3),
    }))
    let now = start
    const times = moments.flatMap(({ after, calls }) => {
      now += after
      return Array<number>(calls).fill(now)
    })
    const expected = slotted(times, now, window)
    expect(
      heldBy(window, start, moments, expected),
      `seed ${random.seed}, round ${round}, ${JSON.stringify({ window, start, moments, expected })}`,
    ).toBe(true)
  }
})

test('N6 a window of any length keeps nine tenths at least and forgets after the whole', () => {
  const random = Random.from('N6 any length')
  for (let round = 0; round < 200; round++) {
    const window = random.pick([1, 7, 33.3, 250.5, 999, 12_345, 86_400_000])
    const start = random.pick([0, -5, 0.25, 123_456.789])
    const moments = random.list(10, () => ({
      after: random.unit() * random.pick([0.05, 0.3, 1, 20]) * window,
      calls: random.upTo(2),
    }))
    let now = start
    const times = moments.flatMap(({ after, calls }) => {
      now += after
      return Array<number>(calls).fill(now)
    })
    const least = within(times, now, 0.9 * window - 1e-6)
    const most = within(times, now, window + 1e-6)
    const agreed = Array.from({ length: most - least + 1 }, (_, more) => least + more).some((count) =>
      heldBy(window, start, moments, count),
    )
    expect(
      agreed,
      `seed ${random.seed}, round ${round}, ${JSON.stringify({ window, start, moments, least, most })}`,
    ).toBe(true)
  }
})

test('N6 after an idle of a year the window is empty and counts anew', () => {
  const { clock, breaker } = setup({ trip: failureRate({ threshold: 0.5, window: 1_000, minimumCalls: 3 }) })
  fail(breaker, 2)
  clock.advance(365 * 86_400_000)
  fail(breaker, 2)
  expect(breaker.state).toBe('closed')
  fail(breaker)
  expect(breaker.state).toBe('open')
})

// ---- N7

test('N7 a step of the wall clock by an hour, either way, changes no timing', async () => {
  for (const step of [-3_600_000, 3_600_000]) {
    const { clock, breaker } = setup({ failMax: 1, resetTimeout: 1_000, trialTimeout: 500 })
    trip(breaker)
    clock.setWall(clock.wallNow() + step)
    expect(await errorOf(breaker.call(fine))).toMatchObject({ reason: 'open', retryAfter: 1_000 })
    clock.advance(999)
    expect(await errorOf(breaker.call(fine))).toMatchObject({ reason: 'open', retryAfter: 1 })
    clock.advance(1)
    const trial = await begin(breaker)
    expect(trial.ran).toBe(true)
    clock.setWall(clock.wallNow() - step)
    expect(await errorOf(breaker.call(fine))).toMatchObject({ reason: 'trial-in-flight', retryAfter: 500 })
    await trial.succeed()
    expect(breaker.state).toBe('closed')
  }
})

test('N7 a step of the wall clock moves no window and no force', () => {
  for (const step of [-3_600_000, 3_600_000]) {
    const { clock, breaker } = setup({ trip: failureRate({ threshold: 0.5, window: 10_000, minimumCalls: 4 }) })
    fail(breaker, 2)
    clock.setWall(clock.wallNow() + step)
    void breaker.force('closed', { for: 1_000 })
    clock.advance(999)
    expect(breaker.explain().forced?.state).toBe('closed')
    clock.advance(1)
    expect(breaker.state).toBe('closed')
    expect(breaker.explain().forced).toBeUndefined()

    fail(breaker, 3)
    clock.setWall(clock.wallNow() - 2 * step)
    fail(breaker)
    expect(breaker.state).toBe('open')
  }
})

test('N7 on the system clock a changed Date does not open, close or hold a circuit', async () => {
  const breaker = new CircuitBreaker({ failMax: 1, resetTimeout: 3_600_000 })
  await errorOf(breaker.call(broken))
  const real = Date.now()
  const clock = vi.spyOn(Date, 'now')
  for (const step of [-86_400_000, 86_400_000]) {
    clock.mockReturnValue(real + step)
    const error = await errorOf(breaker.call(fine))
    expect(error.reason).toBe('open')
    expect(error.retryAfter).toBeGreaterThan(3_500_000)
    expect(error.retryAfter).toBeLessThanOrEqual(3_600_000)
  }
})

test('N7 a monotonic clock that goes backwards all the same neither throws nor trips nor counts for ever', () => {
  let now = 1_000_000
  const breaker = new CircuitBreaker({
    clock: { now: () => now },
    trip: failureRate({ threshold: 0.5, window: 1_000, minimumCalls: 4 }),
    slowCall: 10,
  })
  fail(breaker, 2)
  now -= 3_600_000
  fail(breaker)
  now += 50
  succeed(breaker, 5)
  expect(breaker.state).toBe('closed')
  expect(numbers(breaker.explain()).every(([, number]) => Number.isFinite(number))).toBe(true)
  now += 2 * 3_600_000
  fail(breaker, 3)
  expect(breaker.state).toBe('closed')
  fail(breaker)
  expect(breaker.state).toBe('open')
})

// ---- N8

const long = 2 ** 31 + 1_000

test('N8 a resetTimeout beyond a timer, or Infinity, keeps the circuit open', async () => {
  for (const resetTimeout of [long, Number.MAX_SAFE_INTEGER, Infinity]) {
    const { clock, breaker } = setup({ failMax: 1, resetTimeout })
    trip(breaker)
    for (const step of [1, 1_000, 86_400_000]) {
      clock.advance(step)
      expect(breaker.state).toBe('open')
      expect(await errorOf(breaker.call(fine))).toMatchObject({ reason: 'open' })
    }
    expect((await errorOf(breaker.call(fine))).retryAfter).toBe(resetTimeout - 86_401_001)
  }
})

test('N8 no timer is armed for longer than a timer can wait, and none for Infinity', async () => {
  vi.useFakeTimers()
  const armed = vi.spyOn(globalThis, 'setTimeout')
  const breaker = new CircuitBreaker({ failMax: 1, resetTimeout: Infinity, trialTimeout: Infinity, rampUp: long })
  for (const timeout of [2 ** 31, long, Number.MAX_SAFE_INTEGER, Infinity]) {
    const call = watch(breaker.run(() => new Promise(() => {}), { timeout }))
    await vi.advanceTimersByTimeAsync(60_000)
    expect(call.settled, `timeout ${timeout}`).toBeUndefined()
  }
  void breaker.force('open', { for: long })
  await vi.advanceTimersByTimeAsync(60_000)
  expect(breaker.state).toBe('open')
  expect((await errorOf(breaker.call(fine))).reason).toBe('forced')
  for (const [, delay] of armed.mock.calls) expect(delay ?? 0).toBeLessThan(2 ** 31)
})

test('N8 a timeout beyond a timer still ends the call when its time has come', async () => {
  const { clock, breaker } = setup()
  const call = watch(breaker.run(() => new Promise(() => {}), { timeout: long }))
  await flush()
  clock.advance(long - 1)
  await flush()
  expect(call.settled).toBeUndefined()
  clock.advance(1)
  expect(await call.done).toMatchObject({ ok: false, error: { name: 'TimeoutError' } })
})

test('N8 a trialTimeout of Infinity holds the place, with retryAfter Infinity', async () => {
  const { clock, breaker } = setup({ failMax: 1, resetTimeout: 0, trialTimeout: Infinity })
  trip(breaker)
  const trial = await begin(breaker)
  clock.advance(1e12)
  expect(await errorOf(breaker.call(fine))).toMatchObject({ reason: 'trial-in-flight', retryAfter: Infinity })
  await trial.succeed()
  expect(breaker.state).toBe('closed')
})

// ---- N9

test('N9 resetTimeout 0: the next call is the trial', async () => {
  const { breaker } = setup({ failMax: 1, resetTimeout: 0 })
  expect(breaker.resetTimeout).toBe(0)
  const error = await errorOf(breaker.call(broken))
  expect(error).toMatchObject({ reason: 'tripped', retryAfter: 0 })
  expect(breaker.state).toBe('open')
  expect(await breaker.call(fine)).toBe('fine')
  expect(breaker.state).toBe('closed')
})

test('N9 a resetTimeout function that answers 0 is taken at its word', async () => {
  const { breaker } = setup({ failMax: 1, resetTimeout: () => 0 })
  expect(await errorOf(breaker.call(broken))).toMatchObject({ retryAfter: 0 })
  expect(await breaker.call(fine)).toBe('fine')
})

test('N9 resetTimeout set to 0 while open: the next call is the trial', async () => {
  const { breaker } = setup({ failMax: 1, resetTimeout: 1_000 })
  trip(breaker)
  breaker.resetTimeout = 0
  expect(breaker.resetTimeout).toBe(0)
  expect(await breaker.call(fine)).toBe('fine')
})

test('N9 time zero is a time: a circuit that opens at 0 of both clocks has an openedAt and half-opens on time', async () => {
  const { clock, breaker } = setup({ failMax: 1, resetTimeout: 1_000 }, new ManualClock(0, 0))
  trip(breaker)
  expect(breaker.openedAt).toEqual(new Date(0))
  expect(breaker.explain().openedAt).toEqual(new Date(0))
  expect(breaker.explain().nextTrialAt).toEqual(new Date(1_000))
  expect((await errorOf(breaker.call(fine))).openedAt).toEqual(new Date(0))
  clock.advance(1_000)
  expect(await breaker.call(fine)).toBe('fine')
})

test('N9 an open period and a lease that end at exactly 0 end there', async () => {
  const { clock, breaker } = setup({ failMax: 1, resetTimeout: 1_000, trialTimeout: 500 }, new ManualClock(-1_000))
  trip(breaker)
  clock.advance(999)
  expect(await errorOf(breaker.call(fine))).toMatchObject({ retryAfter: 1 })
  clock.advance(1)
  expect((await begin(breaker)).ran).toBe(true)

  const leased = setup({ failMax: 1, resetTimeout: 0, trialTimeout: 500 }, new ManualClock(-500))
  trip(leased.breaker)
  await begin(leased.breaker)
  leased.clock.advance(500)
  expect((await begin(leased.breaker)).ran).toBe(true)
})

test('N9 slowCall 0: every call that takes time is slow, one that takes none is not', () => {
  const { clock, breaker } = setup({ slowCall: 0 })
  succeed(breaker)
  expect(breaker.stats.slow).toBe(0)
  breaker.callSync(() => clock.advance(1))
  expect(breaker.stats.slow).toBe(1)
})

test('N9 timeout 0 is a timeout, as an option and per call', async () => {
  for (const [options, call] of [
    [{ timeout: 0 }, {}],
    [{ timeout: 5_000 }, { timeout: 0 }],
  ] as const) {
    const { clock, breaker } = setup(options)
    const running = watch(breaker.run(() => new Promise(() => {}), call))
    await flush()
    clock.advance(0)
    expect(await running.done).toMatchObject({
      ok: false,
      error: { name: 'TimeoutError', message: 'Timed out after 0 ms' },
    })
    expect(breaker.stats.failures).toBe(1)
  }
})

test('N9 a threshold of 0 trips at the first failure that reaches minimumCalls', () => {
  const { breaker } = setup({ trip: failureRate({ threshold: 0, minimumCalls: 2 }) })
  succeed(breaker)
  expect(breaker.state).toBe('closed')
  fail(breaker)
  expect(breaker.state).toBe('open')
})

test('N9 a force for 0 ms is over at once', () => {
  const open = setup()
  void open.breaker.force('open', { for: 0 })
  expect(open.breaker.state).toBe('half-open')
  const closed = setup({ failMax: 1 })
  void closed.breaker.force('closed', { for: 0 })
  fail(closed.breaker)
  expect(closed.breaker.state).toBe('open')
})

test('N9 zeros of backoff are kept', () => {
  expect(backoff({ initial: 0, jitter: 0 })(context(5))).toBe(0)
  expect(backoff({ max: 0, jitter: 0 })(context(5))).toBe(0)
  expect(backoff({ initial: 100, factor: 3, jitter: 0 })(context(0))).toBe(100)
  expect(backoff({ initial: 100, factor: 3, jitter: 0 })(context(2))).toBe(900)
})

test('N9 zero counters survive a snapshot: a restored closed circuit needs all its failures', () => {
  const { clock, breaker } = setup({ failMax: 2 })
  fail(breaker)
  succeed(breaker)
  const again = new CircuitBreaker({ clock, failMax: 2 })
  again.restore(breaker.snapshot())
  expect(again.failCounter).toBe(0)
  fail(again)
  expect(again.state).toBe('closed')
})

test('N9 zeros are kept in a storage too', async () => {
  const clock = new ManualClock(0, 0)
  const storage = new MemoryStorage({ clock })
  const one = new CircuitBreaker({ name: 'shared', clock, storage, failMax: 1, resetTimeout: 0 })
  const two = new CircuitBreaker({ name: 'shared', clock, storage, failMax: 1, resetTimeout: 0 })
  trip(one)
  expect(two.state).toBe('open')
  expect(two.openedAt).toEqual(new Date(0))
  expect(await two.call(fine)).toBe('fine')
  expect(one.state).toBe('closed')
  expect(one.failCounter).toBe(0)
})

// ---- N10

test('N10 backoff stays finite and within max over a million relapses', () => {
  const policies: [(ctx: OpenContext) => number, number][] = [
    [backoff(), 60_000],
    [backoff({ initial: 1, max: 30_000, factor: 1.5, jitter: 1 }), 30_000],
    [backoff({ initial: 1_000, max: 3_600_000, factor: 10, jitter: 0.5 }), 3_600_000],
    [
      backoff({ initial: Number.MAX_SAFE_INTEGER, max: Number.MAX_SAFE_INTEGER, factor: Number.MAX_VALUE }),
      Number.MAX_SAFE_INTEGER,
    ],
    [backoff({ initial: 0, max: 1_000, factor: 2 }), 1_000], // 0 · Infinity
  ]
  for (const [wait, max] of policies) {
    let wrong = 0
    for (let relapses = 0; relapses < 1_000_000; relapses++) {
      const ms = wait({ relapses, error: undefined, retryAfter: undefined })
      if (!(Number.isFinite(ms) && ms >= 0 && ms <= max)) wrong++
    }
    expect(wrong).toBe(0)
  }
})

test('N10 a circuit that relapses thousands of times waits a finite time, never above max, and never less than before', () => {
  const { clock, breaker } = setup({
    failMax: 1,
    resetTimeout: backoff({ initial: 1_000, max: 60_000, factor: 2, jitter: 0 }),
  })
  let before = 0
  for (let relapse = 0; relapse < 3_000; relapse++) {
    const outcome = endedSync(() =>
      breaker.callSync(() => {
        throw down
      }),
    )
    if (outcome.ok) throw new Error('the call was meant to fail')
    const wait: number = outcome.error.retryAfter
    expect(wait).toBeGreaterThanOrEqual(before)
    expect(wait).toBeLessThanOrEqual(60_000)
    before = wait
    clock.advance(wait)
  }
  expect(before).toBe(60_000)
  expect(breaker.stats.trials).toBe(2_999)
})

test('N10 relapses are forgotten by a close that lasts as long as the open time before it, and not sooner', () => {
  for (const [closedFor, wait] of [
    [1_999, 4_000],
    [2_000, 1_000],
    [2_001, 1_000],
  ] as const) {
    const { clock, breaker } = setup({ failMax: 1, resetTimeout: backoff({ initial: 1_000, factor: 2, jitter: 0 }) })
    fail(breaker)
    clock.advance(1_000)
    fail(breaker) // the trial: open for 2000 ms now
    clock.advance(2_000)
    succeed(breaker)
    clock.advance(closedFor)
    expect(
      endedSync(() =>
        breaker.callSync(() => {
          throw down
        }),
      ),
    ).toMatchObject({ ok: false, error: { reason: 'tripped', retryAfter: wait } })
  }
})

test('N10 a hold is no open time to remember, however it ends', () => {
  for (const end of ['release', 'halfOpen'] as const) {
    const { clock, breaker } = setup({ failMax: 1, resetTimeout: backoff({ initial: 1_000, factor: 2, jitter: 0 }) })
    void breaker.force('open', { for: 60_000 })
    void breaker[end]()
    succeed(breaker)
    clock.advance(10)
    expect(
      endedSync(() =>
        breaker.callSync(() => {
          throw down
        }),
      ),
    ).toMatchObject({ ok: false, error: { reason: 'tripped', retryAfter: 1_000 } })
  }
})

test('N10 a jitter source that answers 0, 1 or nearly 1 keeps the wait between nothing and max', () => {
  for (const chance of [0, 0.999_999_999_999, 1]) {
    vi.spyOn(Math, 'random').mockReturnValue(chance)
    for (const jitter of [0, 0.2, 1]) {
      for (const relapses of [0, 1, 50, 1_023, 1_024, 1e9]) {
        const ms = backoff({ initial: 100, max: 5_000, jitter })(context(relapses))
        expect(ms).toBeGreaterThanOrEqual(0)
        expect(ms).toBeLessThanOrEqual(5_000)
      }
    }
    vi.restoreAllMocks()
  }
})

test('N10 what the dependency asks for is honoured up to max', () => {
  const wait = backoff({ initial: 100, max: 5_000, jitter: 0 })
  expect(wait(context(0, 2_000))).toBe(2_000)
  expect(wait(context(0, 50))).toBe(100)
  expect(wait(context(0, 1e9))).toBe(5_000)
  expect(wait(context(0, Infinity))).toBe(5_000)
  expect(wait(context(0, NaN))).toBe(100)
})

test('N10 a resetTimeout function that answers nonsense or throws gives a warning and 60 seconds', async () => {
  const heard = vi.spyOn(process, 'emitWarning').mockImplementation(() => {})
  const nonsense = [
    () => NaN,
    () => -1,
    () => undefined as never,
    () => '5' as never,
    () => {
      throw new Error('a bug')
    },
  ]
  for (const resetTimeout of nonsense) {
    const { breaker } = setup({ failMax: 1, resetTimeout })
    expect(await errorOf(breaker.call(broken))).toMatchObject({ reason: 'tripped', cause: down, retryAfter: 60_000 })
  }
  expect(heard).toHaveBeenCalledTimes(nonsense.length)
})

// ---- N11

setFlagsFromString('--expose-gc')
const collect = runInNewContext('gc') as () => void

function heap(): number {
  collect()
  collect()
  return process.memoryUsage().heapUsed
}

const busy: [string, TripPolicy][] = [
  ['consecutive', consecutive(2_000_000)],
  ['failureRate by time', failureRate({ threshold: 1, window: 1_000_000, minimumCalls: 2_000_000 })],
  ['failureRate by count', failureRate({ threshold: 1, count: 1_000, minimumCalls: 1_000 })],
  [
    'slowRate and the rest',
    anyOf(
      slowRate({ threshold: 1, window: 1_000 }),
      consecutive(2_000_000),
      failureRate({ threshold: 1, window: 60_000 }),
    ),
  ],
]

/** One word kept for each of a million calls would be 8 MB; what the compiler and the test runner leave is far less. */
const flat = 2_000_000

for (const [name, policy] of busy) {
  test(`N11 a million calls leave the heap flat: ${name}`, { timeout: 60_000 }, () => {
    const clock = new ManualClock()
    const breaker = new CircuitBreaker({ clock, trip: policy, slowCall: 1_000 })
    const good = (): string => 'fine'
    const work = (calls: number): void => {
      for (let call = 0; call < calls; call++) {
        if (call % 1_000 === 0) clock.advance(1)
        if (call % 4 === 0) breaker.callSync(good)
        else breaker.acquireSync().failure(down)
      }
    }
    work(20_000)
    const before = heap()
    const written = breaker.snapshot().length
    work(1_000_000)
    expect(heap() - before).toBeLessThan(flat)
    expect(breaker.state).toBe('closed')
    expect(breaker.stats.calls).toBe(1_020_000)
    expect(breaker.snapshot().length).toBeLessThan(written + 500)
    expect(JSON.stringify(breaker.explain()).length).toBeLessThan(3_000)
  })
}

test('N11 a failure costs the same with 100 000 calls in the window as with 1000: the same reads of the clock, no sample kept', () => {
  const cost = (calls: number): { reads: number; written: number } => {
    let reads = 0
    const clock = {
      now: () => {
        reads++
        return 1_000
      },
    }
    const breaker = new CircuitBreaker({
      clock,
      trip: failureRate({ threshold: 1, window: 10_000, minimumCalls: 1_000_000 }),
    })
    succeed(breaker, calls)
    reads = 0
    fail(breaker, 10)
    return { reads, written: breaker.snapshot().length }
  }
  const few = cost(1_000)
  const many = cost(100_000)
  expect(many.reads).toBe(few.reads)
  expect(many.reads).toBeLessThanOrEqual(30)
  expect(many.written - few.written).toBeLessThan(50)
})

test('N11 the largest count window trips without copying itself onto the stack', () => {
  const { breaker } = setup({ trip: failureRate({ threshold: 0.5, count: 100_000, minimumCalls: 90_000 }) })
  succeed(breaker, 45_000)
  for (let call = 0; call < 44_999; call++) {
    try {
      breaker.callSync(() => {
        throw down
      })
    } catch {
      // as it should
    }
  }
  expect(breaker.state).toBe('closed')
  fail(breaker)
  expect(breaker.state).toBe('open')
})

test('N11 permits and listeners that come and go leave nothing behind', async () => {
  const { breaker } = setup()
  const round = async (): Promise<void> => {
    for (let call = 0; call < 10_000; call++) {
      breaker.acquireSync()[Symbol.dispose]()
      breaker.on('success', () => {})[Symbol.dispose]()
      if (call % 100 === 0) await ended(breaker.call(fine))
    }
  }
  await round()
  const before = heap()
  for (let times = 0; times < 5; times++) await round()
  expect(heap() - before).toBeLessThan(flat)
  expect(breaker.listeners).toHaveLength(1)
  expect(changes(record(breaker))).toEqual([])
})
