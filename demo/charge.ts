/**
 * How a shop asks payments for money: through a circuit breaker, or as most code does it. This is the file to copy from.
 * Both wait a second at most; only one of them learns from waiting. A storage is all it takes to learn from others too.
 */
import { backoff, CircuitBreaker, type CircuitStorage } from 'infuse-breaker'
import { callTimeout } from './script.ts'

export interface Answer {
  readonly status: number
  readonly receipt: unknown
}
export type Charge = () => Promise<Answer>

export const failMax = 5

export function newBreaker(storage: CircuitStorage): CircuitBreaker {
  return new CircuitBreaker({
    name: 'payments',
    // Every shop on this storage has the same circuit of that name.
    storage,
    failMax,
    timeout: callTimeout,
    resetTimeout: backoff({ initial: 500, max: 2_000 }),
    // fetch resolves for a 503 too: here it is said that it is a failure. The shop still gets the answer itself.
    classify: (outcome) => (outcome.ok && (outcome.value as Answer).status < 500 ? 'success' : 'failure'),
    // The call that opens the circuit gets its own error: only calls that were turned away get a CircuitBreakerError.
    throwNewErrorOnTrip: false,
  })
}

export function guardedCharge(url: string, breaker: CircuitBreaker): Charge {
  return () => breaker.run(({ signal }) => post(url, { 'x-side': 'guarded', 'x-circuit': breaker.state }, signal))
}

export function bareCharge(url: string, side: string): Charge {
  return () => post(url, { 'x-side': side }, AbortSignal.timeout(callTimeout))
}

async function post(url: string, headers: Record<string, string>, signal: AbortSignal): Promise<Answer> {
  const response = await fetch(`${url}/charge`, { method: 'POST', headers, signal })
  return { status: response.status, receipt: await response.json() }
}
