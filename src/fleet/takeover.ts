// What a process's own circuit becomes when shared storage does not answer: Infuse's `fallback_circuit_state`.

import { openTime } from '../core/backoff.ts'
import type { FullClock } from '../core/clock.ts'
import * as machine from '../core/machine.ts'
import type { Rules } from '../core/options.ts'
import type { Snapshot } from '../core/snapshot.ts'
import type { WhenDown } from './storage.ts'

const ORIGIN: machine.Origin = { why: 'shared storage does not answer', by: undefined }

/** `last` is the fleet's state as last known; `undefined`: the own circuit stays as it is. */
export function takeover(
  whenDown: WhenDown,
  last: Snapshot,
  rules: Rules,
  lastFailure: unknown,
  clock: FullClock,
): Snapshot | undefined {
  const now = clock.now()
  const wall = clock.wallNow()
  if (whenDown === 'closed') return machine.commandedClose(now, 0, ORIGIN)
  if (whenDown === 'half-open') return machine.commandedHalfOpen(last, now, wall, ORIGIN)
  if (whenDown === 'open') {
    const openFor = openTime(rules.resetTimeout, machine.keptRelapses(last), lastFailure)
    return machine.commandedOpen(last, { now, wall, openFor, ...ORIGIN })
  }
  return lastKnown(last)
}

/** A circuit that the fleet holds open, or tries, without the fleet's trials. */
export function lastKnown(last: Snapshot): Snapshot | undefined {
  if (last.state === 'closed' && last.forced === undefined) return undefined
  return Object.freeze({ ...last, leases: [] })
}
