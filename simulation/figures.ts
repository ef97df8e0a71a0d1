// The figures of the report: one function per question, each answered by plain runs of the real circuit.

import type { CircuitBreakerOptions, StoredCircuit } from '../src/index.ts'
import { PlainFleet, type PlainOptions } from './plain.ts'

export interface Outage {
  readonly nodes: number
  readonly rate: number
  /** ms from the first failure until the fleet's record is open; `undefined`: never */
  readonly tripped: number | undefined
  /** ms from the first failure until the last process rejects; `undefined`: never */
  readonly allReject: number | undefined
  /** Failing calls let through, per process. */
  readonly failed: number
  /** add and replace until then */
  readonly commands: number
  /** Most commands in a second, reads included. */
  readonly peak: number
  /** ms from when a trial may go until the record is closed; the dependency is well by then */
  readonly recovered: number | undefined
  readonly trials: number
  readonly mostTrials: number
  /** Claims that came too late. */
  readonly refused: number
  /** Add and replace, before the outage. */
  readonly healthy: number
  /** Reads per second and process, before the outage. */
  readonly reads: number
}

const RESET = 2_000

export async function outage(options: PlainOptions, warmUp = 2_000): Promise<Outage> {
  const { nodes, rate } = options
  const fleet = new PlainFleet({ ...options, rules: { resetTimeout: RESET, trialTimeout: 10_000, ...options.rules } })
  const idle = await warm(fleet, warmUp)
  const healthy = fleet.commands.add + fleet.commands.replace - idle
  const reads = fleet.commands.read / nodes / (fleet.time.now() / 1_000)
  const begun = fleet.time.now()
  fleet.error = 1
  let first: number | undefined
  await fleet.run(60_000, () => {
    if (first === undefined && fleet.failed > 0) first = fleet.time.now()
    return first !== undefined
  })
  const start = first ?? begun
  let all: number | undefined
  await fleet.run(60_000, () => {
    if (all === undefined && fleet.closed === 0) all = fleet.time.now()
    return all !== undefined
  })
  await fleet.run(200)
  const trip = fleet.moves.find(({ at, stored }) => at >= begun && stored.state === 'open')
  const { add, replace } = fleet.commands
  const peak = fleet.peak(begun)
  const failed = fleet.failed / nodes
  fleet.error = 0
  const refusedBefore = fleet.commands.refused
  const may = trip === undefined ? undefined : trip.at + RESET
  let closed: number | undefined
  if (may !== undefined)
    await fleet.run(60_000, () => {
      const last = fleet.moves.at(-1)
      if (last?.stored.state === 'closed') closed = last.at
      return closed !== undefined
    })
  return {
    nodes,
    rate,
    tripped: trip && trip.at - start,
    allReject: all === undefined ? undefined : all - start,
    failed,
    commands: add + replace - healthy - idle,
    peak,
    recovered: closed === undefined || may === undefined ? undefined : closed - may,
    trials: fleet.trials,
    mostTrials: fleet.mostRunning,
    refused: fleet.commands.refused - refusedBefore,
    healthy,
    reads,
  }
}

export interface Sickness {
  readonly nodes: number
  readonly rate: number
  /** Trips of the fleet's circuit. */
  readonly trips: number
  readonly hours: number
  /** add and replace per second */
  readonly load: number
  /** Most commands in a second, reads included. */
  readonly peak: number
}

/** Some processes fail alone, or everybody fails a little. */
export async function sickness(
  options: PlainOptions,
  what: { sick?: number; error?: number },
  ms: number,
): Promise<Sickness> {
  const { nodes, rate } = options
  const fleet = new PlainFleet({ ...options, rules: { resetTimeout: 1_000, ...options.rules } })
  const idle = await warm(fleet, 1_000)
  const begun = fleet.time.now()
  fleet.sick = what.sick ?? 0
  fleet.error = what.error ?? 0
  await fleet.run(ms)
  const opened = fleet.moves.filter(
    ({ stored }, at) => stored.state === 'open' && fleet.moves[at - 1]?.stored.state !== 'half-open',
  )
  const { add, replace } = fleet.commands
  return {
    nodes,
    rate,
    trips: opened.length,
    hours: ms / 3_600_000,
    load: (add + replace - idle) / (ms / 1_000),
    peak: fleet.peak(begun),
  }
}

/** ms from when a trial may go until the record is closed, when the first trial's process dies in it. */
export async function holderDies(options: PlainOptions, trialTimeout: number): Promise<number | undefined> {
  const rules: CircuitBreakerOptions = { resetTimeout: RESET, trialTimeout, ...options.rules }
  const fleet = new PlainFleet({ ...options, rules })
  await warm(fleet, 1_000)
  fleet.error = 1
  await fleet.run(20_000, () => fleet.moves.length > 0)
  const may = (fleet.moves[0] as { at: number; stored: StoredCircuit }).at + RESET
  fleet.error = 0
  let died = false
  fleet.onTrial = (node) => {
    if (died) return
    died = true
    fleet.time.after(1, () => node.crash())
  }
  let closed: number | undefined
  await fleet.run(120_000, () => {
    const last = fleet.moves.at(-1)
    if (last?.stored.state === 'closed') closed = last.at
    return closed !== undefined
  })
  return closed === undefined ? undefined : closed - may
}

/** Answers how many commands went out before the first call, to make the record. */
async function warm(fleet: PlainFleet, ms: number): Promise<number> {
  await fleet.warmUp(0)
  const { add, replace } = fleet.commands
  await fleet.run(ms)
  return add + replace
}
