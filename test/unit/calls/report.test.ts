// What a breaker says about itself: stats, explain(), snapshot() and restore().
import { describe, expect, it } from 'vitest'
import {
  anyOf,
  CircuitBreaker,
  type Explanation,
  consecutive,
  failureRate,
  MemoryStorage,
  type Stats,
} from '../../../src/index.ts'
import { ManualClock } from '../../../src/testing/index.ts'
import {
  boom,
  caught,
  fail,
  failTimes,
  hang,
  make,
  makeDue,
  makeOpen,
  pass,
  recorder,
  rejection,
  thrown,
} from './support.ts'
import { deferred } from '../../support/async.ts'

describe('stats', () => {
  const sum = ({ successes, failures, ignored, late }: Stats): number => successes + failures + ignored + late

  it('start at zero and have every total', () => {
    expect({ ...make().breaker.stats }).toEqual({
      calls: 0,
      successes: 0,
      failures: 0,
      ignored: 0,
      rejected: 0,
      slow: 0,
      late: 0,
      trials: 0,
    })
  })

  it('add up: calls are successes, failures, ignored, late and in flight', async () => {
    const { breaker, clock } = make({ failMax: 3, resetTimeout: 1000, ignore: [RangeError], slowCall: 50 })
    const gate = deferred<void>()
    const early = breaker.call(() => gate.promise)
    void breaker.call(hang)
    await breaker.call(pass)
    await breaker.call(async () => clock.advance(60))
    await caught(breaker.call(() => Promise.reject(new RangeError())))
    await failTimes(breaker, 3)
    await caught(breaker.call(pass))
    gate.resolve()
    await early
    clock.advance(1000)
    await breaker.call(pass)
    expect({ ...breaker.stats }).toMatchObject({
      calls: 9,
      successes: 3,
      failures: 3,
      ignored: 1,
      late: 1,
      rejected: 1,
      trials: 1,
    })
    expect(breaker.stats.calls).toBe(sum(breaker.stats) + 1)
  })

  it('go on over state changes', async () => {
    const { breaker } = await makeOpen()
    await breaker.close()
    await breaker.call(pass)
    expect(breaker.stats).toMatchObject({ calls: 2, failures: 1, successes: 1 })
  })

  it('count what this breaker saw, not its neighbour on the same circuit', async () => {
    const storage = new MemoryStorage()
    const one = new CircuitBreaker({ name: 'db', storage })
    const other = new CircuitBreaker({ name: 'db', storage })
    await one.call(pass)
    expect(one.stats.calls).toBe(1)
    expect(other.stats.calls).toBe(0)
  })

  it('cannot be changed from outside', async () => {
    const { breaker } = make()
    await breaker.call(pass)
    try {
      Object.assign(breaker.stats, { calls: 100 })
    } catch (error) {
      expect(error).toBeInstanceOf(TypeError)
    }
    expect(breaker.stats.calls).toBe(1)
  })
})

describe('explain', () => {
  function readsWell(explanation: Explanation, name: string): void {
    const { text, reason, policy } = explanation
    for (const part of [text, reason, policy]) expect(part).not.toMatch(/undefined|NaN|null|\[object|Invalid/)
    expect(text).toContain(name)
    expect(text).toMatch(/^\S.*\.$/)
    expect(text).not.toMatch(/ {2}|\n/)
    for (const part of [text, policy]) expect(part).not.toMatch(/\b1 (calls|failures|trials|successes)\b/)
    expect(text.split(' ').length).toBeGreaterThan(4)
    expect(policy).not.toBe('')
    for (const count of Object.values(explanation.counts)) expect(Number.isFinite(count)).toBe(true)
  }

  it('of a closed circuit', async () => {
    const { breaker } = make({ name: 'payments', failMax: 5 })
    await failTimes(breaker, 2)
    const explanation = breaker.explain()
    expect(explanation).toMatchObject({
      state: 'closed',
      scope: 'local',
      openedAt: undefined,
      nextTrialAt: undefined,
      forced: undefined,
    })
    expect(explanation.policy).toContain('5')
    expect(Object.values(explanation.counts)).toContain(2)
    expect(explanation.text).toContain('closed')
    readsWell(explanation, 'payments')
  })

  it('of an open circuit says since when, why and until when', async () => {
    const { breaker, clock } = await makeOpen({ name: 'payments' })
    clock.advance(400)
    const explanation = breaker.explain()
    expect(explanation).toMatchObject({ state: 'open', scope: 'local', forced: undefined })
    expect(explanation.openedAt).toEqual(breaker.openedAt)
    expect(explanation.nextTrialAt).toEqual(new Date(clock.wallNow() + 600))
    expect(explanation.reason).not.toBe('')
    expect(explanation.text).toContain('open')
    readsWell(explanation, 'payments')
  })

  it('of an open circuit whose time is over, and of one without an end', async () => {
    const due = await makeDue({ name: 'payments' })
    expect(due.breaker.explain().state).toBe('open')
    readsWell(due.breaker.explain(), 'payments')
    const endless = await makeOpen({ name: 'payments', resetTimeout: Number.POSITIVE_INFINITY })
    expect(endless.breaker.explain().nextTrialAt).toBeUndefined()
    readsWell(endless.breaker.explain(), 'payments')
  })

  it('of a half-open circuit', async () => {
    const { breaker } = await makeDue({ name: 'payments', successThreshold: 3 })
    await breaker.call(pass)
    void breaker.call(hang)
    const explanation = breaker.explain()
    expect(explanation.state).toBe('half-open')
    expect(explanation.text).toContain('half-open')
    readsWell(explanation, 'payments')
  })

  it('of a forced circuit says who, why and until when', async () => {
    const { breaker, clock } = make({ name: 'payments' })
    await breaker.force('open', { for: 60_000, by: 'ann', reason: 'incident 7' })
    const explanation = breaker.explain()
    expect(explanation.forced).toEqual({
      state: 'open',
      until: new Date(clock.wallNow() + 60_000),
      by: 'ann',
      reason: 'incident 7',
    })
    expect(explanation.text).toContain('ann')
    expect(explanation.text).toContain('incident 7')
    readsWell(explanation, 'payments')
    await breaker.force('closed')
    expect(breaker.explain().forced).toMatchObject({ state: 'closed', until: undefined })
    readsWell(breaker.explain(), 'payments')
  })

  it('of a circuit that a person opened says so', async () => {
    const { breaker } = make({ name: 'payments' })
    await breaker.open()
    expect(breaker.explain().state).toBe('open')
    readsWell(breaker.explain(), 'payments')
  })

  it.each([
    ['a rate in time', () => failureRate({ threshold: 0.5, window: 10_000, minimumCalls: 10 })],
    ['a rate by count', () => failureRate({ threshold: 0.5, count: 20, minimumCalls: 10 })],
    ['two policies', () => anyOf(consecutive(3), failureRate())],
  ])('of a circuit with %s, before, during and after calls', async (_, trip) => {
    const { breaker } = make({ name: 'payments', trip: trip() })
    readsWell(breaker.explain(), 'payments')
    await breaker.call(pass)
    readsWell(breaker.explain(), 'payments')
    await failTimes(breaker, 20)
    expect(breaker.state).toBe('open')
    readsWell(breaker.explain(), 'payments')
  })

  it('of a circuit with counts of one', async () => {
    const policies = [
      consecutive(1),
      failureRate({ window: 1000, minimumCalls: 1 }),
      failureRate({ count: 1, minimumCalls: 1 }),
    ]
    for (const trip of policies) {
      const { breaker } = make({ name: 'payments', trip })
      readsWell(breaker.explain(), 'payments')
      await breaker.call(pass)
      readsWell(breaker.explain(), 'payments')
      await failTimes(breaker, 1)
      readsWell(breaker.explain(), 'payments')
    }
  })

  it('of a circuit in its ramp-up, in shadow and after a restore', async () => {
    const ramping = await makeDue({ name: 'payments', rampUp: 1000 })
    await ramping.breaker.call(pass)
    readsWell(ramping.breaker.explain(), 'payments')
    const shadow = await makeOpen({ name: 'payments', shadow: true })
    readsWell(shadow.breaker.explain(), 'payments')
    const { breaker } = make({ name: 'payments' })
    breaker.restore((await makeOpen()).breaker.snapshot())
    readsWell(breaker.explain(), 'payments')
  })

  it('survives a last failure that is no Error', async () => {
    for (const reason of [undefined, null, 'down', 7, {}, Symbol('s'), Object.create(null)]) {
      const { breaker } = make({ name: 'payments', failMax: 1 })
      await caught(breaker.call(() => Promise.reject(reason)))
      expect(breaker.explain().text).toContain('payments')
    }
  })

  it('can be written as JSON', async () => {
    const { breaker } = await makeOpen()
    expect(JSON.parse(JSON.stringify(breaker.explain()))).toMatchObject({ state: 'open', scope: 'local' })
  })
})

describe('snapshot and restore', () => {
  it('is JSON with a version', () => {
    expect(JSON.parse(make().breaker.snapshot())).toMatchObject({ version: 1 })
  })

  it('brings back the counters of a closed circuit', async () => {
    const { breaker } = make({ failMax: 3 })
    await failTimes(breaker, 2)
    const copy = make({ failMax: 3 }).breaker
    copy.restore(breaker.snapshot())
    expect([copy.state, copy.failCounter]).toEqual(['closed', 2])
    await failTimes(copy, 1)
    expect(copy.state).toBe('open')
  })

  it('brings back a force with what is left of it', async () => {
    const { breaker, clock } = make()
    await breaker.force('open', { for: 1000, by: 'ann', reason: 'incident 7' })
    clock.advance(400)
    const copy = make()
    copy.clock.setWall(clock.wallNow() + 100)
    copy.breaker.restore(breaker.snapshot())
    expect((await rejection(copy.breaker.call(pass))).reason).toBe('forced')
    expect(copy.breaker.explain().forced).toMatchObject({ state: 'open', by: 'ann', reason: 'incident 7' })
    copy.clock.advance(499)
    expect((await rejection(copy.breaker.call(pass))).retryAfter).toBe(1)
    copy.clock.advance(1)
    await expect(copy.breaker.call(pass)).resolves.toBe('ok')
  })

  it('brings back an end that never comes', async () => {
    const { breaker } = await makeOpen({ resetTimeout: Number.POSITIVE_INFINITY })
    const copy = make()
    copy.breaker.restore(breaker.snapshot())
    expect((await rejection(copy.breaker.call(pass))).retryAfter).toBe(Number.POSITIVE_INFINITY)
    await breaker.force('closed')
    copy.breaker.restore(breaker.snapshot())
    expect(copy.breaker.explain().forced).toMatchObject({ state: 'closed', until: undefined })
  })

  it('makes verdicts of calls admitted before the restore late', async () => {
    const { breaker } = make({ failMax: 1 })
    const permit = await breaker.acquire()
    breaker.restore(make().breaker.snapshot())
    permit.failure(boom)
    expect(breaker.state).toBe('closed')
    expect(breaker.stats.late).toBe(1)
  })

  it('is stable: what is restored gives the same snapshot again', async () => {
    for (const { breaker, clock } of [make(), await makeOpen(), await makeDue({ successThreshold: 2 })]) {
      const json = breaker.snapshot()
      const twin = new CircuitBreaker({
        failMax: 1,
        resetTimeout: 1000,
        successThreshold: 2,
        clock: new ManualClock(99, clock.wallNow()),
      })
      twin.restore(json)
      expect(JSON.parse(twin.snapshot())).toEqual(JSON.parse(json))
    }
  })

  it.each([
    ['no text', 7],
    ['nothing', undefined],
    ['an object', {}],
    ['text that is no JSON', '{'],
    ['empty text', ''],
    ['null', 'null'],
    ['a number', '7'],
    ['a list', '[]'],
    ['an empty object', '{}'],
    ['another version', '{"version":99}'],
    ['no more than a version', '{"version":1}'],
    ['an unknown state', '{"version":1,"state":"ajar"}'],
  ])('refuses %s and changes nothing', async (_, json) => {
    const { heard, listener } = recorder()
    const { breaker } = make({ listeners: [listener] })
    await failTimes(breaker, 2)
    const before = breaker.snapshot()
    heard.length = 0
    const error = thrown(() => breaker.restore(json as never))
    expect(error instanceof TypeError || error instanceof SyntaxError).toBe(true)
    expect(breaker.snapshot()).toBe(before)
    expect(breaker.failCounter).toBe(2)
    expect(heard).toEqual([])
  })

  it('never restores a count that is negative or broken, nor a state at odds with itself', async () => {
    const { breaker } = make({ trip: failureRate({ window: 10_000, minimumCalls: 1 }) })
    await breaker.call(pass)
    const good: Record<string, unknown> = JSON.parse(breaker.snapshot())
    const spoilt: Record<string, unknown>[] = [
      { failures: -1 },
      { failures: 1.5 },
      { successes: -1 },
      { relapses: -3 },
      { rampUp: -1 },
      { age: -1e9 },
      { state: 'open', openedAt: null },
      { state: 'half-open', openedAt: null },
      { state: 'closed', openedAt: 5 },
      { state: 'open', openedAt: 0, forced: { state: 'closed', left: 100 } },
      { state: 'closed', forced: { state: 'open', left: 100 } },
      ...[-5, 0.5, 1e308].map((ok) => ({ windows: spoil(good, { ok, bad: ok }) })),
      { windows: spoil(good, { age: -1e9 }) },
    ]
    for (const fields of spoilt) {
      const { breaker: copy, clock } = make({ trip: failureRate({ window: 10_000, minimumCalls: 1 }) })
      try {
        copy.restore(JSON.stringify({ ...good, ...fields }))
      } catch (error) {
        expect(error).toBeInstanceOf(TypeError)
      }
      const told = JSON.stringify(fields)
      expect(copy.openedAt === undefined, told).toBe(copy.state === 'closed')
      const forced = copy.explain().forced?.state
      if (forced !== undefined) expect(copy.state, told).toBe(forced)
      expect(copy.openedAt?.getTime() ?? 0, told).toBeLessThanOrEqual(clock.wallNow())
      const { counts, text } = copy.explain()
      for (const count of [...Object.values(counts), copy.failCounter, copy.successCounter]) {
        expect(Number.isSafeInteger(count) && count >= 0, `${told}: ${count}`).toBe(true)
      }
      expect(text, told).not.toMatch(/-\d|Infinity|NaN/)
    }
  })

  /** The windows of a snapshot with some fields of their slots replaced. */
  function spoil(memo: Record<string, unknown>, fields: Record<string, number>): unknown {
    const text = JSON.stringify(memo['windows'])
    return Object.entries(fields).reduce<unknown>(
      (windows, [key, value]) =>
        JSON.parse(JSON.stringify(windows).replace(new RegExp(`"${key}":[^,}]+`, 'g'), `"${key}":${value}`)),
      JSON.parse(text),
    )
  }

  it('refuses a snapshot with one field spoilt, whichever it is, or takes it without harm', async () => {
    const { breaker } = await makeOpen()
    const good: Record<string, unknown> = JSON.parse(breaker.snapshot())
    for (const key of Object.keys(good)) {
      for (const bad of ['x', -1, null, {}, [], 1e300, true]) {
        const copy = make({ failMax: 3, resetTimeout: 1000 })
        try {
          copy.breaker.restore(JSON.stringify({ ...good, [key]: bad }))
        } catch (error) {
          expect(
            error instanceof TypeError || error instanceof SyntaxError,
            `${key} ${String(bad)}: ${String(error)}`,
          ).toBe(true)
          expect(copy.breaker.state).toBe('closed')
        }
        expect(['closed', 'open', 'half-open']).toContain(copy.breaker.state)
        expect(Number.isInteger(copy.breaker.failCounter), `${key} ${String(bad)}`).toBe(true)
        expect(copy.breaker.explain().text).not.toMatch(/NaN|undefined|Invalid/)
        await copy.breaker.call(fail).catch(() => {})
        expect(copy.breaker.snapshot()).not.toMatch(/NaN/)
      }
    }
  })
})
