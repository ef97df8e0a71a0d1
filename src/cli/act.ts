// The commands that change a circuit. Each has an author and a reason, and says afterwards what is true now, as storage
// has it.

import { createInterface } from 'node:readline/promises'
import { userInfo } from 'node:os'
import { type Changes, DEFAULT_HOLD, LONGEST_HOLD, LONGEST_REASON, type Order, orderOf } from '../admin/order.ts'
import type { Connection } from './connection.ts'
import { parseDuration } from './duration.ts'
import { misused } from './fault.ts'
import { theCircuit } from './look.ts'
import type { Request } from './request.ts'
import type { Terminal } from './terminal.ts'
import type { FlagName } from './usage.ts'
import { nextOf, painted } from './words.ts'

/** @throws Fault or Refusal where it cannot be done. */
export async function act(request: Request, connection: Connection, terminal: Terminal): Promise<void> {
  const { source } = connection
  const [name = ''] = request.operands
  const order = await understood(request)
  await theCircuit(source, name)
  await source.carryOut(name, order)
  const circuit = await theCircuit(source, name)
  if (request.flags.has('json')) return terminal.write(`${JSON.stringify(circuit, undefined, 2)}\n`)
  const next = nextOf(circuit)
  terminal.write(`${circuit.name} is ${painted(circuit, terminal)}${next === '' ? '' : `, ${next}`}.\n`)
}

async function understood(request: Request): Promise<Order> {
  const { command, operands, flags } = request
  const action = command?.name ?? ''
  const body: Record<string, unknown> = {}
  if (action === 'force') {
    body['state'] = heldState(operands[1])
    body['for'] = holdOf(flags.get('for'))
  }
  if (action === 'update') Object.assign(body, changesOf(flags))
  return orderOf(action, author(flags.get('by')), { reason: await reasonOf(flags.get('reason')), ...body })
}

function author(given: string | true | undefined): string {
  const name = typeof given === 'string' ? given : userInfo().username
  if (name.trim() !== '' && name.length <= LONGEST_REASON) return name.trim()
  throw misused('--by is a name.')
}

/** On a terminal a person is asked; a script has to say it. */
async function reasonOf(given: string | true | undefined): Promise<string> {
  if (typeof given === 'string' && given.trim() !== '') return given
  if (given !== undefined || !process.stdin.isTTY || !process.stderr.isTTY) throw misused('Say why: --reason "…".')
  const asking = createInterface({ input: process.stdin, output: process.stderr })
  try {
    const reason = (await asking.question('Why? ')).trim()
    if (reason !== '') return reason
  } finally {
    asking.close()
  }
  throw misused('Nothing was done: a reason is needed.')
}

function heldState(given: string | undefined): 'open' | 'closed' {
  if (given === 'open' || given === 'closed') return given
  throw misused('A circuit is held open or closed: `infuse force NAME open|closed`.')
}

function holdOf(given: string | true | undefined): number {
  if (given === undefined) return DEFAULT_HOLD
  const ms = parseDuration(String(given))
  if (ms !== undefined && ms >= 1 && ms <= LONGEST_HOLD) return ms
  throw misused('--for is a time such as 90s, 30m or 2h, 30 days at most.')
}

function changesOf(flags: Request['flags']): Changes {
  const value = (flag: FlagName, parse: (text: string) => number | undefined): { value?: number | null } => {
    const given = flags.get(flag)
    if (given === undefined) return {}
    if (given === 'none') return { value: null }
    const parsed = parse(String(given))
    if (parsed === undefined) throw misused(`--${flag} ${String(given)} is not understood; "none" undoes.`)
    return { value: parsed }
  }
  const [failMax, resetTimeout, successThreshold] = [
    value('fail-max', count).value,
    value('reset-timeout', parseDuration).value,
    value('success-threshold', count).value,
  ]
  return {
    ...(failMax !== undefined && { failMax }),
    ...(resetTimeout !== undefined && { resetTimeout }),
    ...(successThreshold !== undefined && { successThreshold }),
  }
}

function count(text: string): number | undefined {
  return /^\d{1,7}$/.test(text) ? Number(text) : undefined
}
