// What the two errors carry, and how a CircuitBreakerError is found.
import { afterEach, describe, expect, it } from 'vitest'
import {
  circuitBreakerError,
  findCircuitBreakerError,
  HttpStatusError,
  isCircuitBreakerError,
  type Rejection,
  type RejectionReason,
} from '../../../src/core/errors.ts'
import { boom } from './support.ts'

const rejection: Rejection = {
  breaker: 'db',
  state: 'open',
  reason: 'open',
  retryAfter: 1_500,
  openedAt: new Date(9),
  cause: boom,
}
const brand = Symbol.for('infuse-breaker.CircuitBreakerError')

describe('a CircuitBreakerError', () => {
  it.each<[RejectionReason, string]>([
    ['open', 'Timeout not elapsed yet, circuit breaker still open'],
    ['tripped', 'Failures threshold reached, circuit breaker opened'],
    ['trial-failed', 'Trial call failed, circuit breaker opened'],
    ['trial-in-flight', 'Trial call in flight, circuit breaker half-open'],
    ['forced', 'Circuit breaker forced open'],
    ['ramp-up', 'Circuit breaker closed lately, traffic still ramping up'],
  ])('%s: %s', (reason, message) => {
    expect(circuitBreakerError({ ...rejection, reason }, false).message).toBe(message)
  })

  it('carries what the rejection says, a code and a status', () => {
    const error = circuitBreakerError(rejection, false)
    expect(error).toMatchObject({
      ...rejection,
      code: 'ERR_CIRCUIT_OPEN',
      statusCode: 503,
      name: 'CircuitBreakerError',
    })
    expect((error as unknown as Record<symbol, unknown>)[brand]).toBe(true)
  })

  it('as JSON says the same without the cause, and null for a wait without end', () => {
    const { cause: _, ...rest } = rejection
    const known = { ...rest, name: 'CircuitBreakerError', code: 'ERR_CIRCUIT_OPEN', statusCode: 503 }
    const message = 'Timeout not elapsed yet, circuit breaker still open'
    expect(circuitBreakerError(rejection, false).toJSON()).toEqual({ ...known, message })
    const forever = circuitBreakerError({ ...rejection, retryAfter: Number.POSITIVE_INFINITY }, false)
    expect(forever.toJSON()).toEqual({ ...known, message, retryAfter: null })
  })
})

describe('the stack of a CircuitBreakerError', () => {
  const limit = Error.stackTraceLimit
  afterEach(() => void (Error.stackTraceLimit = limit))

  it('is captured where it is asked for, and left out otherwise', () => {
    Error.stackTraceLimit = 7
    expect(circuitBreakerError(rejection, true).stack).toContain('\n    at ')
    expect(circuitBreakerError(rejection, false).stack).not.toContain('\n    at ')
    expect(Error.stackTraceLimit).toBe(7)
  })
})

describe('a search for a CircuitBreakerError', () => {
  const target = circuitBreakerError(rejection, false)
  const under = (depth: number, bottom: unknown): unknown =>
    depth === 0 ? bottom : new Error('above', { cause: under(depth - 1, bottom) })

  it('goes through sixteen errors', () => {
    expect(findCircuitBreakerError(target)).toBe(target)
    expect(findCircuitBreakerError(under(15, target))).toBe(target)
    expect(findCircuitBreakerError(under(16, target))).toBeUndefined()
    expect(isCircuitBreakerError(under(1, target))).toBe(true)
    expect(isCircuitBreakerError(boom)).toBe(false)
  })

  it('knows the error of another copy by its brand alone', () => {
    const other = { [brand]: true }
    expect(findCircuitBreakerError(other)).toBe(other)
    expect(findCircuitBreakerError({ [brand]: 'yes' })).toBeUndefined()
  })

  it.each([undefined, null, 'text', 5, { cause: null }, { cause: 'text' }])('%# finds nothing in %s', (value) => {
    expect(findCircuitBreakerError(value)).toBeUndefined()
  })
})

it('an HttpStatusError has the status and the wait that was asked for', () => {
  const error = new HttpStatusError(503, 2_000)
  expect([error.name, error.message, error.status, error.retryAfter]).toEqual([
    'HttpStatusError',
    'HTTP status 503',
    503,
    2_000,
  ])
  expect(new HttpStatusError(500).retryAfter).toBeUndefined()
})
