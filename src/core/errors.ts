// The library's two errors. A brand in the global symbol registry stands in for `instanceof`, since two copies of
// a package often live in one process.

import type { CircuitState } from './snapshot.ts'

/** Why a call was rejected, or why its own failure came back as a `CircuitBreakerError`. */
export type RejectionReason = 'open' | 'trial-in-flight' | 'tripped' | 'trial-failed' | 'forced' | 'ramp-up'

/** All that a rejection tells; see {@link CircuitBreakerError}. */
export interface Rejection {
  readonly breaker: string
  readonly state: CircuitState
  readonly reason: RejectionReason
  readonly retryAfter: number
  readonly openedAt: Date | undefined
  readonly cause: unknown
}

// The first three are PyBreaker's, word for word, so that alerts written for it go on matching.
const MESSAGES: Readonly<Record<RejectionReason, string>> = {
  open: 'Timeout not elapsed yet, circuit breaker still open',
  tripped: 'Failures threshold reached, circuit breaker opened',
  'trial-failed': 'Trial call failed, circuit breaker opened',
  'trial-in-flight': 'Trial call in flight, circuit breaker half-open',
  forced: 'Circuit breaker forced open',
  'ramp-up': 'Circuit breaker closed lately, traffic still ramping up',
}

const BRAND = Symbol.for('infuse-breaker.CircuitBreakerError')
const DEEPEST_CAUSE = 16

// The class's own static block fills this in: its constructor is private, so that users cannot forge a rejection.
let construct: (rejection: Rejection) => CircuitBreakerError

/**
 * A call was not made because its circuit does not let it pass, or it was made, failed, and thereby opened the
 * circuit (reasons `tripped` and `trial-failed`). The library makes these; `new` is not for users.
 */
export class CircuitBreakerError extends Error {
  /** Stable, for `switch` and logs. */
  readonly code: 'ERR_CIRCUIT_OPEN'
  /** What an HTTP server should answer; Fastify, Koa and others read it from here. */
  readonly statusCode: 503
  /** The circuit's name. */
  readonly breaker: string
  /** The circuit's state at the time. */
  readonly state: CircuitState
  readonly reason: RejectionReason
  /** ms until it is worth trying again; `Infinity` where only a person can end it. */
  readonly retryAfter: number
  /** When the circuit opened. */
  readonly openedAt: Date | undefined
  /** The failure behind it: the call's own, or the last one that the circuit saw. */
  declare readonly cause: unknown

  private constructor(rejection: Rejection) {
    super(MESSAGES[rejection.reason], { cause: rejection.cause })
    this.code = 'ERR_CIRCUIT_OPEN'
    this.statusCode = 503
    this.breaker = rejection.breaker
    this.state = rejection.state
    this.reason = rejection.reason
    this.retryAfter = rejection.retryAfter
    this.openedAt = rejection.openedAt
  }

  static {
    this.prototype.name = 'CircuitBreakerError'
    Object.defineProperty(this.prototype, BRAND, { value: true })
    construct = (rejection) => new CircuitBreakerError(rejection)
  }

  /** For logs as JSON: `retryAfter` without end is `null`, the cause stays out. */
  toJSON(): Record<string, unknown> {
    const { name, message, code, statusCode, breaker, state, reason, retryAfter, openedAt } = this
    const wait = Number.isFinite(retryAfter) ? retryAfter : null
    return { name, message, code, statusCode, breaker, state, reason, retryAfter: wait, openedAt }
  }
}

/**
 * Makes a rejection. A stack costs three times what the rest does, and every rejection's stack is alike, so it is
 * left out unless asked for.
 */
export function circuitBreakerError(rejection: Rejection, stackTrace: boolean): CircuitBreakerError {
  if (stackTrace) return construct(rejection)
  const limit = Error.stackTraceLimit
  // Where the limit cannot be written (frozen intrinsics), the stack is captured after all.
  Reflect.set(Error, 'stackTraceLimit', 0)
  const error = construct(rejection)
  Reflect.set(Error, 'stackTraceLimit', limit)
  return error
}

/**
 * Finds a `CircuitBreakerError` in an error or its causes, whichever copy of the package made it.
 * @returns the error, or `undefined` where there is none.
 */
export function findCircuitBreakerError(error: unknown): CircuitBreakerError | undefined {
  let current = error
  for (let depth = 0; depth < DEEPEST_CAUSE && typeof current === 'object' && current !== null; depth++) {
    if ((current as { [BRAND]?: unknown })[BRAND] === true) return current as CircuitBreakerError
    current = (current as { cause?: unknown }).cause
  }
  return undefined
}

/** Whether an error, or one of its causes, is a `CircuitBreakerError` of any copy of the package. */
export function isCircuitBreakerError(error: unknown): boolean {
  return findCircuitBreakerError(error) !== undefined
}

/** What listeners, `exclude` and `classify` see for an HTTP status that counts as failure; the caller never gets it. */
export class HttpStatusError extends Error {
  /** The HTTP status, e.g. 503. */
  readonly status: number
  /** ms that the dependency asked its callers to wait, where it did. */
  readonly retryAfter: number | undefined

  constructor(status: number, retryAfter?: number) {
    super(`HTTP status ${status}`)
    this.status = status
    this.retryAfter = retryAfter
  }

  static {
    this.prototype.name = 'HttpStatusError'
  }
}
