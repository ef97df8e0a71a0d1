// What happened in a run, line by line, for a person who wants to know why it failed. Kept only where it is asked for.

import type { Note, StoredCircuit } from '../src/index.ts'
import type { SimulatedTraffic } from '../src/testing/index.ts'

export class Trace {
  readonly lines: string[] = []
  readonly wanted: boolean
  readonly #now: () => number

  constructor(wanted: boolean, now: () => number) {
    this.wanted = wanted
    this.#now = now
  }

  say(who: string, what: string): void {
    if (this.wanted) this.lines.push(`${this.#now().toFixed(2).padStart(10)}  ${who.padEnd(4)}  ${what}`)
  }

  traffic({ process, what, verb, detail, answer }: SimulatedTraffic): void {
    if (!this.wanted || (verb === 'read' && (what === 'sent' || what === 'done'))) return
    const said = what === 'done' || what === 'answered' ? describe(answer) : describe(detail)
    const at = what === 'done' ? 'S' : `n${process}`
    this.say(at, `${what} ${verb}${what === 'done' ? ` of n${process}` : ''}: ${said}`)
  }
}

function describe(value: unknown): string {
  if (value === undefined) return 'nothing'
  if (Array.isArray(value)) return value.map(describe).join('; ')
  if (typeof value !== 'object' || value === null) return JSON.stringify(value)
  if ('replaced' in value)
    return `${value.replaced ? 'made' : 'REFUSED'}, ${describe((value as { current?: unknown }).current)}`
  if ('kind' in value) {
    const note = value as Note
    return `${note.kind} ${short(note.asked)} @${short(note.epoch)}`
  }
  if ('at' in value) return describeRecord(value as StoredCircuit)
  return JSON.stringify(value, (key, one: unknown) => (LONG.has(key) && typeof one === 'number' ? short(one) : one))
}

const LONG = new Set(['epoch', 'period', 'until', 'okAt', 'since', 'asked', 'notBefore'])

export function describeRecord(record: StoredCircuit): string {
  const { state, epoch, period, until, leases, counts, asked, asker, at, successes, forced } = record
  const parts = [`${state} @${short(epoch)}`, `period ${short(period)}`, `at ${short(at)}`]
  if (state !== 'closed') parts.push(`until ${short(until)}`)
  if (forced !== undefined) parts.push(`forced ${forced.state} until ${short(forced.until)}`)
  if (successes > 0) parts.push(`${successes} successes`)
  for (const lease of leases) parts.push(`lease ${lease.id.slice(-6)} until ${short(lease.until)}`)
  if (counts.okAt !== undefined) parts.push(`ok ${short(counts.okAt)}`)
  if (counts.fails !== undefined && counts.fails.length > 0) parts.push(`fails ${counts.fails.map(short).join(' ')}`)
  if (counts.slots !== undefined) {
    const sum = counts.slots.reduce((all, { ok, bad }) => ({ ok: all.ok + ok, bad: all.bad + bad }), { ok: 0, bad: 0 })
    parts.push(`${sum.bad} of ${sum.ok + sum.bad} failed`)
  }
  if (asked > 0) parts.push(`asked ${short(asked)}${asker === undefined ? ', hushed' : ''}`)
  return parts.join(', ')
}

/** Storage times begin in 2026; only what differs within a run is of use. */
const START = Date.UTC(2026, 0, 1)

export function short(time: number): string {
  return time > START / 2 && time < 2 * START ? String(Math.round(time - START)) : String(time)
}
