/**
 * npm run simulate: plays seeds until one breaks a promise, or measures fleets for the documentation.
 * Exit status: 0 all held, 1 something did not, 2 wrong usage.
 */
import { describeFault } from './faults.ts'
import { fuzz, type FuzzResult } from './fuzz.ts'
import { help, type Options, parseOptions } from './options.ts'
import { writeReport } from './report.ts'
import { shrink } from './shrink.ts'

const { stdout } = process

function readOptions(): Options {
  let options: Options | 'help'
  try {
    options = parseOptions(process.argv.slice(2))
  } catch (error) {
    process.stderr.write(`${(error as Error).message}\nTry --help.\n`)
    return process.exit(2)
  }
  if (options !== 'help') return options
  stdout.write(help)
  return process.exit(0)
}

async function play(options: Options): Promise<number> {
  const start = performance.now()
  const totals = { events: 0, commits: 0, trials: 0, calls: 0 }
  const broken: number[] = []
  for (let seed = options.first; seed < options.first + options.seeds; seed++) {
    const result = await fuzz({ seed, nodes: options.nodes, trace: options.trace })
    for (const key of ['events', 'commits', 'trials', 'calls'] as const) totals[key] += result[key]
    if (options.trace) stdout.write(`${result.trace.join('\n')}\n`)
    if (result.violation === undefined) continue
    broken.push(seed)
    stdout.write(`seed ${seed}: ${result.violation.message}\n`)
    if (broken.length === 1 && !options.trace) print(await shrink(result))
  }
  const seconds = ((performance.now() - start) / 1_000).toFixed(1)
  const { events, calls, commits, trials } = totals
  stdout.write(
    `${options.seeds} seeds in ${seconds} s: ${events} events, ${calls} calls, ${commits} changes of the record, ${trials} trials\n`,
  )
  stdout.write(broken.length === 0 ? 'everything held\n' : `broken: ${broken.join(' ')}\n`)
  return broken.length === 0 ? 0 : 1
}

function print({ seed, nodes, faults, violation, trace }: FuzzResult): void {
  stdout.write(
    `\nThe shortest run found with the same end: seed ${seed}, ${nodes} processes, ${faults.length} faults\n`,
  )
  stdout.write(`${faults.map(describeFault).join('\n')}\n\n${trace.slice(-120).join('\n')}\n\n${violation?.message}\n`)
  stdout.write(`The whole of the run as it was: npm run simulate -- --seed ${seed} --trace\n\n`)
}

const options = readOptions()
// Listeners throw on purpose; what they throw becomes a warning.
process.emitWarning = () => undefined
const status = options.report ? await writeReport((text) => stdout.write(`${text}\n`)) : await play(options)
// Calls of processes that crashed in a run hold this one open for their answers.
stdout.write('', () => process.exit(status))
