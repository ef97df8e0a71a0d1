// What the messages say, and how each is read. A request has an id and gets one answer; what a watcher hears has none.

import type {
  CircuitRecord,
  Counts,
  Move,
  Note,
  Presence,
  Slot,
  StorageTime,
  StoredCircuit,
  StoredLease,
  StoredTransition,
  Tally,
} from '../fleet/storage.ts'
import { readOverrides as asOverrides } from '../core/overrides.ts'
import {
  count,
  epoch,
  type Fields,
  fields,
  listOf,
  maybe,
  MOST_NAMES,
  number,
  oneOf,
  readEach,
  storageTime,
  text,
  time,
  words,
} from './read.ts'
import { readPresence } from './reports.ts'

/** The first message of either side. Other versions do not talk to each other. */
export const GREETING = { infuse: 1 } as const

/** `expected` is an epoch: it is what is compared. */
export type Verb =
  | { readonly verb: 'read'; readonly names: readonly string[]; readonly presence?: Presence }
  | { readonly verb: 'reports'; readonly names: readonly string[] }
  | { readonly verb: 'add'; readonly name: string; readonly tally: Tally }
  | { readonly verb: 'replace'; readonly name: string; readonly expected: number; readonly next: Move }
  | { readonly verb: 'watch' | 'unwatch'; readonly name: string }
  | { readonly verb: 'list' }
  | { readonly verb: 'transitions'; readonly circuit?: string; readonly limit: number }

export type Push =
  | { readonly name: string; readonly changed: StoredCircuit }
  | { readonly name: string; readonly note: Note }

/** Circuits of one machine. */
export const MOST_CIRCUITS = 10_000
const MOST_TRANSITIONS = 200
const MOST_LEASES = 1_000
const MOST_FAILURES = 10_000
const MOST_SLOTS = 128

const state = oneOf('closed', 'open', 'half-open')
const forcedState = oneOf('open', 'closed')
const act = oneOf('forced', 'released', 'updated')

/** Whether the other side greets as this version does. */
export function isGreeting(value: unknown): boolean {
  return fields(value)['infuse'] === GREETING.infuse
}

export function readVerb(message: unknown): Verb {
  const from = fields(message)
  const verb = oneOf('read', 'add', 'replace', 'watch', 'unwatch', 'list', 'transitions', 'reports')(from['verb'])
  switch (verb) {
    case 'read':
      return { verb, names: listOf(from['names'], MOST_NAMES, text), ...maybe(from, 'presence', readPresence) }
    case 'reports':
      return { verb, names: listOf(from['names'], MOST_NAMES, text) }
    case 'add':
      return { verb, name: text(from['name']), tally: readTally(fields(from['tally'])) }
    case 'replace':
      return { verb, name: text(from['name']), expected: epoch(from['expected']), next: readMove(fields(from['next'])) }
    case 'watch':
    case 'unwatch':
      return { verb, name: text(from['name']) }
    case 'transitions':
      return { verb, ...maybe(from, 'circuit', text), limit: Math.min(count(from['limit']), MOST_TRANSITIONS) }
    default:
      return { verb }
  }
}

export function readPush(message: Fields): Push {
  const name = text(message['name'])
  if (message['note'] !== undefined) return { name, note: readNote(fields(message['note'])) }
  return { name, changed: readCircuit(message['changed']) }
}

/** An answer to a read of so many. What cannot be read is as good as absent. */
export function readCircuits(answer: unknown, length: number): readonly (StoredCircuit | undefined)[] {
  return readEach(answer, length, readCircuit)
}

export function readReplaced(answer: unknown): {
  readonly replaced: boolean
  readonly current: StoredCircuit | undefined
} {
  const { replaced, current } = fields(answer)
  return { replaced: replaced === true, current: current === undefined ? undefined : readCircuit(current) }
}

export function readNames(answer: unknown): readonly string[] {
  return listOf(answer, MOST_CIRCUITS, text)
}

export function readTransitions(answer: unknown): readonly StoredTransition[] {
  return listOf(answer, MOST_TRANSITIONS, (one) => {
    const from = fields(one)
    const { by, why } = { by: undefined, why: undefined, ...maybe(from, 'by', words), ...maybe(from, 'why', words) }
    return {
      circuit: text(from['circuit']),
      from: state(from['from']),
      to: state(from['to']),
      at: date(from['at']),
      by,
      why,
      counts: readCounts(from['counts']),
      ...maybe(from, 'act', act),
      ...maybe(from, 'forced', readHold),
      ...maybe(from, 'overrides', readOverrides),
    }
  })
}

function readHold(value: unknown): NonNullable<StoredTransition['forced']> {
  const from = fields(value)
  return { state: forcedState(from['state']), until: undefined, ...maybe(from, 'until', date) }
}

function date(value: unknown): Date {
  return new Date(text(value))
}

export function readCircuit(value: unknown): StoredCircuit {
  const from = fields(value)
  return Object.freeze({
    ...readRecord(from, time),
    epoch: epoch(from['epoch']),
    period: epoch(from['period']),
    at: number(from['at']),
    listeners: count(from['listeners']),
    counts: readCounts(from['counts']),
    asked: number(from['asked']),
    asker: maybe(from, 'asker', text).asker,
    move: text(from['move']),
    mover: text(from['mover']),
  })
}

function readMove(from: Fields): Move {
  return {
    ...readRecord(from, storageTime),
    ...maybe(from, 'epoch', epoch),
    period: from['period'] === 'new' ? 'new' : epoch(from['period']),
    ...maybe(from, 'notBefore', number),
    ...maybe(from, 'said', readSaid),
    move: text(from['move']),
    mover: text(from['mover']),
  }
}

function readRecord<T extends StorageTime>(from: Fields, moment: (value: unknown) => T): CircuitRecord<T> {
  const lease = (one: unknown): StoredLease<T> => ({ id: text(fields(one)['id']), until: moment(fields(one)['until']) })
  const forced = (one: unknown) => ({ state: forcedState(fields(one)['state']), until: moment(fields(one)['until']) })
  return {
    state: state(from['state']),
    until: moment(from['until']),
    relapses: count(from['relapses']),
    successes: count(from['successes']),
    leases: listOf(from['leases'], MOST_LEASES, lease),
    ...maybe(from, 'forced', forced),
    ...maybe(from, 'overrides', readOverrides),
    ...maybe(from, 'policy', words),
    ...maybe(from, 'by', words),
    ...maybe(from, 'why', words),
  }
}

function readOverrides(value: unknown): CircuitRecord['overrides'] {
  const from = fields(value)
  return asOverrides({ ...from, ...maybe(from, 'resetTimeout', time) })
}

function readSaid(value: unknown): NonNullable<Move['said']> {
  const from = fields(value)
  return { ...maybe(from, 'by', words), ...maybe(from, 'why', words) }
}

function readCounts(value: unknown): Counts {
  const from = fields(value)
  const slots = (list: unknown) => listOf(list, MOST_SLOTS, readSlot)
  const fails = (list: unknown) => listOf(list, MOST_FAILURES, number)
  return { ...maybe(from, 'okAt', number), ...maybe(from, 'fails', fails), ...maybe(from, 'slots', slots) }
}

function readSlot(value: unknown): Slot {
  const from = fields(value)
  return { start: number(from['start']), ok: count(from['ok']), bad: count(from['bad']), slow: count(from['slow']) }
}

function readTally(from: Fields): Tally {
  return {
    ...readCounts(from),
    epoch: epoch(from['epoch']),
    period: epoch(from['period']),
    keep: readKeep(fields(from['keep'])),
    ...maybe(from, 'ask', readAsk),
    ...(from['hush'] === true && { hush: true }),
  }
}

/** No longer than what a message can carry. */
function readKeep(from: Fields): Tally['keep'] {
  const upTo = (most: number) => (value: unknown) => Math.min(count(value), most)
  return {
    ...maybe(from, 'fails', upTo(MOST_FAILURES)),
    ...maybe(from, 'slotWidth', number),
    ...maybe(from, 'slots', upTo(MOST_SLOTS)),
  }
}

function readAsk(value: unknown): NonNullable<Tally['ask']> {
  const from = fields(value)
  return { id: text(from['id']), since: number(from['since']), every: number(from['every']) }
}

function readNote(from: Fields): Note {
  const kind = oneOf('ask', 'hush')(from['kind'])
  const asked = { epoch: epoch(from['epoch']), asked: number(from['asked']) }
  if (kind === 'hush') return { kind, ...asked }
  return {
    kind,
    ...asked,
    asker: text(from['asker']),
    since: number(from['since']),
    listeners: count(from['listeners']),
  }
}
