// What an application's circuits are, for a health endpoint. An open circuit is a detail: the process itself is well,
// and to end it would help nobody. Readiness looks at the circuits that are named, and at no other.

import type { CircuitBreaker } from '../breaker.ts'
import { gateOf } from '../calls/gates.ts'
import { checkArray, checkKnown, checkObject } from '../core/check.ts'
import type { CircuitState } from '../core/snapshot.ts'

/** What a report of health may look at. */
export interface HealthOptions {
  /** Circuits without which this application is not ready. @default none */
  required?: readonly string[] | undefined
}

/** One circuit, as it is now; JSON. */
export interface CircuitHealth {
  readonly state: CircuitState
  /** Whether this process decided alone, or the fleet did. */
  readonly scope: 'local' | 'fleet'
  /** What brought it here, in words. */
  readonly reason: string
  /** Held in its state by a person. */
  readonly forced: boolean
  /** ms until the next call may try; 0 where it may now, `null` where only a person can decide. */
  readonly retryAfter: number | null
}

/** An application's circuits; JSON. */
export interface Health {
  /** `false` while a required circuit turns every call away. Nothing to end a process for. */
  readonly ready: boolean
  /** By name, in alphabetical order. The names tell which hosts are called: for operators, not for the outside. */
  readonly circuits: Readonly<Record<string, CircuitHealth>>
}

/**
 * Describes circuits, and says whether those that are required let calls pass. One whose open time is over does: were
 * this process sent no request before its trial, the trial would never come.
 */
export function describeHealth(
  breakers: ReadonlyMap<string, CircuitBreaker>,
  find: (name: string) => CircuitBreaker,
  options: HealthOptions = {},
): Health {
  checkKnown('health', checkObject('options', options), ['required'])
  const required = checkArray('required', options.required ?? []).map((name) => circuitHealth(find(name)))
  const circuits = [...breakers].map(([name, breaker]) => [name, circuitHealth(breaker)] as const)
  return {
    ready: required.every(({ state, retryAfter }) => state !== 'open' || retryAfter === 0),
    circuits: Object.fromEntries(circuits.toSorted(([one], [other]) => (one < other ? -1 : 1))),
  }
}

function circuitHealth(breaker: CircuitBreaker): CircuitHealth {
  const { state, scope, reason, forced, nextTrialAt } = breaker.explain()
  const wait = nextTrialAt === undefined ? undefined : nextTrialAt.getTime() - gateOf(breaker).settings.clock.wallNow()
  const left = state === 'open' ? (wait ?? null) : (wait ?? 0)
  return { state, scope, reason, forced: forced !== undefined, retryAfter: left === null ? null : Math.max(0, left) }
}
