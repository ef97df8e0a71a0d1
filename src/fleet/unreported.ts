// What this process saw of a circuit and has not told storage yet: how far the counts that its breakers keep anyway have
// come since. Nothing is noted on the way of a call.

import type { Stats } from '../core/stats.ts'
import type { Seen } from './storage.ts'

/** Whose calls are counted. */
export interface Counting {
  readonly stats: Stats
}

type Told = Required<Seen>

const NOTHING: Told = Object.freeze({ calls: 0, successes: 0, failures: 0, rejected: 0, slow: 0 })

export class Unreported {
  readonly #told = new WeakMap<Counting, Told>()
  #sum: Told = NOTHING

  /** Takes up what one has counted since the last time. */
  add(one: Counting): void {
    const { calls, successes, failures, rejected, slow } = one.stats
    const told = this.#told.get(one) ?? NOTHING
    const sum = this.#sum
    this.#told.set(one, { calls, successes, failures, rejected, slow })
    this.#sum = {
      calls: sum.calls + calls - told.calls,
      successes: sum.successes + successes - told.successes,
      failures: sum.failures + failures - told.failures,
      rejected: sum.rejected + rejected - told.rejected,
      slow: sum.slow + slow - told.slow,
    }
  }

  /** Hands over all that was taken up. */
  take(): Told {
    const sum = this.#sum
    this.#sum = NOTHING
    return sum
  }
}
