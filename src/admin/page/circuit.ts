// A circuit as the page has it: what the API said, and when (ms of the page's monotonic clock), so that what is left
// can be aged without any wall clock.

import type { WireState, WireCircuit, WireSteps } from '../wire.ts'

/** What the pill, the filters and the four counts go by: a held circuit is counted under `forced` only. */
export type Kind = WireState | 'forced'

export interface Seen {
  readonly wire: WireCircuit
  /** When its durations were true. */
  readonly got: number
  /** The newest steps there are, which a `circuit` event may leave out, and when those were true. */
  readonly steps: WireSteps | null
  readonly stepsGot: number
}

/** A policy that counts failures in a row, and no other. */
const COUNTED = /^(\d+) failures?(?: in a row)?$/

export function kindOf({ forced, state }: WireCircuit): Kind {
  return forced === null ? state : 'forced'
}

/** Whether it needs a look: anything but closed by itself. */
export function isSick(wire: WireCircuit): boolean {
  return kindOf(wire) !== 'closed'
}

/** ms left of what this circuit waits for: the hold, the open time, the trial's lease. Null: nothing, or no end. */
export function leftOf({ wire, got }: Seen, now: number): number | null {
  const left = wire.forced === null ? (wire.state === 'closed' ? null : wire.retryAfter) : wire.forced.left
  return left === null ? null : Math.max(0, left - (now - got))
}

/** The whole of what `leftOf` is left of, for the ring; null: it has none. */
function periodOf({ wire }: Seen): number | null {
  const period = wire.forced === null ? wire.period : wire.forced.period
  return period !== null && period > 0 ? period : null
}

/** How much of the ring stands, 0 to 100; null: no ring. */
export function ringOf(seen: Seen, now: number): number | null {
  const left = leftOf(seen, now)
  const period = periodOf(seen)
  return left === null || period === null ? null : Math.min(100, (100 * left) / period)
}

/** Failures in a row that open it, be it that only the policy's words say so; null: another policy, or nobody says. */
export function failuresToOpen({ thresholds, policy }: WireCircuit): number | null {
  const [, n] = COUNTED.exec(policy ?? '') ?? []
  return thresholds.failMax ?? (n === undefined ? null : Number(n))
}

/** Whether a person can set this threshold: where code is not known, storage says nothing against it. */
export function canSet(key: 'failMax' | 'resetTimeout' | 'successThreshold', wire: WireCircuit): boolean {
  if (wire.thresholds[key] !== null) return true
  if (wire.thresholds.trials !== null) return false
  return key !== 'failMax' || wire.policy === null || failuresToOpen(wire) !== null
}
