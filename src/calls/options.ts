// What a CircuitBreaker takes: the rules and settings of core, and where its circuit lives.

import type { Options } from '../core/options.ts'
import type { CircuitStorage } from '../fleet/storage.ts'

/** Options of a {@link CircuitBreaker}; all may be left out. Durations are ms, finite or `Infinity`. */
export interface CircuitBreakerOptions extends Options {
  /** Where the record lives; breakers on one storage and name share a circuit. @default this process, this breaker alone */
  storage?: CircuitStorage | undefined
}
