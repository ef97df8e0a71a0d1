// The commands that read: list, show, explain, history. None of them moves a circuit.

import type { WireCircuit } from '../admin/wire.ts'
import type { Connection } from './connection.ts'
import type { Deed } from './deed.ts'
import { failed } from './fault.ts'
import { listOf } from './list.ts'
import { numberOf, type Request } from './request.ts'
import { json, plain, type Terminal } from './terminal.ts'
import { entryOf, inOrder, portraitOf } from './words.ts'

const LIMIT = 50
const MOST = 1_000

/** @throws Fault for flags that are no good; so does the deed, for a circuit that there is not. */
export function look(request: Request): Deed {
  const limit = numberOf(request, 'limit', 1, MOST) ?? LIMIT
  const isJson = request.flags.has('json')
  const [name] = request.operands
  return async ({ source }, { out }) => {
    const [value, text] = await seen(request.command?.name ?? '', name, limit, source, out)
    out.write(isJson ? `${json(value, 2)}\n` : text)
  }
}

async function seen(
  command: string,
  name: string | undefined,
  limit: number,
  source: Connection['source'],
  terminal: Terminal,
): Promise<readonly [value: unknown, text: string]> {
  if (command === 'list') {
    // With what processes report, for how many there are; their plots would be most of the JSON.
    const survey = await source.survey(true)
    return [inOrder(survey.circuits).map(({ steps: _, ...circuit }) => circuit), listOf(survey, terminal)]
  }
  if (command === 'history') {
    const entries = await source.transitions(name, limit)
    if (entries.length === 0 && name !== undefined) await theCircuit(source, name)
    const lines = entries.map((entry) => `${entryOf(entry, terminal)}\n`)
    return [entries, lines.length === 0 ? 'Nothing has changed yet.\n' : lines.join('')]
  }
  const circuit = await theCircuit(source, name ?? '')
  if (command === 'show') return [circuit, `${portraitOf(circuit, terminal)}\n`]
  return [{ name: circuit.name, text: circuit.text }, `${plain(circuit.text ?? 'Nothing is known of it.')}\n`]
}

/** @throws Fault where there is none of that name. */
export async function theCircuit(source: Connection['source'], name: string): Promise<WireCircuit> {
  const found = await source.circuit(name)
  if (found !== undefined) return found.circuit
  throw failed(`There is no circuit ${JSON.stringify(plain(name))} here. \`infuse list\` has those there are.`)
}
