// How long a circuit stays open: a number, or a function of how often it fell back.

import { checkBetween, checkDuration, checkFunction, checkKnown } from './check.ts'
import { describeValue } from './describe.ts'
import { HttpStatusError } from './errors.ts'
import { warn } from './warning.ts'

/** What a `resetTimeout` function is told. */
export interface OpenContext {
  /** How often the circuit opened again without a sustained close between; 0 the first time. */
  readonly relapses: number
  /** The failure that opened it. */
  readonly error: unknown
  /** ms that the dependency asked its callers to wait, where it did. */
  readonly retryAfter: number | undefined
}

/** ms open before a trial, or a function that says so at each opening. */
export type ResetTimeout = number | ((ctx: OpenContext) => number)

/** Options of {@link backoff}. */
export interface BackoffOptions {
  /** ms of the first opening. @default 1_000 */
  initial?: number | undefined
  /** ms never exceeded. @default 60_000 */
  max?: number | undefined
  /** Each relapse multiplies by this, from 1. @default 2 */
  factor?: number | undefined
  /** Share of the time that chance may take off, 0 to 1, so that fleets do not try in step. @default 0.2 */
  jitter?: number | undefined
  /** 0 to below 1; for tests. @default Math.random */
  random?: (() => number) | undefined
}

export const DEFAULT_RESET_TIMEOUT = 60_000

/**
 * A `resetTimeout` that grows with each relapse: `initial · factor^relapses`, at most `max`, less up to `jitter` of it.
 * A dependency that asked for a longer wait (`Retry-After`) gets it, up to `max`.
 * @throws TypeError or RangeError for an option of the wrong type or range.
 */
export function backoff(options: BackoffOptions = {}): (ctx: OpenContext) => number {
  checkKnown('backoff', options, ['initial', 'max', 'factor', 'jitter', 'random'])
  const initial = checkBetween('initial', options.initial ?? 1_000, 0, Number.MAX_SAFE_INTEGER)
  const max = checkBetween('max', options.max ?? 60_000, 0, Number.MAX_SAFE_INTEGER)
  const factor = checkBetween('factor', options.factor ?? 2, 1, Number.MAX_VALUE)
  const jitter = checkBetween('jitter', options.jitter ?? 0.2, 0, 1)
  const random = checkFunction('random', options.random ?? Math.random)
  return ({ relapses, retryAfter }) => {
    // 0 · Infinity is not a number, and factor ** relapses does reach Infinity.
    const grown = initial === 0 ? 0 : Math.min(max, initial * factor ** relapses)
    const asked = retryAfter !== undefined && retryAfter > 0 ? Math.min(max, retryAfter) : 0
    return Math.max(grown * (1 - jitter * random()), asked)
  }
}

/** A `resetTimeout` option as given, once it is known to be one. */
export function checkResetTimeout(value: ResetTimeout): ResetTimeout {
  return typeof value === 'function' ? value : checkDuration('resetTimeout', value)
}

/** ms that an opening lasts. A function that throws, or answers no duration, is skipped with a warning. */
export function openTime(resetTimeout: ResetTimeout, relapses: number, error: unknown): number {
  if (typeof resetTimeout === 'number') return resetTimeout
  const retryAfter = error instanceof HttpStatusError ? error.retryAfter : undefined
  try {
    const ms = resetTimeout({ relapses, error, retryAfter })
    if (typeof ms === 'number' && ms >= 0) return ms
    warn(`\`resetTimeout\` answered ${describeValue(ms)} instead of milliseconds; ${DEFAULT_RESET_TIMEOUT} are used`)
  } catch (thrown) {
    warn(`\`resetTimeout\` threw; ${DEFAULT_RESET_TIMEOUT} ms are used`, thrown)
  }
  return DEFAULT_RESET_TIMEOUT
}
