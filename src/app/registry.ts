// An application's breakers by name. Same name, same instance; other options for the same name are an error. There is
// room for so many: where one more comes, one that is closed, idle and not lately asked for is let go of. An open,
// half-open, forced or busy one never is, even if that means more than there is room for.

import { CircuitBreaker, gateOf } from '../breaker.ts'
import { checkCount } from '../core/check.ts'
import { describeValue } from '../core/describe.ts'
import { type CircuitOptions, sameOption } from './circuit-options.ts'

interface Entry {
  readonly breaker: CircuitBreaker
  readonly options: CircuitOptions
  /** Asked for since the last time somebody had to go. */
  asked: boolean
}

export class Registry {
  readonly breakers: Map<string, CircuitBreaker> = new Map()
  readonly #entries = new Map<string, Entry>()
  readonly #most: number
  readonly #make: (name: string, options: CircuitOptions | undefined) => CircuitBreaker

  constructor(most: number, make: (name: string, options: CircuitOptions | undefined) => CircuitBreaker) {
    this.#most = checkCount('maxBreakers', most)
    this.#make = make
  }

  /** @throws TypeError where the name is taken by a breaker with other options. */
  get(name: string, options: CircuitOptions | undefined): CircuitBreaker {
    const entry = this.#entries.get(name)
    if (entry === undefined) return this.#add(name, options)
    entry.asked = true
    if (options !== undefined && options !== entry.options) insistOnSame(name, entry.options, options)
    return entry.breaker
  }

  #add(name: string, options: CircuitOptions = {}): CircuitBreaker {
    if (this.#entries.size >= this.#most) this.#makeRoom()
    const breaker = this.#make(name, options)
    this.#entries.set(name, { breaker, options, asked: false })
    this.breakers.set(name, breaker)
    return breaker
  }

  /** Second chance: who was asked for since the last round stays for one more. */
  #makeRoom(): void {
    for (const round of [1, 2]) {
      for (const [name, entry] of this.#entries) {
        if (round === 1 && entry.asked) entry.asked = false
        else if (isIdle(entry.breaker)) return this.#drop(name, entry)
      }
    }
  }

  #drop(name: string, { breaker }: Entry): void {
    this.#entries.delete(name)
    this.breakers.delete(name)
    void breaker.dispose()
  }
}

/** Closed, not held, with no failure noted and no call under way: nothing is lost with it. */
function isIdle(breaker: CircuitBreaker): boolean {
  const { calls, successes, failures, ignored, late } = breaker.stats
  const inFlight = calls - successes - failures - ignored - late
  return inFlight === 0 && breaker.state === 'closed' && gateOf(breaker).look().forced === undefined
}

function insistOnSame(name: string, before: CircuitOptions, after: CircuitOptions): void {
  for (const option of new Set([...Object.keys(before), ...Object.keys(after)]) as Set<keyof CircuitOptions>) {
    if (sameOption(before[option], after[option])) continue
    const [was, is] = [describeValue(before[option]), describeValue(after[option])]
    throw new TypeError(`Breaker "${name}" exists with \`${option}\` ${was}; it was asked for with ${is}`)
  }
}
