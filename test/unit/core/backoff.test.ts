// Growth, its limits, chance, and what a `resetTimeout` function may get wrong.
import { afterEach, describe, expect, it, vi } from 'vitest'
import { backoff, checkResetTimeout, openTime } from '../../../src/core/backoff.ts'
import { HttpStatusError } from '../../../src/core/errors.ts'
import { boom, wordsOf } from './support.ts'

afterEach(() => void vi.restoreAllMocks())

const context = (relapses: number, retryAfter?: number) => ({ relapses, error: boom, retryAfter })

describe('backoff', () => {
  it('starts at a second, doubles, and stays at a minute, less up to a fifth', () => {
    const whole = backoff({ random: () => 0 })
    expect([0, 1, 2, 5, 6, 5_000].map((relapses) => whole(context(relapses)))).toEqual([
      1_000, 2_000, 4_000, 32_000, 60_000, 60_000,
    ])
    expect(backoff({ random: () => 0.5 })(context(0))).toBe(900)
    expect(backoff({ random: () => 1 })(context(9))).toBe(48_000)
  })

  it('draws anew each time', () => {
    const draws = [0, 0.5, 1]
    const wait = backoff({ jitter: 1, random: () => draws.shift() ?? 0 })
    expect([wait(context(0)), wait(context(0)), wait(context(0))]).toEqual([1_000, 500, 0])
  })

  it('uses Math.random unless told otherwise', () => {
    vi.spyOn(Math, 'random').mockReturnValue(0.5)
    expect(backoff({ jitter: 1 })(context(0))).toBe(500)
  })

  it('with initial 0 stays at 0, even where the factor has grown to Infinity', () => {
    expect(backoff({ initial: 0 })(context(5_000))).toBe(0)
  })

  it('gives a dependency the time it asked for, up to max', () => {
    const wait = backoff({ random: () => 0 })
    expect(wait(context(0, 5_000))).toBe(5_000)
    expect(wait(context(0, 500))).toBe(1_000)
    expect(wait(context(0, 100_000))).toBe(60_000)
    expect(wait(context(0, 0))).toBe(1_000)
    expect(wait(context(0, -5))).toBe(1_000)
    expect(backoff({ initial: 0 })(context(0, -5))).toBe(0)
    expect(wait(context(0, Number.NaN))).toBe(1_000)
  })

  it('names itself, the option and its limits where one is wrong', () => {
    expect(wordsOf(() => backoff({ inital: 5 } as never))).toBe(
      'TypeError: Unknown option `inital` of backoff; known are initial, max, factor, jitter, random',
    )
    const limit = Number.MAX_SAFE_INTEGER
    expect(wordsOf(() => backoff({ initial: -1 }))).toContain(
      `\`initial\` to be a number from 0, at most ${limit}, got`,
    )
    expect(wordsOf(() => backoff({ max: -1 }))).toContain(`\`max\` to be a number from 0, at most ${limit}, got`)
    expect(wordsOf(() => backoff({ factor: 0.9 }))).toContain('`factor` to be a number from 1, finite, got')
    expect(wordsOf(() => backoff({ jitter: 1.1 }))).toContain('`jitter` to be a number from 0, at most 1, got')
    expect(wordsOf(() => backoff({ random: 0.5 as never }))).toContain('`random` to be a function, got')
    expect(() => backoff({ initial: 0, max: 0, factor: 1, jitter: 0 })).not.toThrow()
  })
})

describe('a resetTimeout', () => {
  it('is a duration or a function', () => {
    expect(checkResetTimeout(5)).toBe(5)
    const wait = backoff()
    expect(checkResetTimeout(wait)).toBe(wait)
    expect(wordsOf(() => checkResetTimeout('5' as never))).toBe(
      'TypeError: Expected `resetTimeout` to be milliseconds from 0 (or Infinity), got `5` (string)',
    )
  })

  it('as a number is the time itself', () => {
    expect(openTime(0, 3, boom)).toBe(0)
    expect(openTime(700, 3, boom)).toBe(700)
  })

  it('as a function is told relapses, error and what the dependency asked for', () => {
    const told: unknown[] = []
    const wait = (ctx: unknown): number => told.push(ctx)
    const http = new HttpStatusError(503, 2_000)
    expect(openTime(wait, 3, boom)).toBe(1)
    expect(openTime(wait, 4, http)).toBe(2)
    openTime(wait, 0, { retryAfter: 9 })
    expect(told).toEqual([
      { relapses: 3, error: boom, retryAfter: undefined },
      { relapses: 4, error: http, retryAfter: 2_000 },
      { relapses: 0, error: { retryAfter: 9 }, retryAfter: undefined },
    ])
    expect(openTime(() => 0, 0, boom)).toBe(0)
  })

  it.each<[() => unknown, string]>([
    [() => -1, '`resetTimeout` answered `-1` (number) instead of milliseconds; 60000 are used'],
    [() => Number.NaN, '`resetTimeout` answered `NaN` (number) instead of milliseconds; 60000 are used'],
    [() => '5', '`resetTimeout` answered `5` (string) instead of milliseconds; 60000 are used'],
    [
      () => {
        throw boom
      },
      '`resetTimeout` threw; 60000 ms are used: boom',
    ],
  ])('%# that is no help is skipped with a warning', (wait, message) => {
    const warn = vi.spyOn(process, 'emitWarning').mockImplementation(() => {})
    expect(openTime(wait as () => number, 0, boom)).toBe(60_000)
    expect(warn.mock.calls.map(([warning]) => (warning as Error).message)).toEqual([message])
  })
})
