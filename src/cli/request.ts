// The arguments of one run, understood: which command, on what, with which flags.

import { parseArgs } from 'node:util'
import { misused } from './fault.ts'
import { COMMANDS, COMMON, type Command, FLAGS, type Flag, type FlagName } from './usage.ts'

/** `undefined` command: only help or the version was asked for. */
export interface Request {
  readonly command: Command | undefined
  readonly operands: readonly string[]
  readonly flags: ReadonlyMap<FlagName, string | true>
}

/** @throws Fault for what no command understands. */
export function parseRequest(args: readonly string[]): Request {
  const { values, positionals } = parse(args)
  const flags = new Map(Object.entries(values) as [FlagName, string | true][])
  const [name, ...operands] = positionals
  const command = COMMANDS.find((one) => one.name === name)
  if (command === undefined) {
    if (name === undefined && (flags.has('help') || flags.has('version'))) return { command, operands, flags }
    throw misused(name === undefined ? 'Say what to do.' : `There is no command ${JSON.stringify(name)}.`)
  }
  for (const flag of flags.keys()) {
    if (!COMMON.includes(flag) && !command.flags.includes(flag))
      throw misused(`\`infuse ${command.name}\` takes no --${flag}.`)
  }
  if (!flags.has('help')) checkOperands(command, operands)
  return { command, operands, flags }
}

function parse(args: readonly string[]): { values: object; positionals: string[] } {
  const options = Object.fromEntries(
    Object.entries(FLAGS).map(([name, { operand, short }]: [string, Flag]) => [
      name,
      {
        type: operand === undefined ? ('boolean' as const) : ('string' as const),
        ...(short !== undefined && { short }),
      },
    ]),
  )
  try {
    return parseArgs({ args: [...args], options, allowPositionals: true })
  } catch (error) {
    const [sentence = ''] = (error as Error).message.split(/\. |\n/)
    throw misused(`${sentence.replace(/\.$/, '')}.`)
  }
}

function checkOperands({ name, operands }: Command, given: readonly string[]): void {
  const wanted = operands === '' ? [] : operands.split(' ')
  const least = wanted.filter((one) => !one.startsWith('[')).length
  if (given.length < least || given.length > wanted.length)
    throw misused(`\`infuse ${name}\` takes ${operands === '' ? 'nothing more' : operands}.`)
}
