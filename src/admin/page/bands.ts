// The states behind a plot, made from the transitions of the last 5 minutes and from what the circuit is now.
// Positions are ms before the plot's right edge, which is the end of the last step.

import { SPAN_MS, STEP_MS, STEPS } from './counts.ts'
import { type Seen, kindOf } from './circuit.ts'
import type { Moved } from './log.ts'
import type { WireSteps, WireTransition } from '../wire.ts'

export type BandKind = 'open' | 'half-open' | 'forced' | 'unknown'

/** `from` and `to` in ms before the right edge: 300 000 is the left edge, 0 the right one. */
export interface Band {
  readonly from: number
  readonly to: number
  readonly kind: BandKind
  /** `forced open`, for reading aloud. */
  readonly word: string
}

type State = 'open' | 'half-open' | 'closed' | 'forced open' | 'forced closed'

/** When the plot ends, in ms of the page's clock. */
export function edgeOf({ steps, stepsGot }: Seen): number {
  return steps === null ? stepsGot : stepsGot - steps.behind
}

export function bandsOf(seen: Seen, moves: readonly Moved[]): Band[] {
  const edge = edgeOf(seen)
  const bands: Band[] = []
  const put = (start: number, end: number, state: State): void => {
    const from = Math.min(SPAN_MS, edge - start)
    const to = Math.max(0, edge - end)
    if (state === 'closed' || from <= to) return
    bands.push({ from, to, kind: state.startsWith('forced') ? 'forced' : (state as BandKind), word: state })
  }
  let until = Number.POSITIVE_INFINITY
  let earlier: State | undefined
  const newest = moves.find(({ wire }) => wire.kind !== 'updated')
  const now = nowOf(seen)
  // The list may lag behind the circuit: what the circuit says of itself is newer.
  if (newest === undefined || after(newest.wire) !== now) {
    const since = seen.wire.since === null ? (newest?.when ?? seen.got) : seen.got - seen.wire.since
    put(since, until, now)
    until = since
  }
  for (const { wire, when } of moves) {
    if (wire.kind === 'updated') continue
    put(when, until, after(wire))
    until = Math.min(until, when)
    earlier = before(wire)
    if (edge - when > SPAN_MS) break
  }
  if (earlier !== undefined) put(Number.NEGATIVE_INFINITY, until, earlier)
  bands.reverse()
  const gaps = unknownOf(seen.steps)
  return [...cut(bands, gaps.at(-1)), ...gaps]
}

/** Where a plot ends in what is unknown, so do the states: storage is down, and nobody knows them either. */
function cut(bands: readonly Band[], last: Band | undefined): Band[] {
  if (last === undefined || last.to > 0 || last.from >= SPAN_MS) return [...bands]
  return bands.flatMap((band) => (band.from > last.from ? { ...band, to: Math.max(band.to, last.from) } : []))
}

/** What a reading of a step says of the state: `open`, `forced closed`, `closed`. */
export function wordAt(bands: readonly Band[], step: number): string {
  const start = (STEPS - step) * STEP_MS
  return (
    bands.findLast(({ kind, from, to }) => kind !== 'unknown' && from > start - STEP_MS && to < start)?.word ?? 'closed'
  )
}

function nowOf({ wire }: Seen): State {
  return kindOf(wire) === 'forced' ? `forced ${wire.forced?.state ?? 'open'}` : wire.state
}

function after({ kind, to }: WireTransition): State {
  return kind === 'forced' ? (to === 'closed' ? 'forced closed' : 'forced open') : to
}

function before({ kind, from }: WireTransition): State {
  return kind === 'released' ? (from === 'closed' ? 'forced closed' : 'forced open') : from
}

function unknownOf(steps: WireSteps | null): Band[] {
  const gaps: Band[] = []
  let start = -1
  for (let i = 0; i <= STEPS; i++) {
    const known = i === STEPS || (steps?.calls[i] ?? null) !== null
    if (!known && start < 0) start = i
    if (!known || start < 0) continue
    const at = (step: number): number => (STEPS - step) * STEP_MS
    gaps.push({ from: at(start), to: at(i), kind: 'unknown', word: 'no data' })
    start = -1
  }
  return gaps
}
