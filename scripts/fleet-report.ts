// What eight processes do on a real Redis and on the socket of one machine, measured and written down beside what was
// promised: bench/results/fleet.md for people, fleet.json for machines. Nothing here passes or fails.

import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { cpus, loadavg, release, tmpdir, totalmem } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { parseArgs } from 'node:util'
import { clients, Fleet, root } from '../test/support/processes.ts'
import { Proxy } from '../test/support/proxy.ts'
import { RedisServer } from '../test/support/redis-server.ts'
import * as measures from './fleet-measures.ts'
import type { Figure, Parts, Spread } from './fleet-measures.ts'

const { values: options } = parseArgs({ options: { quick: { type: 'boolean', default: false } } })

function say(text: string): void {
  process.stderr.write(`${text}\n`)
}

function ms(value: number): string {
  return value < 10 ? `${value.toFixed(2)} ms` : `${value.toFixed(0)} ms`
}

function told({ p50, p90, p99, max, samples }: Spread): string {
  return `p50 ${ms(p50)}, p90 ${ms(p90)}, p99 ${ms(p99)}, most ${ms(max)} (${samples})`
}

async function measureAll(parts: Parts) {
  const begun = performance.now()
  const step = async <T>(what: string, run: () => Promise<T>): Promise<T> => {
    say(`${what} (${Math.round((performance.now() - begun) / 1_000)} s)`)
    return run()
  }
  return {
    healthy: await step('healthy calls', () => measures.healthy(parts)),
    trip: await step('trips', () => measures.tripTimes(parts, 'redis', 50)),
    tripUnasked: await step('trips with confirm 0', () => measures.tripTimes(parts, 'redis', 0)),
    tripHost: await step('trips on one machine', () => measures.tripTimes(parts, 'host', 50)),
    outage10: await step('outages at 10 calls a second', () => measures.outage(parts, 100)),
    outage200: await step('outages at 200 calls a second', () => measures.outage(parts, 5)),
    trials: await step('trials', () => measures.trials(parts, 'redis')),
    trialsHost: await step('trials on one machine', () => measures.trials(parts, 'host')),
    killed: await step('holders killed', () => measures.holderKilled(parts, 'redis')),
    killedHost: await step('holders killed on one machine', () => measures.holderKilled(parts, 'host')),
    sick: await step('one sick process', () => measures.oneSick(parts, 'redis')),
    sickHost: await step('one sick process on one machine', () => measures.oneSick(parts, 'host')),
    away: await step('Redis away', () => measures.away(parts)),
    faults: await Promise.all(parts.fleet.alive.map((peer) => peer.faults())),
  }
}

type Measured = Awaited<ReturnType<typeof measureAll>>

function figuresOf(measured: Measured): Figure[] {
  const { healthy, trip, tripUnasked, tripHost, trials, trialsHost, killed, killedHost, sick, sickHost, faults } =
    measured
  const trialFigure = (what: string, { periods, trials: made, most, recovery }: measures.Trials): Figure[] => [
    {
      what: `trials in ${periods} half-open periods, 8 processes calling every 2 ms, ${what}`,
      promised: 'one each, never two at a time',
      measured: `${made}, at most ${most} at a time`,
      kept: made === periods && most === 1,
    },
    {
      what: `end of the open time to the last of 8 closed, less the trial, ${what}`,
      promised: '',
      measured: told(recovery),
      kept: true,
    },
  ]
  const sickFigure = (what: string, each: measures.Sick): Figure => ({
    what: `one sick process of 8, ${each.seconds} s at 100 calls a second each, ${what}`,
    promised: 'opens for itself only, and stops calling',
    measured: `fleet opened ${each.fleetTrips} times, ${each.rejectedElsewhere} rejections elsewhere; its own: ${each.callsOfSick} calls let through, ${each.rejectedOfSick} rejected`,
    kept: each.fleetTrips === 0 && each.rejectedElsewhere === 0,
  })
  return [
    {
      what: `storage commands of ${healthy.calls} healthy calls`,
      promised: '0',
      measured: String(healthy.commands),
      kept: healthy.commands === 0,
    },
    {
      what: 'storage commands per second of a healthy process, refreshes at their default of 5 s',
      promised: 'one batched read (two commands) per refresh',
      measured: healthy.refreshes.toFixed(2),
      kept: healthy.refreshes < 0.6,
    },
    {
      what: 'last failure needed to the last of 8 rejecting, Redis',
      promised: 'p99 below 100 ms',
      measured: told(trip),
      kept: trip.p99 < 100,
    },
    {
      what: 'the same with `confirm: 0`',
      promised: 'p99 below 30 ms',
      measured: told(tripUnasked),
      kept: tripUnasked.p99 < 30,
    },
    {
      what: 'the same on one machine (`HostStorage`)',
      promised: 'p99 below 100 ms',
      measured: told(tripHost),
      kept: tripHost.p99 < 100,
    },
    ...trialFigure('Redis', trials),
    ...trialFigure('one machine', trialsHost),
    {
      what: '`kill -9` of the trial’s holder: end of its lease to the next trial, Redis',
      promised: 'below 100 ms',
      measured: told(killed),
      kept: killed.max < 100,
    },
    {
      what: 'the same on one machine',
      promised: 'below 100 ms',
      measured: told(killedHost),
      kept: killedHost.max < 100,
    },
    sickFigure('Redis', sick),
    sickFigure('one machine', sickHost),
    ...measured.away.flatMap(({ what, before, meanwhile, agree, thrown }): Figure[] => [
      {
        what: `Redis ${what}: added per call after the first deadline`,
        promised: 'less than 1 ms, nothing thrown',
        measured: `p50 ${(meanwhile.p50 * 1_000).toFixed(0)} µs, p99 ${(meanwhile.p99 * 1_000).toFixed(0)} µs (before: ${(before.p50 * 1_000).toFixed(0)} and ${(before.p99 * 1_000).toFixed(0)} µs)${thrown === 0 ? '' : `, thrown ${thrown}`}`,
        kept: meanwhile.p99 < 1 && thrown === 0,
      },
      {
        what: `Redis ${what}: all 8 agree after its return`,
        promised: 'within two refreshes',
        measured: `${agree.toFixed(1)} refreshes`,
        kept: agree < 2,
      },
    ]),
    {
      what: 'unhandled rejections and warnings in all of it',
      promised: '0',
      measured: String(faults.reduce((sum, { unhandled, warnings }) => sum + unhandled + warnings.length, 0)),
      kept: faults.every(({ unhandled, warnings }) => unhandled === 0 && warnings.length === 0),
    },
  ]
}

function page(run: Run): string {
  const { date, machine, versions, commit, load, seconds, figures, measured } = run
  const rows = figures.map(
    ({ what, promised, measured: text, kept }) => `| ${what} | ${promised} | ${text} | ${kept ? '' : 'not kept'} |`,
  )
  const outages = [
    ['10', measured.outage10],
    ['200', measured.outage200],
  ] as const
  const packages = Object.entries(versions).map(([name, version]) => `${name} ${version}`)
  return `# The fleet, measured

${date}, ${machine.cpu}, ${machine.cpus} CPUs, ${machine.memory}, ${machine.platform}; ${packages.join(', ')}.
Commit ${commit}, ${Math.round(seconds)} s in all, load of the machine before ${load.before}, after ${load.after}. Written by \`npm run fleet-report\`.

Eight processes on loopback, clients in turn ${clients.join(', ')}. Times are of the machine's monotonic clock; samples in brackets.

| | promised | measured | |
|---|---|---|---|
${rows.join('\n')}

## A total outage

The dependency begins to fail for all eight processes at once; \`failMax\` 5, \`confirm\` 50.

| calls a second and process | first failure to the last of 8 rejecting | failing calls let through, per process | storage commands of all |
|---:|---|---:|---:|
${outages.map(([rate, each]) => `| ${rate} | ${told(each.time)} | ${each.failures.toFixed(1)} | ${each.commands.toFixed(0)} |`).join('\n')}
`
}

interface Run {
  readonly date: string
  readonly machine: { readonly cpu: string; readonly cpus: number; readonly memory: string; readonly platform: string }
  readonly versions: Readonly<Record<string, string>>
  readonly commit: string
  readonly load: { readonly before: string; readonly after: string }
  readonly seconds: number
  readonly figures: readonly Figure[]
  readonly measured: Measured
}

function versionsOf(): Record<string, string> {
  const of = (file: string): string => String(JSON.parse(readFileSync(join(root, file), 'utf8')).version)
  const tested = clients.map((name) => [name, of(`node_modules/${name}/package.json`)])
  const redis = /v=(\S+)/.exec(String(execFileSync('redis-server', ['--version'])))?.[1] ?? ''
  return { node: process.version, 'redis-server': redis, ...Object.fromEntries(tested), infuse: of('package.json') }
}

async function main(): Promise<void> {
  const begun = performance.now()
  const before = loadavg()[0]?.toFixed(1) ?? ''
  await using server = await RedisServer.start()
  await using proxy = await Proxy.start(server.port)
  await using fleet = new Fleet(pathToFileURL(join(root, 'dist/')).href, 8)
  const folder = mkdtempSync(join(tmpdir(), 'infuse-fleet-'))
  const measured = await measureAll({
    fleet,
    server,
    proxy,
    share: options.quick ? 0.1 : 1,
    plan: (kind, shared, port) => (index) =>
      kind === 'host'
        ? { kind, path: join(folder, 'host.sock'), options: shared }
        : {
            kind,
            client: clients[index % clients.length] ?? 'redis-6',
            port: port ?? server.port,
            options: shared,
          },
  })
  rmSync(folder, { recursive: true, force: true })
  const [cpu] = cpus()
  const run: Run = {
    date: new Date().toISOString().slice(0, 10),
    machine: {
      cpu: cpu?.model ?? 'unknown',
      cpus: cpus().length,
      memory: `${Math.round(totalmem() / 2 ** 30)} GB`,
      platform: `${process.platform} ${release()}`,
    },
    versions: versionsOf(),
    commit: execFileSync('git', ['rev-parse', '--short', 'HEAD'], { cwd: root, encoding: 'utf8' }).trim(),
    load: { before, after: loadavg()[0]?.toFixed(1) ?? '' },
    seconds: (performance.now() - begun) / 1_000,
    figures: figuresOf(measured),
    measured,
  }
  const text = page(run)
  process.stdout.write(text)
  if (options.quick) return
  const results = join(root, 'bench/results')
  mkdirSync(results, { recursive: true })
  writeFileSync(join(results, 'fleet.md'), text)
  writeFileSync(join(results, 'fleet.json'), `${JSON.stringify(run, undefined, 2)}\n`)
}

await main()
