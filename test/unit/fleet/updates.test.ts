import { describe, expect, it } from 'vitest'
import { CircuitBreaker, consecutive, failureRate, MemoryStorage } from '../../../src/index.ts'
import { Operator } from '../../../src/fleet/operator.ts'
import { ManualClock } from '../../../src/testing/index.ts'
import { errorOf, flush } from '../../support/async.ts'
import { down } from '../../support/breaker.ts'
import { advance, begin, fleetOf, joined, Line, moveTo, NAME, type Process } from './support.ts'

async function fails(breaker: CircuitBreaker, times: number): Promise<void> {
  for (let call = 0; call < times; call++) await breaker.call(() => Promise.reject(down)).catch(() => undefined)
}

const thresholds = ({ failMax, resetTimeout, successThreshold }: CircuitBreaker) => [
  failMax,
  resetTimeout,
  successThreshold,
]
const own = [5, 1_000, 1]

async function pair(): Promise<[Process, Process]> {
  const [one, two] = await fleetOf(2)
  if (one === undefined || two === undefined) throw new Error('Two were asked for')
  return [one, two]
}

describe('an update of a fleet', () => {
  it('counts here at once, and in every process that hears of it, until it is undone', async () => {
    const [one, two] = await pair()
    const stored = one.breaker.update({ failMax: 2, resetTimeout: 7_000 }, { by: 'ana', reason: 'too touchy' })
    expect(thresholds(one.breaker)).toEqual([2, 7_000, 1])
    expect(thresholds(two.breaker)).toEqual(own)
    await stored
    expect(thresholds(two.breaker)).toEqual([2, 7_000, 1])
    expect(two.breaker.explain().text).toContain('Somebody has set failMax 2, resetTimeout 7 s for all who share it.')
    await two.breaker.update({ failMax: null, successThreshold: 3 })
    expect([thresholds(one.breaker), thresholds(two.breaker)]).toEqual([
      [5, 7_000, 3],
      [5, 7_000, 3],
    ])
    await two.breaker.update({ successThreshold: null, resetTimeout: null })
    expect([thresholds(one.breaker), thresholds(two.breaker)]).toEqual([own, own])
    expect(one.line.stored(NAME).overrides).toBeUndefined()
    expect([one.events, two.events]).toEqual([[], []])
  })

  it('is in the history with author and reason, and leaves the reason of the state alone', async () => {
    const [one, two] = await pair()
    await one.breaker.open({ by: 'ana', reason: 'repairs' })
    await two.breaker.update({ failMax: 2 }, { by: 'bob', reason: 'too touchy' })
    expect(one.breaker.explain().text).toContain('by ana: repairs')
    const [entry] = one.line.memory.transitions({ limit: 1 })
    expect(entry).toMatchObject({
      from: 'open',
      to: 'open',
      act: 'updated',
      by: 'bob',
      why: 'too touchy',
      overrides: { failMax: 2 },
    })
  })

  it('trips by the new number, here and over the fleet', async () => {
    const [one, two] = await pair()
    await one.breaker.update({ failMax: 2 })
    await fails(two.breaker, 2)
    expect(two.breaker.state).toBe('open')
    await advance(one, 200)
    expect(one.breaker.state).toBe('open')
    expect(one.breaker.explain().policy).toBe('2 failures in a row')
  })

  it('closes after the new number of trials', async () => {
    const [one, two] = await pair()
    await one.breaker.update({ successThreshold: 2 })
    await one.breaker.halfOpen()
    await (await begin(two)).succeed()
    expect(one.breaker.state).toBe('half-open')
    await (await begin(one)).succeed()
    expect(two.breaker.state).toBe('closed')
  })

  it('changes the time of an open circuit from when it opened, and the own time comes back with it', async () => {
    const [one, two] = await pair()
    const opened = one.breaker.open()
    await opened
    await advance(one, 400)
    await two.breaker.update({ resetTimeout: 5_000 })
    expect(one.line.stored(NAME)).toMatchObject({ state: 'open', until: one.line.stored(NAME).period + 5_000 })
    expect(one.breaker.explain().nextTrialAt).toEqual(two.breaker.explain().nextTrialAt)
    await advance(one, 700)
    expect(await errorOf(one.breaker.call(() => 'fine'))).toMatchObject({ reason: 'open', retryAfter: 3_900 })
    await one.breaker.update({ resetTimeout: null })
    expect(await two.breaker.call(() => 'fine')).toBe('fine')
    expect(one.events).toEqual(['closed->open local', 'open->half-open remote', 'half-open->closed remote'])
  })

  it('does not end a trial that runs', async () => {
    const [one, two] = await pair()
    await one.breaker.halfOpen()
    const trial = await begin(one)
    await two.breaker.update({ resetTimeout: 9_000 })
    await trial.succeed()
    expect([one.breaker.state, two.breaker.state]).toEqual(['closed', 'closed'])
    expect(two.line.stored(NAME).overrides).toEqual({ resetTimeout: 9_000 })
  })

  it('leaves a hold as it is', async () => {
    const [one, two] = await pair()
    await one.breaker.force('open', { for: 60_000, by: 'ana', reason: 'repairs' })
    const before = one.line.stored(NAME).forced
    await advance(one, 100)
    await two.breaker.update({ resetTimeout: 1 }, { by: 'bob' })
    expect(one.line.stored(NAME)).toMatchObject({ forced: before, by: 'ana', why: 'repairs' })
    expect(one.breaker.explain().forced).toMatchObject({ by: 'ana', reason: 'repairs' })
  })

  it('is made on what others changed meanwhile', async () => {
    const [one, two] = await pair()
    one.line.deaf = true
    await two.breaker.update({ successThreshold: 4 })
    await two.breaker.open()
    await one.breaker.update({ failMax: 3 })
    expect(one.line.stored(NAME)).toMatchObject({ state: 'open', overrides: { failMax: 3, successThreshold: 4 } })
    expect(thresholds(one.breaker)).toEqual([3, 1_000, 4])
  })

  it('is undone here where storage did not take it', async () => {
    const [one] = await pair()
    one.line.mode = 'refuses'
    const refused = one.breaker.update({ failMax: 2 })
    expect(one.breaker.failMax).toBe(2)
    expect((await errorOf(refused)).message).toContain('ECONNREFUSED')
    expect(one.breaker.failMax).toBe(5)
    expect((await errorOf(one.breaker.update({ failMax: 2 }))).message).toContain('does not answer')
    expect(one.breaker.failMax).toBe(5)
  })

  it('waits for the first read, so as to undo nothing that it does not know', async () => {
    const [first] = await pair()
    await first.breaker.update({ successThreshold: 4 })
    const { line, breaker } = joined(new Line({ clock: first.line.clock, memory: first.line.memory }))
    await breaker.update({ failMax: 2 })
    expect(line.stored(NAME).overrides).toEqual({ failMax: 2, successThreshold: 4 })
  })

  it('gives up where the circuit goes on changing', async () => {
    const [one] = await pair()
    one.line.before = (verb) => {
      if (verb === 'replace') one.line.memory.replace(NAME, one.line.memory.read([NAME])[0], moveTo({ state: 'open' }))
    }
    expect((await errorOf(one.breaker.update({ failMax: 2 }))).message).toContain('went on changing')
    expect(one.breaker.failMax).toBe(5)
  })

  it('reaches those that come later, also when all others are gone, and other breakers of one process', async () => {
    const [one, two] = await pair()
    const beside = new CircuitBreaker({ name: NAME, storage: one.line, failMax: 9 })
    await one.breaker.update({ failMax: 2 })
    expect(beside.failMax).toBe(2)
    const after = new CircuitBreaker({ name: NAME, storage: one.line, failMax: 8 })
    expect(after.failMax).toBe(2)
    for (const { breaker } of [one, two]) await breaker.dispose()
    await beside.dispose()
    await after.dispose()
    const late = joined(new Line({ clock: one.line.clock, memory: one.line.memory }), { failMax: 7 })
    await late.breaker.ready()
    expect(late.breaker.failMax).toBe(2)
    await late.breaker.update({ failMax: null })
    expect(late.breaker.failMax).toBe(7)
  })

  it('is followed on a circuit whose first breaker is gone', async () => {
    const [one, two] = await pair()
    const beside = new CircuitBreaker({ name: NAME, storage: one.line, failMax: 9 })
    await one.breaker.dispose()
    await two.breaker.update({ failMax: 2 })
    await flush(60)
    expect(beside.failMax).toBe(2)
    await fails(beside, 2)
    await advance(two, 200)
    expect(two.breaker.state).toBe('open')
  })

  it('is clamped, and nothing where it is none, whatever storage says', async () => {
    const [one] = await pair()
    const say = async (overrides: unknown): Promise<unknown[]> => {
      const move = moveTo({ state: 'closed', overrides: overrides as never })
      one.line.memory.replace(NAME, one.line.memory.read([NAME])[0], move)
      await flush()
      return thresholds(one.breaker)
    }
    expect(await say({ failMax: 1e12, resetTimeout: 8.64e15, successThreshold: 2 })).toEqual([1e6, Infinity, 2])
    expect(await say({ failMax: 0, resetTimeout: -1, successThreshold: 1.5 })).toEqual(own)
    expect(await say({ failMax: '3', resetTimeout: Number.NaN, other: 1 })).toEqual(own)
    expect(await say([1, 2])).toEqual(own)
    expect(await say('x')).toEqual(own)
  })

  it('is put back, once, where storage was emptied and counts made the record anew', async () => {
    const [one, two] = await pair()
    await one.breaker.update({ failMax: 4 }, { by: 'ana' })
    const { epoch, period } = one.line.stored(NAME)
    const emptied = new MemoryStorage({ clock: one.line.clock })
    Object.assign(one.line, { memory: emptied })
    Object.assign(two.line, { memory: emptied })
    for (const { breaker } of [one, two]) await fails(breaker, 1)
    await advance(one, 100)
    expect(one.line.stored(NAME)).toMatchObject({ state: 'closed', period, overrides: { failMax: 4 } })
    expect(one.line.stored(NAME).epoch).toBeGreaterThan(epoch)
    expect(emptied.transitions({ limit: 9 }).map(({ act, why }) => [act, why])).toEqual([
      ['updated', 'storage had forgotten it'],
    ])
    expect([one.breaker.failMax, two.breaker.failMax]).toEqual([4, 4])
  })

  it('by an operator without a breaker is the same', async () => {
    const [one, two] = await pair()
    await one.breaker.open()
    const operator = new Operator(two.line)
    await operator.update(NAME, { failMax: 2, resetTimeout: 60_000 }, { by: 'ana', reason: 'calm' })
    expect(thresholds(one.breaker)).toEqual([2, 60_000, 1])
    const { until, period } = one.line.stored(NAME)
    expect(until - period).toBe(60_000)
    expect(one.line.memory.transitions({ limit: 1 })).toMatchObject([{ act: 'updated', by: 'ana', why: 'calm' }])
    await operator.update(NAME, { failMax: null, resetTimeout: null })
    expect(thresholds(one.breaker)).toEqual(own)
  })
})

describe('an update of a circuit of one process', () => {
  it('is for all its breakers, those that come later too, until it is undone', async () => {
    const storage = new MemoryStorage()
    const make = (failMax: number) => new CircuitBreaker({ name: 'c', storage, failMax })
    const [one, two] = [make(3), make(4)]
    await one.update({ failMax: 2, resetTimeout: 1 })
    const late = make(5)
    expect([one, two, late].map((each) => each.failMax)).toEqual([2, 2, 2])
    await two.update({ failMax: null })
    expect([one, two, late].map(thresholds)).toEqual([3, 4, 5].map((failMax) => [failMax, 1, 1]))
  })

  it("without storage is the breaker's own", async () => {
    const clock = new ManualClock()
    const breaker = new CircuitBreaker({ clock, resetTimeout: 60_000 })
    await breaker.update({ failMax: 1, resetTimeout: 5_000 })
    await fails(breaker, 1)
    expect(breaker.state).toBe('open')
    clock.advance(4_999)
    expect((await errorOf(breaker.call(() => 'fine'))).reason).toBe('open')
    await breaker.update({ resetTimeout: null })
    clock.advance(1)
    expect(await errorOf(breaker.call(() => 'fine'))).toMatchObject({ reason: 'open', retryAfter: 55_000 })
  })

  it('keeps what is set meanwhile for when it is undone', async () => {
    const breaker = new CircuitBreaker()
    await breaker.update({ failMax: 2, resetTimeout: 2, successThreshold: 2 })
    breaker.failMax = 7
    breaker.resetTimeout = 7
    breaker.successThreshold = 7
    expect(thresholds(breaker)).toEqual([2, 2, 2])
    await breaker.update({ failMax: null, resetTimeout: null, successThreshold: null })
    expect(thresholds(breaker)).toEqual([7, 7, 7])
    await breaker.update({ failMax: 3 })
    await breaker.update({ failMax: null })
    expect(thresholds(breaker)).toEqual([7, 7, 7])
  })

  it('of failMax changes `consecutive`, and no other policy', async () => {
    const counted = new CircuitBreaker({ trip: consecutive(4) })
    const rated = new CircuitBreaker({ trip: failureRate() })
    for (const breaker of [counted, rated]) await breaker.update({ failMax: 2 })
    expect(counted.explain().policy).toBe('2 failures in a row')
    expect(rated.explain().policy).toContain('50 % failed')
    expect([counted.failMax, rated.failMax]).toEqual([undefined, undefined])
    await fails(counted, 2)
    await fails(rated, 2)
    expect([counted.state, rated.state]).toEqual(['open', 'closed'])
  })

  it.each([
    [{}, 'to give one of'],
    [{ failMax: undefined }, 'to give one of'],
    [{ failmax: 1 }, 'Unknown option `failmax`'],
    [{ failMax: 0 }, '`failMax`'],
    [{ failMax: 1_000_001 }, '`failMax` to be at most 1000000'],
    [{ successThreshold: 1.5 }, '`successThreshold`'],
    [{ resetTimeout: () => 1 }, '`resetTimeout`'],
    [{ resetTimeout: -1 }, '`resetTimeout`'],
    [null, '`update`'],
  ])('%j is refused at once', (update, message) => {
    expect(() => new CircuitBreaker().update(update as never)).toThrow(message)
    expect(() => new CircuitBreaker().update({ failMax: 1 }, { by: 1 } as never)).toThrow('`by`')
  })
})

it('commands in code say who and why where they are told to', async () => {
  const heard: unknown[] = []
  const breaker = new CircuitBreaker({
    listeners: [{ stateChange: (_, __, ___, { by, reason }) => void heard.push([by, reason]) }],
  })
  await breaker.open({ by: 'ana', reason: 'repairs' })
  await breaker.halfOpen({ by: 'bob' })
  await breaker.close()
  await breaker.force('open', { by: 'cy' })
  await breaker.release({ reason: 'done' })
  expect(heard).toEqual([
    ['ana', 'repairs'],
    ['bob', 'halfOpen() was called'],
    [undefined, 'close() was called'],
    ['cy', undefined],
    [undefined, 'done'],
  ])
  expect(() => breaker.open({ why: 'x' } as never)).toThrow('Unknown option `why` of open')
})
