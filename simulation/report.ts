// npm run simulate -- --report: measures fleets of 1 to 5000 processes and writes tables and pictures into docs/.

import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { type CircuitBreakerOptions, failureRate } from '../src/index.ts'
import { holderDies, type Outage, outage, sickness } from './figures.ts'
import { PlainFleet } from './plain.ts'
import { type Mark, timeline } from './timeline.ts'

const PAGE = 'docs/simulation.md'
const PICTURES = 'docs/img'

/** What a prototype of the protocol measured, before this was written; ms, calls, commands. */
const PROTOTYPE: Readonly<Record<string, string>> = {
  '1@10': '460/860 ms, 5.1',
  '8@0.1': '5 740/14 280 ms, 0.63, 7',
  '8@10': '120/160 ms, 1.5',
  '8@200': '60/75 ms, 9.2',
  '100@10': '95/110 ms, 1.0, 42, 550',
  '1000@0.1': '240 ms, 10 commands',
  '5000@0.1': '320 ms, 10 commands',
  '5000@10': '120 ms, 48, 1 550',
}

interface Cell {
  readonly nodes: number
  readonly rate: number
  readonly seeds: number
}

const CELLS: readonly Cell[] = [
  { nodes: 1, rate: 10, seeds: 30 },
  { nodes: 8, rate: 0.1, seeds: 30 },
  { nodes: 8, rate: 10, seeds: 30 },
  { nodes: 8, rate: 200, seeds: 15 },
  { nodes: 100, rate: 10, seeds: 10 },
  { nodes: 1_000, rate: 0.1, seeds: 3 },
  { nodes: 1_000, rate: 10, seeds: 3 },
  { nodes: 5_000, rate: 0.1, seeds: 2 },
  { nodes: 5_000, rate: 10, seeds: 1 },
]

const CONSECUTIVE: CircuitBreakerOptions = { failMax: 5 }
const RATE: CircuitBreakerOptions = { trip: failureRate({ threshold: 0.5, window: 10_000 }) }

export async function writeReport(say: (text: string) => void): Promise<number> {
  mkdirSync(PICTURES, { recursive: true })
  const tables: Record<string, string[]> = { outage: [], rate: [], sick: [], load: [], crash: [] }
  const put = (table: string, cells: readonly (string | number)[]): void => {
    const row = `| ${cells.join(' | ')} |`
    tables[table]?.push(row)
    say(row)
  }
  for (const cell of CELLS) put('outage', outageRow(cell, await measure(cell, CONSECUTIVE)))
  for (const nodes of [1, 8, 100, 1_000]) {
    const cell = { nodes, rate: 10, seeds: nodes < 1_000 ? 3 : 1 }
    put('rate', rateRow(cell, await measure(cell, RATE, 12_000)))
  }
  for (const [nodes, rate, sick, ms, policy] of SICK) {
    const rules = policy === 'rate' ? RATE : CONSECUTIVE
    const { trips, hours, peak } = await sickness({ seed: 1, nodes, rate, rules }, { sick }, ms)
    put('sick', [policy, nodes, rate, sick, trips, minutes(hours), peak])
  }
  for (const [nodes, rate, error, ms] of LOAD) {
    const { load, peak, trips } = await sickness({ seed: 1, nodes, rate, rules: CONSECUTIVE }, { error }, ms)
    put('load', [nodes, rate, `${error * 100} %`, Math.round(load), peak, trips])
  }
  for (const nodes of [8, 100]) {
    const after = await holderDies({ seed: 1, nodes, rate: 10, rules: CONSECUTIVE }, 5_000)
    put('crash', [nodes, 5_000, after === undefined ? 'never' : Math.round(after)])
  }
  for (const nodes of [8, 1_000]) await picture(nodes)
  fill(tables)
  return 0
}

const SICK: readonly (readonly [number, number, number, number, 'consecutive' | 'rate'])[] = [
  [8, 0.1, 1, 3_600_000, 'consecutive'],
  [8, 10, 1, 1_800_000, 'consecutive'],
  [8, 200, 1, 120_000, 'consecutive'],
  [100, 10, 1, 120_000, 'consecutive'],
  [1_000, 10, 1, 20_000, 'consecutive'],
  [5_000, 10, 1, 8_000, 'consecutive'],
  [100, 10, 10, 120_000, 'consecutive'],
  [1_000, 10, 100, 20_000, 'consecutive'],
  [100, 10, 10, 120_000, 'rate'],
  [1_000, 10, 100, 20_000, 'rate'],
]

const LOAD: readonly (readonly [number, number, number, number])[] = [
  [1_000, 10, 0.05, 10_000],
  [1_000, 10, 0.2, 10_000],
  [5_000, 10, 0.05, 8_000],
  [5_000, 10, 0.2, 8_000],
  [5_000, 200, 0.05, 3_000],
]

async function measure({ nodes, rate, seeds }: Cell, rules: CircuitBreakerOptions, warmUp?: number): Promise<Outage[]> {
  const all: Outage[] = []
  for (let seed = 1; seed <= seeds; seed++) all.push(await outage({ seed, nodes, rate, rules }, warmUp))
  return all
}

function outageRow(cell: Cell, all: readonly Outage[]): (string | number)[] {
  const { nodes, rate, seeds } = cell
  const tripped = all.filter((one) => one.tripped !== undefined).length
  return [
    nodes,
    rate,
    seeds,
    `${tripped} of ${seeds}`,
    spread(all.map((one) => one.tripped)),
    spread(all.map((one) => one.allReject)),
    mean(all.map((one) => one.failed)).toFixed(2),
    Math.round(mean(all.map((one) => one.commands))),
    Math.max(...all.map((one) => one.peak)),
    Math.max(...all.map((one) => one.mostTrials)),
    spread(all.map((one) => one.recovered)),
    PROTOTYPE[`${nodes}@${rate}`] ?? '',
  ]
}

function rateRow({ nodes, rate }: Cell, all: readonly Outage[]): (string | number)[] {
  const failed = mean(all.map((one) => one.failed)).toFixed(1)
  const commands = Math.round(mean(all.map((one) => one.commands)))
  return [nodes, rate, spread(all.map((one) => one.tripped)), spread(all.map((one) => one.allReject)), failed, commands]
}

async function picture(nodes: number): Promise<void> {
  const rules = { ...CONSECUTIVE, resetTimeout: 1_500 }
  const fleet = new PlainFleet({ seed: 1, nodes, rate: 10, rules })
  await fleet.warmUp(1_500)
  const from = fleet.time.now() - 500
  const [well, to] = [from + 1_800, from + 5_000]
  fleet.error = 1
  await fleet.run(1_800)
  fleet.error = 0
  await fleet.run(2_700)
  const marks: Mark[] = [
    { at: from + 500, text: 'outage' },
    ...fleet.moves.map(({ at, stored }) => ({ at, text: stored.state === 'half-open' ? 'trial' : stored.state })),
    { at: well + 500, text: 'well again' },
  ].sort((a, b) => a.at - b.at)
  writeFileSync(`${PICTURES}/outage-${nodes}.svg`, timeline(fleet, from, to, marks))
}

/** Replaces the rows between the page's marks. */
function fill(tables: Readonly<Record<string, readonly string[]>>): void {
  let page = readFileSync(PAGE, 'utf8')
  for (const [name, rows] of Object.entries(tables)) {
    const table = new RegExp(`(<!-- ${name} -->\\n(?:\\|.*\\n){2})(?:\\|.*\\n)*`)
    if (!table.test(page)) throw new Error(`${PAGE} has no table ${name}`)
    page = page.replace(table, (_, head: string) => `${head}${rows.join('\n')}\n`)
  }
  writeFileSync(PAGE, page)
}

/** Median and largest, whole ms. */
function spread(values: readonly (number | undefined)[]): string {
  const known = values.filter((value) => value !== undefined).sort((a, b) => a - b)
  if (known.length === 0) return 'never'
  const middle = known[Math.floor(known.length / 2)] as number
  if (known.length === 1) return String(Math.round(middle))
  return `${Math.round(middle)} / ${Math.round(known.at(-1) as number)}`
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length
}

function minutes(hours: number): string {
  return hours * 60 >= 1 ? `${Math.round(hours * 60)} min` : `${Math.round(hours * 3_600)} s`
}
