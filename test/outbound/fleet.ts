// Two processes of a fleet on one open circuit, whose trial is due: who wants it has to ask the storage, which takes a
// moment.

import { CircuitBreaker } from '../../src/index.ts'
import { SimulatedStorage } from '../../src/testing/index.ts'
import { until } from './circuits.ts'

export interface Fleet extends AsyncDisposable {
  readonly breaker: CircuitBreaker
  readonly other: CircuitBreaker
}

export async function fleetWhoseTrialIsDue(): Promise<Fleet> {
  const storage = new SimulatedStorage({ latency: 3, timeout: 5_000 })
  const options = { name: 'payments', failMax: 1, resetTimeout: 1 }
  const breaker = new CircuitBreaker({ ...options, storage })
  const other = new CircuitBreaker({ ...options, storage: storage.connect() })
  await Promise.all([breaker.ready(), other.ready()])
  await breaker.open()
  await until(() => [breaker, other].every(isDue))
  return {
    breaker,
    other,
    [Symbol.asyncDispose]: async () => {
      await Promise.all([breaker.dispose(), other.dispose()])
    },
  }
}

function isDue(breaker: CircuitBreaker): boolean {
  const { nextTrialAt } = breaker.explain()
  return breaker.state === 'open' && nextTrialAt !== undefined && nextTrialAt.getTime() + 5 < Date.now()
}
