// A breaker on a clock the test moves by hand, what its listeners heard, and the few gestures every test makes.

import { CircuitBreaker } from '../../src/index.ts'
import type { CircuitBreakerOptions } from '../../src/index.ts'
import { ManualClock } from '../../src/testing/index.ts'
import { deferred, endedSync, flush, watch } from './async.ts'
import type { Settled } from './async.ts'

export const down = new Error('the dependency is down')

/** Resolves at once. */
export const fine = async (): Promise<string> => 'fine'
/** Rejects at once with `down`. */
export const broken = async (): Promise<string> => {
  throw down
}

export interface Setup {
  readonly clock: ManualClock
  readonly breaker: CircuitBreaker
  /** `success`, `failure`, `ignored`, `rejected <reason>`, `closed->open`, in the order heard. */
  readonly events: string[]
}

export function setup(options: CircuitBreakerOptions = {}, clock: ManualClock = new ManualClock()): Setup {
  const breaker = new CircuitBreaker({ clock, ...options })
  return { clock, breaker, events: record(breaker) }
}

/** Everything the breaker's listeners hear from now on but `beforeCall`, one word each. */
export function record(breaker: CircuitBreaker): string[] {
  const events: string[] = []
  breaker.addListener({
    success: () => void events.push('success'),
    failure: () => void events.push('failure'),
    ignored: () => void events.push('ignored'),
    rejected: (_, error) => void events.push(`rejected ${error.reason}`),
    stateChange: (_, from, to) => void events.push(`${from}->${to}`),
  })
  return events
}

export const changes = (events: readonly string[]): string[] => events.filter((event) => event.includes('->'))

/** `times` failing calls, one after the other. What they threw is dropped. */
export function fail(breaker: CircuitBreaker, times = 1, error: unknown = down): void {
  for (let call = 0; call < times; call++) {
    endedSync(() =>
      breaker.callSync(() => {
        throw error
      }),
    )
  }
}

export function succeed(breaker: CircuitBreaker, times = 1): void {
  for (let call = 0; call < times; call++) breaker.callSync(() => 'fine')
}

/** Failing calls until the circuit is open. */
export function trip(breaker: CircuitBreaker): void {
  for (let call = 0; breaker.state !== 'open'; call++) {
    if (call === 1_000) throw new Error('1000 failures did not open the circuit')
    fail(breaker)
  }
}

export interface InFlight {
  /** false: the breaker rejected the call, the function never ran */
  readonly ran: boolean
  readonly done: Promise<Settled<string>>
  succeed(value?: string): Promise<Settled<string>>
  fail(error?: unknown): Promise<Settled<string>>
}

/** A call that stays in flight until the test ends it. Resolves once the breaker has let the function run, or not. */
export async function begin(breaker: CircuitBreaker): Promise<InFlight> {
  const work = deferred<string>()
  let ran = false
  const { done } = watch(
    breaker.call(() => {
      ran = true
      return work.promise
    }),
  )
  await flush()
  return {
    ran,
    done,
    succeed(value = 'fine') {
      work.resolve(value)
      return done
    },
    fail(error = down) {
      work.reject(error)
      return done
    },
  }
}
