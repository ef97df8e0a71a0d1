import { channel } from 'node:diagnostics_channel'
import { metrics as api, type Meter } from '@opentelemetry/api'
import { AggregationTemporality } from '@opentelemetry/sdk-metrics'
import { Registry } from 'prom-client'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { CircuitBreaker } from '../../../src/index.ts'
import { observeMetrics as observe, type MetricsSource } from '../../../src/observe/opentelemetry.ts'
import { collectMetrics } from '../../../src/observe/prometheus.ts'
import { ManualClock } from '../../../src/testing/index.ts'
import { fail, make, open, scrape, type Series, succeed, telemetry } from './support.ts'

let sdk: ReturnType<typeof telemetry>
let meter: Meter
let stops: (() => void)[]
beforeEach(() => {
  sdk = telemetry()
  meter = sdk.provider.getMeter('shop')
  stops = []
})
afterEach(async () => {
  for (const stop of stops) stop()
  await sdk.provider.shutdown()
  expect(channel('infuse:rejected').hasSubscribers).toBe(false)
})

/** Ended with the test. */
function observeMetrics(source: MetricsSource, by: Meter = meter): () => void {
  const stop = observe(source, by)
  stops.push(stop)
  return stop
}

const name = 'infuse.breaker.name="db"'
const rejected = (reason: string): string =>
  `infuse.breaker.rejected{error.type="ERR_CIRCUIT_OPEN",${name},infuse.breaker.reason="${reason}"}`
const state = (of: string): string => `infuse.breaker.state{${name},infuse.breaker.state="${of}"}`
const calls = (verdict: string): string => `infuse.breaker.calls{${name},infuse.breaker.verdict="${verdict}"}`
const moved = (from: string, to: string): string =>
  `infuse.breaker.transitions{${name},infuse.breaker.from="${from}",infuse.breaker.to="${to}"}`
const filled = (series: Series): Series => Object.fromEntries(Object.entries(series).filter(([, value]) => value !== 0))

describe('metrics for OpenTelemetry', () => {
  it('count verdicts, rejections by reason and transitions, and tell the state', async () => {
    const clock = new ManualClock()
    const db = make('db', { clock, failMax: 2, resetTimeout: 1_000, ignore: [RangeError] })
    observeMetrics(db)
    succeed(db, 5)
    fail(db, 1, new RangeError())
    open(db, 3)
    clock.advance(1_000)
    fail(db)
    await db.force('open')
    fail(db, 4)
    expect(filled(await sdk.collect())).toEqual({
      [state('open')]: 1,
      [calls('success')]: 5,
      [calls('failure')]: 3,
      [calls('ignore')]: 1,
      [rejected('open')]: 3,
      [rejected('forced')]: 4,
      [moved('closed', 'open')]: 1,
      [moved('open', 'half-open')]: 1,
      [moved('half-open', 'open')]: 1,
      [`infuse.breaker.forced{${name},infuse.breaker.state="open"}`]: 1,
      'infuse.storage.up{}': 1,
    })
  })

  it('are the same numbers as those for Prometheus', async () => {
    const registry = new Registry()
    const breakers = [make('a'), make('b')]
    observeMetrics(breakers)
    stops.push(collectMetrics(breakers, registry))
    open(breakers[0] as CircuitBreaker, 2)
    succeed(breakers[1] as CircuitBreaker, 3)
    const values = (series: Series): number[] => Object.values(series).toSorted((one, other) => one - other)
    expect(values(await sdk.collect())).toEqual(values(await scrape(registry)))
  })

  it('N1 are whole numbers, never NaN', async () => {
    observeMetrics([make('none'), make('more')])
    const values = Object.values(await sdk.collect())
    expect(values).toHaveLength(37)
    expect(values.filter((value) => !Number.isSafeInteger(value) || value < 0)).toEqual([])
  })

  it('are told as what happened since the last time, where the reader wants that', async () => {
    const delta = telemetry(AggregationTemporality.DELTA)
    const db = make('db')
    observeMetrics(db, delta.provider.getMeter('shop'))
    open(db, 2)
    expect(await delta.collect()).toMatchObject({ [calls('failure')]: 3, [rejected('open')]: 2, [state('open')]: 1 })
    fail(db, 5)
    expect(await delta.collect()).toMatchObject({ [calls('failure')]: 0, [rejected('open')]: 5 })
    await delta.provider.shutdown()
  })
})

describe('breakers that come and go', () => {
  it('are there as soon as they are made, in no state when they have left, and never count backwards', async () => {
    const breakers = new Map<string, CircuitBreaker>()
    observeMetrics({ breakers })
    expect(await sdk.collect()).toEqual({ 'infuse.storage.up{}': 1 })
    for (let times = 1; times <= 3; times++) {
      const db = make('db')
      breakers.set('db', db)
      open(db, 1)
      const there = { [state('open')]: 1, [calls('failure')]: 3 * times, [rejected('open')]: times }
      expect(await sdk.collect()).toMatchObject(there)
      breakers.clear()
      const left = { [state('open')]: 0, [state('closed')]: 0, [calls('failure')]: 3 * times }
      expect(await sdk.collect()).toMatchObject(left)
    }
  })
})

describe('several sources', () => {
  it('R10 named twice on one meter are one: nothing throws or counts twice, and one stop ends it', async () => {
    const db = make('db')
    const stop = observeMetrics(db)
    expect(observeMetrics(db, sdk.provider.getMeter('shop'))).toBe(stop)
    open(db, 2)
    expect(await sdk.collect()).toMatchObject({
      [calls('failure')]: 3,
      [rejected('open')]: 2,
      [moved('closed', 'open')]: 1,
    })
    expect(db.listeners).toEqual([])
    stop()
    stop()
    await db.close()
    fail(db, 3)
    // What an SDK was told last it goes on telling; it is told nothing more.
    expect(await sdk.collect()).toMatchObject({ [calls('failure')]: 3 })
  })

  it('R10 of one meter add up, and a breaker that is in two of them counts once', async () => {
    const db = make('db')
    observeMetrics({ breakers: new Map([['db', db]]) })
    observeMetrics([db, make('db')])
    open(db, 2)
    expect(await sdk.collect()).toMatchObject({ [calls('failure')]: 3, [rejected('open')]: 2, [state('closed')]: 0 })
  })

  it('R10 stopped and named again go on', async () => {
    const db = make('db')
    observeMetrics(db)()
    expect(await sdk.collect()).toEqual({})
    observeMetrics(db)
    succeed(db, 2)
    expect(await sdk.collect()).toMatchObject({ [calls('success')]: 2 })
  })
})

describe('a meter', () => {
  it('of no SDK is fine: nobody asks', () => {
    observeMetrics(make('db'), api.getMeter('nobody'))()
  })

  it('that is none is refused, and so is what is no source', () => {
    expect(() => observe(make('db'), {} as never)).toThrow(/Expected `meter` to be a Meter of OpenTelemetry/)
    expect(() => observe(make('db'), undefined as never)).toThrow(/got `undefined`/)
    expect(() => observe(7 as never, meter)).toThrow(/Expected `source` to be an Infuse, a CircuitBreaker or several/)
  })
})
