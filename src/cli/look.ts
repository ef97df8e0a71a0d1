// The commands that read: list, show, explain, history. None of them moves a circuit.

import type { WireCircuit } from '../admin/wire.ts'
import type { Connection } from './connection.ts'
import { failed, misused } from './fault.ts'
import { listOf } from './list.ts'
import type { Request } from './request.ts'
import { plain, type Terminal } from './terminal.ts'
import { entryOf, inOrder, portraitOf } from './words.ts'

const LIMIT = 50

/** @throws Fault for a circuit that there is not. */
export async function look(request: Request, { source }: Connection, terminal: Terminal): Promise<void> {
  const [name = ''] = request.operands
  const json = request.flags.has('json')
  const say = (value: unknown, text: () => string): void =>
    terminal.write(json ? `${JSON.stringify(value, undefined, 2)}\n` : text())
  switch (request.command?.name) {
    case 'list': {
      const survey = await source.survey(false)
      return say(inOrder(survey.circuits), () => listOf(survey, terminal))
    }
    case 'show': {
      const circuit = await theCircuit(source, name)
      return say(circuit, () => `${portraitOf(circuit, terminal)}\n`)
    }
    case 'explain': {
      const circuit = await theCircuit(source, name)
      return say(
        { name: circuit.name, text: circuit.text },
        () => `${plain(circuit.text ?? 'Nothing is known of it.')}\n`,
      )
    }
    default: {
      const entries = await source.transitions(request.operands[0], limitOf(request))
      const text = entries.map((entry) => entryOf(entry, terminal)).join('\n')
      return say(entries, () => (text === '' ? 'Nothing has changed yet.\n' : `${text}\n`))
    }
  }
}

/** @throws Fault where there is none of that name. */
export async function theCircuit(source: Connection['source'], name: string): Promise<WireCircuit> {
  const found = await source.circuit(name)
  if (found !== undefined) return found.circuit
  throw failed(`There is no circuit ${JSON.stringify(name)} here. \`infuse list\` has those there are.`)
}

function limitOf({ flags }: Request): number {
  const given = flags.get('limit')
  if (given === undefined) return LIMIT
  const limit = Number(given)
  if (Number.isSafeInteger(limit) && limit >= 1 && limit <= 1_000) return limit
  throw misused('--limit is a number from 1 to 1000.')
}
