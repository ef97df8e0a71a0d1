// The arguments of one run, understood: which command, on what, with which flags.

import { parseArgs } from 'node:util'
import { misused } from './fault.ts'
import { COMMANDS, type Command, FLAGS, type Flag, type FlagName, flagsOf } from './usage.ts'

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
  if (flags.has('help') || flags.has('version')) return { command, operands, flags }
  for (const flag of flags.keys()) {
    if (!flagsOf(command).includes(flag)) throw misused(`\`infuse ${command.name}\` takes no --${flag}.`)
  }
  checkOperands(command, operands)
  return { command, operands, flags }
}

/** A number that stands behind a flag. @throws Fault for one that is none. */
export function numberOf({ flags }: Request, flag: FlagName, least: number, most: number): number | undefined {
  const given = flags.get(flag)
  if (given === undefined) return undefined
  if (/^\d{1,7}$/.test(String(given)) && Number(given) >= least && Number(given) <= most) return Number(given)
  throw misused(`--${flag} is a number from ${least} to ${most}.`)
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
    throw misused(faultOf(error as Error & { code?: string }, args))
  }
}

function faultOf({ code, message }: Error & { code?: string }, args: readonly string[]): string {
  const [, named = ''] = /'((?:-\w, )?-[^' ]*)/.exec(message) ?? []
  const flag = named.replace(/^-\w, /, '')
  if (code === 'ERR_PARSE_ARGS_UNKNOWN_OPTION')
    return `There is no ${args.find((arg) => arg.startsWith(flag)) ?? flag}. What is no flag though it begins with - stands at the end, behind --.`
  const known = FLAGS[flag.slice(2) as FlagName] as Flag | undefined
  if (known === undefined) return `${message.split('\n', 1)[0]}`
  if (known.operand === undefined) return `${flag} takes no value.`
  const advice = message.includes('ambiguous') ? `; one that begins with - is given as ${flag}=-…` : ''
  return `${flag} is given without its ${known.operand}${advice}.`
}

function checkOperands({ name, operands }: Command, given: readonly string[]): void {
  const wanted = operands === '' ? [] : operands.split(' ')
  const least = wanted.filter((one) => !one.startsWith('[')).length
  if (given.length < least || given.length > wanted.length)
    throw misused(`\`infuse ${name}\` takes ${operands === '' ? 'nothing more' : operands}.`)
  if (given.includes('')) throw misused('A name has at least one character.')
}
