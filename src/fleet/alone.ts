// What this process decided alone: its own circuit keeps calls back while the fleet's is closed. It goes on so, and the
// others never notice; whoever looks at the fleet should.

import type { Snapshot } from '../core/snapshot.ts'
import { left } from './mirror.ts'
import type { LocalCircuit } from './storage.ts'

/** A circuit of the fleet, with this process's own behind it. */
export interface Deciding {
  readonly name: string
  readonly own: { readonly snapshot: Snapshot }
  /** Whether the fleet's state is what counts. */
  readonly governs: boolean
}

/** By name, those that keep calls back at `now` though the fleet's do not. */
export function decidedAlone(all: readonly Deciding[], now: number): Record<string, LocalCircuit> {
  const told = all.flatMap(({ name, own, governs }) => {
    const circuit = governs ? undefined : localOf(own.snapshot, now)
    return circuit === undefined ? [] : [[name, circuit] as const]
  })
  return Object.fromEntries(told)
}

function localOf({ state, since, until, leases, why }: Snapshot, now: number): LocalCircuit | undefined {
  if (state === 'closed') return undefined
  const answers = leases.map((lease) => lease.until)
  const due = state === 'open' ? until : answers.length === 0 ? now : Math.min(...answers)
  return { state, since: left(since, now), until: left(due, now), ...(why !== undefined && { why }) }
}
