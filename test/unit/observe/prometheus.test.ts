import { channel } from 'node:diagnostics_channel'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import {
  AggregatorRegistry,
  Counter,
  type OpenMetricsContentType,
  Registry,
  type RegistryContentType,
} from 'prom-client'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { CircuitBreaker, Infuse, MemoryStorage } from '../../../src/index.ts'
import { collectMetrics as collect, type MetricsSource } from '../../../src/observe/prometheus.ts'
import { ManualClock, SimulatedStorage } from '../../../src/testing/index.ts'
import { flush } from '../../support/async.ts'
import { begin } from '../../support/breaker.ts'
import { fail, filled, make, open, parse, scrape, succeed } from './support.ts'

let registry: Registry
let stops: (() => void)[]
beforeEach(() => {
  registry = new Registry()
  stops = []
})
afterEach(() => {
  for (const stop of stops) stop()
  expect(channel('infuse:rejected').hasSubscribers).toBe(false)
  expect(channel('infuse:transition').hasSubscribers).toBe(false)
})

/** Ended with the test. */
function collectMetrics(source: MetricsSource, to: Registry<RegistryContentType> = registry): () => void {
  const stop = collect(source, to)
  stops.push(stop)
  return stop
}

/** As an `Infuse` has them. */
class Owner {
  readonly breakers = new Map<string, CircuitBreaker>()
  add(name: string): CircuitBreaker {
    const breaker = make(name)
    this.breakers.set(name, breaker)
    return breaker
  }
}

describe('metrics for Prometheus', () => {
  it('say everything of a breaker from the start, at 0', async () => {
    collectMetrics(make('db'))
    expect(await scrape(registry)).toEqual({
      'infuse_breaker_state{breaker="db",state="closed"}': 1,
      'infuse_breaker_state{breaker="db",state="open"}': 0,
      'infuse_breaker_state{breaker="db",state="half-open"}': 0,
      'infuse_breaker_calls_total{breaker="db",verdict="success"}': 0,
      'infuse_breaker_calls_total{breaker="db",verdict="failure"}': 0,
      'infuse_breaker_calls_total{breaker="db",verdict="ignore"}': 0,
      'infuse_breaker_rejected_total{breaker="db",reason="open"}': 0,
      'infuse_breaker_rejected_total{breaker="db",reason="trial-in-flight"}': 0,
      'infuse_breaker_rejected_total{breaker="db",reason="forced"}': 0,
      'infuse_breaker_rejected_total{breaker="db",reason="ramp-up"}': 0,
      'infuse_breaker_transitions_total{breaker="db",from="closed",to="open"}': 0,
      'infuse_breaker_transitions_total{breaker="db",from="closed",to="half-open"}': 0,
      'infuse_breaker_transitions_total{breaker="db",from="open",to="half-open"}': 0,
      'infuse_breaker_transitions_total{breaker="db",from="open",to="closed"}': 0,
      'infuse_breaker_transitions_total{breaker="db",from="half-open",to="open"}': 0,
      'infuse_breaker_transitions_total{breaker="db",from="half-open",to="closed"}': 0,
      'infuse_breaker_forced{breaker="db",state="open"}': 0,
      'infuse_breaker_forced{breaker="db",state="closed"}': 0,
      infuse_storage_up: 1,
    })
  })

  it('count verdicts, rejections by reason and transitions, and tell the state', async () => {
    const clock = new ManualClock()
    const db = make('db', { clock, failMax: 2, resetTimeout: 1_000, ignore: [RangeError], rampUp: 1_000 })
    collectMetrics(db)
    succeed(db, 5)
    fail(db, 1, new RangeError())
    open(db, 3)
    clock.advance(1_000)
    const trial = await begin(db)
    fail(db, 2)
    expect(filled(await scrape(registry))).toMatchObject({ 'breaker_state{breaker="db",state="half-open"}': 1 })
    await trial.succeed()
    fail(db)
    await db.force('open')
    fail(db, 4)
    expect(filled(await scrape(registry))).toEqual({
      'breaker_state{breaker="db",state="open"}': 1,
      'breaker_calls_total{breaker="db",verdict="success"}': 6,
      'breaker_calls_total{breaker="db",verdict="failure"}': 2,
      'breaker_calls_total{breaker="db",verdict="ignore"}': 1,
      'breaker_rejected_total{breaker="db",reason="open"}': 3,
      'breaker_rejected_total{breaker="db",reason="trial-in-flight"}': 2,
      'breaker_rejected_total{breaker="db",reason="ramp-up"}': 1,
      'breaker_rejected_total{breaker="db",reason="forced"}': 4,
      'breaker_transitions_total{breaker="db",from="closed",to="open"}': 2,
      'breaker_transitions_total{breaker="db",from="open",to="half-open"}': 1,
      'breaker_transitions_total{breaker="db",from="half-open",to="closed"}': 1,
      'breaker_forced{breaker="db",state="open"}': 1,
      storage_up: 1,
    })
  })

  it('notice at a scrape that a hold is over', async () => {
    const clock = new ManualClock()
    const db = make('db', { clock })
    collectMetrics(db)
    await db.force('closed', { for: 1_000 })
    expect(filled(await scrape(registry))).toMatchObject({ 'breaker_forced{breaker="db",state="closed"}': 1 })
    await db.force('open', { for: 1_000 })
    clock.advance(1_000)
    const series = filled(await scrape(registry))
    expect(series).toMatchObject({
      'breaker_state{breaker="db",state="half-open"}': 1,
      'breaker_transitions_total{breaker="db",from="open",to="half-open"}': 1,
    })
    expect(Object.keys(series).join()).not.toContain('forced')
  })

  it('count what happened before, but for reasons and transitions, which nobody noted', async () => {
    const db = make('db')
    open(db, 2)
    collectMetrics(db)
    expect(filled(await scrape(registry))).toEqual({
      'breaker_state{breaker="db",state="open"}': 1,
      'breaker_calls_total{breaker="db",verdict="failure"}': 3,
      storage_up: 1,
    })
  })

  it('are of several breakers, and only of those of the source', async () => {
    const [one, two, other] = [make('one'), make('two'), make('other')]
    collectMetrics([one, two])
    for (const breaker of [one, two, other]) open(breaker, 1)
    const series = filled(await scrape(registry))
    for (const name of ['one', 'two'])
      expect(series).toMatchObject({
        [`breaker_calls_total{breaker="${name}",verdict="failure"}`]: 3,
        [`breaker_rejected_total{breaker="${name}",reason="open"}`]: 1,
        [`breaker_transitions_total{breaker="${name}",from="closed",to="open"}`]: 1,
      })
    expect(Object.keys(series).join()).not.toContain('other')
  })

  it('are of what can be read once only, such as the values of a map', async () => {
    collectMetrics(new Map([['db', make('db')]]).values())
    for (let times = 0; times < 2; times++)
      expect(filled(await scrape(registry))).toMatchObject({ 'breaker_state{breaker="db",state="closed"}': 1 })
  })

  it('are of a list as it is when they are read', async () => {
    const list = new Set([make('one')])
    collectMetrics(list)
    list.add(make('two'))
    expect(await registry.metrics()).toContain('breaker="two"')
  })

  it('carry any name as it is', async () => {
    const name = 'http://a:80/"x"\\\n{b}'
    const db = make(name)
    collectMetrics(db)
    open(db, 1)
    expect(await scrape(registry)).toMatchObject({
      'infuse_breaker_rejected_total{breaker="http://a:80/\\"x\\"\\\\\\n{b}",reason="open"}': 1,
    })
    const labels = (await registry.getMetricsAsJSON()).flatMap(({ values }) => values.map((one) => one.labels))
    expect(labels[0]).toMatchObject({ breaker: name })
  })

  it('N1 are never NaN: not without calls, not for what a storage says', async () => {
    const storage = new SimulatedStorage({ clock: new ManualClock() })
    const breakers = [
      make('none'),
      make('shared', { storage }),
      make('long', { resetTimeout: Number.POSITIVE_INFINITY }),
    ]
    await breakers[2]?.force('open')
    collectMetrics(breakers)
    const values = Object.values(await scrape(registry))
    expect(values.length).toBeGreaterThan(50)
    expect(values.filter((value) => !Number.isSafeInteger(value) || value < 0)).toEqual([])
  })

  it('have as many series for a breaker, whatever happens to it', async () => {
    const owner = new Owner()
    collectMetrics(owner)
    const count = async (): Promise<number> => Object.keys(await scrape(registry)).length
    owner.add('a')
    expect(await count()).toBe(19)
    const b = owner.add('b')
    open(b, 10)
    await b.halfOpen()
    await b.close()
    await b.force('open')
    expect(await count()).toBe(37)
  })
})

describe('breakers that come and go', () => {
  it('are there as soon as they are made', async () => {
    const owner = new Owner()
    collectMetrics(owner)
    expect(Object.keys(await scrape(registry))).toEqual(['infuse_storage_up'])
    open(owner.add('db'), 2)
    expect(filled(await scrape(registry))).toMatchObject({
      'breaker_calls_total{breaker="db",verdict="failure"}': 3,
      'breaker_rejected_total{breaker="db",reason="open"}': 2,
    })
  })

  it('of an Infuse are there while it keeps them, and go on counting when they are made anew', async () => {
    await using infuse = new Infuse({ maxBreakers: 1, defaults: { failMax: 3 } })
    collectMetrics(infuse)
    succeed(infuse.breaker('a'), 2)
    expect(await registry.metrics()).toContain('breaker="a"')
    succeed(infuse.breaker('b'))
    const text = await registry.metrics()
    expect(text).not.toContain('breaker="a"')
    expect(text).toContain('breaker="b"')
    succeed(infuse.breaker('a'))
    expect(filled(await scrape(registry))).toMatchObject({ 'breaker_calls_total{breaker="a",verdict="success"}': 3 })
  })

  it('leave when their source has them no more', async () => {
    const owner = new Owner()
    owner.add('a')
    owner.add('b')
    collectMetrics(owner)
    await registry.metrics()
    owner.breakers.delete('a')
    const text = await registry.metrics()
    expect(text).toContain('breaker="b"')
    expect(text).not.toContain('breaker="a"')
  })

  it('go on counting where the last of the name was, what it counted unread included', async () => {
    const owner = new Owner()
    collectMetrics(owner)
    succeed(owner.add('db'), 3)
    await registry.metrics()
    open(owner.breakers.get('db') as CircuitBreaker, 2)
    owner.breakers.delete('db')
    succeed(owner.add('db'), 4)
    expect(filled(await scrape(registry))).toEqual({
      'breaker_state{breaker="db",state="closed"}': 1,
      'breaker_calls_total{breaker="db",verdict="success"}': 7,
      'breaker_calls_total{breaker="db",verdict="failure"}': 3,
      'breaker_rejected_total{breaker="db",reason="open"}': 2,
      'breaker_transitions_total{breaker="db",from="closed",to="open"}': 1,
      storage_up: 1,
    })
  })

  it('never count backwards, nor twice, when they return to the circuit they had', async () => {
    const storage = new MemoryStorage({ clock: new ManualClock() })
    const owner = new Owner()
    collectMetrics(owner)
    const transitions = 'infuse_breaker_transitions_total{breaker="db",from="closed",to="open"}'
    for (let times = 1; times <= 3; times++) {
      const db = make('db', { storage })
      owner.breakers.set('db', db)
      open(db)
      await db.close()
      expect((await scrape(registry))[transitions]).toBe(times)
      owner.breakers.clear()
      expect((await scrape(registry))[transitions]).toBeUndefined()
    }
  })

  it('are remembered by the thousand, and not for ever', async () => {
    const owner = new Owner()
    collectMetrics(owner)
    const success = async (name: string): Promise<number | undefined> =>
      (await scrape(registry))[`infuse_breaker_calls_total{breaker="${name}",verdict="success"}`]
    for (let at = 0; at <= 1_000; at++) succeed(owner.add(String(at)))
    await registry.metrics()
    owner.breakers.clear()
    await registry.metrics()
    owner.add('1')
    owner.add('0')
    expect(await success('1')).toBe(1)
    expect(await success('0')).toBe(0)
  })

  it('are not kept alive', async () => {
    setFlagsFromString('--expose-gc')
    const sweep = runInNewContext('gc') as () => void
    const owner = new Owner()
    collectMetrics(owner)
    const references = ['alone', 'evicted', 'foreign'].map((name) => {
      const breaker = make(name, name === 'evicted' ? { storage: new MemoryStorage() } : {})
      if (name === 'evicted') owner.breakers.set(name, breaker)
      if (name === 'alone') collectMetrics(breaker)
      open(breaker, 1)
      return new WeakRef(breaker)
    })
    await registry.metrics()
    owner.breakers.clear()
    await registry.metrics()
    const alive = (): number => references.filter((one) => one.deref() !== undefined).length
    for (let times = 0; times < 50 && alive() > 0; times++) {
      await new Promise((resolve) => setImmediate(resolve))
      sweep()
    }
    expect(references.map((one) => one.deref()?.name)).toEqual([undefined, undefined, undefined])
    const text = await registry.metrics()
    expect(text).not.toContain('breaker=')
  })
})

describe('several sources', () => {
  it('R10 named twice on one registry are one: nothing throws or counts twice, and one stop ends it', async () => {
    const db = make('db')
    const stop = collectMetrics(db)
    expect(collectMetrics(db)).toBe(stop)
    open(db, 2)
    expect(filled(await scrape(registry))).toMatchObject({
      'breaker_calls_total{breaker="db",verdict="failure"}': 3,
      'breaker_rejected_total{breaker="db",reason="open"}': 2,
      'breaker_transitions_total{breaker="db",from="closed",to="open"}': 1,
    })
    expect(db.listeners).toEqual([])
    stop()
    stop()
    expect(await registry.metrics()).toBe('\n')
    expect(registry.getMetricsAsArray()).toEqual([])
  })

  it('R10 of one registry add up, and a breaker that is in two of them counts once', async () => {
    const owner = new Owner()
    const shared = owner.add('shared')
    const alone = make('alone')
    collectMetrics(owner)
    collectMetrics([shared, alone])
    collectMetrics(shared)
    for (const breaker of [shared, alone]) open(breaker, 1)
    const series = filled(await scrape(registry))
    for (const name of ['shared', 'alone'])
      expect(series).toMatchObject({
        [`breaker_calls_total{breaker="${name}",verdict="failure"}`]: 3,
        [`breaker_rejected_total{breaker="${name}",reason="open"}`]: 1,
        [`breaker_transitions_total{breaker="${name}",from="closed",to="open"}`]: 1,
      })
  })

  it('R10 end one by one: the metrics stay until the last, whose end leaves nothing behind', async () => {
    const [one, two] = [make('one'), make('two')]
    const stopOne = collectMetrics(one)
    const stopTwo = collectMetrics(two)
    stopOne()
    const text = await registry.metrics()
    expect(text).not.toContain('breaker="one"')
    expect(text).toContain('breaker="two"')
    expect(channel('infuse:rejected').hasSubscribers).toBe(true)
    stopTwo()
    expect(registry.getMetricsAsArray()).toEqual([])
    const again = collectMetrics(two)
    expect(await registry.metrics()).toContain('breaker="two"')
    again()
    expect(registry.getMetricsAsArray()).toEqual([])
  })

  it('may be on several registries at once, each with the same numbers', async () => {
    const other = new Registry()
    const db = make('db')
    collectMetrics(db)
    collectMetrics(db, other)
    open(db, 2)
    expect(await other.metrics()).toBe(await registry.metrics())
  })

  it('under one name add up, and the state is the worst', async () => {
    const [one, two, three] = [make('db'), make('db'), make('db')]
    collectMetrics([one, two, three])
    for (const breaker of [one, two]) open(breaker, 1)
    await two.halfOpen()
    await three.force('closed')
    expect(filled(await scrape(registry))).toEqual({
      'breaker_state{breaker="db",state="open"}': 1,
      'breaker_calls_total{breaker="db",verdict="failure"}': 6,
      'breaker_rejected_total{breaker="db",reason="open"}': 2,
      'breaker_transitions_total{breaker="db",from="closed",to="open"}': 2,
      'breaker_transitions_total{breaker="db",from="open",to="half-open"}': 1,
      'breaker_forced{breaker="db",state="closed"}': 1,
      storage_up: 1,
    })
  })

  it('on one circuit count its transitions once, and each its own calls', async () => {
    const storage = new MemoryStorage({ clock: new ManualClock() })
    const [one, two] = [make('db', { storage }), make('db', { storage })]
    collectMetrics([one, two])
    for (let times = 0; times < 3; times++) {
      open(one)
      fail(two)
      await two.close()
    }
    expect(filled(await scrape(registry))).toEqual({
      'breaker_state{breaker="db",state="closed"}': 1,
      'breaker_calls_total{breaker="db",verdict="failure"}': 9,
      'breaker_rejected_total{breaker="db",reason="open"}': 3,
      'breaker_transitions_total{breaker="db",from="closed",to="open"}': 3,
      'breaker_transitions_total{breaker="db",from="open",to="closed"}': 3,
      storage_up: 1,
    })
  })
})

describe('shared storage', () => {
  it('is up or down as this process sees it, one that was down before included', async () => {
    const clock = new ManualClock()
    const [near, far] = [new SimulatedStorage({ clock }), new SimulatedStorage({ clock, refreshInterval: 1_000 })]
    const breakers = [make('near', { storage: near }), make('far', { storage: far }), make('local')]
    await Promise.all(breakers.map((breaker) => breaker.ready()))
    const downs: unknown[] = []
    breakers[1]?.on('storageDown', (_, error) => void downs.push(error))
    const passes = async (): Promise<void> => {
      clock.advance(100)
      await flush()
    }
    far.cut()
    for (let times = 0; times < 100 && downs.length === 0; times++) await passes()
    collectMetrics(breakers)
    expect(await scrape(registry)).toMatchObject({ infuse_storage_up: 0 })
    far.heal()
    for (let times = 0; times < 100 && (await scrape(registry))['infuse_storage_up'] === 0; times++) await passes()
    expect(await scrape(registry)).toMatchObject({ infuse_storage_up: 1 })
  })

  it('tells what other processes did, once', async () => {
    const clock = new ManualClock()
    const storage = new SimulatedStorage({ clock })
    const elsewhere = make('db', { storage: storage.connect() })
    const here = [make('db', { storage }), make('db', { storage })]
    await Promise.all([elsewhere, ...here].map((breaker) => breaker.ready()))
    collectMetrics(here)
    await elsewhere.force('open')
    expect(filled(await scrape(registry))).toEqual({
      'breaker_state{breaker="db",state="open"}': 1,
      'breaker_transitions_total{breaker="db",from="closed",to="open"}': 1,
      'breaker_forced{breaker="db",state="open"}': 1,
      storage_up: 1,
    })
  })
})

describe('a registry', () => {
  it('that was cleared has the metrics again when the source is named again', async () => {
    const db = make('db')
    collectMetrics(db)
    registry.clear()
    expect(await registry.metrics()).toBe('\n')
    collectMetrics(db)
    expect(filled(await scrape(registry))).toMatchObject({ 'breaker_state{breaker="db",state="closed"}': 1 })
  })

  it('that resets its metrics loses nothing', async () => {
    const db = make('db')
    collectMetrics(db)
    open(db, 1)
    const before = await registry.metrics()
    registry.resetMetrics()
    expect(await registry.metrics()).toBe(before)
  })

  it('with a metric of one of the names throws and stays as it was', () => {
    const theirs = new Counter({ name: 'infuse_breaker_rejected_total', help: 'theirs', registers: [registry] })
    expect(() => collectMetrics(make('db'))).toThrow(/another metric of the name infuse_breaker_rejected/)
    expect(registry.getMetricsAsArray()).toEqual([theirs])
  })

  it('for OpenMetrics has the same series', async () => {
    const open = new Registry<OpenMetricsContentType>()
    open.setContentType(Registry.OPENMETRICS_CONTENT_TYPE)
    const db = make('db')
    collectMetrics(db)
    const stop = collectMetrics(db, open)
    fail(db, 4)
    expect(await scrape(open)).toEqual(await scrape(registry))
    expect(await open.metrics()).toContain('# TYPE infuse_breaker_calls counter')
    expect(await scrape(open)).toEqual(await scrape(registry))
    stop()
    expect(open.getMetricsAsArray()).toEqual([])
  })

  it('of a cluster adds up what is counted; states stay 0 or 1', async () => {
    const workers = [new Registry(), new Registry()]
    const breakers = workers.map((worker) => {
      const db = make('db')
      collectMetrics(db, worker)
      open(db)
      return db
    })
    await breakers[0]?.close()
    const all = AggregatorRegistry.aggregate(await Promise.all(workers.map((worker) => worker.getMetricsAsJSON())))
    expect(parse(await all.metrics())).toMatchObject({
      'infuse_breaker_state{breaker="db",state="open"}': 1,
      'infuse_breaker_state{breaker="db",state="closed"}': 1,
      'infuse_breaker_calls_total{breaker="db",verdict="failure"}': 6,
      infuse_storage_up: 1,
    })
  })
})

describe('bad arguments', () => {
  it('are refused by name, value and type', () => {
    const bad = (source: unknown, ...to: unknown[]) => expect(() => collect(source as never, to.at(0) as never))
    const source = /Expected `source` to be an Infuse, a CircuitBreaker or several, got /
    for (const one of [undefined, null, 7, 'db', {}, { breakers: 1 }, () => undefined, [make('db'), {}]])
      bad(one, registry).toThrow(source)
    bad(new Map([['db', make('db')]]), registry).toThrow(source)
    bad(make('db'), undefined).toThrow(/Expected `registry` to be a Registry of prom-client.*, got `undefined`/)
    bad(make('db'), {}).toThrow(/Expected `registry`/)
    expect(registry.getMetricsAsArray()).toEqual([])
  })
})
