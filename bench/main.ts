/** npm run bench: runs every measure in child processes, prints the tables, and stores a complete run in bench/results/. */
import { execFileSync } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { cpus, release, totalmem } from 'node:os'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { chart } from './chart.ts'
import type { Results } from './child.ts'
import { footprints } from './footprint.ts'
import { root, versionOf } from './packages.ts'
import { beside, inChild } from './processes.ts'
import { seeded, shuffled } from './random.ts'
import { type Redis, startRedis } from './redis.ts'
import { report } from './report.ts'
import type { Run, Timed } from './results.ts'
import { fleetSize, sharedMeasures } from './shared.ts'
import { median, medianRatio, quantile } from './statistics.ts'
import { timedMeasures } from './timed.ts'

const help = `npm run bench -- [options]
  --only a,b         these measures: ${Object.keys(timedMeasures).join(', ')}, held, allocated, crowd, shared, footprint
  --variants a,b     these variants (bare is always among them)
  --rounds n         rounds of each timed measure in each process (20)
  --processes n      fresh processes of each timed measure (3)
  --seed n           order of rounds and processes (from the clock, printed)
  --infuse file      measure this build's index.js in place of dist/
  --peers            without Infuse
  --guards           in place of all that: what the outbound guards add to a request
A complete run is stored in bench/results/.`

const { values: options } = parseArgs({
  options: {
    only: { type: 'string' },
    variants: { type: 'string' },
    rounds: { type: 'string', default: '20' },
    processes: { type: 'string', default: '3' },
    seed: { type: 'string' },
    infuse: { type: 'string' },
    peers: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
})

function integer(name: string, text: string): number {
  const value = Number(text)
  if (!Number.isSafeInteger(value) || value < 1)
    throw new RangeError(`Expected --${name} to be an integer from 1, got ${text}`)
  return value
}

function say(text: string): void {
  process.stderr.write(`${text}\n`)
}

const noRedis =
  'No redis-server on PATH, and none could be installed (`apt-get install redis-server` as root): the rows of shared storage are left out.'

async function main(): Promise<void> {
  const redis = options.peers ? undefined : await startRedis(say)
  try {
    await bench(redis)
  } finally {
    await redis?.stop()
  }
}

async function bench(redis: Redis | undefined): Promise<void> {
  const begin = performance.now()
  const rounds = integer('rounds', options.rounds)
  const processes = integer('processes', options.processes)
  const seed = integer('seed', options.seed ?? String((Date.now() % 1_000_000) + 1))
  const only = options.only?.split(',')
  const chosen = options.variants?.split(',')
  const measures = [...Object.keys(timedMeasures), 'held', 'allocated', 'crowd', 'shared', 'footprint']
  for (const name of only ?? []) {
    if (!measures.includes(name))
      throw new RangeError(`Expected --only to name measures (${measures.join(', ')}), got ${name}`)
  }
  const wants = (measure: string): boolean => only?.includes(measure) ?? true
  const base = { build: options.infuse, peersOnly: options.peers }
  const notes = redis === undefined && !options.peers ? [noRedis] : []
  for (const note of notes) say(note)
  const known = await inChild({ kind: 'names', ...base, redis: redis?.socket })
  for (const id of chosen ?? []) {
    if (!known.some((variant) => variant.id === id))
      throw new RangeError(`Expected --variants to name variants, got ${id}`)
  }
  const variants = known.filter(({ id }) => id === 'bare' || (chosen?.includes(id) ?? true))
  const random = seeded(seed)
  // Breakers on shared storage are one process of a fleet; the others of it are there for the measures that these take part in.
  const inFleet = <T>(still: boolean, run: (fleet: { redis: string | undefined }) => Promise<T>): Promise<T> =>
    redis === undefined || !variants.some(({ shared }) => shared)
      ? run({ redis: undefined })
      : beside(fleetSize - 1, { kind: 'peer', still, ...base, redis: redis.socket }, () => run({ redis: redis.socket }))
  const where = (measure: string): typeof inFleet =>
    sharedMeasures.includes(measure) ? inFleet : (_, run) => run({ redis: undefined })
  say(`seed ${seed}`)

  const samples: Record<string, Record<string, number[]>> = {}
  for (let index = 0; index < processes; index++) {
    for (const measure of shuffled(Object.keys(timedMeasures).filter(wants), random)) {
      say(`${measure}, process ${index + 1} of ${processes} (${elapsed(begin)} s)`)
      const childSeed = Math.floor(random() * 2 ** 31)
      const task = { kind: 'rounds', measure, rounds, seed: childSeed, seconds: 6, variants: chosen, ...base } as const
      const found = await where(measure)(false, (fleet) => inChild({ ...task, ...fleet }))
      for (const [id, values] of Object.entries(found)) {
        ;((samples[measure] ??= {})[id] ??= []).push(...values)
      }
    }
  }

  const each = async <K extends 'held' | 'allocated' | 'crowd'>(kind: K): Promise<Record<string, Results[K]>> => {
    const found: Record<string, Results[K]> = {}
    if (!wants(kind)) return found
    say(`${kind} (${elapsed(begin)} s)`)
    return where(kind)(false, async (fleet) => {
      for (const { id, library, shared } of shuffled(variants, random)) {
        if ((library === 'bare' && kind === 'crowd') || (shared && fleet.redis === undefined)) continue
        found[id] = await inChild<K>({ kind, variant: id, ...base, ...(shared && fleet) })
      }
      return found
    })
  }
  const held = await each('held')
  const allocated = await each('allocated')
  const crowd = await each('crowd')
  const shared = redis === undefined || !wants('shared') ? undefined : await healthyFleet()
  if (wants('footprint')) say(`footprint (${elapsed(begin)} s)`)
  const footprint = wants('footprint') ? await footprints(options.infuse, options.peers, 9, random) : {}

  async function healthyFleet(): Promise<Run['shared']> {
    say(`shared (${elapsed(begin)} s)`)
    const calls = await inFleet(true, (fleet) => inChild({ kind: 'commands', ...base, ...fleet }))
    const refresh = await inFleet(false, (fleet) => inChild({ kind: 'refresh', ...base, ...fleet }))
    return { ...calls, ...refresh }
  }

  const run: Run = {
    date: new Date().toISOString().slice(0, 10),
    machine: {
      cpu: cpus()[0]?.model.trim() ?? 'unknown',
      cpus: cpus().length,
      memory: `${Math.round(totalmem() / 2 ** 30)} GiB`,
      platform: `${process.platform} ${release()}`,
    },
    versions: {
      node: process.versions.node,
      infuse: versionOf('infuse'),
      cockatiel: versionOf('cockatiel'),
      opossum: versionOf('opossum'),
      ...(redis !== undefined && { redis: redis.version }),
    },
    commit: commit(),
    seed,
    rounds,
    processes,
    seconds: (performance.now() - begin) / 1_000,
    variants,
    titles: Object.fromEntries(Object.entries(timedMeasures).map(([name, { title }]) => [name, title])),
    timed: Object.fromEntries(Object.entries(samples).map(([measure, byVariant]) => [measure, summary(byVariant)])),
    held,
    allocated,
    crowd,
    footprint,
    shared,
    notes,
  }
  const text = report(run)
  process.stdout.write(`${text}\n`)
  const complete = only === undefined && chosen === undefined && !options.peers && options.infuse === undefined
  if (complete) store(run, text)
  else say('A part of the measures or variants: nothing stored.')
  say(`${elapsed(begin)} s, seed ${seed}`)
}

function elapsed(begin: number): string {
  return ((performance.now() - begin) / 1_000).toFixed(0)
}

function summary(byVariant: Readonly<Record<string, readonly number[]>>): Record<string, Timed> {
  const bare = byVariant['bare']!
  const cockatiel = byVariant['cockatiel-consecutive']
  const result: Record<string, Timed> = {}
  for (const [id, values] of Object.entries(byVariant)) {
    const ratios = values.map((value, round) => value / bare[round]!)
    result[id] = {
      ns: median(values),
      ratio: median(ratios),
      lowerQuartile: quantile(ratios, 0.25),
      upperQuartile: quantile(ratios, 0.75),
      toCockatiel: cockatiel === undefined ? undefined : medianRatio(values, cockatiel),
      rounds: values.length,
    }
  }
  return result
}

function commit(): string {
  try {
    return execFileSync('git', ['describe', '--always', '--dirty'], { cwd: root, encoding: 'utf8' }).trim()
  } catch {
    return 'unknown (no git)'
  }
}

function store(run: Run, text: string): void {
  const folder = new URL('bench/results/', root)
  mkdirSync(folder, { recursive: true })
  const major = run.versions['node']!.split('.')[0]!
  const files = {
    [`${run.date}-node${major}.json`]: `${JSON.stringify(run, rounded, 2)}\n`,
    'latest.md': text,
    'latest.svg': chart(run),
  }
  for (const [name, content] of Object.entries(files)) {
    const file = fileURLToPath(new URL(name, folder))
    writeFileSync(file, content)
    say(`wrote ${file}`)
  }
}

/** Four significant digits: the rest is noise and makes every diff large. */
function rounded(_key: string, value: unknown): unknown {
  return typeof value === 'number' && !Number.isInteger(value) ? Number(value.toPrecision(4)) : value
}

if (options.help) process.stdout.write(`${help}\n`)
else await main()
