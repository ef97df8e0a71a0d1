// When a closed circuit opens. A policy is data: parts, of which one must be crossed. The parts are judged on counts
// alone, so that one process's windows and a fleet's added-up counts go by the same rule. Comparisons are `>=`; a
// failure rate of no calls is 0.

import { bad, checkBetween, checkCount, checkKnown, checkObject, checkPositive } from './check.ts'
import { describeCount, describeDuration, describeValue } from './describe.ts'
import type { Sums } from './window.ts'

/** So many failures in a row. */
export interface ConsecutivePart {
  readonly kind: 'consecutive'
  readonly failures: number
}

/** So large a share of the calls in a window. */
export interface RatePart {
  readonly kind: 'rate'
  readonly of: 'failures' | 'slow'
  readonly threshold: number
  readonly minimumCalls: number
  /** ms, or a number of calls. */
  readonly window: { readonly unit: 'ms' | 'calls'; readonly size: number }
  /** Parts with the same key share their counters. */
  readonly key: string
}

export type Part = ConsecutivePart | RatePart

declare const policy: unique symbol

/** When to open: made by {@link consecutive}, {@link failureRate}, {@link slowRate} or {@link anyOf}. */
export interface TripPolicy {
  readonly [policy]: true
  /** The rule in words. */
  readonly text: string
}

/** The last `window` ms. */
export interface TimeWindow {
  /** Share of the calls from which it trips, 0 to 1. @default 0.5 */
  threshold?: number | undefined
  /** ms. @default 10_000 */
  window?: number | undefined
  /** Fewer calls than this never trip. @default 10 */
  minimumCalls?: number | undefined
  count?: undefined
}

/** The last `count` calls. */
export interface CountWindow {
  /** Share of the calls from which it trips, 0 to 1. @default 0.5 */
  threshold?: number | undefined
  /** Number of calls, up to 100 000. */
  count: number
  /** Fewer calls than this never trip. @default 10, at most `count` */
  minimumCalls?: number | undefined
  window?: undefined
}

const DEFAULTS = { threshold: 0.5, window: 10_000, minimumCalls: 10 }
const LARGEST_COUNT = 100_000
const NO_CALLS: Sums = { ok: 0, bad: 0, slow: 0 }
// Most breakers of a process count to the same small number: they share its policy.
const LARGEST_COMMON = 100
const COMMON = new Map<number, TripPolicy>()
const PARTS = new WeakMap<TripPolicy, readonly Part[]>()

/**
 * Opens after `n` failures in a row (PyBreaker's `fail_max`).
 * @throws TypeError or RangeError where `n` is no integer from 1.
 */
export function consecutive(n: number): TripPolicy {
  checkCount('consecutive(n)', n)
  const known = COMMON.get(n)
  if (known !== undefined) return known
  const made = make(
    [{ kind: 'consecutive', failures: n }],
    `${describeCount(n, 'failure')}${n === 1 ? '' : ' in a row'}`,
  )
  if (n <= LARGEST_COMMON) COMMON.set(n, made)
  return made
}

/**
 * Opens when the share of failed calls reaches `threshold` (resilience4j's failure rate). Rejected and ignored calls
 * are not counted. Judged when a failure or a slow call is recorded: a quick success never opens a circuit.
 * @throws TypeError or RangeError for an option of the wrong type or range.
 */
export function failureRate(options: TimeWindow | CountWindow = {}): TripPolicy {
  return rate('failures', 'failed', options)
}

/**
 * Opens when the share of slow calls (longer than the breaker's `slowCall`, which must be given) reaches `threshold`.
 * @throws TypeError or RangeError for an option of the wrong type or range.
 */
export function slowRate(options: TimeWindow | CountWindow = {}): TripPolicy {
  return rate('slow', 'slow', options)
}

/**
 * Opens as soon as one of several policies would. `anyOf(consecutive(5), failureRate())` notices a total outage at
 * once and a partial one in time.
 * @throws TypeError for what is no trip policy.
 */
export function anyOf(first: TripPolicy, ...more: TripPolicy[]): TripPolicy {
  const policies = [first, ...more]
  const parts = policies.flatMap((one) => partsOf(one, 'anyOf'))
  return make(parts, policies.map((one) => one.text).join(', or '))
}

/**
 * What a policy is made of.
 * @throws TypeError for what is no trip policy; `option` is who asks.
 */
export function partsOf(value: TripPolicy, option: string): readonly Part[] {
  const parts = typeof value === 'object' && value !== null ? PARTS.get(value) : undefined
  if (parts !== undefined) return parts
  throw bad(option, 'a trip policy (consecutive, failureRate, slowRate or anyOf)', value, 'policy')
}

/** Whether one part's rule is crossed by `failures` in a row, or by what its window holds. */
export function crosses(part: Part, failures: number, sums: Sums | undefined): boolean {
  if (part.kind === 'consecutive') return failures >= part.failures
  if (sums === undefined) return false
  const calls = sums.ok + sums.bad
  return calls > 0 && calls >= part.minimumCalls && share(part, sums) >= part.threshold
}

/** Why it was crossed, for people. */
export function describeCrossing(part: Part, failures: number, sums: Sums | undefined): string {
  if (part.kind === 'consecutive')
    return `${describeCount(failures, 'call')}${failures === 1 ? '' : ' in a row'} failed`
  const { ok, bad: failed, slow } = sums ?? NO_CALLS
  const where = part.window.unit === 'ms' ? `in ${describeDuration(part.window.size)}` : 'lately'
  const calls = describeCount(ok + failed, 'call')
  return part.of === 'slow' ? `${slow} of ${calls} slow ${where}` : `${failed} of ${calls} failed ${where}`
}

function rate(of: 'failures' | 'slow', word: string, options: TimeWindow | CountWindow): TripPolicy {
  const name = of === 'slow' ? 'slowRate' : 'failureRate'
  checkObject(`${name}(options)`, options)
  checkKnown(name, options, ['threshold', 'window', 'count', 'minimumCalls'])
  if (options.window !== undefined && options.count !== undefined) {
    throw new TypeError(`Expected ${name} to get \`window\` or \`count\`, got both`)
  }
  const threshold = checkBetween('threshold', options.threshold ?? DEFAULTS.threshold, 0, 1)
  const window = options.count === undefined ? lastMs(options.window) : lastCalls(options.count)
  const most = window.unit === 'calls' ? window.size : Number.MAX_SAFE_INTEGER
  const minimumCalls = checkCount('minimumCalls', options.minimumCalls ?? Math.min(DEFAULTS.minimumCalls, most))
  if (minimumCalls > most)
    throw new RangeError(
      `Expected \`minimumCalls\` to be at most \`count\` (${most}), got ${describeValue(minimumCalls)}`,
    )
  const span = window.unit === 'ms' ? describeDuration(window.size) : describeCount(window.size, 'call')
  const least = minimumCalls === 1 ? '' : `, of at least ${minimumCalls} calls`
  const text = `${Math.round(threshold * 1000) / 10} % ${word} in the last ${span}${least}`
  return make([{ kind: 'rate', of, threshold, minimumCalls, window, key: `${window.unit}:${window.size}` }], text)
}

function lastMs(window: number = DEFAULTS.window): RatePart['window'] {
  checkPositive('window', window)
  return { unit: 'ms', size: checkBetween('window', window, 0, Number.MAX_SAFE_INTEGER) }
}

function lastCalls(count: number): RatePart['window'] {
  checkCount('count', count)
  return { unit: 'calls', size: checkBetween('count', count, 1, LARGEST_COUNT) }
}

function share(part: RatePart, sums: Sums): number {
  return (part.of === 'slow' ? sums.slow : sums.bad) / (sums.ok + sums.bad)
}

function make(parts: readonly Part[], text: string): TripPolicy {
  const made = Object.freeze({ text }) as TripPolicy
  PARTS.set(made, Object.freeze(parts.map((part) => Object.freeze(part))))
  return made
}
