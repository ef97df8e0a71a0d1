// A circuit in words for a shell: one row of a list, or all of it. Words first, then colour: a pipe says the same.

import type { WireCircuit, WireTransition } from '../admin/wire.ts'
import { formatDuration } from './duration.ts'
import { plain, type Terminal } from './terminal.ts'

/** The sick ones first, as on the page: open, half-open, held, then closed by name. */
export function inOrder(circuits: readonly WireCircuit[]): readonly WireCircuit[] {
  return circuits.toSorted((a, b) => rank(a) - rank(b) || (b.since ?? 0) - (a.since ?? 0) || (a.name < b.name ? -1 : 1))
}

function rank({ state, forced }: WireCircuit): number {
  if (forced !== null) return 2
  return state === 'open' ? 0 : state === 'half-open' ? 1 : 3
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
  if (forced !== null) return forced.left === null ? 'until released' : `${formatDuration(forced.left)} left`
  if (state === 'open') return openFor(retryAfter)
  if (state === 'half-open')
    return retryAfter === null ? 'next call is the trial' : `answer due in ${formatDuration(retryAfter)}`
  return retryAfter === null ? '' : `traffic back in ${formatDuration(retryAfter)}`
}

function openFor(retryAfter: number | null): string {
  if (retryAfter === null) return 'until a person acts'
  return retryAfter === 0 ? 'next call is the trial' : `trial in ${formatDuration(retryAfter)}`
}

/** Why, as it would stand behind its name. */
export function reasonOf({ forced, reason, state }: WireCircuit): string {
  if (forced !== null) return `${plain(forced.by ?? 'somebody')}: "${plain(forced.reason ?? 'no reason given')}"`
  return state === 'closed' ? '' : plain(reason ?? '')
}

/** One entry of the history. */
export function entryOf(entry: WireTransition, { paint }: Terminal): string {
  const at = new Date(entry.at).toISOString().replace('T', ' ').slice(0, 19)
  const what = {
    moved: `${entry.from} -> ${entry.to}`,
    forced: `held ${entry.to}${entry.for === null ? '' : ` for ${formatDuration(entry.for)}`}`,
    released: `released, ${entry.to}`,
    updated: plain(entry.change ?? 'thresholds changed'),
  }[entry.kind]
  const who = entry.by === null ? 'by itself' : `by ${plain(entry.by)}`
  const why = entry.why === null ? '' : `: ${plain(entry.why)}`
  return `${paint('dim', at)}  ${plain(entry.circuit)}  ${what}, ${who}${why}`
}

/** Everything about one circuit, a line each. */
export function portraitOf(circuit: WireCircuit, terminal: Terminal): string {
  const { name, scope, thresholds, overrides, policy, processes, counts } = circuit
  const lines: readonly (readonly [string, string | undefined])[] = [
    ['state', `${painted(circuit, terminal)}${circuit.since === null ? '' : ` for ${formatDuration(circuit.since)}`}`],
    ['next', nextOf(circuit)],
    ['why', reasonOf(circuit)],
    ['scope', scope === 'fleet' ? 'the whole fleet' : 'each process for itself'],
    ['policy', policy === null ? undefined : plain(policy)],
    ['opens at', thresholds.failMax === null ? undefined : `${thresholds.failMax} failures in a row`],
    ['open for', thresholds.resetTimeout === null ? undefined : formatDuration(thresholds.resetTimeout)],
    ['closes at', thresholds.successThreshold === null ? undefined : `${thresholds.successThreshold} trial successes`],
    ['changed by', overrides?.by === undefined || overrides.by === null ? undefined : plain(overrides.by)],
    ['processes', processes === null ? undefined : String(processes)],
    [
      'counts',
      Object.entries(counts)
        .map(([what, count]) => `${what} ${count}`)
        .join(', '),
    ],
  ]
  const rows = lines
    .filter(([, text]) => text !== undefined && text !== '')
    .map(([what, text]) => `  ${what.padEnd(10)} ${text}`)
  return [terminal.paint('bold', plain(name)), ...rows].join('\n')
}
