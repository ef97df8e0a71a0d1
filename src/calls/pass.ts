// The ticket of every call of a plain closed period, made once: such a call needs no object of its own, and its
// promise no reaction of its own.

import type { Admitted, Gate } from './gate.ts'
import { Rejection } from './rejection.ts'

export interface Pass extends Admitted {
  /** A value came back; passes it on. */
  readonly succeed: <T>(value: T) => T
  /** An error came back: what a promise's reaction returns to reject. */
  readonly reject: (error: unknown) => PromiseLike<never>
}

export function makePass(gate: Gate): Pass {
  const { circuit, stats, fleet, listeners } = gate
  const { clock } = gate.settings
  const { snapshot } = circuit
  const timed = circuit.isTimed || fleet !== undefined
  const pass: Pass = {
    snapshot,
    lease: undefined,
    period: fleet?.period ?? 0,
    place: undefined,
    succeed: (value) => {
      if (circuit.snapshot === snapshot) {
        stats.successes++
        const now = timed ? clock.now() : 0
        circuit.succeed(now)
        fleet?.succeed(now)
        if (listeners.hear.success) listeners.tell('success', gate.breaker)
      } else gate.settle(pass, 'success', undefined, 0)
      return value
    },
    reject: (error) => new Rejection(gate.failed(pass, error)),
  }
  return pass
}
