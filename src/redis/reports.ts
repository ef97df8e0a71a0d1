// What processes tell with their reads as texts, and back: counts in one order, and steps of storage time. What storage
// holds is untrusted here too.

import type { CircuitReport, Presence, ReportStep, Seen } from '../fleet/storage.ts'
import { count, integer, items, parse } from './wire.ts'

const DEFAULTS = { span: 0, every: 5_000 }
const LONGEST_SPAN = 300_000
const LONGEST_EVERY = 3_600_000
const LONGEST_PROCESS = 100
const MOST_STEPS = 60

/** What rides with a read of these. */
export function encodePresence(names: readonly string[], presence: Presence | undefined): object {
  if (presence === undefined) return {}
  const { process, circuits, span = DEFAULTS.span, every = DEFAULTS.every } = presence
  return {
    process: process.slice(0, LONGEST_PROCESS),
    span: count(Math.min(span, LONGEST_SPAN)),
    every: count(Math.min(every, LONGEST_EVERY)),
    seen: names.map((name) => (Object.hasOwn(circuits, name) ? encodeSeen(circuits[name] as Seen) : '')),
  }
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
  const processes = said['processes']
  const there = Array.isArray(processes) ? processes.filter((one) => typeof one === 'string') : []
  if (steps.length === 0 && there.length === 0) return undefined
  const newest = steps.sort((a, b) => a.start - b.start).slice(-MOST_STEPS)
  return Object.freeze({ at, steps: newest, processes: there.map((one) => one.slice(0, LONGEST_PROCESS)) })
}

function decodeStep(text: string): ReportStep | undefined {
  const [start, calls, successes, failures, rejected, slow] = text.split(':').map(integer)
  if (start === undefined || calls === undefined || successes === undefined) return undefined
  if (failures === undefined || rejected === undefined || slow === undefined) return undefined
  return Object.freeze({ start, calls, successes, failures, rejected, slow })
}
