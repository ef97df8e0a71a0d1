// The list: a line per circuit, as wide as the terminal, the sick ones first.

import type { Survey } from '../admin/source.ts'
import { column, cut, plain, type Terminal, widthOf } from './terminal.ts'
import { inOrder, nextOf, painted, reasonOf, stateOf } from './words.ts'

const GAP = 2
/** Columns that a name keeps on a narrow terminal. */
const LEAST_NAME = 16
/** Of the columns, where something else stands behind. */
const NAME_SHARE = 0.4

/** All circuits, and a sentence where there is none. */
export function listOf({ circuits, processes }: Survey, terminal: Terminal): string {
  if (circuits.length === 0)
    return 'No circuit is known here. One appears when a service that shares this storage uses a breaker.\n'
  const rows = inOrder(circuits).map((circuit) => ({
    circuit,
    name: plain(circuit.name),
    state: stateOf(circuit),
    next: nextOf(circuit),
    why: reasonOf(circuit),
  }))
  const widest = (part: 'name' | 'state' | 'next'): number => Math.max(...rows.map((row) => widthOf(row[part])))
  const [states, nexts] = [widest('state'), widest('next')]
  const beside = states + nexts + 2 * GAP
  const room = terminal.width - beside
  // Why one is ill is worth more than the end of another's name.
  const most = rows.some(({ why }) => why !== '') ? Math.min(room, Math.floor(terminal.width * NAME_SHARE)) : room
  const names = Math.min(widest('name'), Math.max(LEAST_NAME, most))
  const lines = rows.map(({ circuit, name, state, next, why }) => {
    const gap = ' '.repeat(GAP)
    const start = `${column(name, names)}${gap}`
    // A colour stands in what is cut already.
    const rest = cut(
      `${column(state, states)}${gap}${column(next, nexts)}${gap}${why}`.trimEnd(),
      terminal.width - names - GAP,
    )
    return `${start}${painted(circuit, terminal, rest.slice(0, states))}${rest.slice(states)}`.trimEnd()
  })
  const summary = cut(summaryOf(circuits.map(stateOf), processes), terminal.width)
  return `${lines.join('\n')}\n${terminal.paint('dim', summary)}\n`
}

function summaryOf(states: readonly string[], processes: number | null): string {
  const counts = new Map<string, number>()
  for (const state of states) counts.set(state, (counts.get(state) ?? 0) + 1)
  const parts = [...counts].map(([state, count]) => `${count} ${state}`)
  return `${parts.join(', ')}${processes === null ? '' : `; ${processes} process${processes === 1 ? '' : 'es'}`}`
}
