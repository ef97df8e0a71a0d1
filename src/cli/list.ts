// The list: a line per circuit, as wide as the terminal, the sick ones first.

import type { Survey } from '../admin/source.ts'
import { plain, type Terminal } from './terminal.ts'
import { inOrder, nextOf, painted, reasonOf, stateOf } from './words.ts'

const GAP = '  '

/** All circuits, and a sentence where there is none. */
export function listOf({ circuits, processes }: Survey, terminal: Terminal): string {
  if (circuits.length === 0)
    return 'No circuit is known here. One appears when a service that shares this storage uses a breaker.\n'
  const rows = inOrder(circuits).map((circuit) => ({
    circuit,
    cells: [plain(circuit.name), stateOf(circuit), nextOf(circuit)],
    why: reasonOf(circuit),
  }))
  const widths = [0, 1, 2].map((column) => Math.max(...rows.map(({ cells }) => cells[column]?.length ?? 0)))
  const lines = rows.map(({ circuit, cells: [name = '', state = '', next = ''], why }) => {
    const [nameWidth = 0, stateWidth = 0, nextWidth = 0] = widths
    const left = terminal.width - nameWidth - stateWidth - nextWidth - 3 * GAP.length
    const cut = why.length > left ? `${why.slice(0, Math.max(0, left - 1))}…` : why
    const shown = [
      name.padEnd(nameWidth),
      painted(circuit, terminal, state.padEnd(stateWidth)),
      next.padEnd(nextWidth),
      cut,
    ]
    return shown.join(GAP).trimEnd()
  })
  return `${lines.join('\n')}\n${terminal.paint('dim', summary(circuits.map(stateOf), processes))}\n`
}

function summary(states: readonly string[], processes: number | null): string {
  const counts = new Map<string, number>()
  for (const state of states) counts.set(state, (counts.get(state) ?? 0) + 1)
  const parts = [...counts].map(([state, count]) => `${count} ${state}`)
  return `${parts.join(', ')}${processes === null ? '' : `; ${processes} process${processes === 1 ? '' : 'es'}`}`
}
