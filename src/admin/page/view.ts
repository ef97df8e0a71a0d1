// One circuit with all that is derived from it once per answer: sums, trouble, bands, its place in the list and its
// words. Made anew only when the circuit or its transitions changed.

import { type Band, bandsOf } from './bands.ts'
import { type Kind, type Seen, kindOf } from './circuit.ts'
import { MINUTE, type Sum, isBad, shareOf, sumOf } from './counts.ts'
import { counted, moment, sentence } from './format.ts'
import type { Moved } from './log.ts'
import { type Trouble, troubleOf } from './trouble.ts'

export interface View {
  readonly name: string
  readonly seen: Seen
  readonly moves: readonly Moved[]
  readonly kind: Kind
  readonly trouble: Trouble | undefined
  /** The last minute, and the last 5 minutes; null: nobody reported. */
  readonly minute: Sum | null
  readonly all: Sum | null
  readonly bands: readonly Band[]
  /** Why it is as it is, for its row; of a hold only what comes after the person's words. */
  readonly reason: string
  /** Closed, with something to say. */
  readonly watch: boolean
}

/** A circuit that closed is worth a word for so long, ms. */
const LATELY = 60_000

/** `wallNow` is epoch ms, `now` the page's clock, at the same moment. */
export function viewOf(seen: Seen, moves: readonly Moved[], now: number, wallNow: number): View {
  const { wire, steps } = seen
  const kind = kindOf(wire)
  const trouble = troubleOf(seen, moves, wallNow - now + seen.got)
  const minute = sumOf(steps, MINUTE)
  const all = sumOf(steps)
  const base = { name: wire.name, seen, moves, kind, trouble, minute, all, bands: bandsOf(seen, moves) }
  if (kind !== 'closed') return { ...base, reason: sickReason(base), watch: false }
  const note = closedNote(seen, moves, now, wallNow)
  if (note !== '') return { ...base, reason: note, watch: true }
  const idle = all !== null && all.calls + all.rejected === 0
  return { ...base, reason: idle ? 'no call in 5 minutes' : '', watch: false }
}

type Sick = Pick<View, 'seen' | 'kind' | 'trouble' | 'minute'>

function sickReason({ seen: { wire }, kind, trouble, minute }: Sick): string {
  if (kind === 'forced') {
    if (wire.forced?.state !== 'closed' || minute === null || !isBad(minute)) return ''
    return `${shareOf(minute)} fail, ${minute.rejected === 0 ? 'none' : counted(minute.rejected, 'call')} rejected.`
  }
  const why = sentence((trouble?.trials === 0 ? wire.reason : trouble?.why) ?? wire.reason ?? '')
  if (kind === 'half-open') return trialOut(wire)
  const failed = trouble?.failed ?? 0
  const trials = failed === 0 ? '' : ` ${counted(failed, 'trial')} since, ${failed === 1 ? 'it failed' : 'all failed'}.`
  return `${localWords(wire)}${why}${trials}`.trim()
}

function trialOut({ retryAfter, counts, thresholds, trialBy }: Seen['wire']): string {
  const good = counts['trialSuccesses'] ?? 0
  const needed = thresholds.successThreshold
  const done = good === 0 ? '' : ` ${good === 1 ? 'The one before' : `${good} before it`} succeeded.`
  if (retryAfter === null) return `The next call is a trial.${done}`
  const which = needed !== null && needed > 1 ? `Trial ${good + 1} of ${needed}` : 'A trial'
  return `${which} is out${trialBy === null ? '' : `, from ${trialBy}`}.${done}`
}

function localWords({ scope, local }: Seen['wire']): string {
  return scope === 'local' && local !== null && local.who !== null ? `${local.who} only: ` : ''
}

function closedNote({ wire, got }: Seen, moves: readonly Moved[], now: number, wallNow: number): string {
  const { counts, thresholds, retryAfter } = wire
  const row = Math.max(counts['failures'] ?? 0, counts['fleetFailures'] ?? 0)
  const limit = thresholds.failMax
  if (row >= 2) return `${counted(row, 'failure')} in a row${limit === null ? '' : `, opens at ${limit}`}`
  const last = moves.find(({ wire: move }) => move.kind === 'moved')
  const ramp = retryAfter !== null && retryAfter - (now - got) > 0
  if (!ramp && (last === undefined || last.wire.to !== 'closed' || now - last.when > LATELY)) return ''
  const closed = last === undefined ? 'closed lately' : `closed at ${moment(last.wire.at, wallNow)}`
  return `${closed}, ${ramp ? 'traffic is coming back' : 'calls pass again'}`
}

const order: Readonly<Record<Kind, number>> = { open: 0, 'half-open': 1, forced: 2, closed: 3 }

/** The likely cause first: open (fleet before local, oldest first), half-open, held, closed with a word, closed. */
export function byNeed(a: View, b: View): number {
  return (
    order[a.kind] - order[b.kind] ||
    Number(b.watch) - Number(a.watch) ||
    (a.kind === 'closed' ? 0 : Number(isLocal(a)) - Number(isLocal(b)) || whenOf(a) - whenOf(b)) ||
    compareNames(a.name, b.name)
  )
}

function isLocal({ seen }: View): boolean {
  return seen.wire.scope === 'local'
}

function whenOf({ trouble }: View): number {
  return trouble?.when ?? Number.MAX_VALUE
}

function compareNames(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}
