// The breakers of one test: made as a guard asks for them, on a clock that the test moves.

import { vi } from 'vitest'
import { CircuitBreaker } from '../../src/index.ts'
import type { CircuitBreakerOptions } from '../../src/index.ts'
import { ManualClock } from '../../src/testing/index.ts'

export type Judgement = 'success' | 'failure' | 'ignore'

/** Waits until `look` throws no more and answers neither false nor undefined. */
export function until<T>(look: () => T): Promise<NonNullable<T>> {
  return vi.waitFor(
    () => {
      const seen = look()
      if (seen === false || seen === undefined || seen === null) throw new Error(`Waited in vain for ${String(look)}`)
      return seen
    },
    { timeout: 8_000, interval: 5 },
  )
}

export class Circuits {
  readonly clock = new ManualClock()
  readonly made = new Map<string, CircuitBreaker>()
  readonly #options: CircuitBreakerOptions

  /** By default nothing opens. */
  constructor(options: CircuitBreakerOptions = {}) {
    this.#options = { failMax: 1_000, ...options }
  }

  /** What a guard takes. */
  readonly breaker = (key: string): CircuitBreaker => {
    let breaker = this.made.get(key)
    if (breaker === undefined) {
      breaker = new CircuitBreaker({ ...this.#options, name: key, clock: this.clock })
      this.made.set(key, breaker)
    }
    return breaker
  }

  /** The one breaker there is. */
  get only(): CircuitBreaker {
    const [breaker, ...others] = this.made.values()
    if (breaker === undefined || others.length > 0) throw new Error(`Expected one breaker, got ${this.made.size}`)
    return breaker
  }

  get calls(): number {
    return sum(this, ({ calls }) => calls)
  }

  /** Calls without a verdict. */
  get unsettled(): number {
    return sum(this, ({ calls, successes, failures, ignored, late }) => calls - successes - failures - ignored - late)
  }

  /** All verdicts so far, once every call has one. */
  async judged(): Promise<Judgement[]> {
    await until(() => this.unsettled === 0)
    return [
      ...times(
        'success',
        sum(this, ({ successes }) => successes),
      ),
      ...times(
        'failure',
        sum(this, ({ failures }) => failures),
      ),
      ...times(
        'ignore',
        sum(this, ({ ignored }) => ignored),
      ),
    ]
  }
}

function sum({ made }: Circuits, of: (stats: CircuitBreaker['stats']) => number): number {
  return [...made.values()].reduce((total, { stats }) => total + of(stats), 0)
}

function times(verdict: Judgement, count: number): Judgement[] {
  return Array.from({ length: count }, () => verdict)
}
