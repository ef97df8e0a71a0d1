// The gate behind a breaker, for parts of this package that let calls in and judge them without a function to run.

import type { CircuitBreaker } from '../breaker.ts'
import { bad } from '../core/check.ts'
import type { Gate } from './gate.ts'

let read: ((breaker: CircuitBreaker) => Gate) | undefined

/** Only the class itself can look behind its own breakers. */
export function learnGates(how: (breaker: CircuitBreaker) => Gate): void {
  read = how
}

/** @throws TypeError for what is no breaker of this copy of the package. */
export function gateOf(breaker: CircuitBreaker): Gate {
  try {
    if (read !== undefined) return read(breaker)
  } catch {
    // It has no gate of ours: told below.
  }
  throw bad('breaker', 'a CircuitBreaker of this copy of infuse-breaker', breaker, 'CircuitBreaker')
}
