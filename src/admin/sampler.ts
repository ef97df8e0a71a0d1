// Five minutes of plots for circuits that nobody reports to a storage: how far the counts that breakers keep anyway have
// come, looked at from time to time. Bounded; the timer keeps neither the process alive nor the sampler.

import type { CircuitBreaker } from '../breaker.ts'
import { gateOf } from '../calls/gates.ts'
import { systemClock } from '../core/clock.ts'
import { Reports } from '../fleet/reports.ts'
import type { CircuitReport } from '../fleet/storage.ts'
import { Unreported } from '../fleet/unreported.ts'

type Breakers = () => ReadonlyMap<string, CircuitBreaker>

const EVERY = 5_000

export class Sampler {
  readonly #breakers: Breakers
  readonly #reports = new Reports(systemClock)
  readonly #counted = new WeakMap<CircuitBreaker, Unreported>()
  #at = systemClock.now()
  readonly #stop: () => void

  /** What was counted before is not told. */
  constructor(breakers: Breakers) {
    this.#breakers = breakers
    for (const breaker of breakers().values()) this.#sinceOf(breaker).take()
    this.#stop = tick(new WeakRef(this))
  }

  /** Looks now. */
  sample(): void {
    const now = systemClock.now()
    const span = now - this.#at
    this.#at = now
    const seen = [...this.#breakers()].map(([name, breaker]) => [name, this.#sinceOf(breaker).take()] as const)
    const presence = { process: 'this', circuits: Object.fromEntries(seen), span, every: EVERY }
    this.#reports.see(
      seen.map(([name]) => name),
      presence,
    )
  }

  read(names: readonly string[]): readonly (CircuitReport | undefined)[] {
    return this.#reports.read(names)
  }

  dispose(): void {
    this.#stop()
  }

  #sinceOf(breaker: CircuitBreaker): Unreported {
    let counted = this.#counted.get(breaker)
    if (counted === undefined) this.#counted.set(breaker, (counted = new Unreported()))
    counted.add(gateOf(breaker))
    return counted
  }
}

// A function of its own: the timer must not hold the sampler.
function tick(sampler: WeakRef<Sampler>): () => void {
  let cancel = systemClock.after(EVERY, again)
  function again(): void {
    const there = sampler.deref()
    if (there === undefined) return
    there.sample()
    cancel = systemClock.after(EVERY, again)
  }
  return () => cancel()
}
