// What the processes of a fleet saw, added up in steps of storage time, and who of them is there: for people, nobody
// decides by it. Kept in memory, for storages that live in one. It forgets what is older than it answers.

import type { Clock } from '../core/clock.ts'
import { storageTime } from './memory.ts'
import {
  absolute,
  type CircuitReport,
  type LocalCircuit,
  type Presence,
  type ReportStep,
  type Seen,
} from './storage.ts'

interface Held {
  /** Oldest first. */
  steps: ReportStep[]
  readonly processes: Map<string, Told>
}

/** A process. */
interface Told {
  /** Until when it counts as there. */
  readonly until: number
  /** What it decided alone. */
  readonly alone: LocalCircuit<number> | undefined
}

const STEP = 5_000
const MOST_STEPS = 60
const MOST_PROCESSES = 1_000
const MOST_CIRCUITS = 10_000
/** Of a circuit, and characters of why: a message of the host's socket carries 20 circuits. */
const MOST_ALONE = 100
const LONGEST_WHY = 200
/** Refreshes that a process may miss. */
const MISSED = 3
const EVERY = 5_000
const LONGEST_EVERY = 3_600_000

export class Reports {
  readonly #at: () => number
  readonly #circuits = new Map<string, Held>()

  /** `clock` is the storage's. */
  constructor(clock: Clock) {
    this.#at = storageTime(clock)
  }

  /** Takes down what a process tells of the circuits that it reads. */
  see(names: readonly string[], presence: Presence | undefined): void {
    if (presence === undefined) return
    const { process, circuits, alone = {}, span = 0, every = EVERY } = presence
    const at = this.#at()
    for (const name of names) {
      const held = Object.hasOwn(circuits, name) ? this.#held(name, at) : undefined
      if (held === undefined) continue
      held.steps = merge(held.steps, spread(circuits[name] as Seen, span, at)).filter(({ start }) => isKept(start, at))
      forget(held.processes, at)
      if (held.processes.has(process) || held.processes.size < MOST_PROCESSES)
        held.processes.set(process, {
          until: at + MISSED * Math.min(every, LONGEST_EVERY),
          alone: Object.hasOwn(alone, name) ? dated(alone[name] as LocalCircuit, at) : undefined,
        })
    }
  }

  /** What was told of each. */
  read(names: readonly string[]): readonly (CircuitReport | undefined)[] {
    const at = this.#at()
    return names.map((name) => {
      const held = this.#circuits.get(name)
      if (held === undefined || isOver(held, at)) return undefined
      const steps = held.steps.filter(({ start }) => isKept(start, at))
      const processes = [...held.processes]
      const alone = processes.flatMap(([process, told]) => (told.alone ? [{ ...told.alone, process }] : []))
      return Object.freeze({
        at,
        steps,
        processes: processes.map(([process]) => process),
        alone: alone.slice(0, MOST_ALONE),
      })
    })
  }

  /** Circuits that somebody told of lately. */
  list(): readonly string[] {
    const at = this.#at()
    return [...this.#circuits].flatMap(([name, held]) => (isOver(held, at) ? [] : [name]))
  }

  #held(name: string, at: number): Held | undefined {
    const known = this.#circuits.get(name)
    if (known !== undefined) return known
    if (this.#circuits.size >= MOST_CIRCUITS)
      for (const [other, held] of this.#circuits) if (isOver(held, at)) this.#circuits.delete(other)
    if (this.#circuits.size >= MOST_CIRCUITS) return undefined
    const held: Held = { steps: [], processes: new Map() }
    this.#circuits.set(name, held)
    return held
  }
}

/** Counts of `span` ms up to `at`, evenly over the steps that it touches; their sums stay what they are. */
export function spread(seen: Seen, span: number, at: number): readonly ReportStep[] {
  const { calls, failures, rejected, slow, successes = Math.max(0, calls - failures) } = seen
  const covered = Math.min(Math.max(0, span), STEP * (MOST_STEPS - 1))
  const from = at - covered
  const steps: ReportStep[] = []
  for (let start = stepOf(from), before = 0; start <= at; start += STEP) {
    const until = covered === 0 ? 1 : (Math.min(start + STEP, at) - from) / covered
    const [low, high] = [before, until]
    const part = (count: number): number => Math.round(count * high) - Math.round(count * low)
    steps.push({
      start,
      calls: part(calls),
      successes: part(successes),
      failures: part(failures),
      rejected: part(rejected),
      slow: part(slow),
    })
    before = until
  }
  return steps
}

function stepOf(time: number): number {
  return Math.floor(time / STEP) * STEP
}

function isKept(start: number, at: number): boolean {
  return start > stepOf(at) - STEP * MOST_STEPS
}

function isOver({ steps, processes }: Held, at: number): boolean {
  forget(processes, at)
  return processes.size === 0 && !steps.some(({ start }) => isKept(start, at))
}

function forget(processes: Held['processes'], at: number): void {
  for (const [process, { until }] of processes) if (until <= at) processes.delete(process)
}

function dated({ state, since, until, why }: LocalCircuit, at: number): LocalCircuit<number> {
  return {
    state,
    since: absolute(since, at),
    until: absolute(until, at),
    ...(why !== undefined && { why: why.slice(0, LONGEST_WHY) }),
  }
}

function merge(held: readonly ReportStep[], more: readonly ReportStep[]): ReportStep[] {
  const byStart = new Map(held.map((step) => [step.start, step]))
  for (const step of more) {
    const known = byStart.get(step.start)
    byStart.set(step.start, known === undefined ? step : sum(known, step))
  }
  return [...byStart.values()].sort((a, b) => a.start - b.start)
}

function sum(one: ReportStep, other: ReportStep): ReportStep {
  return {
    start: one.start,
    calls: one.calls + other.calls,
    successes: one.successes + other.successes,
    failures: one.failures + other.failures,
    rejected: one.rejected + other.rejected,
    slow: one.slow + other.slow,
  }
}
