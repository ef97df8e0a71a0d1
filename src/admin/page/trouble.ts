// Since when a circuit is in trouble, why it began, and what was tried since. The newest opening from closed begins
// it; the trials that failed after that do not begin it anew.

import { type Seen, isSick } from './circuit.ts'
import type { Moved } from './log.ts'

export interface Trouble {
  /** When it began, ms of the page's clock; undefined: nobody knows. */
  readonly when: number | undefined
  /** The same for people, epoch ms. */
  readonly at: number | undefined
  /** Who opened it; undefined: it did so by itself. */
  readonly by: string | undefined
  /** Why it opened first. */
  readonly why: string | undefined
  /** Trials since: how many ended, and how many of those failed. */
  readonly trials: number
  readonly failed: number
}

/** Undefined for a circuit that is closed by itself. */
export function troubleOf(seen: Seen, moves: readonly Moved[], at: number): Trouble | undefined {
  const { wire, got } = seen
  if (!isSick(wire)) return undefined
  if (wire.forced !== null) return heldOf(seen, moves, at)
  let failed = 0
  for (const { wire: move, when } of moves) {
    if (move.kind === 'updated') continue
    if (isFailedTrial(move)) failed++
    if (move.from !== 'closed' && move.kind === 'moved') continue
    const opened = move.to !== 'closed'
    if (!opened) break
    return { when, at: move.at, by: move.by ?? undefined, why: move.why ?? undefined, trials: failed, failed }
  }
  const when = wire.since === null ? undefined : got - wire.since
  return {
    when,
    at: wire.openedAt ?? (wire.since === null ? undefined : at - wire.since),
    by: undefined,
    why: wire.reason ?? undefined,
    trials: failed,
    failed,
  }
}

/** A trial went out and the circuit opened again, by itself. */
export function isFailedTrial({ kind, from, to, by }: Moved['wire']): boolean {
  return kind === 'moved' && from === 'half-open' && to === 'open' && by === null
}

function heldOf({ wire, got }: Seen, moves: readonly Moved[], at: number): Trouble {
  const hold = moves.find(({ wire: move }) => move.kind === 'forced')
  const common = { by: wire.forced?.by ?? 'somebody', why: wire.forced?.reason ?? undefined, trials: 0, failed: 0 }
  if (hold !== undefined) return { ...common, when: hold.when, at: hold.wire.at }
  if (wire.since === null) return { ...common, when: undefined, at: undefined }
  return { ...common, when: got - wire.since, at: at - wire.since }
}
