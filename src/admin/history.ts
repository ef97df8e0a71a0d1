// Transitions as storage keeps them, as the API says them: by the handler's clock, with an identity of their own, since
// answers and events overlap.

import { describeDuration } from '../core/describe.ts'
import type { Overrides } from '../core/overrides.ts'
import type { StoredTransition } from '../fleet/storage.ts'
import type { WireTransition } from './wire.ts'

const FIELDS = ['failMax', 'resetTimeout', 'successThreshold'] as const

/** `entries` newest first; `ahead`: ms by which the handler's clock is ahead of the storage's; `now` of the handler's. */
export function tellHistory(entries: readonly StoredTransition[], ahead: number, now: number): WireTransition[] {
  return entries.map((entry, index) => {
    const { circuit, from, to, by, why, act, forced } = entry
    const stored = entry.at.getTime()
    const at = stored + ahead
    const end = forced?.until?.getTime()
    return {
      id: `${circuit} ${stored} ${act ?? 'moved'} ${from} ${to}`,
      circuit,
      kind: act ?? 'moved',
      from,
      to,
      at,
      ago: Math.max(0, now - at),
      by: by ?? null,
      why: why ?? null,
      change: act === 'updated' ? changeOf(overridesBefore(entries, index), entry.overrides) : null,
      for: act === 'forced' && end !== undefined ? rounded(end - stored) : null,
      scope: 'fleet',
      process: null,
    }
  })
}

/** What somebody changed, as people write it; `before` where it is known. */
export function changeOf(before: Overrides | undefined, after: Overrides | undefined): string {
  const changes = FIELDS.flatMap((field) => {
    const [was, is] = [before?.[field], after?.[field]]
    if (was === is) return []
    if (is === undefined) return [`${field} as in code`]
    return [was === undefined ? `${field} ${say(field, is)}` : `${field} ${say(field, was)} → ${say(field, is)}`]
  })
  return changes.length === 0 ? 'all thresholds as in code' : changes.join(', ')
}

function overridesBefore(entries: readonly StoredTransition[], index: number): Overrides | undefined {
  const { circuit } = entries[index] as StoredTransition
  return entries.find((one, at) => at > index && one.circuit === circuit && one.act === 'updated')?.overrides
}

/** A hold is measured from when storage wrote it, some ms after somebody asked for a whole number of seconds. */
function rounded(ms: number): number {
  return ms < 1_000 ? Math.max(0, ms) : 1_000 * Math.round(ms / 1_000)
}

function say(field: (typeof FIELDS)[number], value: number): string {
  return field === 'resetTimeout' ? describeDuration(value) : String(value)
}
