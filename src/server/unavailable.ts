// What a service answers where one of its own circuits would not let a call pass. It tells the name that the
// application gave a service, and of whatever has none only that it is not available: an outward answer names no host.

import { type CircuitBreakerError, findCircuitBreakerError } from '../core/errors.ts'
import { DEPENDENCY_HEADER, DEPENDENCY_UNAVAILABLE } from '../outbound/blame.ts'
import { formatRetryAfter } from '../outbound/retry-after.ts'

/** Infuse's code for it. */
const ERROR_CODE = 998_603

/** The body of the answer. */
export interface UnavailableBody {
  readonly statusCode: 503
  readonly error_code: 998_603
  readonly message: string
}

/** The answer to an error that a circuit is behind. */
export interface Unavailable {
  readonly status: 503
  readonly headers: Readonly<Record<string, string>>
  readonly body: UnavailableBody
  /** `body`, as it is sent: no framework's schema or serialiser has a say in it. */
  readonly text: string
}

export interface UnavailableOptions {
  readonly env: string | undefined
  /** Whether a circuit's name was chosen by the application for a service. */
  readonly isService: (name: string) => boolean
  readonly dependencyHeader: boolean
}

/** The answer, or `undefined` for an error that is somebody else's. */
export function unavailable(error: unknown, options: UnavailableOptions): Unavailable | undefined {
  const rejection = rejectionOf(error)
  if (rejection === undefined) return undefined
  const retryAfter = formatRetryAfter(rejection.retryAfter)
  const body = { statusCode: 503, error_code: ERROR_CODE, message: messageOf(rejection.breaker, options) } as const
  return {
    status: 503,
    headers: {
      'content-type': 'application/json; charset=utf-8',
      ...(retryAfter !== undefined && { 'retry-after': retryAfter }),
      ...(options.dependencyHeader && { [DEPENDENCY_HEADER]: DEPENDENCY_UNAVAILABLE }),
    },
    body,
    text: JSON.stringify(body),
  }
}

/** The rejection that an error is, or has behind it without being more than that. */
export function rejectionOf(error: unknown): CircuitBreakerError | undefined {
  const rejection = findCircuitBreakerError(error)
  return rejection !== error && hasOwnStatus(error) ? undefined : rejection
}

/** An error of the application that has a rejection as its cause and a status of its own was meant to be answered so. */
function hasOwnStatus(error: unknown): boolean {
  if (typeof error !== 'object' || error === null) return false
  const { status, statusCode } = error as { status?: unknown; statusCode?: unknown }
  return typeof status === 'number' || typeof statusCode === 'number'
}

function messageOf(name: string, { env, isService }: UnavailableOptions): string {
  const isTold = !name.includes('://') && (isService(name) || !looksLikeAddress(name))
  if (!isTold) return 'A dependency is currently unavailable.'
  return `${env === undefined ? '' : `${env}:`}${name} is currently unavailable.`
}

/** A name that nobody configured may come from a guard's `key`, and be a host. */
function looksLikeAddress(name: string): boolean {
  return /[.:[]/.test(name)
}
