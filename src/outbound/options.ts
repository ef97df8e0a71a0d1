// What every outbound guard takes, and how it finds the breaker of a request.

import type { CircuitBreaker } from '../breaker.ts'
import { bad, checkFunction, checkKnown, checkObject } from '../core/check.ts'
import type { Infuse } from '../infuse.ts'
import { fitName, normaliseOrigin } from './origin.ts'

/** Where guards get their breakers: an application's, or a function from key to breaker. */
export type Breakers = Infuse | ((key: string) => CircuitBreaker)

/** A request, as far as its key may depend on it. */
export interface GuardRequest {
  readonly method: string
  /**
   * `scheme://host[:port]` in one spelling: lower case, without credentials and default port. Empty where the client keeps
   * it to itself: undici's Pool and Client, up to version 7.
   */
  readonly origin: string
  /** With the query string. */
  readonly path: string
}

/** What an outbound guard can be told; all may be left out. */
export interface GuardOptions {
  /** The name of the circuit that a request belongs to. @default the service's name where its origin is known, else the origin */
  key?: ((request: GuardRequest) => string) | undefined
  /**
   * Whether an answer or an error counts as failure; `undefined` leaves it to the rule. `false` for an answer is a success, for an error no evidence.
   * @default refused, reset, DNS, TLS, timeouts and 500, 502, 503, 504 are failures
   */
  isFailure?: ((outcome: { readonly status?: number; readonly error?: unknown }) => boolean | undefined) | undefined
}

/** {@link GuardOptions}, resolved. */
export interface Guarding {
  readonly isFailure: GuardOptions['isFailure']
  /** The breaker of a request. `origin` as its client wrote it. @throws what `key` throws, and TypeError where there is no origin */
  breakerFor(method: string, origin: string | URL | undefined, path: string): CircuitBreaker
}

/** @throws TypeError for breakers or options that are none. */
export function resolveGuarding(
  breakers: Breakers,
  options: GuardOptions = {},
  known: readonly string[] = [],
): Guarding {
  checkKnown('an outbound guard', checkObject('options', options), ['key', 'isFailure', ...known])
  if (options.key !== undefined) checkFunction('key', options.key)
  if (options.isFailure !== undefined) checkFunction('isFailure', options.isFailure)
  const { breaker, key } = sourceOf(breakers)
  const chosen = options.key
  return {
    isFailure: options.isFailure,
    breakerFor: (method, origin, path) => {
      if (chosen !== undefined) {
        return breaker(fitName(chosen({ method, origin: origin === undefined ? '' : normaliseOrigin(origin), path })))
      }
      if (origin === undefined) throw new TypeError('A request without `origin` needs a guard with a `key`')
      return breaker(key(normaliseOrigin(origin)))
    },
  }
}

function sourceOf(breakers: Breakers): { breaker(key: string): CircuitBreaker; key(origin: string): string } {
  if (typeof breakers === 'function') return { breaker: breakers, key: fitName }
  if (typeof breakers !== 'object' || breakers === null || typeof breakers.breaker !== 'function') {
    throw bad('breakers', 'an Infuse or a function from key to CircuitBreaker', breakers, 'Infuse')
  }
  return { breaker: (key) => breakers.breaker(key), key: (origin) => breakers.key(origin) }
}
