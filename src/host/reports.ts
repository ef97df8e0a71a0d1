// Reports as messages: what a process tells of the circuits that it reads, and what all of them told.

import type { CircuitReport, LocalCircuit, LocalReport, Presence, ReportStep, Seen } from '../fleet/storage.ts'
import {
  count,
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

const MOST_STEPS = 60
const MOST_PROCESSES = 1_000

const localState = oneOf('open', 'half-open')

export function readPresence(value: unknown): Presence {
  const from = fields(value)
  return {
    process: text(from['process']),
    circuits: byName(from['circuits'], readSeen),
    ...maybe(from, 'alone', (alone) => byName(alone, readLocal)),
    ...maybe(from, 'span', time),
    ...maybe(from, 'every', time),
  }
}

function byName<T>(value: unknown, read: (from: Fields) => T): Readonly<Record<string, T>> {
  const entries = Object.entries(fields(value)).slice(0, MOST_NAMES)
  return Object.fromEntries(entries.map(([name, one]) => [text(name), read(fields(one))]))
}

function readLocal(from: Fields): LocalCircuit {
  const times = { since: storageTime(from['since']), until: storageTime(from['until']) }
  return { state: localState(from['state']), ...times, ...maybe(from, 'why', words) }
}

function readSeen(from: Fields): Seen {
  const [calls, failures] = [count(from['calls']), count(from['failures'])]
  return {
    calls,
    failures,
    ...maybe(from, 'successes', count),
    rejected: count(from['rejected']),
    slow: count(from['slow']),
  }
}

function readStep(value: unknown): ReportStep {
  const from = fields(value)
  return { successes: 0, ...readSeen(from), start: count(from['start']) }
}

/** An answer about so many. */
export function readReports(answer: unknown, length: number): readonly (CircuitReport | undefined)[] {
  return readEach(answer, length, (one) => {
    const from = fields(one)
    const steps = listOf(from['steps'], MOST_STEPS, readStep)
    const processes = listOf(from['processes'], MOST_PROCESSES, text)
    const alone = maybe(from, 'alone', (all) => listOf(all, MOST_PROCESSES, readLocalReport))
    return Object.freeze({ at: number(from['at']), steps, processes, ...alone })
  })
}

function readLocalReport(value: unknown): LocalReport {
  const from = fields(value)
  const times = { since: time(from['since']), until: time(from['until']) }
  return { process: text(from['process']), state: localState(from['state']), ...times, ...maybe(from, 'why', words) }
}
