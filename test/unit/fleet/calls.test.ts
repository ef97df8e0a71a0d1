// What a user's code sees of a circuit that a fleet shares, in each form of call.

import { describe, expect, it } from 'vitest'
import { ended, endedSync, flush, watch } from '../../support/async.ts'
import { down, fail } from '../../support/breaker.ts'
import { advance, begin, due, type FleetOptions, fleetOf, joined, NAME, type Process } from './support.ts'

const fine = (): string => 'fine'

async function alone(options?: FleetOptions): Promise<Process> {
  return (await fleetOf(1, options))[0] as Process
}

async function overdue(options?: FleetOptions): Promise<Process> {
  return (await due(1, options))[0] as Process
}

async function* numbers(): AsyncGenerator<number> {
  yield 1
  yield 2
}

describe('a synchronous call', () => {
  it('is rejected where a trial must be asked for, and the next may be the trial', async () => {
    const a = await overdue()
    let ran = 0
    const call = (): string => a.breaker.callSync(() => `run ${++ran}`)
    expect(endedSync(call)).toMatchObject({ ok: false, error: { reason: 'trial-in-flight' } })
    expect(ran).toBe(0)
    await flush(60)
    expect(call()).toBe('run 1')
    await flush(60)
    expect(a.breaker.state).toBe('closed')
  })

  it('is rejected while a trial is in flight', async () => {
    const a = await overdue()
    const trial = await begin(a)
    expect(endedSync(() => a.breaker.callSync(fine))).toMatchObject({
      error: { reason: 'trial-in-flight', state: 'half-open', retryAfter: 30_000 },
    })
    await trial.succeed()
    expect(a.breaker.callSync(fine)).toBe('fine')
  })

  it('decides the trial by its verdict', async () => {
    const a = await overdue()
    endedSync(() => a.breaker.callSync(fine))
    await flush(60)
    fail(a.breaker)
    expect(a.breaker.stats).toMatchObject({ trials: 1, failures: 1 })
    await flush(60)
    expect(a.line.stored(NAME)).toMatchObject({ state: 'open', relapses: 1 })
  })

  it('iterates alike', async () => {
    const a = await overdue()
    const iterate = (): number[] => [...a.breaker.iterateSync([1, 2])]
    expect(endedSync(iterate)).toMatchObject({ error: { reason: 'trial-in-flight' } })
    await flush(60)
    expect(iterate()).toEqual([1, 2])
    await flush(60)
    expect(a.breaker.state).toBe('closed')
  })
})

describe('a permit', () => {
  it('waits for the place', async () => {
    const a = await overdue()
    a.line.mode = 'late'
    a.line.deaf = true
    const acquired = watch(a.breaker.acquire())
    await flush(60)
    expect(acquired.settled).toBeUndefined()
    a.line.release()
    const permit = await acquired.done
    expect(a.breaker.stats.trials).toBe(1)
    if (permit.ok) permit.value.success()
    await flush(60)
    expect(a.line.stored(NAME).state).toBe('closed')
  })

  it('hands the place back where nobody gives a verdict', async () => {
    const a = await overdue()
    const permit = await a.breaker.acquire()
    expect(a.line.stored(NAME).leases).toHaveLength(1)
    permit[Symbol.dispose]()
    await flush(60)
    expect(a.line.stored(NAME)).toMatchObject({ state: 'half-open', leases: [] })
  })

  it('is refused where the place is taken', async () => {
    const a = await overdue()
    await begin(a)
    expect(await ended(a.breaker.acquire())).toMatchObject({ error: { reason: 'trial-in-flight' } })
  })

  it('is refused at once to who cannot wait, and there for who comes back', async () => {
    const a = await overdue()
    expect(endedSync(() => a.breaker.acquireSync())).toMatchObject({ error: { reason: 'trial-in-flight' } })
    await flush(60)
    a.breaker.acquireSync().failure(down)
    await flush(60)
    expect(a.line.stored(NAME)).toMatchObject({ state: 'open', relapses: 1 })
  })
})

describe('an iteration', () => {
  it('waits for the place at its first step, and gives its verdict at its end', async () => {
    const a = await overdue()
    const iteration = a.breaker.iterate(numbers)
    expect(a.line.drain('replace')).toEqual([])
    expect(await iteration.next()).toEqual({ done: false, value: 1 })
    expect(a.line.stored(NAME).state).toBe('half-open')
    await iteration.next()
    await iteration.next()
    await flush(60)
    expect(a.line.stored(NAME).state).toBe('closed')
  })

  it('that is left early hands its place back', async () => {
    const a = await overdue()
    for await (const _ of a.breaker.iterate(numbers)) break
    await flush(60)
    expect(a.line.stored(NAME)).toMatchObject({ state: 'half-open', leases: [] })
  })

  it('is refused where the place is taken', async () => {
    const a = await overdue()
    await begin(a)
    expect(await ended(a.breaker.iterate(numbers).next())).toMatchObject({ error: { reason: 'trial-in-flight' } })
  })
})

describe('a run', () => {
  it('that is aborted while it waits ends at once, is never made, and its place goes back', async () => {
    const a = await overdue()
    a.line.mode = 'late'
    a.line.deaf = true
    const controller = new AbortController()
    let ran = false
    const run = watch(a.breaker.run(() => (ran = true), { signal: controller.signal }))
    await flush(60)
    const reason = new Error('no longer wanted')
    controller.abort(reason)
    await flush(60)
    expect(run.settled).toEqual({ ok: false, error: reason })
    a.line.release()
    await flush(60)
    expect(ran).toBe(false)
    expect(a.line.stored(NAME)).toMatchObject({ state: 'half-open', leases: [] })
    expect(a.breaker.stats).toMatchObject({ calls: 1, ignored: 1, failures: 0 })
    expect(await a.breaker.call(fine)).toBe('fine')
  })

  it('that is aborted while it waits for what is then refused counts as rejected alone', async () => {
    const a = await overdue()
    a.line.mode = 'late'
    a.line.deaf = true
    a.line.before = () => {
      const { at, epoch: _, ...stored } = a.line.stored(NAME)
      const leases = [{ id: 'other.1', until: at + 10_000 }]
      a.line.memory.replace(NAME, a.line.stored(NAME), { ...stored, period: 'new', state: 'half-open', leases })
      a.line.before = undefined
    }
    const controller = new AbortController()
    const run = watch(a.breaker.run(fine, { signal: controller.signal }))
    await flush(60)
    controller.abort(new Error('no longer wanted'))
    a.line.release()
    await flush(60)
    expect(run.settled).toMatchObject({ ok: false, error: { message: 'no longer wanted' } })
    expect(a.breaker.stats).toMatchObject({ calls: 0, rejected: 1 })
  })

  it('answers a refusal that it had to wait for with its fallback', async () => {
    const a = await overdue()
    await begin(a)
    expect(await a.breaker.run(fine, { fallback: (error) => (error as Error).name })).toBe('CircuitBreakerError')
  })

  it('has its timeout for the call alone, not for the wait', async () => {
    const a = await overdue()
    a.line.mode = 'late'
    a.line.deaf = true
    const run = watch(a.breaker.run(fine, { timeout: 20 }))
    await flush(60)
    await advance(a, 50)
    a.line.release()
    expect(await run.done).toEqual({ ok: true, value: 'fine' })
  })
})

describe('in shadow', () => {
  it('a breaker neither reads nor writes what others share', async () => {
    const a = await alone()
    await a.breaker.open()
    a.line.sent.length = 0
    const { breaker, events } = joined(a.line, { shadow: true, failMax: 2 })
    await breaker.ready()
    expect(breaker.state).toBe('closed')
    fail(breaker, 3)
    await breaker.close()
    await breaker.open()
    await breaker.settled()
    await breaker.dispose()
    await advance(a, 500)
    expect(a.line.sent).toEqual([])
    expect(events).toEqual(['closed->open local', 'open->closed local', 'closed->open local'])
    expect(a.line.stored(NAME).mover).not.toBe('')
    expect(a.breaker.state).toBe('open')
  })
})

describe('while the fleet holds the circuit open', () => {
  it('calls are refused without a word to storage', async () => {
    const [a, b] = (await fleetOf(2)) as [Process, Process]
    await a.breaker.open()
    b.line.sent.length = 0
    await advance(a, 400)
    const error = { reason: 'open', state: 'open', retryAfter: 600, breaker: NAME, openedAt: new Date(1_000_000) }
    expect(await ended(b.breaker.call(fine))).toMatchObject({ error })
    expect(endedSync(() => b.breaker.callSync(fine))).toMatchObject({ error })
    expect(await ended(b.breaker.acquire())).toMatchObject({ error })
    expect(await ended(b.breaker.iterate(numbers).next())).toMatchObject({ error })
    expect(await ended(b.breaker.run(fine))).toMatchObject({ error })
    expect(b.line.sent).toEqual([])
    expect(b.breaker.stats).toMatchObject({ calls: 0, rejected: 5 })
  })
})

it('stats add up: admitted calls are successes, failures, ignored, late, or in flight', async () => {
  const a = await overdue({ breaker: { failMax: 5, ignore: [RangeError], trialTimeout: 200 } })
  const lost = await begin(a)
  await advance(a, 200)
  await lost.succeed()
  expect(await a.breaker.call(fine)).toBe('fine')
  await flush(60)
  await ended(a.breaker.call(() => Promise.reject(new RangeError('ignored'))))
  fail(a.breaker, 2)
  const inFlight = await begin(a)
  expect(a.breaker.stats).toEqual({
    calls: 6,
    successes: 1,
    failures: 2,
    ignored: 1,
    late: 1,
    slow: 0,
    rejected: 0,
    trials: 2,
  })
  await inFlight.succeed()
  expect(a.breaker.stats).toMatchObject({ calls: 6, successes: 2 })
})

it('explain says whether the fleet has decided or the process alone', async () => {
  const a = await alone({ breaker: { failMax: 2 } })
  expect(a.breaker.explain()).toMatchObject({ state: 'closed', scope: 'local' })
  fail(a.breaker, 2)
  expect(a.breaker.explain()).toMatchObject({ state: 'open', scope: 'local' })
  await flush(60)
  await advance(a, 50)
  expect(a.breaker.explain()).toMatchObject({ state: 'open', scope: 'fleet' })
  await advance(a, 1_000)
  expect(a.breaker.explain().nextTrialAt).toEqual(new Date(1_000_000 + 1_050))
  const trial = await begin(a)
  expect(a.breaker.explain()).toMatchObject({ state: 'half-open', scope: 'fleet', counts: { trialSuccesses: 0 } })
  await trial.succeed()
  await flush(60)
  expect(a.breaker.explain()).toMatchObject({ state: 'closed', scope: 'local' })
})

it('a closed circuit sends nothing for successes, whatever the number', async () => {
  const a = await alone()
  a.line.sent.length = 0
  for (let call = 0; call < 1_000; call++) await a.breaker.call(fine)
  for (let call = 0; call < 1_000; call++) a.breaker.callSync(fine)
  await flush(60)
  expect(a.line.sent).toEqual([])
})
