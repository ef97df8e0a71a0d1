// The ticket of every call of a plain closed period, made once: such a call needs no object of its own, and its
// promise no reaction of its own.

import type { Admitted, Gate } from './gate.ts'
import { Rejection } from './rejection.ts'

export interface Pass extends Admitted {
  /** A value came back; passes it on. */
  readonly succeed: <T>(value: T) => T
  /** An error came back. Answers the error that the caller gets. */
  readonly fail: (error: unknown) => unknown
  /** The same as a promise's reaction. */
  readonly reject: (error: unknown) => PromiseLike<never>
}

const NO_ARGUMENTS: readonly unknown[] = Object.freeze([])

export function makePass(gate: Gate): Pass {
  const { circuit, stats, settings, listeners, breaker, fleet } = gate
  const { snapshot } = circuit
  const { clock } = settings
  const timed = circuit.isTimed || fleet !== undefined
  const fail = (error: unknown): unknown => gate.settle(pass, gate.judge.ofError(error, 0, NO_ARGUMENTS), error, 0)
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
        if (listeners.hear.success) listeners.tell('success', breaker)
      } else gate.settle(pass, 'success', undefined, 0)
      return value
    },
    fail,
    reject: (error) => new Rejection(fail(error)),
  }
  return pass
}
