// A stored record as a snapshot in this process's time, aged since it was heard. A hold whose time is over has ended,
// whether or not somebody has called since.

import type { FullClock } from '../core/clock.ts'
import { PRISTINE, type Snapshot } from '../core/snapshot.ts'
import { Mirror } from '../fleet/mirror.ts'
import type { StoredCircuit } from '../fleet/storage.ts'
import { withoutExpired } from './inside.ts'

/** What storage said, and when (ms of the clock). */
export interface Heard {
  readonly stored: StoredCircuit | undefined
  readonly at: number
}

export function snapshotOf({ stored, at }: Heard, clock: FullClock): Snapshot {
  if (stored === undefined) return PRISTINE
  const mirror = new Mirror()
  mirror.take(stored, at, 0)
  const { record } = mirror
  // Counts alone make a record too; its period began at no time.
  const since = stored.period === 0 ? Number.NEGATIVE_INFINITY : record.since
  const { openedAt } = record
  const age = clock.now() - at
  const wall = openedAt === undefined ? undefined : clock.wallNow() - (stored.at + age - openedAt)
  return withoutExpired(Object.freeze({ ...record, since, openedAt: wall }), clock)
}

/** The process that holds the trial's place, as the fleet calls it. */
export function trialBy({ stored, at }: Heard, clock: FullClock): string | null {
  if (stored?.state !== 'half-open') return null
  const now = stored.at + clock.now() - at
  const lease = stored.leases.find(({ until }) => now < until)
  return lease === undefined ? null : processOf(lease.id)
}

/** A process as people read it, from an identifier that begins with its own. */
export function processOf(id: string): string {
  return (id.split('.')[0] ?? '').slice(0, 24)
}
