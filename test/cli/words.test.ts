// What a shell shows: lengths of time, text that fits, and nothing that a terminal would obey.

import { describe, expect, it } from 'vitest'
import type { WireCircuit } from '../../src/admin/wire.ts'
import { age, countdown, length, parseDuration } from '../../src/cli/duration.ts'
import { listOf } from '../../src/cli/list.ts'
import { column, cut, json, plain, type Terminal, widthOf } from '../../src/cli/terminal.ts'
import { changesBetween, inOrder, nextOf, portraitOf, reasonOf } from '../../src/cli/words.ts'

const terminal: Terminal = {
  isTerminal: true,
  width: 40,
  height: 24,
  write: () => undefined,
  paint: (_, text) => text,
  onResize: () => () => undefined,
}

function circuit(name: string, more: Partial<WireCircuit> = {}): WireCircuit {
  const unknown = { failMax: null, resetTimeout: null, successThreshold: null }
  return {
    name,
    state: 'closed',
    scope: 'fleet',
    counts: {},
    openedAt: null,
    since: null,
    retryAfter: null,
    period: null,
    reason: null,
    text: null,
    forced: null,
    policy: null,
    thresholds: { ...unknown, trials: null, inCode: unknown },
    overrides: null,
    relapses: null,
    late: null,
    processes: null,
    local: null,
    trialBy: null,
    ...more,
  }
}

describe('lengths of time', () => {
  it.each([
    ['90s', 90_000],
    ['1.5h', 5_400_000],
    ['2h30m', 9_000_000],
    ['250ms', 250],
    ['1d', 86_400_000],
    ['30', undefined],
    ['', undefined],
    ['-5m', undefined],
    ['5 m', undefined],
    ['1e3s', undefined],
  ])('%s is %s ms', (text, ms) => {
    expect(parseDuration(text)).toBe(ms)
  })

  it.each([
    [0, '0 s', '0 s'],
    [1, '1 s', '0 s'],
    [59_001, '1 min', '59 s'],
    [299_990, '5 min', '4 min 59 s'],
    [601_000, '10 min', '10 min'],
    [3_600_000, '1 h', '1 h'],
    [5_000_000, '1 h 23 min', '1 h 23 min'],
    [180_000_000, '2 days 2 h', '2 days 2 h'],
  ])('%i ms are %s to come, and %s gone', (ms, left, gone) => {
    expect([countdown(ms), age(ms)]).toEqual([left, gone])
  })

  it.each([
    [850, '850 ms'],
    [1_500, '1.5 s'],
    [299_990, '5 min'],
    [5_400_000, '90 min'],
    [36_000_000, '10 h'],
  ])('%i ms were chosen as %s', (ms, text) => {
    expect(length(ms)).toBe(text)
  })
})

describe('text from others', () => {
  const ORDER = /[\p{Cc}\u202e]/u
  const evil = 'a\u001B[2Jb\u0007c\u009Bd\u202Ee\nf'

  it('has nothing in it that a terminal would obey', () => {
    expect(plain(evil)).toBe('a\uFFFD[2Jb\uFFFDc\uFFFDd\uFFFDe\uFFFDf')
    const portrait = portraitOf(circuit(evil, { state: 'open', reason: evil, policy: evil }), terminal)
    expect(portrait.replaceAll('\n', '')).not.toMatch(ORDER)
  })

  it('is whole in JSON, and no order there either', () => {
    const text = json({ evil }, 2)
    expect(text.replaceAll('\n', '')).not.toMatch(ORDER)
    expect(JSON.parse(text)).toEqual({ evil })
  })

  it('is as wide as a terminal shows it, and cut there', () => {
    expect([widthOf('abc'), widthOf('支払い'), widthOf('e\u0301')]).toEqual([3, 6, 1])
    expect([cut('abc', 3), cut('abcd', 3), cut('支払い', 5), cut('abc', 1), cut('abc', 0)]).toEqual([
      'abc',
      'ab…',
      '支払…',
      '…',
      '',
    ])
    expect(column('支', 4)).toBe('支  ')
  })
})

describe('circuits in words', () => {
  const held = { state: 'open', left: 1_000, period: 2_000, by: 'ana', reason: 'their maintenance' } as const

  it('come in the order in which they matter', () => {
    const circuits = [
      circuit('b'),
      circuit('a'),
      circuit('held', { forced: held, state: 'open' }),
      circuit('half', { state: 'half-open' }),
      circuit('alone', { state: 'open', since: 9, scope: 'local' }),
      circuit('new', { state: 'open', since: 1 }),
      circuit('old', { state: 'open', since: 2 }),
    ]
    expect(inOrder(circuits).map(({ name }) => name)).toEqual(['old', 'new', 'alone', 'half', 'held', 'a', 'b'])
  })

  it('say in how many processes it is so, where the fleet goes on', () => {
    const local = { open: 1, of: 24, who: 'web-3' }
    const alone = circuit('payments', { state: 'open', scope: 'local', local, reason: '3 calls in a row failed' })
    expect(reasonOf(alone)).toBe('in 1 of 24 processes: 3 calls in a row failed')
    expect(reasonOf({ ...alone, local: { open: 1, of: null, who: null } })).toMatch(/^in 1 process: /)
    expect(reasonOf({ ...alone, local: null })).toBe('3 calls in a row failed')
    expect(portraitOf(alone, terminal)).toContain('scope             1 of 24 processes')
    expect(portraitOf({ ...alone, local: null }, terminal)).toContain('scope             each process for itself')
  })

  it.each([
    [{ state: 'open', retryAfter: 12_345 }, 'trial in 13 s'],
    [{ state: 'open', retryAfter: 0 }, 'next call is the trial'],
    [{ state: 'open', retryAfter: null }, 'until a person acts'],
    [{ state: 'half-open', retryAfter: null }, 'next call is the trial'],
    [{ state: 'half-open', retryAfter: 900 }, 'answer due in 1 s'],
    [{ state: 'closed', retryAfter: 900 }, 'traffic back in 1 s'],
    [{ state: 'closed' }, ''],
    [{ state: 'open', forced: held }, '1 s left'],
    [{ state: 'open', forced: { ...held, left: null } }, 'until released'],
  ] as const)('%j: %s', (more, text) => {
    expect(nextOf(circuit('payments', more))).toBe(text)
  })

  it('fit the terminal, whatever they are called', () => {
    const circuits = [circuit('x'.repeat(128), { forced: held, state: 'open' }), circuit('支払い'.repeat(20))]
    const survey = { circuits, storage: { up: true, ms: 1, asOf: 0, downFor: 0 }, processes: 3 }
    for (const width of [30, 40, 80, 200]) {
      const lines = listOf(survey, { ...terminal, width })
        .trimEnd()
        .split('\n')
      expect(lines).toHaveLength(3)
      for (const line of lines) expect(widthOf(line)).toBeLessThanOrEqual(width)
      expect(lines[0]).toMatch(/ held open/)
    }
  })

  it('say what somebody changed', () => {
    const overrides = { by: null, at: null }
    const before = circuit('a', { overrides: { ...overrides, failMax: 5, resetTimeout: 30_000 } })
    const after = circuit('a', { overrides: { ...overrides, failMax: 9, successThreshold: 2 } })
    expect(changesBetween(before, after)).toBe(
      'failMax 5 → 9, resetTimeout 30 s → as in code, successThreshold as in code → 2',
    )
    expect(changesBetween(after, after)).toBe('')
  })
})
