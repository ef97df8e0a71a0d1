// A worker that takes jobs from a table and calls a service for each. While the service's circuit is open it takes none:
// jobs wait in the table, in order, instead of failing one by one. A job is never lost: it is done in the transaction
// that took it.
import { findCircuitBreakerError } from 'infuse-breaker'
import { setTimeout as wait } from 'node:timers/promises'

/**
 * @param {{
 *   database: import('@electric-sql/pglite').PGlite,
 *   breaker: import('infuse-breaker').CircuitBreaker,
 *   send(job: { id: number, address: string }, signal: AbortSignal): Promise<void>,
 *   signal: AbortSignal,
 *   log(line: string): void,
 * }} needs
 */
export async function work({ database, breaker, send, signal, log }) {
  while (!signal.aborted) {
    const pause = await one()
    if (pause > 0) await wait(pause, undefined, { signal }).catch(() => {})
  }

  /** Takes a job and does it. Answers ms to wait before the next. */
  async function one() {
    try {
      return await database.transaction(async (tx) => {
        const { rows } = await tx.query(
          'SELECT id, address FROM jobs WHERE NOT done ORDER BY id LIMIT 1 FOR UPDATE SKIP LOCKED',
        )
        const [job] = /** @type {{ id: number, address: string }[]} */ (rows)
        if (job === undefined) return 20
        // Not ended by the worker's own end: what was sent must be marked as sent.
        await breaker.run((context) => send(job, context.signal), { timeout: 500 })
        await tx.query('UPDATE jobs SET done = true WHERE id = $1', [job.id])
        return 0
      })
    } catch (error) {
      const rejection = findCircuitBreakerError(error)
      if (rejection === undefined) return 10
      log(`paused for ${breaker.state === 'open' ? 'the open time' : 'a trial'}`)
      return Math.min(Math.max(rejection.retryAfter, 10), 1_000)
    }
  }
}
