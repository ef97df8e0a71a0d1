// An application's breakers by name. Same name, same instance; other options for the same name are an error. There is
// room for so many: where one more comes, one that is closed and idle is let go of, rather one that nobody asked for
// lately and that has no failures noted. An open, half-open, forced or busy one never is, even if that means more than
// there is room for.

import type { CircuitBreaker } from '../breaker.ts'
import { gateOf } from '../calls/gates.ts'
import { checkCount } from '../core/check.ts'
import { describeValue } from '../core/describe.ts'
import { type CircuitOptions, sameOption } from './circuit-options.ts'

interface Entry {
  readonly breaker: CircuitBreaker
  readonly options: CircuitOptions
  /** Asked for since the last time somebody had to go. */
  asked: boolean
}

/** How the breakers of a registry come about. */
export interface Making {
  /** All options of the circuit, with those that were given where it was asked for. @throws for what is none */
  optionsOf(name: string, own: CircuitOptions | undefined): CircuitOptions
  make(name: string, options: CircuitOptions): CircuitBreaker
}

export class Registry {
  readonly breakers: Map<string, CircuitBreaker> = new Map()
  readonly #entries = new Map<string, Entry>()
  readonly #most: number
  readonly #making: Making

  constructor(most: number, making: Making) {
    this.#most = checkCount('maxBreakers', most)
    this.#making = making
  }

  /** @throws TypeError where the name is taken by a breaker with other options. */
  get(name: string, own: CircuitOptions | undefined): CircuitBreaker {
    const entry = this.#entries.get(name)
    if (entry === undefined) return this.#add(name, own)
    entry.asked = true
    if (own !== undefined) insistOnSame(name, own, entry.options, this.#making.optionsOf(name, own))
    return entry.breaker
  }

  #add(name: string, own: CircuitOptions | undefined): CircuitBreaker {
    const options = this.#making.optionsOf(name, own)
    const breaker = this.#making.make(name, options)
    // Not before there is one to take the place.
    while (this.#entries.size >= this.#most && this.#makeRoom());
    this.#entries.set(name, { breaker, options, asked: false })
    this.breakers.set(name, breaker)
    return breaker
  }

  /** Whether one could go. */
  #makeRoom(): boolean {
    let chosen: string | undefined
    let least = Number.POSITIVE_INFINITY
    for (const [name, entry] of this.#entries) {
      const missed = worth(entry)
      if (missed < least) [chosen, least] = [name, missed]
      if (least === 0) break
      // Who was asked for since the last time has to be asked for again until the next.
      entry.asked = false
    }
    if (chosen !== undefined) this.#drop(chosen)
    return chosen !== undefined
  }

  #drop(name: string): void {
    const entry = this.#entries.get(name)
    this.#entries.delete(name)
    this.breakers.delete(name)
    void entry?.breaker.dispose()
  }
}

/** What would be lost with a breaker; `Infinity` where it must stay. */
function worth({ breaker, asked }: Entry): number {
  const gate = gateOf(breaker)
  const { calls, successes, failures, ignored, late } = gate.stats
  const { state, forced } = gate.look()
  const busy = calls - successes - failures - ignored - late > 0
  if (busy || state !== 'closed' || forced !== undefined) return Number.POSITIVE_INFINITY
  return (breaker.failCounter > 0 ? 2 : 0) + (asked ? 1 : 0)
}

/** Only what was given is compared: who leaves an option out takes it as it is. */
function insistOnSame(name: string, own: CircuitOptions, before: CircuitOptions, after: CircuitOptions): void {
  for (const option of Object.keys(own) as (keyof CircuitOptions)[]) {
    if (own[option] === undefined || sameOption(before[option], after[option])) continue
    const was = before[option] === undefined ? 'its default' : describeValue(before[option])
    throw new TypeError(
      `Breaker "${name}" exists with ${was} as \`${option}\`; it was asked for with ${describeValue(own[option])}`,
    )
  }
}
