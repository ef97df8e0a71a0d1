// A circuit in words for a shell: one row of a list, or all of it. Words first, then colour: a pipe says the same.

import type { WireCircuit, WireSteps, WireTransition } from '../admin/wire.ts'
import { age, countdown, length } from './duration.ts'
import { cut, plain, type Terminal, widthOf } from './terminal.ts'

/** The sick ones first, as on the page: open (the fleet's before a process's own), half-open, held, closed by name. */
export function inOrder(circuits: readonly WireCircuit[]): readonly WireCircuit[] {
  return circuits.toSorted((a, b) => rank(a) - rank(b) || (b.since ?? 0) - (a.since ?? 0) || (a.name < b.name ? -1 : 1))
}

function rank({ state, forced, scope }: WireCircuit): number {
  if (forced !== null) return 3
  if (state === 'open') return scope === 'fleet' ? 0 : 1
  return state === 'half-open' ? 2 : 4
}

/** `open`, `half-open`, `held open`, `closed`. */
export function stateOf({ state, forced }: WireCircuit): string {
  return forced === null ? state : `held ${forced.state}`
}

export function painted(circuit: WireCircuit, { paint }: Terminal, text: string = stateOf(circuit)): string {
  if (circuit.forced !== null) return paint(['magenta', 'bold'], text)
  if (circuit.state === 'open') return paint(['red', 'bold'], text)
  return circuit.state === 'half-open' ? paint(['yellow', 'bold'], text) : paint('dim', text)
}

/** What comes next, and when. */
export function nextOf({ state, forced, retryAfter }: WireCircuit): string {
  if (forced !== null) return forced.left === null ? 'until released' : `${countdown(forced.left)} left`
  if (state === 'open') return openFor(retryAfter)
  if (state === 'half-open')
    return retryAfter === null ? 'next call is the trial' : `answer due in ${countdown(retryAfter)}`
  return retryAfter === null ? '' : `traffic back in ${countdown(retryAfter)}`
}

function openFor(retryAfter: number | null): string {
  if (retryAfter === null) return 'until a person acts'
  return retryAfter === 0 ? 'next call is the trial' : `trial in ${countdown(retryAfter)}`
}

/** Why, as it would stand behind its name. */
export function reasonOf({ forced, reason, state, local }: WireCircuit): string {
  if (forced !== null) return `${plain(forced.by ?? 'somebody')}: "${plain(forced.reason ?? 'no reason given')}"`
  if (state === 'closed') return ''
  const where = whereOf(local)
  return `${where === undefined ? '' : `in ${where}: `}${plain(reason ?? '')}`
}

/** `1 of 24 processes`: where it is so, though the fleet is closed. */
function whereOf(local: WireCircuit['local']): string | undefined {
  if (local === null || local.open === null) return undefined
  const all = local.of ?? local.open
  return `${local.open}${local.of === null ? '' : ` of ${all}`} process${all === 1 ? '' : 'es'}`
}

/** One entry of the history, in so many columns. */
export function entryOf(entry: WireTransition, { paint }: Terminal, width: number = Number.POSITIVE_INFINITY): string {
  const at = moment(entry.at)
  const what = {
    moved: `${entry.from} → ${entry.to}`,
    forced: `held ${entry.to}${entry.for === null ? '' : ` for ${length(entry.for)}`}`,
    released: `released, ${entry.to}`,
    updated: plain(entry.change ?? 'thresholds changed'),
  }[entry.kind]
  const who = entry.by === null ? 'by itself' : `by ${plain(entry.by)}`
  const why = entry.why === null ? '' : `: ${plain(entry.why)}`
  const rest = cut(`  ${plain(entry.circuit)}  ${what}, ${who}${why}`, width - widthOf(at))
  return `${paint('dim', at)}${rest}`
}

/** A moment by the clock that is the same everywhere: shells and logs of a fleet stand in many zones. */
export function moment(epoch: number): string {
  return `${new Date(epoch).toISOString().replace('T', ' ').slice(0, 19)}Z`
}

/** Everything about one circuit, a line each. */
export function portraitOf(circuit: WireCircuit, terminal: Terminal): string {
  const { scope, policy, processes, trialBy, steps } = circuit
  const lines: readonly (readonly [string, string | undefined])[] = [
    ['state', `${painted(circuit, terminal)}${circuit.since === null ? '' : ` for ${age(circuit.since)}`}`],
    ['next', nextOf(circuit)],
    ['why', reasonOf(circuit)],
    ['trial', trialBy === null ? undefined : `with ${plain(trialBy)}`],
    ['opened', circuit.openedAt === null ? undefined : moment(circuit.openedAt)],
    ['scope', scope === 'fleet' ? 'the whole fleet' : (whereOf(circuit.local) ?? 'each process for itself')],
    [
      'policy',
      policy === null ? undefined : `${plain(policy)}${circuit.overrides?.failMax === undefined ? '' : ', in code'}`,
    ],
    ...thresholdsOf(circuit),
    ['processes', processes === null ? undefined : String(processes)],
    ['counts', countsOf(circuit.counts)],
    ['last 5 min', steps ? sumOf(steps) : undefined],
  ]
  const rows = lines
    .filter(([, text]) => text !== undefined && text !== '')
    .map(([what, text]) => `  ${what.padEnd(17)} ${text}`)
  return [terminal.paint('bold', plain(circuit.name)), ...rows].join('\n')
}

/** The numbers it goes by, those that are known, and who changed them. */
function thresholdsOf({ thresholds, overrides }: WireCircuit): readonly (readonly [string, string])[] {
  const rows = FIELDS.flatMap((field) => {
    const value = thresholds[field]
    return value === null
      ? []
      : [[field, `${shown(field, value)}${overrides?.[field] === undefined ? '' : ', changed'}`] as const]
  })
  if (overrides === null) return rows
  const who = `by ${plain(overrides.by ?? 'somebody')}`
  return [...rows, ['changed', overrides.at === null ? who : `${who}, ${moment(overrides.at)}`]]
}

const FIELDS = ['failMax', 'resetTimeout', 'successThreshold'] as const

/** What somebody changed: `failMax 5 → 9, resetTimeout 30 s → as in code`. */
export function changesBetween(before: WireCircuit, after: WireCircuit): string {
  const say = (circuit: WireCircuit, field: (typeof FIELDS)[number]): string => {
    const value = circuit.overrides?.[field] ?? circuit.thresholds.inCode[field]
    return value === null ? 'as in code' : shown(field, value)
  }
  return FIELDS.map((field) => [field, say(before, field), say(after, field)] as const)
    .filter(([, was, is]) => was !== is)
    .map(([field, was, is]) => `${field} ${was} → ${is}`)
    .join(', ')
}

function shown(field: (typeof FIELDS)[number], value: number): string {
  return field === 'resetTimeout' ? length(value) : String(value)
}

function countsOf(counts: WireCircuit['counts']): string {
  return Object.entries(counts)
    .map(([what, count]) => `${count} ${plain(what).replace(/[A-Z]/g, (capital) => ` ${capital.toLowerCase()}`)}`)
    .join(', ')
}

function sumOf(steps: WireSteps): string {
  const [calls, failures, rejected] = [steps.calls, steps.failures, steps.rejected].map((column) =>
    column.reduce<number>((sum, count) => sum + (count ?? 0), 0),
  )
  return `${calls} calls, ${failures} failed, ${rejected} rejected`
}
