import { describe, expect, it } from 'vitest'
import { CircuitBreaker } from '../../../src/index.ts'
import { Reports, spread } from '../../../src/fleet/reports.ts'
import type { CircuitReport, Presence } from '../../../src/fleet/storage.ts'
import { ManualClock, SimulatedStorage } from '../../../src/testing/index.ts'
import { flush, watch } from '../../support/async.ts'
import { down } from '../../support/breaker.ts'

const nothing = { calls: 0, failures: 0, rejected: 0, slow: 0 }

function sums(report: CircuitReport | undefined): number[] {
  const keys = ['calls', 'successes', 'failures', 'rejected', 'slow'] as const
  return keys.map((key) => (report?.steps ?? []).reduce((sum, step) => sum + step[key], 0))
}

describe('what a process tells with its refresh', () => {
  const make = async () => {
    const clock = new ManualClock(0, 1_000_000)
    const storage = new SimulatedStorage({ clock, seed: 3 })
    const breaker = new CircuitBreaker({ name: 'c', storage, failMax: 3, resetTimeout: 60_000 })
    await breaker.ready()
    const refreshed = async (): Promise<CircuitReport | undefined> => {
      clock.advance(5_000)
      await flush(60)
      return storage.server.reports.read(['c'])[0]
    }
    return { clock, storage, breaker, refreshed }
  }

  it('is how its calls ended since the last one, and costs no command', async () => {
    const { storage, breaker, refreshed } = await make()
    const before = { ...storage.server.commands }
    for (let call = 0; call < 7; call++) await breaker.call(() => 'fine')
    await watch(breaker.call(() => Promise.reject(down))).done
    await refreshed()
    await breaker.call(() => 'fine')
    expect(sums(await refreshed())).toEqual([9, 8, 1, 0, 0])
    const { read, replace } = storage.server.commands
    expect([read - before.read, replace - before.replace]).toEqual([2, 0])
  })

  it('says what was rejected, and no more of calls that are in flight than that they were let in', async () => {
    const { breaker, refreshed } = await make()
    await breaker.open()
    for (let call = 0; call < 4; call++) await watch(breaker.call(() => 'fine')).done
    await breaker.close()
    void breaker.call(() => new Promise(() => undefined))
    expect(sums(await refreshed())).toEqual([1, 0, 0, 4, 0])
  })

  it('is the sum over the breakers of one name, those that left included', async () => {
    const { storage, breaker, refreshed } = await make()
    const other = new CircuitBreaker({ name: 'c', storage })
    for (const one of [breaker, other, other]) await one.call(() => 'fine')
    await other.dispose()
    await other.call(() => 'of nobody any more')
    const report = await refreshed()
    expect(sums(report)).toEqual([3, 3, 0, 0, 0])
    expect(report?.processes).toHaveLength(1)
  })

  it('is not told again where storage did not answer, since it may have arrived', async () => {
    const { storage, breaker, refreshed } = await make()
    await breaker.call(() => 'fine')
    storage.cut()
    await refreshed()
    await breaker.call(() => 'fine')
    storage.heal()
    expect(sums(await refreshed())).toEqual([1, 1, 0, 0, 0])
  })

  it('says what it decided alone, while the others disagree, and no more when that is over', async () => {
    const { clock, storage, breaker } = await make()
    const other = new CircuitBreaker({ name: 'c', storage: storage.connect() })
    await other.ready()
    // In steps that no answer is late for.
    const pass = async (ms: number): Promise<CircuitReport | undefined> => {
      for (let gone = 0; gone < ms; gone += 20) {
        await watch(other.call(() => 'fine')).done
        clock.advance(20)
        await flush(10)
      }
      return storage.server.reports.read(['c'])[0]
    }
    expect((await pass(5_000))?.alone).toEqual([])
    for (let call = 0; call < 3; call++) await watch(breaker.call(() => Promise.reject(down))).done
    const tripped = 1_000_000 + clock.now()
    const report = await pass(5_000)
    expect([breaker.explain().scope, breaker.state, other.state]).toEqual(['local', 'open', 'closed'])
    const [process] = report?.alone?.map((one) => one.process) ?? []
    expect(report?.processes).toHaveLength(2)
    expect(report?.processes).toContain(process)
    const why = '3 calls in a row failed: the dependency is down'
    expect(report?.alone).toMatchObject([{ process, state: 'open', why }])
    const { since = 0, until = 0 } = report?.alone?.[0] ?? {}
    expect(until - since).toBe(60_000)
    // A report is on its way for a while.
    expect(Math.abs(since - tripped)).toBeLessThanOrEqual(20)
    await pass(56_000)
    await breaker.call(() => 'fine')
    expect([breaker.state, (await pass(5_000))?.alone]).toEqual(['closed', []])
    await breaker.open()
    expect([other.state, (await pass(5_000))?.alone]).toEqual(['open', []])
  })

  it('covers the time since the last one', async () => {
    const { clock, breaker, refreshed } = await make()
    clock.advance(2_000)
    for (let call = 0; call < 100; call++) await breaker.call(() => 'fine')
    const report = await refreshed()
    expect(report?.steps.map(({ start }) => start)).toEqual([1_000_000, 1_005_000])
    expect(sums(report)).toEqual([100, 100, 0, 0, 0])
  })
})

describe('reports in memory', () => {
  const presence = (process: string, parts: Partial<Presence> = {}): Presence => ({
    process,
    circuits: { c: { ...nothing, calls: 1 } },
    ...parts,
  })

  it('keep the steps of five minutes, and forget circuits of which nothing is left', () => {
    const clock = new ManualClock(0, 1_000_000)
    const reports = new Reports(clock)
    for (let step = 0; step < 100; step++) {
      reports.see(['c'], presence('p'))
      clock.advance(5_000)
    }
    const [report] = reports.read(['c'])
    expect(report?.steps).toHaveLength(59)
    expect(report?.steps.at(-1)).toEqual({ start: 1_495_000, ...nothing, calls: 1, successes: 1 })
    clock.advance(300_000)
    expect(reports.read(['c'])).toEqual([undefined])
    expect(reports.list()).toEqual([])
  })

  it('list what was told of lately', () => {
    const reports = new Reports(new ManualClock())
    reports.see(['c', 'd'], presence('p'))
    expect(reports.list()).toEqual(['c'])
  })

  it('take no name for something else', () => {
    const reports = new Reports(new ManualClock())
    reports.see(['__proto__', 'constructor', 'toString'], presence('p'))
    expect(reports.list()).toEqual([])
    reports.see(['__proto__'], presence('p', { circuits: JSON.parse(`{"__proto__":${JSON.stringify(nothing)}}`) }))
    expect(reports.list()).toEqual(['__proto__'])
  })

  it('count 1 000 processes at most, and who missed three refreshes no more', () => {
    const clock = new ManualClock()
    const reports = new Reports(clock)
    for (let process = 0; process < 1_200; process++) reports.see(['c'], presence(`p${process}`, { every: 1_000 }))
    const there = (): number => reports.read(['c'])[0]?.processes.length ?? 0
    expect(there()).toBe(1_000)
    clock.advance(2_999)
    expect(there()).toBe(1_000)
    reports.see(['c'], presence('p7', { every: 1_000 }))
    clock.advance(1)
    expect(there()).toBe(1)
    expect(sums(reports.read(['c'])[0])[0]).toBe(1_201)
  })

  it('tell of 100 that stand alone at most, in few words', () => {
    const clock = new ManualClock(0, 1_000_000)
    const reports = new Reports(clock)
    const c = { state: 'open', since: { in: -5 }, until: { in: 7 }, why: 'x'.repeat(900) } as const
    for (let process = 0; process < 120; process++) reports.see(['c', 'd'], presence(`p${process}`, { alone: { c } }))
    const [report] = reports.read(['c'])
    expect(report?.alone).toHaveLength(100)
    const [first] = report?.alone ?? []
    expect(first).toEqual({ process: 'p0', state: 'open', since: 999_995, until: 1_000_007, why: 'x'.repeat(200) })
  })

  it('hold 10 000 circuits, and another where one is forgotten', () => {
    const clock = new ManualClock()
    const reports = new Reports(clock)
    const all = (from: number): string[] => Array.from({ length: 10_000 }, (_, index) => `${from + index}`)
    const circuits = (names: string[]) => Object.fromEntries(names.map((name) => [name, nothing]))
    reports.see(all(0), presence('p', { circuits: circuits(all(0)) }))
    reports.see(['more'], presence('p', { circuits: circuits(['more']) }))
    expect(reports.list()).toHaveLength(10_000)
    clock.advance(400_000)
    reports.see(['more'], presence('p', { circuits: circuits(['more']) }))
    expect(reports.list()).toEqual(['more'])
  })
})

describe('a report over a time', () => {
  const seen = { calls: 10, successes: 3, failures: 7, rejected: 1, slow: 0 }

  it.each([
    [0, 12_000, [[10_000, 10]]],
    [-5, 12_000, [[10_000, 10]]],
    [2_000, 12_000, [[10_000, 10]]],
    [
      4_000,
      12_000,
      [
        [5_000, 5],
        [10_000, 5],
      ],
    ],
    [
      10_000,
      12_000,
      [
        [0, 3],
        [5_000, 5],
        [10_000, 2],
      ],
    ],
    [
      5_000,
      15_000,
      [
        [10_000, 10],
        [15_000, 0],
      ],
    ],
  ])('of %d ms up to %d is spread evenly', (span, at, expected) => {
    expect(spread(seen, span, at).map(({ start, calls }) => [start, calls])).toEqual(expected)
  })

  it('keeps its sums', () => {
    for (let span = 0; span < 400_000; span += 7_919) {
      const steps = spread({ calls: 997, failures: 31, rejected: 1, slow: 2 }, span, 1_234_567)
      expect(sums({ at: 0, steps, processes: [] })).toEqual([997, 966, 31, 1, 2])
      expect(steps.length).toBeLessThanOrEqual(60)
    }
  })
})
