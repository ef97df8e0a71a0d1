/**
 * npm run bench -- --guards: what a guard adds to the CPU time of a real request, beside the unguarded request and beside
 * peers around the same client. A server in a process of its own answers 64 bytes; rounds are interleaved and shuffled.
 */
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, writeFileSync } from 'node:fs'
import http from 'node:http'
import { createRequire } from 'node:module'
import type { AddressInfo } from 'node:net'
import { cpus, release } from 'node:os'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import type * as FetchGuard from 'infuse-breaker/fetch'
import type * as UndiciGuard from 'infuse-breaker/undici'
import {
  cockatiel,
  type Infuse,
  infuseEntry,
  loadInfuse,
  opossum,
  type OpossumBreaker,
  root,
  versionOf,
} from './packages.ts'
import { seeded, shuffled } from './random.ts'
import { median, quantile } from './statistics.ts'

type Interceptor = (dispatch: never) => unknown
interface Dispatcher {
  compose(interceptor: Interceptor): Dispatcher
  destroy(): Promise<void>
}
interface Undici {
  readonly Agent: new (options: { connections: number }) => Dispatcher
  request(url: string, options: { dispatcher: Dispatcher }): Promise<{ body: { dump(): Promise<void> } }>
}

/** One request, its answer read. */
type Ask = () => Promise<unknown>

interface Variant {
  readonly label: string
  readonly ask: Ask
}

interface Line {
  readonly label: string
  readonly microseconds: number
  readonly ratio: number
  readonly lower: number
  readonly upper: number
}

const { values: options } = parseArgs({
  options: {
    infuse: { type: 'string' },
    rounds: { type: 'string', default: '40' },
    serve: { type: 'boolean', default: false },
  },
})
const build = options.infuse
const rounds = Number(options.rounds)
const warmUp = 5
const requests = 300
const inFlight = 10

if (options.serve) serve()
else await main()

function serve(): void {
  const body = 'x'.repeat(64)
  const server = http.createServer((_request, response) => response.end(body))
  server.listen(0, '127.0.0.1', () => process.send?.((server.address() as AddressInfo).port))
}

async function main(): Promise<void> {
  const server = fork(fileURLToPath(import.meta.url), ['--serve'])
  try {
    const [port] = (await once(server, 'message')) as [number]
    const seed = (Date.now() % 1_000_000) + 1
    const tables = [
      { title: `undici ${undiciVersion()}, \`request\``, lines: await measure(await viaRequest(urlOf(port)), seed) },
      {
        title: `the built-in \`fetch\` (undici ${process.versions['undici']})`,
        lines: await measure(await viaFetch(urlOf(port)), seed),
      },
    ]
    const text = report(tables, seed)
    process.stdout.write(text)
    if (options.rounds === '40') store(tables, text, seed)
  } finally {
    end(server)
  }
}

function urlOf(port: number): string {
  return `http://127.0.0.1:${port}/`
}

function end(server: ChildProcess): void {
  server.kill('SIGKILL')
}

function rootRequire(): NodeJS.Require {
  return createRequire(new URL('package.json', root))
}

function undiciVersion(): string {
  return (rootRequire()('undici-7/package.json') as { version: string }).version
}

async function viaRequest(url: string): Promise<readonly Variant[]> {
  const undici = rootRequire()('undici-7') as Undici
  const { CircuitBreaker, Infuse } = await loadInfuse(build)
  const { circuitBreaker } = (await import(
    new URL('outbound/undici.js', infuseEntry(build)).href
  )) as typeof UndiciGuard
  const agent = (): Dispatcher => new undici.Agent({ connections: inFlight })
  const through = (dispatcher: Dispatcher) => async (): Promise<void> => {
    const { body } = await undici.request(url, { dispatcher })
    await body.dump()
  }
  const breaker = new CircuitBreaker({ name: 'bench' })
  // compose() insists on two parameters; this interceptor does nothing.
  const nothing = (dispatch: (options: object, handler: object) => boolean) => (options: object, handler: object) =>
    dispatch(options, handler)
  return [
    { label: 'unguarded', ask: through(agent()) },
    { label: 'unguarded, once more', ask: through(agent()) },
    { label: 'an interceptor that does nothing', ask: through(agent().compose(nothing)) },
    {
      label: 'infuse: `circuitBreaker(() => breaker)`',
      ask: through(agent().compose(circuitBreaker(() => breaker) as never)),
    },
    { label: 'infuse: `circuitBreaker(infuse)`', ask: through(agent().compose(circuitBreaker(new Infuse()) as never)) },
    { label: 'infuse: `breaker.call(request)`', ask: around(breaker, through(agent())) },
    ...peersAround(() => through(agent())),
  ]
}

async function viaFetch(url: string): Promise<readonly Variant[]> {
  const { CircuitBreaker, Infuse } = await loadInfuse(build)
  const { guardFetch } = (await import(new URL('outbound/fetch.js', infuseEntry(build)).href)) as typeof FetchGuard
  const through = (fetchIt: (url: string) => Promise<Response>) => async (): Promise<string> =>
    (await fetchIt(url)).text()
  const bare = globalThis.fetch
  const ask = through(bare)
  const service = new Infuse().service('bench', url)
  const breaker = new CircuitBreaker({ name: 'bench' })
  // Installed for its own turns alone: the others must not go through it.
  const installed = new Infuse()
  const installedAsk = async (): Promise<string> => (await globalThis.fetch(url)).text()
  return [
    { label: 'unguarded', ask },
    { label: 'unguarded, once more', ask: through(bare) },
    { label: 'infuse: `guardFetch(fetch, …)`', ask: through(guardFetch(bare, () => breaker)) },
    { label: 'infuse: `service().fetch`', ask: through((target) => service.fetch(target)) },
    { label: 'infuse: `install()`', ask: whileInstalled(installed, installedAsk) },
    ...peersAround(() => ask),
  ]
}

/** The turn of one sample begins with `install` and ends with `uninstall`; each request in between is as any other. */
function whileInstalled(infuse: { install(): void; uninstall(): void }, ask: Ask): Ask {
  return Object.assign(ask, { begin: () => infuse.install(), end: () => infuse.uninstall() })
}

function around(breaker: InstanceType<Infuse['CircuitBreaker']>, ask: Ask): Ask {
  return () => breaker.call(() => ask())
}

function peersAround(make: () => Ask): readonly Variant[] {
  const { circuitBreaker, ConsecutiveBreaker, handleAll } = cockatiel
  const policy = circuitBreaker(handleAll, { halfOpenAfter: 60_000, breaker: new ConsecutiveBreaker(5) })
  const throughCockatiel = make()
  const breaker: OpossumBreaker = new opossum(make(), {})
  return [
    { label: 'cockatiel: `execute(request)`', ask: () => policy.execute(throughCockatiel) },
    { label: 'opossum: `fire()`', ask: () => breaker.fire() },
  ]
}

/** Microseconds of CPU per request, in so many at a time. */
async function sample(ask: Ask): Promise<number> {
  const { begin, end: finish } = ask as { begin?: () => void; end?: () => void }
  begin?.()
  const before = process.cpuUsage()
  let left = requests
  await Promise.all(
    Array.from({ length: inFlight }, async () => {
      while (left-- > 0) await ask()
    }),
  )
  const { user, system } = process.cpuUsage(before)
  finish?.()
  return (user + system) / requests
}

async function measure(variants: readonly Variant[], seed: number): Promise<readonly Line[]> {
  const random = seeded(seed)
  const samples = variants.map((): number[] => [])
  for (let round = 0; round < warmUp + rounds; round++) {
    for (const index of shuffled([...variants.keys()], random)) {
      const spent = await sample(variants[index]!.ask)
      if (round >= warmUp) samples[index]!.push(spent)
    }
  }
  return variants.map(({ label }, index) => {
    const ratios = samples[index]!.map((value, round) => value / samples[0]![round]!)
    return {
      label,
      microseconds: median(samples[index]!),
      ratio: median(ratios),
      lower: quantile(ratios, 0.25),
      upper: quantile(ratios, 0.75),
    }
  })
}

interface Table {
  readonly title: string
  readonly lines: readonly Line[]
}

function report(tables: readonly Table[], seed: number): string {
  const parts = tables.map(({ title, lines }) => {
    const rows = lines.map(
      ({ label, microseconds, ratio, lower, upper }) =>
        `| ${label} | ${microseconds.toFixed(1)} | ${ratio.toFixed(2)} | ${lower.toFixed(2)} – ${upper.toFixed(2)} |`,
    )
    return `## ${title}\n\n| | µs of CPU per request | × unguarded | middle half of the rounds |\n|---|---:|---:|---:|\n${rows.join('\n')}\n`
  })
  return `# What a guard adds to a request

${new Date().toISOString().slice(0, 10)}, ${cpus()[0]?.model.trim()}, ${cpus().length} CPUs, ${process.platform} ${release()}; node ${process.versions.node}, infuse ${versionOf('infuse')}, cockatiel ${versionOf('cockatiel')}, opossum ${versionOf('opossum')}.
\`npm run bench -- --guards\`, seed ${seed}: ${rounds} rounds of ${requests} requests each, ${inFlight} at a time, one connection each; user and system time of
the client's process. A ratio is the median of the rounds' own ratios. "Unguarded, once more" shows the noise.

${parts.join('\n')}`
}

function store(tables: readonly Table[], text: string, seed: number): void {
  const folder = new URL('bench/results/', root)
  mkdirSync(folder, { recursive: true })
  const json = JSON.stringify(
    { date: new Date().toISOString().slice(0, 10), node: process.versions.node, seed, tables },
    rounded,
    2,
  )
  writeFileSync(new URL('guards.md', folder), text)
  writeFileSync(new URL('guards.json', folder), `${json}\n`)
}

function rounded(_key: string, value: unknown): unknown {
  return typeof value === 'number' && !Number.isInteger(value) ? Number(value.toPrecision(4)) : value
}
