// What a circuit goes by, in the model's own words, and the options that say the same to a real breaker.

import { anyOf, backoff, consecutive, failureRate, slowRate } from '../../src/index.ts'
import type { CircuitBreakerOptions, TripPolicy } from '../../src/index.ts'
import { bad, Excluded, Ignored } from './live.ts'

export interface RateRule {
  readonly kind: 'failureRate' | 'slowRate'
  readonly threshold: number
  readonly minimumCalls: number
  /** ms, or else `count` calls */
  readonly window?: number
  readonly count?: number
}
export type Rule = { readonly kind: 'consecutive'; readonly failures: number } | RateRule

export interface Rules {
  /** Any of them trips. Undefined: `failMax` failures in a row. */
  readonly trip: readonly Rule[] | undefined
  failMax: number
  /** ms, or the first wait, the longest and the factor of a backoff without jitter */
  resetTimeout: number | { readonly initial: number; readonly max: number; readonly factor: number }
  successThreshold: number
  readonly trials: number
  readonly trialTimeout: number
  readonly rampUp: number
  readonly slowCall: number
  readonly throwNewErrorOnTrip: boolean
  readonly shadow: boolean
}

export interface Rejection {
  readonly reason: 'open' | 'trial-in-flight' | 'forced' | 'ramp-up'
  readonly retryAfter: number
}

/** A call that was let in. */
export interface Ticket {
  readonly breaker: number
  readonly period: number
  readonly startedAt: number
  /** Trials only: from when its place is another's. */
  readonly leaseEnds: number | undefined
  settled: boolean
}

export function optionsOf(rules: Rules, classify: boolean): CircuitBreakerOptions {
  const { trip, failMax, resetTimeout } = rules
  const [first, ...more] = (trip ?? []).map(policyOf)
  return {
    ...rules,
    failMax: trip === undefined ? failMax : undefined,
    trip: first === undefined ? undefined : more.length === 0 ? first : anyOf(first, ...more),
    resetTimeout: typeof resetTimeout === 'number' ? resetTimeout : backoff({ ...resetTimeout, jitter: 0 }),
    exclude: [Excluded],
    ignore: [(error) => error instanceof Ignored],
    classify: classify ? (outcome) => (outcome.ok && outcome.value !== bad ? 'success' : 'failure') : undefined,
  }
}

function policyOf(rule: Rule): TripPolicy {
  if (rule.kind === 'consecutive') return consecutive(rule.failures)
  const { threshold, minimumCalls, window, count } = rule
  const options = count === undefined ? { threshold, minimumCalls, window } : { threshold, minimumCalls, count }
  return rule.kind === 'slowRate' ? slowRate(options) : failureRate(options)
}
