// The measures of the fleet report: eight processes, a real storage, times by the machine's monotonic clock.

import { type Fleet, mostAtOnce, type Peer, runsOf, type StoragePlan } from '../test/support/processes.ts'
import type { Proxy } from '../test/support/proxy.ts'
import { type RedisServer, until } from '../test/support/redis-server.ts'

/** ms unless said otherwise. */
export interface Spread {
  readonly p50: number
  readonly p90: number
  readonly p99: number
  readonly max: number
  readonly samples: number
}

/** One figure, beside what was promised. */
export interface Figure {
  readonly what: string
  readonly promised: string
  readonly measured: string
  readonly kept: boolean
}

export interface Parts {
  readonly fleet: Fleet
  readonly server: RedisServer
  readonly proxy: Proxy
  /** Rounds are this many times as many. */
  readonly share: number
  plan(kind: 'redis' | 'host', options: object, port?: number): (index: number) => StoragePlan
}

export function spread(values: readonly number[]): Spread {
  const sorted = values.toSorted((a, b) => a - b)
  const at = (share: number): number =>
    sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? Number.NaN
  return { p50: at(0.5), p90: at(0.9), p99: at(0.99), max: at(1), samples: sorted.length }
}

const long = 600_000
let names = 0

async function storageOf(parts: Parts, kind: 'redis' | 'host', options: object, port?: number): Promise<string> {
  const id = `storage-${++names}`
  const plan = parts.plan(kind, options, port)
  await parts.fleet.each((peer, index) => peer.storage(id, plan(index)))
  return id
}

function rest(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}

/** Every process, and when the last of them noted it. */
async function lastSeen(fleet: Fleet, name: string, text: string): Promise<number> {
  return Math.max(...(await fleet.each((peer) => peer.seen(name, text))))
}

async function commands(server: RedisServer): Promise<number> {
  const info = String(await server.command('INFO', 'commandstats'))
  // Those that clients sent: the script's own are part of it, and INFO is ours.
  return [...info.matchAll(/^cmdstat_(evalsha|eval|subscribe|ping):calls=(\d+)/gm)].reduce(
    (sum, [, , calls]) => sum + Number(calls),
    0,
  )
}

/** Storage commands of healthy calls: while no refresh is due, and with refreshes at their default. */
export async function healthy(parts: Parts): Promise<{ calls: number; commands: number; refreshes: number }> {
  const { fleet, server } = parts
  const quiet = await storageOf(parts, 'redis', { refreshInterval: long })
  await fleet.breakers('healthy', { storage: quiet })
  await rest(500)
  const before = await commands(server)
  const times = Math.round(100_000 * parts.share)
  await fleet.each((peer) => peer.measure('healthy', times))
  await fleet.each((peer) => peer.tell('settled', 'healthy'))
  const sent = (await commands(server)) - before
  await fleet.each((peer) => peer.tell('dispose', 'healthy'))
  const usual = await storageOf(parts, 'redis', {})
  await fleet.breakers('usual', { storage: usual })
  await rest(500)
  const begun = await commands(server)
  const seconds = 12 * parts.share + 3
  await rest(seconds * 1_000)
  const refreshes = ((await commands(server)) - begun) / seconds / fleet.alive.length
  await fleet.each((peer) => peer.tell('dispose', 'usual'))
  return { calls: times * fleet.alive.length, commands: sent, refreshes }
}

/** From the last failure needed, spread over five processes, to the last of eight that rejects. */
export async function tripTimes(parts: Parts, kind: 'redis' | 'host', confirm: number): Promise<Spread> {
  const { fleet } = parts
  const storage = await storageOf(parts, kind, { refreshInterval: long, confirm, timeout: 1_000 })
  const name = `trip-${++names}`
  await fleet.breakers(name, { storage, failMax: 5, resetTimeout: long })
  const took: number[] = []
  for (let round = 0; round < 200 * parts.share; round++) {
    await fleet.each((peer) => peer.call(name, 'ok'))
    await rest(60)
    await fleet.each((peer) => peer.forget(name))
    const failing = fleet.alive.slice(round % 4, (round % 4) + 5)
    const opened = lastSeen(fleet, name, 'closed->open')
    await Promise.all(failing.map((peer) => peer.call(name, 'fail')))
    // Where clocks disagree by a millisecond a success can look newer than a failure: then one more is needed.
    const spare = setTimeout(() => void failing[0]?.call(name, 'fail'), 1_000)
    const at = await opened
    clearTimeout(spare)
    const ends = runsOf(await fleet.looks(name))
      .map(({ end }) => end)
      .toSorted((a, b) => a - b)
    took.push(at - Number(ends.at(-1)))
    await fleet.alive[round % 8]?.does(name, 'close')
    await lastSeen(fleet, name, 'open->closed')
  }
  await fleet.each((peer) => peer.tell('dispose', name))
  return spread(took)
}

export interface Outage {
  readonly time: Spread
  /** Failing calls let through, per process. */
  readonly failures: number
  /** Reports and moves, per outage. */
  readonly commands: number
}

/** Everybody's calls begin to fail at once: from then until the last process rejects. */
export async function outage(parts: Parts, every: number): Promise<Outage> {
  const { fleet, server } = parts
  const storage = await storageOf(parts, 'redis', { refreshInterval: long, timeout: 1_000 })
  const name = `outage-${++names}`
  await fleet.breakers(name, { storage, failMax: 5, resetTimeout: long })
  const took: number[] = []
  let failures = 0
  let sent = 0
  const rounds = Math.ceil(30 * parts.share)
  for (let round = 0; round < rounds; round++) {
    await fleet.each((peer) => peer.mode(name, 'ok'))
    await Promise.all(
      fleet.alive.map(async (peer, index) => {
        await rest((index * every) / 8)
        await peer.traffic(name, every)
      }),
    )
    await rest(Math.max(150, every * 2))
    await fleet.each((peer) => peer.forget(name))
    const before = await commands(server)
    const opened = fleet.each((peer) => peer.seen(name, 'closed->open'))
    await fleet.each((peer) => peer.mode(name, 'fail'))
    await opened
    await until(async () =>
      (await fleet.looks(name)).every(({ scope, state }) => scope === 'fleet' && state === 'open'),
    )
    await fleet.each((peer) => peer.rest(name))
    const looks = await fleet.looks(name)
    const failed = runsOf(looks).filter(({ outcome }) => outcome === 'fail')
    const first = Math.min(...failed.map(({ end }) => end))
    const last = Math.max(
      ...looks.map(({ events }) => Number(events.find(({ text }) => text.startsWith('closed->open'))?.at)),
    )
    took.push(last - first)
    failures += failed.length / fleet.alive.length
    sent += (await commands(server)) - before
    await fleet.alive[0]?.does(name, 'close')
    await lastSeen(fleet, name, 'open->closed')
  }
  await fleet.each((peer) => peer.tell('dispose', name))
  return { time: spread(took), failures: failures / rounds, commands: sent / rounds }
}

export interface Trials {
  readonly periods: number
  readonly trials: number
  readonly most: number
  /** From the end of the open time until all processes are closed. */
  readonly recovery: Spread
}

/** Eight processes call all the time while the circuit opens and closes. */
export async function trials(parts: Parts, kind: 'redis' | 'host'): Promise<Trials> {
  const { fleet } = parts
  const resetTimeout = 100
  const storage = await storageOf(parts, kind, { refreshInterval: long, timeout: 1_000 })
  const name = `trial-${++names}`
  await fleet.breakers(name, { storage, failMax: 5, resetTimeout })
  const took: number[] = []
  let made = 0
  let most = 0
  const rounds = Math.ceil(100 * parts.share)
  for (let round = 0; round < rounds; round++) {
    await fleet.each((peer) => peer.forget(name))
    await fleet.each((peer) => peer.mode(name, 'hang'))
    await fleet.alive[round % 8]?.does(name, 'open')
    const opened = Math.min(...(await fleet.each((peer) => peer.seen(name, 'closed->open'))))
    await fleet.each((peer) => peer.traffic(name, 2))
    await lastSeen(fleet, name, 'open->half-open')
    const running = runsOf(await fleet.looks(name)).filter(({ state }) => state === 'half-open')
    made += running.length
    most = Math.max(most, mostAtOnce(running))
    await fleet.each((peer) => peer.mode(name, 'ok'))
    await fleet.each((peer) => peer.release(name, 'ok'))
    const released = Math.max(
      ...runsOf(await fleet.looks(name))
        .filter(({ state }) => state === 'half-open')
        .map(({ end }) => end),
    )
    const started = Math.min(...running.map(({ start }) => start))
    const closed = await lastSeen(fleet, name, 'half-open->closed')
    await fleet.each((peer) => peer.rest(name))
    // What the trial itself took is the dependency's.
    took.push(closed - opened - resetTimeout - (released - started))
  }
  await fleet.each((peer) => peer.tell('dispose', name))
  return { periods: rounds, trials: made, most, recovery: spread(took) }
}

/** `kill -9` of the process that makes the trial: from the end of its lease to the start of the next trial. */
export async function holderKilled(parts: Parts, kind: 'redis' | 'host'): Promise<Spread> {
  const { fleet } = parts
  const lease = 500
  const plan = { resetTimeout: 50, trialTimeout: lease }
  const storage = await storageOf(parts, kind, { refreshInterval: long, timeout: 1_000 })
  const name = `killed-${++names}`
  await fleet.breakers(name, { storage, ...plan })
  const took: number[] = []
  for (let round = 0; round < 12 * parts.share; round++) {
    await fleet.each((peer) => peer.forget(name))
    const holder = fleet.start()
    await holder.storage('own', parts.plan(kind, { refreshInterval: long, timeout: 1_000 })(round))
    await holder.breaker(name, { storage: 'own', ...plan })
    await holder.does(name, 'halfOpen')
    const others = fleet.alive.filter((peer) => peer !== holder)
    await Promise.all(others.map((peer) => peer.seen(name, 'closed->half-open')))
    if ((await holder.hold(name)) !== 'runs') throw new Error('The holder got no trial')
    const [run] = (await holder.look(name)).runs
    await holder.kill()
    await fleet.each((peer) => peer.traffic(name, 2))
    await lastSeen(fleet, name, 'half-open->closed')
    await fleet.each((peer) => peer.rest(name))
    const next = runsOf(await fleet.looks(name))[0]
    // The lease begins when storage grants it, a moment before the call.
    took.push(Number(next?.start) - Number(run?.start) - lease)
  }
  await fleet.each((peer) => peer.tell('dispose', name))
  return spread(took)
}

export interface Sick {
  readonly seconds: number
  readonly fleetTrips: number
  readonly rejectedElsewhere: number
  readonly callsOfSick: number
  readonly rejectedOfSick: number
}

/** One process of eight whose calls all fail. */
export async function oneSick(parts: Parts, kind: 'redis' | 'host'): Promise<Sick> {
  const { fleet } = parts
  const storage = await storageOf(parts, kind, { timeout: 1_000 })
  const name = `sick-${++names}`
  await fleet.breakers(name, { storage, failMax: 5, resetTimeout: 1_000 })
  await fleet.each((peer) => peer.traffic(name, 10))
  await rest(300)
  await fleet.each((peer) => peer.forget(name))
  const seconds = Math.max(5, 30 * parts.share)
  const [sick, ...well] = fleet.alive as [Peer, ...Peer[]]
  await sick.mode(name, 'fail')
  await rest(seconds * 1_000)
  await fleet.each((peer) => peer.rest(name))
  const look = await sick.look(name)
  const looks = await Promise.all(well.map((peer) => peer.look(name)))
  await fleet.each((peer) => peer.tell('dispose', name))
  return {
    seconds,
    fleetTrips: Math.max(
      ...looks.map(({ events }) => events.filter(({ text }) => text.startsWith('closed->open')).length),
    ),
    rejectedElsewhere: looks.reduce((sum, { rejections }) => sum + rejections, 0),
    callsOfSick: look.runs.length,
    rejectedOfSick: look.rejections,
  }
}

export interface Away {
  readonly what: string
  /** Median and p99 that a call takes beyond its function, before and while Redis is away. */
  readonly before: Spread
  readonly meanwhile: Spread
  /** From its return until all processes agree, in refreshes. */
  readonly agree: number
  readonly thrown: number
}

const REFRESH = 500

/** Redis frozen, dead, full, out of reach: what calls take meanwhile, and how soon all agree again. */
export async function away(parts: Parts): Promise<Away[]> {
  const { fleet, server, proxy } = parts
  const faults: [what: string, begin: () => unknown, end: () => unknown][] = [
    ['frozen (SIGSTOP)', () => server.freeze(), () => server.thaw()],
    ['full (OOM)', () => server.refuseMemory(true), () => server.refuseMemory(false)],
    ['out of reach (resets)', () => proxy.refuse(), () => proxy.heal()],
    ['behind a black hole', () => proxy.swallow(), () => proxy.heal()],
    ['slow (0.5 s each way)', () => proxy.delay(500), () => proxy.heal()],
    ['killed, started again empty', () => server.kill(), () => server.start()],
  ]
  const storage = await storageOf(parts, 'redis', { refreshInterval: REFRESH }, proxy.port)
  const results: Away[] = []
  for (const [what, begin, end] of faults) {
    const name = `away-${++names}`
    const kept = `${name}.kept`
    await fleet.breakers(name, { storage, failMax: 5, resetTimeout: 1_000 })
    await fleet.breakers(kept, { storage, resetTimeout: long })
    await fleet.alive[0]?.does(kept, 'open')
    await lastSeen(fleet, kept, 'closed->open')
    const calls = async (): Promise<Spread> => {
      const answers = await fleet.each((peer) => peer.timed(name, 'ok', 500))
      return spread(answers.flat().map(({ added }) => added))
    }
    await calls()
    const before = await calls()
    await begin()
    await lastSeen(fleet, name, 'down')
    const meanwhile = await calls()
    await end()
    const back = Number(process.hrtime.bigint()) / 1e6
    const up = await lastSeen(fleet, name, 'up')
    await until(async () =>
      (await fleet.looks(kept)).every(({ scope, state }) => scope === 'fleet' && state === 'open'),
    )
    const looks = [...(await fleet.looks(name)), ...(await fleet.looks(kept))]
    const thrown = looks.reduce((sum, look) => sum + look.thrown.length, 0)
    results.push({ what, before, meanwhile, agree: (up - back) / REFRESH, thrown })
    for (const each of [name, kept]) await fleet.each((peer) => peer.tell('dispose', each))
  }
  return results
}
