// What processes tell with their reads as texts, and back: counts in one order, and steps of storage time. What storage
// holds is untrusted here too.

import type { CircuitReport, LocalCircuit, LocalReport, Presence, ReportStep, Seen } from '../fleet/storage.ts'
import { count, encodeText, encodeTime, FOREVER, integer, items, parse, words } from './wire.ts'

const DEFAULTS = { span: 0, every: 5_000 }
const LONGEST_SPAN = 300_000
const LONGEST_EVERY = 3_600_000
const LONGEST_PROCESS = 100
const LONGEST_REASON = 200
const MOST_STEPS = 60

/** What rides with a read of these. */
export function encodePresence(names: readonly string[], presence: Presence | undefined): object {
  if (presence === undefined) return {}
  const { process, circuits, alone = {}, span = DEFAULTS.span, every = DEFAULTS.every } = presence
  return {
    process: encodeText(process, LONGEST_PROCESS),
    span: count(Math.min(span, LONGEST_SPAN)),
    every: count(Math.min(every, LONGEST_EVERY)),
    seen: names.map((name) => (Object.hasOwn(circuits, name) ? encodeSeen(circuits[name] as Seen) : '')),
    alone: names.map((name) => (Object.hasOwn(alone, name) ? encodeLocal(alone[name] as LocalCircuit) : '')),
  }
}

function encodeLocal({ state, since, until, why }: LocalCircuit): object {
  return { state, since: encodeTime(since), until: encodeTime(until), why: encodeText(why, LONGEST_REASON) }
}

function encodeSeen({ calls, failures, rejected, slow, successes = Math.max(0, calls - failures) }: Seen): string {
  return [calls, successes, failures, rejected, slow].map(count).join(':')
}

/** What a server answers of one circuit; `undefined` where nobody told of it lately. */
export function decodeReport(text: unknown): CircuitReport | undefined {
  const said = parse(text)
  const at = integer(said?.['at'])
  if (said === undefined || at === undefined) return undefined
  const steps = items(said['steps']).flatMap((item) => decodeStep(item) ?? [])
  const processes = list(said['processes']).flatMap((one) => (typeof one === 'string' ? nameOf(one) : []))
  if (steps.length === 0 && processes.length === 0) return undefined
  const newest = steps.sort((a, b) => a.start - b.start).slice(-MOST_STEPS)
  const alone = list(said['alone']).flatMap((one) => decodeLocal(one) ?? [])
  return Object.freeze({ at, steps: newest, processes, alone })
}

function decodeLocal(pair: unknown): LocalReport | undefined {
  const [process, text] = list(pair)
  const { state, since: began, until: due, why } = parse(text) ?? {}
  const [since, until] = [integer(began), integer(due)]
  if (typeof process !== 'string' || (state !== 'open' && state !== 'half-open')) return undefined
  if (since === undefined || until === undefined) return undefined
  const times = { since: Math.min(since, FOREVER), until: Math.min(until, FOREVER) }
  return Object.freeze({ process: nameOf(process), state, ...times, why: words(why) })
}

function nameOf(process: string): string {
  return process.slice(0, LONGEST_PROCESS)
}

/** An empty list is an object where Lua wrote it. */
function list(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : []
}

function decodeStep(text: string): ReportStep | undefined {
  const [start, calls, successes, failures, rejected, slow] = text.split(':').map(integer)
  if (start === undefined || calls === undefined || successes === undefined) return undefined
  if (failures === undefined || rejected === undefined || slow === undefined) return undefined
  return Object.freeze({ start, calls, successes, failures, rejected, slow })
}
