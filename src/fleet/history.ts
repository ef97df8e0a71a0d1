// What of a move goes into the history: changes of state, holds and their end, changed thresholds, and whatever a person
// asked for by name. Trials that come and go within a half-open period do not.

import { sameOverrides } from '../core/overrides.ts'
import type { Move, StoredCircuit, StoredTransition } from './storage.ts'

type Kept = Pick<StoredCircuit, 'state' | 'forced' | 'overrides' | 'counts' | 'by' | 'why'>

/** ms from which a time has no end. */
const FOREVER = 8.64e15

/** The entry of a move that made `after` of `before` at that storage time. */
export function transitionOf(
  circuit: string,
  before: Kept | undefined,
  after: Kept,
  { said, period, epoch }: Move,
  at: number,
): StoredTransition | undefined {
  const { state: from, counts } = before ?? { state: 'closed', counts: {} }
  const { state: to, forced } = after
  const act = actOf(before, after, at)
  const isAsked = after.by !== undefined && period === 'new' && epoch === undefined
  if (from === to && act === undefined && !isAsked) return undefined
  const { by, why } = said ?? after
  return Object.freeze({
    circuit,
    from,
    to,
    at: new Date(at),
    by,
    why,
    counts,
    ...(act && { act }),
    ...(forced && { forced: { state: forced.state, until: endOf(forced.until) } }),
    ...(act === 'updated' && { overrides: after.overrides }),
  })
}

/** When a hold ends, for people. */
export function endOf(until: number): Date | undefined {
  return until >= FOREVER ? undefined : new Date(until)
}

function actOf(before: Kept | undefined, { forced, overrides }: Kept, at: number): StoredTransition['act'] {
  const held = before?.forced
  if (forced !== undefined && (forced.state !== held?.state || forced.until !== held.until)) return 'forced'
  if (held !== undefined && forced === undefined && held.until > at) return 'released'
  return sameOverrides(before?.overrides, overrides) ? undefined : 'updated'
}
