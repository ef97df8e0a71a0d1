// A function as clouds run them: a process may serve one call or thousands, and may be frozen for an hour in between. The
// circuit's memory is kept where the function keeps its state, and read back on a cold start.
import { CircuitBreaker, isCircuitBreakerError } from 'infuse-breaker'

/**
 * @typedef {{ load(): Promise<string | undefined>, save(memo: string): Promise<void> }} Store
 * @typedef {{ statusCode: number, headers?: Record<string, string>, body: string }} Answer
 */

/**
 * Made once per process. `store` is a table, a bucket, a cache: anything that holds a short text.
 * @param {{ store: Store, url: string }} needs
 * @returns {() => Promise<Answer>}
 */
export function newHandler({ store, url }) {
  const rates = new CircuitBreaker({ name: 'rates', failMax: 3, resetTimeout: 1_000, throwNewErrorOnTrip: false })
  const restored = store.load().then((memo) => memo !== undefined && rates.restore(memo))

  return async () => {
    await restored
    const before = rates.state
    try {
      const body = await rates.run(({ signal }) => read(url, signal), { timeout: 500 })
      return { statusCode: 200, body }
    } catch (error) {
      if (!isCircuitBreakerError(error)) return { statusCode: 502, body: 'no rates' }
      return { statusCode: 503, headers: { 'retry-after': '1' }, body: 'no rates for now' }
    } finally {
      // A closed circuit without failures is as good as none: most calls write nothing.
      if (rates.state !== before || rates.failCounter > 0) await store.save(rates.snapshot())
    }
  }
}

/** @param {string} url @param {AbortSignal} signal */
async function read(url, signal) {
  const response = await fetch(url, { signal })
  if (!response.ok) throw new Error(`HTTP ${response.status}`)
  return response.text()
}
