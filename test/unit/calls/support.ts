// What the tests of the call forms, of parity and of traps share: ways to fail, a breaker on a clock of its own, a listener
// that writes down what it hears. Nothing here judges.
import { setImmediate } from 'node:timers/promises'
import { CircuitBreaker, CircuitBreakerError, type CircuitBreakerOptions, type Listener } from '../../../src/index.ts'
import { ManualClock } from '../../../src/testing/index.ts'
import { endedSync, errorOf } from '../../support/async.ts'

export const boom = new Error('boom')
export const fail = (): Promise<never> => Promise.reject(boom)
export const failSync = (): never => {
  throw boom
}
export const pass = (): Promise<string> => Promise.resolve('ok')
export const hang = (): Promise<never> => new Promise<never>(() => {})

export interface Made {
  readonly breaker: CircuitBreaker
  readonly clock: ManualClock
}

/** A closed circuit on a clock of its own. */
export function make(options: Omit<CircuitBreakerOptions, 'clock'> = {}): Made {
  const clock = new ManualClock()
  return { breaker: new CircuitBreaker({ ...options, clock }), clock }
}

/** A circuit that a single failure opened just now, for 1000 ms. */
export async function makeOpen(options: Omit<CircuitBreakerOptions, 'clock'> = {}): Promise<Made> {
  const made = make({ failMax: 1, resetTimeout: 1000, ...options })
  await caught(made.breaker.call(fail))
  return made
}

/** A circuit whose next call is a trial. */
export async function makeDue(options: Omit<CircuitBreakerOptions, 'clock'> = {}): Promise<Made> {
  const made = await makeOpen(options)
  made.clock.advance(1000)
  return made
}

/** What the promise rejects with; a value is an error of the test. */
export const caught: (promise: PromiseLike<unknown>) => Promise<unknown> = errorOf

/** What the function throws; a value is an error of the test. */
export function thrown(fn: () => unknown): unknown {
  const settled = endedSync(fn)
  if (settled.ok) throw new Error(`Expected a throw, got the value ${String(settled.value)}`)
  return settled.error
}

/** The breaker's own error that the promise rejects with. */
export async function rejection(promise: PromiseLike<unknown>): Promise<CircuitBreakerError> {
  return own(await caught(promise))
}

/** The breaker's own error that the function throws. */
export function rejectionSync(fn: () => unknown): CircuitBreakerError {
  return own(thrown(fn))
}

function own(error: unknown): CircuitBreakerError {
  if (error instanceof CircuitBreakerError) return error
  throw new Error(`Expected a CircuitBreakerError, got ${String(error)}`, { cause: error })
}

/** Fails so many calls one after the other. */
export async function failTimes(breaker: CircuitBreaker, times: number): Promise<void> {
  for (let i = 0; i < times; i++) await caught(breaker.call(fail))
}

/** All microtasks and ticks that are due have run. */
export async function flush(): Promise<void> {
  await setImmediate()
}

/** A listener that writes down what it hears. */
export function recorder(): { readonly heard: string[]; readonly listener: Listener } {
  const heard: string[] = []
  const listener: Listener = {
    beforeCall: () => void heard.push('beforeCall'),
    success: () => void heard.push('success'),
    failure: (_, error) => void heard.push(`failure ${text(error)}`),
    ignored: (_, error) => void heard.push(`ignored ${text(error)}`),
    rejected: (_, error) => void heard.push(`rejected ${error.reason}`),
    stateChange: (_, from, to) => void heard.push(`${from}->${to}`),
  }
  return { heard, listener }
}

function text(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
