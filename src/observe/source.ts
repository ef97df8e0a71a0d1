// What metrics can be read of: an application's breakers, one, or several. A list is read anew at each reading, so that
// what joins it later is there. A single breaker is not kept alive: who can still call it holds it.

import { CircuitBreaker } from '../breaker.ts'
import { bad } from '../core/check.ts'

/** Whatever keeps breakers by name: an `Infuse`. */
export interface BreakerOwner {
  /** The breakers there are now. */
  readonly breakers: ReadonlyMap<string, CircuitBreaker>
}

/** Whose numbers are exported: those of an `Infuse`, of a breaker, or of several. */
export type MetricsSource = BreakerOwner | CircuitBreaker | Iterable<CircuitBreaker>

/** The breakers of a source at the time of asking. */
export type Listing = () => Iterable<CircuitBreaker>

/** @throws TypeError for what is neither an Infuse nor a breaker nor a list of breakers. */
export function listing(source: MetricsSource): Listing {
  if (source instanceof CircuitBreaker) return single(new WeakRef(source))
  if (isOwner(source)) return () => source.breakers.values()
  if (!isIterable(source)) throw refuse(source)
  const first = [...source]
  for (const one of first) if (!(one instanceof CircuitBreaker)) throw refuse(one)
  // An iterator, such as `values()` of a map, can be read only once.
  const again: unknown = source[Symbol.iterator]()
  return again === source ? () => first : () => [...source].filter((one) => one instanceof CircuitBreaker)
}

// A function of its own: closures that are made in one function hold what any of them holds.
function single(breaker: WeakRef<CircuitBreaker>): Listing {
  return () => [breaker.deref()].filter((one) => one !== undefined)
}

function isOwner(source: object): source is BreakerOwner {
  if (typeof source !== 'object' || source === null || !('breakers' in source)) return false
  return typeof (source.breakers as BreakerOwner['breakers'] | undefined)?.values === 'function'
}

function isIterable(source: object): source is Iterable<CircuitBreaker> {
  return typeof source === 'object' && source !== null && Symbol.iterator in source
}

function refuse(source: unknown): Error {
  return bad('source', 'an Infuse, a CircuitBreaker or several', source, 'source')
}
