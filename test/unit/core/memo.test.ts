// To JSON and back: what is kept, how time between is taken off, and each field spoilt in turn.
import { describe, expect, it } from 'vitest'
import { closeCommand, forceCommand, openCommand } from '../../../src/core/commands.ts'
import { fromMemo, toMemo } from '../../../src/core/memo.ts'
import type { Options } from '../../../src/core/options.ts'
import { PRISTINE } from '../../../src/core/snapshot.ts'
import { anyOf, consecutive, failureRate } from '../../../src/core/trip.ts'
import { failOnce, succeedOnce, ticket, wordsOf, world, type World } from './support.ts'

type Json = Record<string, unknown>

const Never = Number.POSITIVE_INFINITY
const save = (at: World): string => toMemo(at.circuit, at.clock)
const saved = (at: World): Json => JSON.parse(save(at)) as Json

/** Another process's circuit, some ms later by the wall clock. */
function later(json: string, ms: number, options: Options = {}): World {
  const at = world(options)
  at.manual.setWall(500_000 + ms)
  fromMemo(json, at.circuit, at.clock)
  return at
}

const PLAIN: Json = {
  version: 1,
  savedAt: 500_000,
  state: 'closed',
  age: null,
  left: null,
  relapses: 0,
  successes: 0,
  rampUp: 0,
  openedAt: null,
  forced: null,
  failures: 0,
  windows: {},
}
const OPEN: Json = { ...PLAIN, state: 'open', age: 40, left: 60, openedAt: 499_960, failures: 3, why: 'it failed' }
const HELD: Json = { ...OPEN, forced: { state: 'open', left: 60, by: 'ann', reason: 'a test' } }

describe('a memo', () => {
  it('of a new circuit is all defaults', () => {
    expect(saved(world())).toEqual(PLAIN)
  })

  it('has ages and what is left', () => {
    const at = world({ failMax: 2, resetTimeout: 100 })
    failOnce(at)
    failOnce(at)
    at.manual.advance(40)
    expect(saved(at)).toEqual({
      ...PLAIN,
      savedAt: 500_040,
      state: 'open',
      age: 40,
      left: 60,
      openedAt: 500_000,
      failures: 2,
      why: '2 calls in a row failed: boom',
    })
  })

  it('has null where there is no end', () => {
    const at = world({ failMax: 1, resetTimeout: Never })
    failOnce(at)
    expect(saved(at)).toMatchObject({ age: 0, left: null })
  })

  it('has the hold, the ramp, and who did it', () => {
    const at = world({ rampUp: 50 })
    at.circuit.command(openCommand(at.rules, at.circuit.lastFailure), at.clock)
    at.circuit.command(closeCommand(at.rules, { why: 'a drill', by: 'ann' }), at.clock)
    expect(saved(at)).toMatchObject({ rampUp: 50, forced: null, why: 'a drill', by: 'ann' })
    at.circuit.command(forceCommand({ state: 'open', until: 1_500, by: 'bob', reason: 'a test' }), at.clock)
    at.manual.advance(100)
    expect(saved(at)['forced']).toEqual({ state: 'open', left: 400, by: 'bob', reason: 'a test' })
    at.circuit.command(forceCommand({ state: 'closed', until: Never, by: undefined, reason: undefined }), at.clock)
    expect(saved(at)['forced']).toEqual({ state: 'closed', left: null })
  })

  it('has the windows by key', () => {
    const at = world({ trip: anyOf(failureRate(), failureRate({ count: 5 })) })
    failOnce(at)
    succeedOnce(at)
    expect(saved(at)['windows']).toEqual({
      'ms:10000': { slots: [{ age: -500, ok: 1, bad: 1, slow: 0 }] },
      'calls:5': { calls: '10' },
    })
  })
})

describe('a circuit from a memo', () => {
  it('of a new one is as new', () => {
    expect(later(JSON.stringify(PLAIN), 0).circuit.snapshot).toEqual(PRISTINE)
  })

  it('has what was left, less the time between', () => {
    const { circuit } = later(JSON.stringify({ ...OPEN, relapses: 2, by: 'ann' }), 25)
    expect(circuit.snapshot).toEqual({
      ...PRISTINE,
      state: 'open',
      since: 935,
      until: 1_035,
      relapses: 2,
      openedAt: 499_960,
      why: 'it failed',
      by: 'ann',
    })
    expect(circuit.failures).toBe(3)
  })

  it('is not prolonged by a wall clock that went back, nor has it opened in the future', () => {
    const { circuit } = later(JSON.stringify(OPEN), -1_000)
    expect(circuit.snapshot).toMatchObject({ since: 960, until: 1_060, openedAt: 499_000 })
  })

  it('stays open without end', () => {
    expect(later(JSON.stringify({ ...OPEN, left: null }), 25).circuit.snapshot).toMatchObject({
      since: 935,
      until: Never,
    })
  })

  it('is held as it was', () => {
    const { circuit } = later(JSON.stringify(HELD), 25)
    expect(circuit.snapshot.forced).toEqual({ state: 'open', until: 1_035, by: 'ann', reason: 'a test' })
    const forever = { ...PLAIN, age: 5, forced: { state: 'closed', left: null } }
    expect(later(JSON.stringify(forever), 25).circuit.snapshot.forced).toEqual({
      state: 'closed',
      until: Never,
      by: undefined,
      reason: undefined,
    })
  })

  it('goes on trying, and coming back', () => {
    const half = { ...OPEN, state: 'half-open', successes: 2 }
    expect(later(JSON.stringify(half), 0).circuit.snapshot).toMatchObject({ state: 'half-open', successes: 2 })
    const ramp = { ...PLAIN, age: 5, left: 0, rampUp: 50 }
    expect(later(JSON.stringify(ramp), 10).circuit.snapshot).toMatchObject({ since: 985, until: 990, rampUp: 50 })
  })

  it('takes the windows it has a policy for, less the time between', () => {
    const at = world({ trip: anyOf(consecutive(9), failureRate(), failureRate({ count: 5 })) })
    failOnce(at)
    succeedOnce(at)
    const json = save(at)
    const counts = (ms: number, options: Options): unknown => {
      const next = later(json, ms, options)
      return next.rules.parts.map((part) => next.circuit.sums(part, 1_000))
    }
    const both = { ok: 1, bad: 1, slow: 0 }
    expect(counts(0, { trip: at.rules.trip })).toEqual([undefined, both, both])
    expect(counts(20_000, { trip: at.rules.trip })).toEqual([undefined, { ok: 0, bad: 0, slow: 0 }, both])
    expect(counts(0, { trip: failureRate({ count: 6 }) })).toEqual([{ ok: 0, bad: 0, slow: 0 }])
  })

  it('replaces what was there', () => {
    const at = world({ trip: failureRate({ count: 5 }) })
    failOnce(at)
    const before = ticket(at)
    fromMemo(JSON.stringify(PLAIN), at.circuit, at.clock)
    expect(at.circuit.sums(at.rules.parts[0] as never, 0)).toEqual({ ok: 0, bad: 0, slow: 0 })
    expect(at.circuit.settle(before, 'failure', false, undefined, at.rules, at.clock)).toBe('late')
  })
})

describe('text that is no memo', () => {
  const told = (key: string, words: string): string =>
    `TypeError: Expected a snapshot of version 1 made by snapshot(); its \`${key}\` is ${words}`
  const refusal = (value: unknown): string => {
    const at = world()
    const message = wordsOf(() => fromMemo(JSON.stringify(value), at.circuit, at.clock))
    expect(at.circuit.snapshot).toBe(PRISTINE)
    return message
  }

  it('is refused', () => {
    const at = world()
    expect(wordsOf(() => fromMemo('{', at.circuit, at.clock))).toContain('SyntaxError')
    expect(refusal(null)).toBe(told('snapshot', '`null` (null)'))
    expect(refusal('text')).toBe(told('snapshot', '`text` (string)'))
  })

  it.each<[string, unknown, string]>([
    ['version', 2, '`2` (number)'],
    ['version', undefined, '`undefined` (undefined)'],
    ['state', 'ajar', '`ajar` (string)'],
    ['savedAt', null, '`null` (null)'],
    ['savedAt', '5', '`5` (string)'],
    ['relapses', -1, '`-1` (number)'],
    ['relapses', 1.5, '`1.5` (number)'],
    ['successes', -1, '`-1` (number)'],
    ['successes', '1', '`1` (string)'],
    ['failures', -1, '`-1` (number)'],
    ['failures', null, '`null` (null)'],
    ['rampUp', -1, '`-1` (number)'],
    ['rampUp', null, '`null` (null)'],
    ['age', -1, '`-1` (number)'],
    ['age', '1', '`1` (string)'],
    ['age', undefined, '`undefined` (undefined)'],
    ['left', '1', '`1` (string)'],
    ['left', undefined, '`undefined` (undefined)'],
    ['openedAt', null, '`null` (null)'],
    ['openedAt', '5', '`5` (string)'],
    ['why', 5, '`5` (number)'],
    ['by', 5, '`5` (number)'],
  ])('%s: %s is refused by name', (key, value, words) => {
    expect(refusal({ ...OPEN, [key]: value })).toBe(told(key, words))
  })

  it.each<[string, unknown, string]>([
    ['state', 'closed', '`closed` (string)'],
    ['left', '5', '`5` (string)'],
    ['left', undefined, '`undefined` (undefined)'],
    ['by', 5, '`5` (number)'],
    ['reason', 5, '`5` (number)'],
  ])('a hold with %s: %s is refused by name', (key, value, words) => {
    const forced = { ...(HELD['forced'] as Json), [key]: value }
    expect(refusal({ ...HELD, forced })).toBe(told(key, words))
  })

  it('with a hold or windows of another kind is refused', () => {
    expect(refusal({ ...OPEN, forced: 5 })).toBe(told('snapshot', '`5` (number)'))
    expect(refusal({ ...OPEN, forced: undefined })).toBe(told('snapshot', '`undefined` (undefined)'))
    expect(refusal({ ...OPEN, windows: null })).toBe(told('snapshot', '`null` (null)'))
    expect(refusal({ ...OPEN, windows: { a: 5 } })).toBe(told('snapshot', '`5` (number)'))
  })

  it('with a number too large for one is refused', () => {
    const at = world()
    const json = JSON.stringify(PLAIN).replace('500000', '1e999')
    expect(wordsOf(() => fromMemo(json, at.circuit, at.clock))).toBe(told('savedAt', '`Infinity` (number)'))
  })

  it('that is closed and has an opening is refused', () => {
    expect(refusal({ ...PLAIN, openedAt: 5 })).toBe(told('openedAt', '`5` (number)'))
  })

  it('that is half-open and held is refused', () => {
    const forced = { ...(HELD['forced'] as Json), state: 'half-open' }
    expect(refusal({ ...HELD, state: 'half-open', forced })).toBe(told('state', '`half-open` (string)'))
  })

  it.each<[Json, string, string]>([
    [{ calls: '4' }, 'calls', '`4` (string)'],
    [{ calls: '0x' }, 'calls', '`0x` (string)'],
    [{ calls: 'x0' }, 'calls', '`x0` (string)'],
    [{ calls: 5 }, 'calls', '`5` (number)'],
    [{ calls: 0 }, 'calls', '`0` (number)'],
    [{}, 'slots', '`undefined` (undefined)'],
    [{ slots: {} }, 'slots', '`[object Object]` (object)'],
    [{ slots: [5] }, 'snapshot', '`5` (number)'],
    [{ slots: [{ age: null, ok: 1, bad: 1, slow: 1 }] }, 'age', '`null` (null)'],
    [{ slots: [{ age: 1, ok: -1, bad: 1, slow: 1 }] }, 'ok', '`-1` (number)'],
    [{ slots: [{ age: 1, ok: 1, bad: 0.5, slow: 1 }] }, 'bad', '`0.5` (number)'],
    [{ slots: [{ age: 1, ok: 1, bad: 1 }] }, 'slow', '`undefined` (undefined)'],
  ])('with the window %o is refused by name', (window, key, words) => {
    expect(refusal({ ...PLAIN, windows: { 'ms:10000': window } })).toBe(told(key, words))
  })

  it('with windows in order is taken', () => {
    const windows = {
      a: { calls: '' },
      b: { calls: '0123' },
      c: { slots: [] },
      d: { slots: [{ age: 1, ok: 0, bad: 0, slow: 0 }] },
    }
    expect(() => later(JSON.stringify({ ...PLAIN, windows }), 0)).not.toThrow()
  })
})
