// Thresholds that a person has set for all breakers of a circuit: they count instead of a breaker's own until they are
// undone. What comes out of a storage is not trusted: what is none is absent, what is too much is clamped.

import { checkCount, checkDuration, checkObject } from './check.ts'
import type { Rules, Thresholds } from './options.ts'
import { consecutive, partsOf } from './trip.ts'

/** What counts instead of a breaker's own options. `resetTimeout` in ms. */
export interface Overrides {
  readonly failMax?: number
  readonly resetTimeout?: number
  readonly successThreshold?: number
}

/** What to change: `null` undoes, what is left out stays as it is. */
export interface Update {
  /** Consecutive failures that open it; an integer from 1. Without effect where a `trip` policy other than `consecutive` decides. */
  failMax?: number | null | undefined
  /** ms open before a trial; holds at once, for an open circuit from the time it opened. */
  resetTimeout?: number | null | undefined
  /** Trial successes that close it; an integer from 1. */
  successThreshold?: number | null | undefined
}

const FIELDS = ['failMax', 'resetTimeout', 'successThreshold'] as const
const MOST = 1_000_000
/** ms that stand for "without end" where a wire knows no Infinity. */
const FOREVER = 8.64e15

/** @throws TypeError or RangeError for an unknown field, a bad value, or nothing to change. */
export function checkUpdate(update: Update): Update {
  for (const key of Object.keys(checkObject('update', update))) {
    if (!FIELDS.some((field) => field === key))
      throw new TypeError(`Unknown option \`${key}\` of update; known are ${FIELDS.join(', ')}`)
  }
  const given = FIELDS.filter((field) => update[field] !== undefined)
  if (given.length === 0) throw new TypeError(`Expected \`update\` to give one of ${FIELDS.join(', ')}`)
  for (const field of given) {
    const value = update[field]
    if (value === null) continue
    if (field === 'resetTimeout') checkDuration(field, value)
    else if (checkCount(field, value) > MOST)
      throw new RangeError(`Expected \`${field}\` to be at most ${MOST}, got ${value}`)
  }
  return update
}

/** `before` with an update; `undefined` where nothing is overridden any more. */
export function withUpdate(before: Overrides | undefined, update: Update): Overrides | undefined {
  return readOverrides(
    Object.fromEntries(FIELDS.map((field) => [field, update[field] === undefined ? before?.[field] : update[field]])),
  )
}

/** What somebody stored. */
export function readOverrides(value: unknown): Overrides | undefined {
  if (typeof value !== 'object' || value === null) return undefined
  const { failMax, resetTimeout, successThreshold } = value as Record<string, unknown>
  const overrides: Overrides = {
    ...(isCount(failMax) && { failMax: Math.min(failMax, MOST) }),
    ...(typeof resetTimeout === 'number' &&
      resetTimeout >= 0 && { resetTimeout: resetTimeout >= FOREVER ? Number.POSITIVE_INFINITY : resetTimeout }),
    ...(isCount(successThreshold) && { successThreshold: Math.min(successThreshold, MOST) }),
  }
  return Object.keys(overrides).length === 0 ? undefined : Object.freeze(overrides)
}

export function sameOverrides(one: Overrides | undefined, other: Overrides | undefined): boolean {
  return FIELDS.every((field) => one?.[field] === other?.[field])
}

/** From here on these count instead of a breaker's own; `undefined`: its own. */
export function followOverrides(rules: Rules, overrides: Overrides | undefined): void {
  const { failMax, trip, parts, resetTimeout, successThreshold } = ownThresholds(rules)
  rules.own = { failMax, trip, parts, resetTimeout, successThreshold }
  rules.overrides = overrides
  settleRules(rules)
  if (overrides === undefined) rules.own = undefined
}

/** A breaker's own thresholds, to read and to set; {@link settleRules} afterwards. */
export function ownThresholds(rules: Rules): Thresholds {
  return rules.own ?? rules
}

/** What counts, from a breaker's own thresholds and what overrides them. */
export function settleRules(rules: Rules): void {
  const { own, overrides } = rules
  if (own === undefined) return
  const [only, ...more] = own.parts
  const isCounted = overrides?.failMax !== undefined && only?.kind === 'consecutive' && more.length === 0
  rules.trip = isCounted ? consecutive(overrides.failMax) : own.trip
  rules.parts = isCounted ? partsOf(rules.trip, 'trip') : own.parts
  rules.failMax = own.failMax === undefined ? undefined : (overrides?.failMax ?? own.failMax)
  rules.resetTimeout = overrides?.resetTimeout ?? own.resetTimeout
  rules.successThreshold = overrides?.successThreshold ?? own.successThreshold
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 1
}
