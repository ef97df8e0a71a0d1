// A circuit as the API says it: from a snapshot of it, whether a process's own or the fleet's, to plain JSON. Times
// become what is left of them; what has no end, or is not known, is null.

import { type Explanation, explain } from '../core/explain.ts'
import type { FullClock } from '../core/clock.ts'
import type { Rules } from '../core/options.ts'
import { ownThresholds, type Overrides } from '../core/overrides.ts'
import type { Snapshot } from '../core/snapshot.ts'
import { consecutive } from '../core/trip.ts'
import type { WireCircuit, WireForced, WireLocal, WireOverrides, WireSteps, WireThresholds } from './wire.ts'

/** What is known of a circuit. */
export interface Sitting {
  readonly name: string
  /** In ms of `clock`. */
  readonly snapshot: Snapshot
  readonly scope: 'local' | 'fleet'
  readonly counts: Readonly<Record<string, number>>
  readonly clock: FullClock
  /** Of the process's breaker, where there is one. */
  readonly rules: Rules | undefined
  /** In words, where only a record says it. */
  readonly policy: string | undefined
  readonly overrides: Overrides | undefined
  readonly overridden: Pick<WireOverrides, 'by' | 'at'> | undefined
  readonly late: number | null
  readonly processes: number | null
  readonly local: WireLocal | null
  readonly trialBy: string | null
  readonly steps: WireSteps | null | undefined
}

const UNKNOWN_POLICY = 'what its processes go by'

export function paint(sitting: Sitting): WireCircuit {
  const { name, snapshot, scope, counts, clock, rules } = sitting
  const { forced, since, state, relapses } = snapshot
  const now = clock.now()
  const policy = rules?.trip.text ?? sitting.policy
  const story = explain({ name, snapshot, scope, counts: { ...counts } }, spoken(sitting), clock)
  const [retryAfter, period] = waitOf(sitting, now)
  return {
    name,
    state,
    scope,
    counts,
    openedAt: state === 'closed' ? null : openedAt(snapshot, clock),
    since: finite(now - since),
    retryAfter: finite(retryAfter),
    period: retryAfter === null ? null : finite(period),
    reason: forced === undefined ? (snapshot.why ?? null) : null,
    text: `${textOf(story, policy)}${whereOf(sitting.local)}`,
    forced: forcedOf(snapshot, now),
    policy: policy ?? null,
    thresholds: thresholdsOf(sitting),
    overrides: overridesOf(sitting),
    relapses: state === 'closed' ? null : relapses,
    late: sitting.late,
    processes: sitting.processes,
    local: sitting.local,
    trialBy: sitting.trialBy,
    ...(sitting.steps !== undefined && { steps: sitting.steps }),
  }
}

/** By the wall clock that the answer goes by, which need not be the circuit's. */
function openedAt({ openedAt: at }: Snapshot, clock: FullClock): number | null {
  return at === undefined ? null : Math.round(Date.now() - (clock.wallNow() - at))
}

/** ms until something happens by itself, and the whole of that. */
function waitOf({ snapshot, rules }: Sitting, now: number): [number | null, number | null] {
  const { forced, state, until, since, leases, rampUp } = snapshot
  if (forced !== undefined) return [null, null]
  if (state === 'open') return [Math.max(0, until - now), until - since]
  if (state === 'closed') return now < since + rampUp ? [since + rampUp - now, rampUp] : [null, null]
  const held = leases.filter((lease) => now < lease.until).map((lease) => lease.until)
  if (held.length === 0) return [null, null]
  return [Math.min(...held) - now, rules?.trialTimeout ?? null]
}

function forcedOf({ forced, since }: Snapshot, now: number): WireForced | null {
  if (forced === undefined) return null
  const { state, until, by, reason } = forced
  return {
    state,
    left: finite(Math.max(0, until - now)),
    period: finite(until - since),
    by: by ?? null,
    reason: reason ?? null,
  }
}

function thresholdsOf({ rules, overrides }: Sitting): WireThresholds {
  const own = rules && ownThresholds(rules)
  const inCode = {
    failMax: own?.failMax ?? null,
    resetTimeout: numeric(own?.resetTimeout),
    successThreshold: own?.successThreshold ?? null,
  }
  const isCounted = rules === undefined || own?.failMax !== undefined
  return {
    failMax: isCounted ? (overrides?.failMax ?? inCode.failMax) : null,
    resetTimeout: numeric(overrides?.resetTimeout ?? own?.resetTimeout),
    successThreshold: overrides?.successThreshold ?? inCode.successThreshold,
    trials: rules?.trials ?? null,
    inCode,
  }
}

function overridesOf({ overrides, overridden }: Sitting): WireOverrides | null {
  return overrides === undefined ? null : { ...overrides, by: overridden?.by ?? null, at: overridden?.at ?? null }
}

/** What `explain` reads of the rules, where a record is all there is. */
function spoken({ rules, policy, overrides }: Sitting): Rules {
  return rules ?? ({ trials: 1, trip: { text: changed(policy ?? UNKNOWN_POLICY, overrides?.failMax) } } as Rules)
}

/** A record keeps the policy of its last move, and thresholds may have been changed since. */
function changed(policy: string, failMax: number | undefined): string {
  const isCounted = consecutive(Number.parseInt(policy, 10) || 1).text === policy
  return isCounted && failMax !== undefined ? consecutive(failMax).text : policy
}

function textOf({ text }: Explanation, policy: string | undefined): string {
  return policy === undefined ? text.replace(` It opens at ${UNKNOWN_POLICY}.`, '') : text
}

/** In how many processes that is so, where the fleet is closed. */
function whereOf(local: WireLocal | null): string {
  if (local === null || local.open === null || local.of === null || local.open >= local.of) return ''
  return ` This is so in ${local.open} of ${local.of} processes; in the others calls pass.`
}

function numeric(value: unknown): number | null {
  return typeof value === 'number' ? finite(value) : null
}

function finite(value: number | null): number | null {
  return value !== null && Number.isFinite(value) ? Math.round(value) : null
}
