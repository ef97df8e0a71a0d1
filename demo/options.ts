/** The command line. */
import { parseArgs } from 'node:util'

export interface Options {
  readonly once: boolean
  readonly plain: boolean
  readonly unguarded: boolean
  readonly pace: number
}

export const help = `Three shops that share a circuit breaker, one shop without, and a payments service that falls ill.

Usage: npm start -- [options]

  --once        play the outage once, print a summary, exit with 0 (as expected) or 1 (not)
  --plain       a line a second, as in a pipe, where a live screen would be shown
  --help        this text

The three share their circuit through a socket of this machine; with REDIS_URL=redis://… through that Redis.

For working on the demo:
  --unguarded   no shop has a breaker: the expectations must fail
  --pace N      stretch the acts, 0.25 to 10; 0.5 plays twice as fast (default 1)

The address of a dashboard stands in the first lines: watch it there, force the circuit and release it.

Without --once it plays again and again until Ctrl-C.
`

/** Throws an `Error` whose message is for the user. */
export function parseOptions(args: readonly string[]): Options | 'help' {
  const { values } = parseArgs({
    args: [...args],
    options: {
      once: { type: 'boolean', default: false },
      plain: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
      unguarded: { type: 'boolean', default: false },
      pace: { type: 'string', default: '1' },
    },
  })
  if (values.help) return 'help'
  const pace = Number(values.pace)
  if (!(pace >= 0.25 && pace <= 10))
    throw new Error(`Expected --pace to be a number from 0.25 to 10, got '${values.pace}'`)
  return { once: values.once, plain: values.plain, unguarded: values.unguarded, pace }
}
