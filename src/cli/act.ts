// The commands that change a circuit. Each has an author and a reason, and says afterwards what is true now, as storage
// has it.

import { type Changes, DEFAULT_HOLD, LONGEST_HOLD, LONGEST_REASON, MOST_COUNT, orderOf } from '../admin/order.ts'
import type { WireCircuit } from '../admin/wire.ts'
import { authorOf } from './author.ts'
import type { Deed } from './deed.ts'
import { parseDuration } from './duration.ts'
import { misused } from './fault.ts'
import { theCircuit } from './look.ts'
import { askWhy, canAsk } from './question.ts'
import { numberOf, type Request } from './request.ts'
import { json, plain, type Terminal } from './terminal.ts'
import type { FlagName } from './usage.ts'
import { changesBetween, nextOf, painted } from './words.ts'

/** @throws Fault or Refusal for what is no order; so does the deed, where it cannot be done. */
export function act(request: Request): Deed {
  const { command, operands, flags } = request
  const action = command?.name ?? ''
  const [name = ''] = operands
  const by = authorOf(request)
  const body = bodyOf(action, request)
  const given = flags.get('reason')
  // Tried at once, so that what is not understood is said before anything is connected to, or asked.
  if (given !== undefined || !canAsk()) orderOf(action, by, { ...body, reason: reasonOf(given) })
  return async ({ source }, { out, end }) => {
    const before = await theCircuit(source, name)
    const reason = given === undefined ? await askWhy(`${action} ${plain(name)}`, end) : given
    await source.carryOut(name, orderOf(action, by, { ...body, reason }))
    const after = await theCircuit(source, name)
    out.write(flags.has('json') ? `${json(after, 2)}\n` : `${outcomeOf(action, before, after, out)}.\n`)
  }
}

function outcomeOf(action: string, before: WireCircuit, after: WireCircuit, terminal: Terminal): string {
  if (action === 'update')
    return `${plain(after.name)}: ${changesBetween(before, after) || 'nothing is other than it was'}`
  const next = nextOf(after)
  return `${plain(after.name)} is ${painted(after, terminal)}${next === '' ? '' : `, ${next}`}`
}

function reasonOf(given: string | true | undefined): string {
  if (typeof given === 'string' && given.trim() !== '') return given
  throw misused(`Say why: --reason "…", of at most ${LONGEST_REASON} characters.`)
}

function bodyOf(action: string, request: Request): Record<string, unknown> {
  const { operands, flags } = request
  if (action === 'force') return { state: heldState(operands[1]), for: holdOf(flags.get('for')) }
  return action === 'update' ? { ...changesOf(request) } : {}
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

function changesOf(request: Request): Changes {
  const changed = (flag: FlagName, field: keyof Changes, parse: (text: string) => number | undefined): Changes => {
    const given = request.flags.get(flag)
    if (given === undefined) return {}
    return { [field]: given === 'none' ? null : parse(String(given)) }
  }
  const changes = {
    ...changed('fail-max', 'failMax', () => numberOf(request, 'fail-max', 1, MOST_COUNT)),
    ...changed('reset-timeout', 'resetTimeout', timeout),
    ...changed('success-threshold', 'successThreshold', () => numberOf(request, 'success-threshold', 1, MOST_COUNT)),
  }
  if (Object.keys(changes).length > 0) return changes
  throw misused('Say what to change: --fail-max, --reset-timeout or --success-threshold; none undoes.')
}

function timeout(given: string): number {
  const ms = parseDuration(given)
  if (ms !== undefined && ms <= LONGEST_HOLD) return ms
  throw misused('--reset-timeout is a time such as 500ms, 30s or 5m, 30 days at most.')
}
