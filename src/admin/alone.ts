// Who keeps calls back alone, though the fleet does not, as the processes told: the one that began first stands for all.

import type { FullClock } from '../core/clock.ts'
import { period, type Snapshot } from '../core/snapshot.ts'
import type { CircuitReport, LocalReport } from '../fleet/storage.ts'
import { processOf } from './record.ts'
import type { WireLocal } from './wire.ts'

export interface Alone {
  readonly snapshot: Snapshot
  readonly local: WireLocal
}

/** `report` is of now. `undefined`: nobody. */
export function aloneIn({ at, alone = [], processes }: CircuitReport, clock: FullClock): Alone | undefined {
  const [first] = alone.toSorted((a, b) => rank(a) - rank(b) || a.since - b.since)
  if (first === undefined) return undefined
  const who = alone.length === 1 ? processOf(first.process) : null
  return { snapshot: snapshotOf(first, at, clock), local: { open: alone.length, of: processes.length, who } }
}

function rank({ state }: LocalReport): number {
  return state === 'open' ? 0 : 1
}

function snapshotOf({ process, state, since, until, why }: LocalReport, at: number, clock: FullClock): Snapshot {
  const ahead = clock.now() - at
  return period({
    state,
    since: since + ahead,
    until: until + ahead,
    openedAt: clock.wallNow() - (at - since),
    leases: state === 'half-open' && until > at ? [{ id: process, until: until + ahead }] : [],
    why,
  })
}
