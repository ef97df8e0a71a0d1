// The timeline of everybody: trials that changed nothing become one line per circuit and outage, so that an opening or
// a person's act is never pushed out of sight.

import type { Moved } from './log.ts'
import { isFailedTrial } from './trouble.ts'

/** One line: a transition as it is, or the newest of several failed trials. */
export interface Line {
  readonly moved: Moved
  /** How many failed trials it stands for; 0: it is a transition of its own. */
  readonly trials: number
  /** The oldest of them. */
  readonly first: Moved
}

/** `moves` is newest first, and so are the lines. */
export function folded(moves: readonly Moved[]): Line[] {
  const lines: { moved: Moved; trials: number; first: Moved }[] = []
  const open = new Map<string, { moved: Moved; trials: number; first: Moved }>()
  /** Circuits whose next older half-open belongs to a failed trial. */
  const probing = new Set<string>()
  for (const moved of moves) {
    const { wire } = moved
    if (isFailedTrial(wire)) {
      probing.add(wire.circuit)
      const line = open.get(wire.circuit)
      if (line === undefined) {
        const made = { moved, trials: 1, first: moved }
        open.set(wire.circuit, made)
        lines.push(made)
      } else {
        line.trials++
        line.first = moved
      }
      continue
    }
    if (isProbe(wire) && probing.delete(wire.circuit)) continue
    probing.delete(wire.circuit)
    // Another outage: its trials are a line of their own.
    if (wire.kind !== 'updated') open.delete(wire.circuit)
    lines.push({ moved, trials: 0, first: moved })
  }
  return lines
}

/** A trial went out, by itself. */
function isProbe({ kind, from, to, by }: Moved['wire']): boolean {
  return kind === 'moved' && from === 'open' && to === 'half-open' && by === null
}

/** Each as it is. */
export function unfolded(moves: readonly Moved[]): Line[] {
  return moves.map((moved) => ({ moved, trials: 0, first: moved }))
}
