/**
 * The demo: starts the services, plays the outage, shows it, judges it.
 * Exit status: 0 as expected, 1 not as expected or something broke, 2 wrong usage, 128 + signal when a signal ended it.
 */
import { constants } from 'node:os'
import { inspect } from 'node:util'
import type { Dashboard } from 'infuse-breaker/admin'
import { openDashboard } from './dashboard.ts'
import { expectations } from './expectations.ts'
import { newLines } from './lines.ts'
import { help, type Options, parseOptions } from './options.ts'
import { newRound, type Round, type View } from './outage.ts'
import { painter } from './paint.ts'
import { newScreen } from './screen.ts'
import { prepareSharing, type Sharing } from './sharing.ts'
import { openStage, type Stage } from './stage.ts'
import { figures, verdict } from './summary.ts'
import { warmUp } from './warmup.ts'

const { stdout } = process
const paint = painter(stdout)
let sharing: Sharing | undefined
let stage: Stage | undefined
let dashboard: Dashboard | undefined
let view: View | undefined
let round: Round | undefined
let rounds = 0
/** of the last round that was played to its end */
let outcome: { readonly text: string; readonly status: 0 | 1 } | undefined
let leaving = false

main(readOptions()).catch((error: unknown) => leave(1, inspect(error)))

async function main(options: Options): Promise<void> {
  listenForTheEnd(options)
  try {
    sharing = await prepareSharing(process.env['REDIS_URL'])
  } catch (error) {
    return leave(1, (error as Error).message)
  }
  stage = await openStage({
    meeting: options.unguarded ? undefined : sharing.meeting,
    onNews: (shop, news) => round?.hear(shop, news),
    onDeath: (why) => leave(1, why),
  })
  // Without breakers there is nothing to see on it.
  if (!options.unguarded) dashboard = await openDashboard(sharing.meeting)
  const rate = await warmUp(stage)
  const screen = stdout.isTTY && !options.plain && process.env['TERM'] !== 'dumb'
  view = screen
    ? newScreen(stdout, note(options), paint, dashboard?.url)
    : newLines((text) => stdout.write(text), addresses(stage, sharing, dashboard))
  do {
    rounds += 1
    round = newRound(stage, view, rate, options.pace)
    await round.play()
    const checks = expectations(round.ledger)
    const text = figures(round.ledger, paint) + verdict(checks, paint)
    outcome = { text, status: checks.every((check) => check.met) ? 0 : 1 }
    if (!screen && !options.once) stdout.write(`${text}\n`)
  } while (!options.once)
  leave(outcome.status, outcome.text)
}

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

/** Ctrl-C, a polite kill, a closed pipe, a parent that is gone: each ends the demo and with it every service. */
function listenForTheEnd(options: Options): void {
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.once(signal, () => {
      // Ctrl-C is how a demo without an end is meant to end: with the last whole round, else with what there is of one.
      const words = outcome?.text ?? (round ? figures(round.ledger, paint) : '')
      if (signal === 'SIGINT' && !options.once) leave(outcome?.status ?? 0, words)
      else leave(128 + constants.signals[signal], '')
    })
  }
  stdout.on('error', () => process.exit(1))
  // npm hands a signal to its shell, which may die of it and leave this process to itself.
  const parent = process.ppid
  setInterval(() => process.ppid === parent || leave(1, ''), 500).unref()
}

function leave(status: number, lastWords: string): void {
  if (leaving) return
  leaving = true
  view?.end()
  const complaints = stage?.services.map(complaint).join('') ?? ''
  const closed = Promise.all([stage?.close(), dashboard?.close()]).then(() => sharing?.end())
  stdout.write(`${lastWords}\n${complaints}`, () => void closed.then(() => process.exit(status)))
}

function complaint({ name, complaints }: { readonly name: string; readonly complaints: string }): string {
  return complaints === '' ? '' : `${name} wrote:\n${complaints}\n`
}

function note(options: Options): () => string {
  return () => (options.once ? '' : `round ${rounds} · `) + 'Ctrl-C ends'
}

function addresses({ services }: Stage, { text }: Sharing, page: Dashboard | undefined): string {
  return [
    `The circuit is in ${text}.`,
    ...services.map(({ name, url }) => `${name.padEnd(16)} ${url}`),
    ...(page === undefined ? [] : [`${'the dashboard'.padEnd(16)} ${page.url}  (good once)`]),
  ].join('\n')
}
