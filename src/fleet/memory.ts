// The port in this process's memory: what a test, or a single process, needs, and the plainest statement of what each
// verb must do. Its records are forgotten with it.

import { type Clock, fullClock } from '../core/clock.ts'
import { mergeCounts } from './counts.ts'
import { transitionOf } from './history.ts'
import {
  absolute,
  type CircuitStorage,
  type Move,
  type Note,
  type StoredCircuit,
  type StoredTransition,
  type Tally,
  type Watcher,
} from './storage.ts'

/** A record without what belongs to one answer. */
type Held = Omit<StoredCircuit, 'at' | 'listeners'>

const MOST_TRANSITIONS = 1_000

/** Circuits in memory: two breakers, same storage and name, one circuit. */
export class MemoryStorage implements CircuitStorage {
  /** The clock that was given, for the breakers on this storage. */
  readonly clock: Clock | undefined
  readonly #at: () => number
  readonly #circuits = new Map<string, Held>()
  readonly #watchers = new Map<string, Set<Watcher>>()
  #transitions: readonly StoredTransition[] = []

  /** `clock` is the storage's own, and that of breakers which bring none. @default the system's */
  constructor(options: { clock?: Clock | undefined } = {}) {
    this.clock = options.clock
    this.#at = storageTime(options.clock)
  }

  read(names: readonly string[]): readonly (StoredCircuit | undefined)[] {
    return names.map((name) => this.#answer(name))
  }

  add(name: string, tally: Tally): StoredCircuit {
    const at = this.#at()
    const held = this.#circuits.get(name) ?? created(tally)
    this.#circuits.set(name, held)
    if (held.epoch !== tally.epoch) return this.#stored(name, held)
    const counts = mergeCounts(held.counts, tally, tally.keep)
    this.#circuits.set(name, { ...held, counts })
    if (tally.ask !== undefined && at - held.asked >= tally.ask.every) this.#ask(name, tally.ask, at)
    if (tally.hush && held.asker !== undefined) this.#hush(name)
    return this.#stored(name, this.#circuits.get(name) as Held)
  }

  replace(
    name: string,
    expected: StoredCircuit | undefined,
    next: Move,
  ): { readonly replaced: boolean; readonly current: StoredCircuit | undefined } {
    const at = this.#at()
    const held = this.#circuits.get(name)
    const epoch = held?.epoch ?? 0
    if (epoch !== (expected?.epoch ?? 0) || at < (next.notBefore ?? at))
      return { replaced: false, current: this.#answer(name) }
    const written = write(next, epoch, at)
    this.#circuits.set(name, written)
    const transition = transitionOf(name, held, written, next, at)
    if (transition !== undefined) this.#transitions = [transition, ...this.#transitions].slice(0, MOST_TRANSITIONS)
    const current = this.#stored(name, written)
    this.#tell(name, (watcher) => watcher.changed(name, current))
    return { replaced: true, current }
  }

  watch(name: string, watcher: Watcher): () => void {
    const watchers = this.#watchers.get(name) ?? new Set()
    this.#watchers.set(name, watchers.add(watcher))
    return () => {
      watchers.delete(watcher)
      if (watchers.size === 0 && this.#watchers.get(name) === watchers) this.#watchers.delete(name)
    }
  }

  list(): readonly string[] {
    return [...this.#circuits.keys()].sort()
  }

  transitions(options: { circuit?: string; limit: number }): readonly StoredTransition[] {
    const { circuit, limit } = options
    return this.#transitions.filter((one) => circuit === undefined || one.circuit === circuit).slice(0, limit)
  }

  #answer(name: string): StoredCircuit | undefined {
    const held = this.#circuits.get(name)
    return held && this.#stored(name, held)
  }

  #stored(name: string, held: Held): StoredCircuit {
    return Object.freeze({ ...held, at: this.#at(), listeners: this.#watchers.get(name)?.size ?? 0 })
  }

  #ask(name: string, { id, since }: NonNullable<Tally['ask']>, at: number): void {
    const asking = { ...(this.#circuits.get(name) as Held), asked: at, asker: id }
    this.#circuits.set(name, asking)
    const listeners = this.#watchers.get(name)?.size ?? 0
    this.#note(name, { kind: 'ask', epoch: asking.epoch, asked: at, asker: id, since, listeners })
  }

  #hush(name: string): void {
    const { epoch, asked, ...rest } = this.#circuits.get(name) as Held
    this.#circuits.set(name, { ...rest, epoch, asked, asker: undefined })
    this.#note(name, { kind: 'hush', epoch, asked })
  }

  #note(name: string, note: Note): void {
    this.#tell(name, (watcher) => watcher.noted(name, note))
  }

  #tell(name: string, what: (watcher: Watcher) => void): void {
    for (const watcher of [...(this.#watchers.get(name) ?? [])]) what(watcher)
  }
}

/** Whole epoch ms that wall-clock steps do not touch. */
export function storageTime(clock: Clock | undefined): () => number {
  const { now, wallNow } = fullClock(clock)
  const offset = wallNow() - now()
  return () => Math.floor(offset + now())
}

function created({ epoch, period }: Tally): Held {
  const nothing = {
    until: 0,
    relapses: 0,
    successes: 0,
    leases: [],
    counts: {},
    asked: 0,
    asker: undefined,
    move: '',
    mover: '',
  }
  return { state: 'closed', epoch, period, ...nothing }
}

function write(next: Move, current: number, at: number): Held {
  const { epoch = Math.max(at, current + 1), period, until, leases, forced, notBefore: _, said: __, ...rest } = next
  return {
    ...rest,
    epoch,
    period: period === 'new' ? epoch : period,
    until: absolute(until, at),
    leases: leases.map((lease) => ({ id: lease.id, until: absolute(lease.until, at) })),
    forced: forced && { ...forced, until: absolute(forced.until, at) },
    counts: {},
    asked: 0,
    asker: undefined,
  }
}
