// What the serving process keeps for the group: the circuits, who watches them, and how many there may be.

import type { Clock } from '../core/clock.ts'
import { MemoryStorage } from '../fleet/memory.ts'
import { Reports } from '../fleet/reports.ts'
import type {
  CircuitReport,
  Move,
  Presence,
  StoredCircuit,
  StoredTransition,
  Tally,
  Watcher,
} from '../fleet/storage.ts'
import { MOST_CIRCUITS } from './wire.ts'

export class Desk {
  readonly #memory: MemoryStorage
  readonly #reports: Reports
  readonly #known = new Set<string>()
  readonly #watched = new Map<string, number>()

  constructor(clock: Clock) {
    this.#memory = new MemoryStorage({ clock })
    this.#reports = new Reports(clock)
  }

  read(names: readonly string[], presence?: Presence): readonly (StoredCircuit | undefined)[] {
    this.#reports.see(names, presence)
    return this.#memory.read(names)
  }

  add(name: string, tally: Tally): StoredCircuit {
    return this.#memory.add(this.#admit(name), tally)
  }

  replace(name: string, expected: StoredCircuit | undefined, next: Move): ReturnType<MemoryStorage['replace']> {
    return this.#memory.replace(this.#admit(name), expected, next)
  }

  /** One watcher for each process, however many breakers it has: they are counted. */
  watch(name: string, watcher: Watcher): () => void {
    const stop = this.#memory.watch(name, watcher)
    this.#watched.set(name, (this.#watched.get(name) ?? 0) + 1)
    return () => {
      stop()
      const left = (this.#watched.get(name) ?? 1) - 1
      if (left > 0) this.#watched.set(name, left)
      else this.#watched.delete(name)
    }
  }

  /** Watched ones too: a circuit that was always well has no record. */
  list(): readonly string[] {
    return [...new Set([...this.#memory.list(), ...this.#watched.keys(), ...this.#reports.list()])]
      .slice(0, MOST_CIRCUITS)
      .sort()
  }

  transitions(options: { circuit?: string; limit: number }): readonly StoredTransition[] {
    return this.#memory.transitions(options)
  }

  reports(names: readonly string[]): readonly (CircuitReport | undefined)[] {
    return this.#reports.read(names)
  }

  #admit(name: string): string {
    if (!this.#known.has(name) && this.#known.size >= MOST_CIRCUITS)
      throw new Error(`There are ${MOST_CIRCUITS} circuits already`)
    this.#known.add(name)
    return name
  }
}
