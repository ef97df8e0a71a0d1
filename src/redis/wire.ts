// Circuits as texts, and back. What storage holds is untrusted: every value is checked and clamped, and a record that
// does not hold together is none. A time is ms, or with a + so many ms from the moment the server writes.

import { type Overrides, readOverrides } from '../core/overrides.ts'
import type { CircuitState } from '../core/snapshot.ts'
import { endOf } from '../fleet/history.ts'
import type {
  Counts,
  Move,
  Note,
  Slot,
  StorageTime,
  StoredCircuit,
  StoredLease,
  StoredTransition,
  Tally,
} from '../fleet/storage.ts'

export type Texts = Readonly<Record<string, unknown>>

/** Stands for "without end" where numbers are texts: the latest time a Date holds. */
export const FOREVER = 8.64e15
const LONGEST_TEXT = 500
const HALF = /\p{Surrogate}/gu
const MOST_ITEMS = 1_000
const MOST_LISTENERS = 1_000_000

// To the server ------------------------------------------------------------------------------

export function encodeTally({ epoch, period, okAt, fails, slots, keep, ask, hush }: Tally): string {
  return JSON.stringify({
    epoch: count(epoch),
    period: count(period),
    ok_at: okAt === undefined ? undefined : count(okAt),
    fails: fails?.slice(0, MOST_ITEMS).map(count).join(','),
    slots: slots?.slice(0, MOST_ITEMS).map(encodeSlot).join(','),
    keep_fails: keep.fails === undefined ? undefined : count(Math.min(keep.fails, MOST_ITEMS)),
    slot_width: keep.slotWidth === undefined ? undefined : String(keep.slotWidth),
    keep_slots: keep.slots === undefined ? undefined : count(Math.min(keep.slots, MOST_ITEMS)),
    ask: ask?.id,
    since: ask && count(ask.since),
    every: ask && count(ask.every),
    hush: hush && '1',
  })
}

export function encodeMove(expected: StoredCircuit | undefined, move: Move): string {
  const {
    state,
    until,
    relapses,
    successes,
    leases,
    forced,
    overrides,
    policy,
    by,
    why,
    epoch,
    period,
    notBefore,
    said,
  } = move
  return JSON.stringify({
    expected: count(expected?.epoch ?? 0),
    state,
    until: encodeTime(until),
    relapses: count(relapses),
    successes: count(successes),
    leases: leases.map((lease) => `${encodeURIComponent(lease.id)}=${encodeTime(lease.until)}`).join(','),
    forced: forced?.state,
    forced_until: forced && encodeTime(forced.until),
    overrides: overrides && encodeOverrides(overrides),
    policy: encodeText(policy),
    by: encodeText(by),
    why: encodeText(why),
    epoch: epoch === undefined ? undefined : count(epoch),
    period: period === 'new' ? period : count(period),
    said: said && '1',
    said_by: encodeText(said?.by),
    said_why: encodeText(said?.why),
    not_before: notBefore === undefined ? undefined : count(Math.ceil(notBefore)),
    move: move.move,
    mover: move.mover,
  })
}

/** Always in the same order, so that equal ones are equal texts; JSON knows no Infinity. */
function encodeOverrides({ failMax, resetTimeout, successThreshold }: Overrides): string {
  const ms = resetTimeout === undefined ? undefined : Math.min(resetTimeout, FOREVER)
  return JSON.stringify({ failMax, resetTimeout: ms, successThreshold })
}

/** What people read, no longer than `most`. Half a character would make the server refuse all that is said with it. */
export function encodeText(text: string | undefined, most: number = LONGEST_TEXT): string | undefined {
  return text?.slice(0, most).replace(HALF, '\ufffd')
}

export function encodeTime(time: StorageTime): string {
  return typeof time === 'number' ? count(time) : `+${Math.round(clamp(time.in, -FOREVER, FOREVER))}`
}

function encodeSlot({ start, ok, bad, slow }: Slot): string {
  return [start, ok, bad, slow].map(count).join(':')
}

/** A whole number from 0, as text. */
export function count(value: number): string {
  return String(Math.floor(clamp(value, 0, FOREVER)))
}

function clamp(value: number, low: number, high: number): number {
  return Number.isNaN(value) ? low : Math.min(high, Math.max(low, value))
}

// From the server ----------------------------------------------------------------------------

/** What an answer or a push says, or why it says nothing. */
export type Said =
  | { readonly kind: 'record'; readonly circuit: StoredCircuit }
  | { readonly kind: 'note'; readonly note: Note }
  | { readonly kind: 'absent' | 'garbled' | 'newer' }

export function decode(text: unknown): Said {
  const said = parse(text)
  if (said === undefined) return { kind: 'garbled' }
  if (said['kind'] === 'absent' || said['kind'] === 'newer') return { kind: said['kind'] }
  if (said['kind'] === 'record') {
    const circuit = decodeCircuit(said)
    return circuit === undefined ? { kind: 'garbled' } : { kind: 'record', circuit }
  }
  const note = decodeNote(said)
  return note === undefined ? { kind: 'garbled' } : { kind: 'note', note }
}

export function decodeTransition(circuit: string, text: unknown): StoredTransition | undefined {
  const entry = parse(text)
  if (entry === undefined) return undefined
  const { at, from, to, by, why, act } = entry
  const forced = decodeForced(entry)
  const when = integer(at)
  if (when === undefined || !isState(from) || !isState(to)) return undefined
  return Object.freeze({
    circuit,
    from,
    to,
    at: new Date(Math.min(when, FOREVER)),
    by: words(by),
    why: words(why),
    counts: decodeCounts(entry),
    ...((act === 'forced' || act === 'released' || act === 'updated') && { act }),
    ...(forced && { forced: { state: forced.state, until: endOf(forced.until) } }),
    ...(act === 'updated' && { overrides: decodeOverrides(entry['overrides']) }),
  })
}

function decodeCircuit(record: Texts): StoredCircuit | undefined {
  const { state } = record
  const [at, epoch, period, until, relapses, successes] = [
    'at',
    'epoch',
    'period',
    'until',
    'relapses',
    'successes',
  ].map((field) => integer(record[field]))
  if (!isState(state) || at === undefined || epoch === undefined || period === undefined) return undefined
  if (until === undefined || relapses === undefined || successes === undefined) return undefined
  return Object.freeze({
    state,
    epoch,
    period,
    until: Math.min(until, FOREVER),
    relapses: Math.min(relapses, MOST_LISTENERS),
    successes: Math.min(successes, MOST_LISTENERS),
    leases: decodeLeases(record['leases']),
    forced: decodeForced(record),
    overrides: decodeOverrides(record['overrides']),
    policy: words(record['policy']),
    by: words(record['by']),
    why: words(record['why']),
    at,
    listeners: Math.min(integer(record['listeners']) ?? 0, MOST_LISTENERS),
    counts: decodeCounts(record),
    asked: integer(record['asked']) ?? 0,
    asker: words(record['asker']),
    move: words(record['move']) ?? '',
    mover: words(record['mover']) ?? '',
  })
}

function decodeNote({ kind, epoch: version, asked: time, asker, since, listeners }: Texts): Note | undefined {
  const [epoch, asked] = [integer(version), integer(time)]
  if (epoch === undefined || asked === undefined) return undefined
  if (kind === 'hush') return { kind, epoch, asked }
  if (kind !== 'ask') return undefined
  return {
    kind,
    epoch,
    asked,
    asker: words(asker) ?? '',
    since: integer(since) ?? 0,
    listeners: Math.min(integer(listeners) ?? 0, MOST_LISTENERS),
  }
}

function decodeLeases(text: unknown): readonly StoredLease[] {
  return items(text).flatMap((item) => {
    const [id = '', time] = item.split('=')
    const until = integer(time)
    const name = unescaped(id)
    return until === undefined || name === undefined
      ? []
      : [Object.freeze({ id: name, until: Math.min(until, FOREVER) })]
  })
}

function decodeForced({ forced, forced_until }: Texts): StoredCircuit['forced'] {
  const until = integer(forced_until)
  if ((forced !== 'open' && forced !== 'closed') || until === undefined) return undefined
  return Object.freeze({ state: forced, until: Math.min(until, FOREVER) })
}

function decodeOverrides(text: unknown): StoredCircuit['overrides'] {
  return readOverrides(parse(text))
}

function decodeCounts({ ok_at, fails, slots }: Texts): Counts {
  const okAt = integer(ok_at)
  const failures = items(fails).flatMap((item) => integer(item) ?? [])
  const windows = items(slots).flatMap((item) => decodeSlot(item) ?? [])
  return Object.freeze({
    ...(okAt !== undefined && { okAt }),
    ...(failures.length > 0 && { fails: failures }),
    ...(windows.length > 0 && { slots: windows }),
  })
}

function decodeSlot(text: string): Slot | undefined {
  const [start, ok, bad, slow] = text.split(':').map(integer)
  if (start === undefined || ok === undefined || bad === undefined || slow === undefined) return undefined
  return Object.freeze({ start, ok, bad, slow })
}

/** The object that a text is the JSON of. */
export function parse(text: unknown): Texts | undefined {
  if (typeof text !== 'string') return undefined
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Texts) : undefined
  } catch {
    // Not JSON, so nobody of ours wrote it.
    return undefined
  }
}

/** What stands between commas. */
export function items(text: unknown): readonly string[] {
  return typeof text === 'string' && text !== '' ? text.split(',').slice(0, MOST_ITEMS) : []
}

/** The whole number that a text says. */
export function integer(value: unknown): number | undefined {
  if (typeof value !== 'string' || !/^\d{1,16}$/.test(value)) return undefined
  const number = Number(value)
  return Number.isSafeInteger(number) ? number : undefined
}

/** A text, or the beginning of a long one. */
export function words(value: unknown): string | undefined {
  return typeof value === 'string' ? value.slice(0, LONGEST_TEXT) : undefined
}

function unescaped(text: string): string | undefined {
  try {
    return decodeURIComponent(text)
  } catch {
    // A stray % is not of our writing.
    return undefined
  }
}

function isState(value: unknown): value is CircuitState {
  return value === 'closed' || value === 'open' || value === 'half-open'
}
