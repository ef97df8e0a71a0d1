/**
 * Breakers on shared storage: a fleet of eight processes on one Redis, of which one is measured and seven are well and
 * call now and then. A process has one client, one storage, and a circuit for each policy.
 */
import { setTimeout } from 'node:timers/promises'
import { createClient } from 'redis'
import { type Infuse, loadRedisStorage } from './packages.ts'
import type { Variant } from './variants.ts'

export const fleetSize = 8
/** The measures that breakers on shared storage take part in. */
export const sharedMeasures: readonly string[] = ['closed', 'allocated']

/** ms between two calls of a process that is not the measured one. */
const nowAndThen = 100
const oneHour = 3_600_000

export interface Shared {
  /** Redis commands that healthy calls caused, those that scripts run included. */
  readonly commandsPerCall: number
  readonly calls: number
  /** What a healthy process sends by itself: runs of the script, and all commands, in a second. */
  readonly runsPerSecond: number
  readonly commandsPerSecond: number
}

type Breaker = InstanceType<Infuse['CircuitBreaker']>
type Client = Awaited<ReturnType<typeof connect>>

interface Member {
  readonly client: Client
  readonly variants: readonly Variant[]
  readonly breakers: readonly Breaker[]
}

async function connect(socket: string) {
  const client = createClient({ socket: { path: socket, tls: false } })
  client.on('error', (error) => {
    throw error
  })
  return client.connect()
}

/** Makes this process one of the fleet. */
async function join(infuse: Infuse, build: string | undefined, socket: string, interval?: number): Promise<Member> {
  const client = await connect(socket)
  const { RedisStorage } = await loadRedisStorage(build)
  const storage = new RedisStorage(client, { refreshInterval: interval })
  const make = (name: string, resetTimeout?: number): Breaker => {
    const trip = name === 'rate' ? infuse.failureRate({ threshold: 0.5, window: 10_000 }) : infuse.consecutive(5)
    return new infuse.CircuitBreaker({ name, storage, trip, resetTimeout })
  }
  // These stay, as a service's do; the variants' own come and go on the same circuits.
  const breakers = ['consecutive', 'rate'].map((name) => make(name))
  await Promise.all(breakers.map((breaker) => breaker.ready()))
  const variant = (id: string, name: string, label: string): Variant => ({
    id,
    label,
    library: 'infuse',
    shared: true,
    expression: 'breaker.call(fn)',
    create: (_fn, tuning) => make(name, tuning.resetTimeout),
    destroy: (breaker) => void (breaker as Breaker).dispose(),
  })
  const variants = [
    variant('infuse-shared', 'consecutive', 'infuse, shared'),
    variant('infuse-shared-window', 'rate', 'infuse `failureRate`, shared'),
  ]
  return { client, variants, breakers }
}

export async function sharedVariants(
  infuse: Infuse,
  build: string | undefined,
  socket: string,
): Promise<readonly Variant[]> {
  return (await join(infuse, build, socket)).variants
}

async function answer(): Promise<number> {
  return 1
}

/** One of the seven, until its process ends. */
export async function peer(infuse: Infuse, build: string | undefined, socket: string, still: boolean): Promise<true> {
  const { breakers } = await join(infuse, build, socket, still ? oneHour : undefined)
  setInterval(() => {
    for (const breaker of breakers) void breaker.call(answer)
  }, nowAndThen)
  return true
}

/** All commands since the server began, and runs of a script among them; asking is not counted. */
async function commands(client: Client): Promise<{ readonly all: number; readonly runs: number }> {
  const counts = [...(await client.info('commandstats')).matchAll(/^cmdstat_([^:]+):calls=(\d+)/gm)]
  const sum = (counted: (name: string) => boolean): number =>
    counts.reduce((total, [, name, calls]) => total + (counted(name!) ? Number(calls) : 0), 0)
  return { all: sum((name) => name !== 'info'), runs: sum((name) => name.startsWith('eval')) }
}

/** Waits for what the start of eight processes sends. */
async function quiet(client: Client): Promise<void> {
  for (let before = -1, now = 0; before !== now; ) {
    before = now
    await setTimeout(500)
    now = (await commands(client)).all
  }
}

/** Commands that healthy calls cause, in a fleet that refreshes once an hour: so nothing is to be taken off. */
export async function commandsOfCalls(
  infuse: Infuse,
  build: string | undefined,
  socket: string,
): Promise<Pick<Shared, 'commandsPerCall' | 'calls'>> {
  const { client, breakers } = await join(infuse, build, socket, oneHour)
  await quiet(client)
  const [turns, perTurn] = [100, 1_000]
  const before = await commands(client)
  for (let turn = 0; turn < turns; turn++) {
    for (const breaker of breakers) for (let call = 0; call < perTurn; call++) await breaker.call(answer)
    // Whatever a call left for later gets its turn.
    await setTimeout(5)
  }
  await setTimeout(500)
  const after = await commands(client)
  const calls = turns * perTurn * breakers.length
  return { calls, commandsPerCall: (after.all - before.all) / calls }
}

/** What a process of a healthy fleet sends by itself, with the usual options. */
export async function commandsOfRefresh(
  infuse: Infuse,
  build: string | undefined,
  socket: string,
): Promise<Pick<Shared, 'runsPerSecond' | 'commandsPerSecond'>> {
  const { client, breakers } = await join(infuse, build, socket)
  const timer = setInterval(() => {
    for (const breaker of breakers) void breaker.call(answer)
  }, nowAndThen)
  await setTimeout(1_000)
  const begin = performance.now()
  const before = await commands(client)
  await setTimeout(15_000)
  const after = await commands(client)
  clearInterval(timer)
  const processSeconds = ((performance.now() - begin) / 1_000) * fleetSize
  return {
    runsPerSecond: (after.runs - before.runs) / processSeconds,
    commandsPerSecond: (after.all - before.all) / processSeconds,
  }
}
