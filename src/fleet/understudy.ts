// The process's own circuit beside the fleet's: it rests while the fleet governs, starts clean when that ends, and takes
// the part over while storage does not answer.

import type { Circuit } from '../core/circuit.ts'
import type { FullClock } from '../core/clock.ts'
import type { Origin } from '../core/machine.ts'
import { period, type Snapshot } from '../core/snapshot.ts'

export class Understudy {
  readonly #own: Circuit
  readonly #clock: FullClock
  /** What it was put to when storage stopped answering. */
  #standIn: Snapshot | undefined

  constructor(own: Circuit, clock: FullClock) {
    this.#own = own
    this.#clock = clock
  }

  /** Whether it still is as it was put when it took over, and keeps calls back. */
  get standsIn(): boolean {
    return this.#own.snapshot === this.#standIn && this.#own.snapshot.state !== 'closed'
  }

  /** The fleet governs. */
  rest(): void {
    const now = this.#clock.now()
    this.#own.put(period({ state: 'closed', since: now, until: now }), this.#own.failures)
  }

  /** The fleet governs no more; traffic returns over `rampUp` ms. */
  startClean(rampUp: number, { why, by }: Origin): void {
    const now = this.#clock.now()
    this.#own.put(period({ state: 'closed', since: now, until: now, rampUp, why, by }))
  }

  /** Storage is away: goes on from here, or as it is. */
  takeOver(from: Snapshot | undefined): void {
    this.#standIn = from
    if (from !== undefined) this.#own.put(from, this.#own.failures)
  }
}
