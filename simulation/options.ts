// The command line.

import { parseArgs } from 'node:util'

export interface Options {
  readonly seeds: number
  readonly first: number
  readonly nodes: number | undefined
  /** Plays one seed, and prints what happened. */
  readonly trace: boolean
  readonly report: boolean
}

export const help = `The fleet's circuit in virtual time, with faults, everything that must hold checked at every step.

Usage: npm run simulate -- [options]

  --seeds N     so many runs (default 1000)
  --seed S      the first of them (default 1); alone: only this one
  --nodes N     processes per run (default: from the seed, 2 to 11)
  --trace       print what happened in the run of --seed
  --report      measure fleets of 1 to 5000 processes, and write docs/simulation.md and its pictures (some minutes)
  --help        this text

A run that fails is made shorter, and its trace printed. Exit status: 0 all held, 1 something did not, 2 wrong usage.
`

/** Throws an `Error` whose message is for the user. */
export function parseOptions(args: readonly string[]): Options | 'help' {
  const { values } = parseArgs({
    args: [...args],
    options: {
      seeds: { type: 'string' },
      seed: { type: 'string' },
      nodes: { type: 'string' },
      trace: { type: 'boolean', default: false },
      report: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  })
  if (values.help) return 'help'
  const first = integer('--seed', values.seed)
  const seeds = integer('--seeds', values.seeds)
  const alone = values.trace || (first !== undefined && seeds === undefined)
  return {
    seeds: alone ? 1 : (seeds ?? 1_000),
    first: first ?? 1,
    nodes: integer('--nodes', values.nodes),
    trace: values.trace,
    report: values.report,
  }
}

function integer(option: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined
  const value = Number(text)
  if (Number.isSafeInteger(value) && value >= 1) return value
  throw new Error(`Expected ${option} to be an integer from 1, got '${text}'`)
}
