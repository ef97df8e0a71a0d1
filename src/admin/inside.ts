// A look inside a breaker that leaves it as it is. Its own `state` and `explain()` end a hold whose time is over, and
// tell the listeners; here what time has done is worked out beside it.

import type { CircuitBreaker } from '../breaker.ts'
import { gateOf } from '../calls/gates.ts'
import type { FullClock } from '../core/clock.ts'
import { expireCommand } from '../core/commands.ts'
import { ownCounts } from '../core/explain.ts'
import type { Rules } from '../core/options.ts'
import type { Snapshot } from '../core/snapshot.ts'
import type { Stats } from '../core/stats.ts'

/** What a breaker decides alone. */
export interface Inside {
  readonly snapshot: Snapshot
  /** Of this process. */
  readonly counts: Readonly<Record<string, number>>
  readonly rules: Rules
  readonly clock: FullClock
  readonly stats: Stats
  /** Whether the fleet's state is what counts there. */
  readonly isGoverned: boolean
}

export function lookInside(breaker: CircuitBreaker): Inside {
  const { circuit, rules, settings, stats, fleet } = gateOf(breaker)
  const { clock } = settings
  return {
    snapshot: withoutExpired(circuit.snapshot, clock),
    counts: ownCounts(circuit, rules, clock.now()),
    rules,
    clock,
    stats,
    isGoverned: fleet?.governs ?? false,
  }
}

/** The snapshot that there will be when somebody calls. */
export function withoutExpired(snapshot: Snapshot, clock: FullClock): Snapshot {
  const { forced } = snapshot
  if (forced === undefined || clock.now() < forced.until) return snapshot
  return expireCommand(snapshot, clock.now(), clock.wallNow())
}
