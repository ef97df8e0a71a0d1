import { describe, expect, it } from 'vitest'
import { CircuitBreaker, MemoryStorage } from '../../../src/index.ts'
import { ONLOOKER, Operator } from '../../../src/fleet/operator.ts'
import type { Presence, StoredCircuit } from '../../../src/fleet/storage.ts'
import { ManualClock, SimulatedStorage } from '../../../src/testing/index.ts'
import { errorOf, flush, watch } from '../../support/async.ts'
import { Line, moveTo, NAME } from './support.ts'

function desk(): { clock: ManualClock; storage: SimulatedStorage; operator: Operator } {
  const clock = new ManualClock(0, 1_000_000)
  const storage = new SimulatedStorage({ clock, seed: 5 })
  return { clock, storage, operator: new Operator(storage.connect(), { clock }) }
}

/** A circuit that somebody uses, with a record. */
async function used(options: { resetTimeout?: number } = {}) {
  const { clock, storage, operator } = desk()
  const breaker = new CircuitBreaker({ name: NAME, storage, resetTimeout: 15_000, ...options })
  await breaker.ready()
  await breaker.close()
  clock.advance(10)
  return { clock, storage, operator, breaker }
}

const left = (stored: StoredCircuit | undefined): number =>
  stored === undefined ? Number.NaN : stored.until - stored.at

describe('a command without a breaker', () => {
  it('opens, half-opens, closes, holds and releases, with author and reason, for every process', async () => {
    const { operator, breaker, storage } = await used()
    const said = { by: 'ana', reason: 'repairs' }
    const steps = [
      [() => operator.open(NAME, said), 'open'],
      [() => operator.halfOpen(NAME, said), 'half-open'],
      [() => operator.close(NAME, said), 'closed'],
      [() => operator.force(NAME, 'open', { for: 60_000, ...said }), 'open'],
      [() => operator.release(NAME, said), 'half-open'],
      [() => operator.force(NAME, 'closed', said), 'closed'],
      [() => operator.close(NAME, said), 'closed'],
    ] as const
    for (const [run, state] of steps) {
      expect(await run()).toMatchObject({ state, by: 'ana', why: 'repairs' })
      await flush()
      expect(breaker.state).toBe(state)
    }
    const acts = (await storage.transitions({ limit: 10 })).map(({ act, by, why }) => [act, by, why])
    expect(acts.slice(0, 7)).toEqual(
      ['released', 'forced', 'released', 'forced', undefined, undefined, undefined].map((act) => [
        act,
        'ana',
        'repairs',
      ]),
    )
  })

  it('says in words which it was where nobody says why', async () => {
    const { operator } = await used()
    expect(await operator.open(NAME)).toMatchObject({ by: undefined, why: 'open() was called' })
    expect(await operator.release(NAME)).toMatchObject({ why: 'open() was called' })
  })

  it('holds for as long as it was asked to, or without end', async () => {
    const { operator, clock, breaker } = await used()
    const held = await operator.force(NAME, 'open', { for: 60_000 })
    expect(held?.forced).toEqual({ state: 'open', until: (held?.at ?? 0) + 60_000 })
    await flush()
    clock.advance(59_999)
    expect(breaker.explain().forced?.state).toBe('open')
    clock.advance(1)
    expect([breaker.state, breaker.explain().forced]).toEqual(['half-open', undefined])
    expect((await operator.force(NAME, 'open'))?.forced?.until).toBe(8.64e15)
  })

  it('takes a hold whose time is over for none', async () => {
    const { operator, clock } = await used()
    await operator.force(NAME, 'open', { for: 1_000, by: 'ana' })
    clock.advance(1_000)
    const after = await operator.release(NAME, { by: 'bob' })
    expect(after).toMatchObject({ by: 'ana', state: 'open' })
    expect(await operator.open(NAME, { by: 'bob' })).toMatchObject({ by: 'bob', state: 'open', forced: undefined })
  })

  it.each([
    ['as long as the last time', async ({ operator }: { operator: Operator }) => operator.halfOpen(NAME), 15_000],
    ['a minute where it never was', async () => undefined, 60_000],
    [
      'as long as an override says',
      async ({ operator }: { operator: Operator }) => operator.update(NAME, { resetTimeout: 7_000 }),
      7_000,
    ],
  ])('opens for %s', async (what, prepare, expected) => {
    const at = await used()
    if (what === 'as long as the last time') await at.breaker.open()
    at.clock.advance(10)
    await prepare(at)
    at.clock.advance(10)
    expect(left(await at.operator.open(NAME))).toBe(expected)
  })

  it('knows a circuit that has no record but was used lately, and no other', async () => {
    const storage = new Line({ memory: new MemoryStorage() })
    const listed = Object.assign(storage, { list: () => [NAME] })
    const operator = new Operator(listed)
    expect(await operator.open('unknown')).toBeUndefined()
    expect(await operator.update('unknown', { failMax: 1 })).toBeUndefined()
    expect(storage.memory.list()).toEqual([])
    expect(await operator.update(NAME, { failMax: 1 })).toMatchObject({ state: 'closed', overrides: { failMax: 1 } })
    expect(await new Operator(new Line()).open(NAME), 'a storage that lists nothing').toBeUndefined()
  })

  it('is made anew on what somebody else did meanwhile', async () => {
    const line = new Line()
    line.memory.add(NAME, { epoch: 0, period: 0, keep: {} })
    let others = 3
    line.before = (verb) => {
      if (verb === 'replace' && others-- > 0)
        line.memory.replace(
          NAME,
          line.stored(NAME),
          moveTo({ state: 'open', overrides: { successThreshold: others + 1 } }),
        )
    }
    const operator = new Operator(line)
    expect(await operator.update(NAME, { failMax: 2 })).toMatchObject({
      state: 'open',
      overrides: { failMax: 2, successThreshold: 1 },
    })
    line.before = (verb) => {
      if (verb === 'replace') line.memory.replace(NAME, line.stored(NAME), moveTo({ state: 'open' }))
    }
    expect((await errorOf(operator.close(NAME))).message).toContain('went on changing')
  })

  it('is refused at once where it is none', () => {
    const { operator } = desk()
    expect(() => operator.force(NAME, 'ajar' as never)).toThrow("'open' or 'closed'")
    expect(() => operator.force(NAME, 'open', { for: -1 })).toThrow('`for`')
    expect(() => operator.open(NAME, { by: 7 as never })).toThrow('`by`')
    expect(() => operator.open(NAME, { why: 'x' } as never)).toThrow('Unknown option `why`')
    expect(() => operator.update(NAME, {})).toThrow('to give one of failMax, resetTimeout, successThreshold')
    expect(() => operator.update(NAME, { failMax: 0 })).toThrow('`failMax`')
    expect(() => new Operator(desk().storage, { timeout: 0 })).toThrow('`timeout`')
  })

  it('fails where storage does not answer in time', async () => {
    const { storage, clock } = desk()
    storage.cut()
    const operator = new Operator(storage, { clock, timeout: 300 })
    const ending = watch(operator.open(NAME))
    await flush()
    clock.advance(299)
    await flush()
    expect(ending.settled).toBeUndefined()
    clock.advance(1)
    expect(await ending.done).toMatchObject({ ok: false, error: { message: expect.stringContaining('within 300 ms') } })
  })

  it('keeps nothing in use by its look', async () => {
    const line = new Line()
    const read: (Presence | undefined)[] = []
    const onlooking = Object.assign(line, {
      read: (_: readonly string[], presence?: Presence) => (read.push(presence), [undefined]),
    })
    await new Operator(onlooking as never).open(NAME)
    expect(read).toEqual([ONLOOKER])
  })
})
