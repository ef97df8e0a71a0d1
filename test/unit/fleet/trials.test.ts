import { describe, expect, it } from 'vitest'
import { CircuitBreaker } from '../../../src/index.ts'
import { ManualClock, SimulatedStorage } from '../../../src/testing/index.ts'
import { endedSync, flush, watch } from '../../support/async.ts'
import { down } from '../../support/breaker.ts'
import { advance, begin, due, type FleetOptions, fleetOf, heard, NAME, type Process } from './support.ts'

const fine = (): string => 'fine'

async function pair(options?: FleetOptions): Promise<[Process, Process]> {
  return (await due(2, options)) as [Process, Process]
}

async function alone(options?: FleetOptions): Promise<Process> {
  return (await due(1, options))[0] as Process
}

describe('a trial', () => {
  it('is asked of storage before the call is made, and only one goes out over the whole fleet', async () => {
    const [a, b] = await pair()
    const call = await begin(a)
    const refused = await b.breaker.call(fine).catch((error: unknown) => error)
    expect(refused).toMatchObject({ reason: 'trial-in-flight', retryAfter: 30_000 })
    expect(a.line.drain('replace')).toHaveLength(1)
    expect(b.line.drain('replace')).toEqual([])
    expect(a.line.stored(NAME)).toMatchObject({
      state: 'half-open',
      leases: [{ until: a.line.stored(NAME).at + 30_000 }],
    })
    expect([a.breaker.state, b.breaker.state]).toEqual(['half-open', 'half-open'])
    expect(await call.succeed()).toEqual({ ok: true, value: 'fine' })
    await flush(60)
    expect(a.line.stored(NAME)).toMatchObject({ state: 'closed', leases: [] })
    expect([a.breaker.state, b.breaker.state]).toEqual(['closed', 'closed'])
    expect(a.events).toEqual(['open->half-open local', 'half-open->closed local'])
    expect(b.events).toEqual(['open->half-open remote', 'half-open->closed remote'])
  })

  it('is not asked for before the time is over', async () => {
    const [a] = (await fleetOf(1)) as [Process]
    await a.breaker.open()
    a.line.drain('replace')
    await advance(a, 999)
    expect(await a.breaker.call(fine).catch((error: unknown) => error)).toMatchObject({ reason: 'open', retryAfter: 1 })
    expect(a.line.drain('replace')).toEqual([])
    await advance(a, 1)
    expect(await a.breaker.call(fine)).toBe('fine')
  })

  it('is asked for by one call of a process at a time; the others are refused meanwhile', async () => {
    const a = await alone()
    a.line.mode = 'late'
    a.line.deaf = true
    const first = watch(a.breaker.call(fine))
    await flush()
    const second = await a.breaker.call(fine).catch((error: unknown) => error)
    expect(second).toMatchObject({ reason: 'trial-in-flight', retryAfter: 100 })
    expect(a.line.drain('replace')).toHaveLength(1)
    a.line.release()
    expect(await first.done).toEqual({ ok: true, value: 'fine' })
  })

  it('that fails opens the circuit again, with one relapse more, and says why', async () => {
    const [a, b] = await pair()
    const call = await begin(a)
    expect(await call.fail()).toMatchObject({
      ok: false,
      error: { reason: 'trial-failed', retryAfter: 1_000, cause: down },
    })
    await flush(60)
    const stored = a.line.stored(NAME)
    expect(stored).toMatchObject({ state: 'open', relapses: 1, leases: [], until: stored.at + 1_000 })
    expect(stored.why).toBe('the trial call failed: the dependency is down')
    expect(b.breaker.explain().reason).toBe('the trial call failed: the dependency is down')
    expect(a.breaker.failCounter).toBe(1)
    expect(a.events).toEqual(['open->half-open local', 'half-open->open local'])
    expect(b.events).toEqual(['open->half-open remote', 'half-open->open remote'])
  })

  it('that is ignored gives its place to the next', async () => {
    const [a, b] = await pair({ breaker: { ignore: [TypeError] } })
    const call = await begin(a)
    await call.fail(new TypeError('not the dependency'))
    await flush(60)
    expect(a.line.stored(NAME)).toMatchObject({ state: 'half-open', leases: [] })
    expect((await begin(b)).ran).toBe(true)
  })

  it('counts towards the successes that close', async () => {
    const [a, b] = await pair({ breaker: { successThreshold: 2 } })
    await (await begin(a)).succeed()
    await flush(60)
    expect([a.breaker.state, b.breaker.successCounter]).toEqual(['half-open', 1])
    await (await begin(b)).succeed()
    await flush(60)
    expect([a.breaker.state, b.breaker.state]).toEqual(['closed', 'closed'])
  })

  it('without a verdict loses its place, and its verdict is late', async () => {
    const [a, b] = await pair({ breaker: { trialTimeout: 500 } })
    const call = await begin(a)
    await advance(a, 499)
    expect((await begin(b)).ran).toBe(false)
    await advance(a, 1)
    await call.fail()
    expect(a.breaker.stats).toMatchObject({ late: 1, failures: 0, trials: 1 })
    await flush(60)
    expect(a.breaker.state).toBe('half-open')
    const next = await begin(b)
    expect(next.ran).toBe(true)
    expect(b.line.stored(NAME).leases).toHaveLength(1)
    await next.succeed()
    await flush(60)
    expect(a.breaker.state).toBe('closed')
  })

  it('of a circuit that was commanded elsewhere meanwhile is late', async () => {
    const [a, b] = await pair()
    const call = await begin(a)
    await b.breaker.close()
    await call.fail()
    await flush(60)
    expect(a.breaker.stats).toMatchObject({ late: 1, failures: 0 })
    expect(a.line.stored(NAME).state).toBe('closed')
  })
})

describe('a place', () => {
  it('that another process was quicker to take is not asked for again', async () => {
    const [a, b] = await pair()
    b.line.deaf = true
    expect((await begin(a)).ran).toBe(true)
    const refused = await b.breaker.call(fine).catch((error: unknown) => error)
    expect(refused).toMatchObject({ reason: 'trial-in-flight' })
    expect(b.line.drain('replace')).toHaveLength(1)
    expect(b.breaker.state).toBe('half-open')
  })

  it('of several is asked for again where another process has taken a different one', async () => {
    const [a, b] = await pair({ breaker: { trials: 2, successThreshold: 2 } })
    b.line.deaf = true
    const one = await begin(a)
    const two = await begin(b)
    expect([one.ran, two.ran]).toEqual([true, true])
    expect(b.line.drain('replace')).toHaveLength(2)
    expect(b.line.stored(NAME).leases).toHaveLength(2)
    expect((await begin(a)).ran).toBe(false)
    await one.succeed()
    await flush(60)
    expect(a.line.stored(NAME)).toMatchObject({ state: 'half-open', successes: 1 })
    await two.succeed()
    await flush(60)
    expect(a.line.stored(NAME)).toMatchObject({ state: 'closed' })
  })

  it('is not taken from a trial whose lease still runs by the clock of storage', async () => {
    const clock = new ManualClock()
    const storage = new SimulatedStorage({ clock, drift: 0.01, refreshInterval: Number.POSITIVE_INFINITY })
    const breaker = new CircuitBreaker({ name: NAME, storage, resetTimeout: 10_000 })
    await breaker.open()
    // The process's clock says 10 000 ms, storage's 9 920.
    clock.advance(9_920)
    await flush(60)
    const early = await breaker.call(fine).catch((error: unknown) => error)
    expect(early).toMatchObject({ reason: 'open', retryAfter: 1 })
    expect(storage.server.peek(NAME)?.state).toBe('open')
    clock.advance(80)
    expect(await breaker.call(fine)).toBe('fine')
  })

  it('that storage did not answer in time for is handed back when it answers', async () => {
    const a = await alone()
    a.line.mode = 'lost'
    a.line.deaf = true
    const call = watch(a.breaker.call(fine))
    await advance(a, 100)
    // The process's own circuit decides then, whose time is over too.
    expect(call.settled).toEqual({ ok: true, value: 'fine' })
    expect(a.line.stored(NAME)).toMatchObject({ state: 'half-open', leases: [{}] })
    a.line.mode = 'well'
    a.line.deaf = false
    await advance(a, 5_000)
    expect(a.line.stored(NAME).leases).toEqual([])
    expect(a.events).toContain('storage up')
  })

  it('whose grant comes as a push alone is a grant', async () => {
    const a = await alone()
    a.line.mode = 'lost'
    expect(await a.breaker.call(fine)).toBe('fine')
    expect(a.breaker.stats.trials).toBe(1)
  })

  it('is asked for no longer than one command may take, however often others are quicker', async () => {
    const a = await alone({ breaker: { trials: 2 } })
    a.line.deaf = true
    a.line.before = () => {
      a.line.clock.advance(60)
      const { at, epoch: _, ...stored } = a.line.stored(NAME)
      const leases = [{ id: 'other.1', until: at + 10_000 }]
      a.line.memory.replace(NAME, a.line.stored(NAME), {
        ...stored,
        period: 'new',
        state: 'half-open',
        leases,
        mover: 'other',
      })
      a.line.mode = 'silent'
    }
    const call = watch(a.breaker.call(fine))
    await flush(60)
    expect(a.line.drain('replace')).toHaveLength(2)
    await advance(a, 39)
    expect(a.events).toEqual(['open->half-open remote'])
    await advance(a, 1)
    expect(a.events.slice(0, 2)).toEqual(['open->half-open remote', 'storage down'])
    expect(call.settled).toEqual({ ok: true, value: 'fine' })
  })
})

describe('a place that a synchronous caller asked for', () => {
  it('is taken by the next call of the process', async () => {
    const a = await alone()
    const first = endedSync(() => a.breaker.callSync(fine))
    expect(first).toMatchObject({ ok: false, error: { reason: 'trial-in-flight', retryAfter: 100 } })
    await flush(60)
    expect(a.breaker.callSync(fine)).toBe('fine')
    await flush(60)
    expect(a.breaker.state).toBe('closed')
    expect(a.line.drain('replace')).toHaveLength(2)
    expect(a.breaker.stats).toMatchObject({ calls: 1, trials: 1, rejected: 1 })
    await advance(a, 1_000)
    expect(a.line.drain('replace')).toEqual([])
  })

  it('is kept for a second, and then handed back to the fleet', async () => {
    const [a, b] = await pair()
    endedSync(() => a.breaker.callSync(fine))
    await flush(60)
    await advance(a, 999)
    expect((await begin(b)).ran).toBe(false)
    expect(a.line.stored(NAME).leases).toHaveLength(1)
    await advance(a, 1)
    expect(a.line.stored(NAME)).toMatchObject({ state: 'half-open', leases: [] })
    expect((await begin(b)).ran).toBe(true)
    expect(endedSync(() => a.breaker.callSync(fine)).ok).toBe(false)
  })

  it('is taken in its last moment', async () => {
    const a = await alone()
    endedSync(() => a.breaker.callSync(fine))
    await flush(60)
    await advance(a, 999)
    expect(a.breaker.callSync(fine)).toBe('fine')
  })

  it('is kept no longer than its lease', async () => {
    const a = await alone({ breaker: { trialTimeout: 300 } })
    endedSync(() => a.breaker.callSync(fine))
    await flush(60)
    a.line.drain('replace')
    await advance(a, 300)
    expect(a.line.drain('replace')).toEqual([])
    expect(endedSync(() => a.breaker.callSync(fine)).ok).toBe(false)
    await flush(60)
    expect(a.line.drain('replace')).toHaveLength(1)
    expect(a.breaker.callSync(fine)).toBe('fine')
  })

  it('is void once the circuit is elsewhere', async () => {
    const [a, b] = await pair()
    endedSync(() => a.breaker.callSync(fine))
    await flush(60)
    await b.breaker.close()
    a.line.drain('replace')
    expect(a.breaker.callSync(fine)).toBe('fine')
    expect(a.breaker.stats.trials).toBe(0)
    await advance(a, 1_000)
    expect(a.line.drain('replace')).toEqual([])
  })

  it('is void where the circuit is to be tried anew', async () => {
    const [a, b] = await pair()
    endedSync(() => a.breaker.callSync(fine))
    await flush(60)
    await b.breaker.halfOpen()
    expect(endedSync(() => a.breaker.callSync(fine))).toMatchObject({ error: { reason: 'trial-in-flight' } })
    await flush(60)
    expect(a.breaker.callSync(fine)).toBe('fine')
    expect(a.breaker.stats).toMatchObject({ successes: 1, late: 0 })
  })

  it('is asked for once, whoever asks meanwhile', async () => {
    const a = await alone()
    for (let call = 0; call < 3; call++) endedSync(() => a.breaker.callSync(fine))
    await flush(60)
    expect(a.line.drain('replace')).toHaveLength(1)
    expect(await a.breaker.call(fine)).toBe('fine')
    expect(a.line.drain('replace')).toHaveLength(1)
  })
})

describe('a verdict that storage did not take', () => {
  it('is told again when it answers, while the lease runs', async () => {
    const [a, b] = await pair()
    const call = await begin(a)
    a.line.mode = 'refuses'
    expect(await call.succeed()).toEqual({ ok: true, value: 'fine' })
    await flush(60)
    expect(a.line.stored(NAME).state).toBe('half-open')
    expect(a.breaker.stats.successes).toBe(1)
    a.line.mode = 'well'
    await advance(a, 5_000)
    expect(a.line.stored(NAME).state).toBe('closed')
    expect(b.breaker.state).toBe('closed')
  })

  it('of failure too', async () => {
    const a = await alone()
    const call = await begin(a)
    a.line.mode = 'refuses'
    await call.fail()
    await flush(60)
    a.line.mode = 'well'
    await advance(a, 5_000)
    expect(a.line.stored(NAME)).toMatchObject({ state: 'open', relapses: 1 })
  })

  it('is void when the lease has expired by then', async () => {
    const a = await alone({ breaker: { trialTimeout: 2_000 } })
    const call = await begin(a)
    a.line.mode = 'refuses'
    await call.succeed()
    await flush(60)
    a.line.mode = 'well'
    await advance(a, 5_000)
    expect(a.line.stored(NAME)).toMatchObject({ state: 'half-open', successes: 0 })
  })
})

describe('a circuit that is held closed', () => {
  it('lets calls in without a place, and their verdicts mean nothing', async () => {
    const [a, b] = (await fleetOf(2, { breaker: { failMax: 1 } })) as [Process, Process]
    await b.breaker.force('closed')
    a.line.sent.length = 0
    const call = await begin(a)
    expect(call.ran).toBe(true)
    expect(await call.fail()).toEqual({ ok: false, error: down })
    await advance(a, 100)
    expect([a.breaker.state, b.breaker.state]).toEqual(['closed', 'closed'])
    expect(a.line.sent).toEqual([])
    expect(a.breaker.stats).toMatchObject({ calls: 1, trials: 0, late: 0 })
  })

  it('is left by calls that it let in: their verdicts are late', async () => {
    const [a, b] = (await fleetOf(2, { breaker: { failMax: 1 } })) as [Process, Process]
    await b.breaker.force('closed')
    const call = await begin(a)
    await b.breaker.release()
    await call.fail()
    expect(a.breaker.stats).toMatchObject({ late: 1, failures: 0 })
    expect(heard(a.breaker)).toEqual([])
    expect(a.breaker.state).toBe('closed')
  })
})
