/** What a shop tells the terminal about its circuit, and payments about its calls, for the demo's figures. */
import { subscribe } from 'node:diagnostics_channel'
import type { CircuitBreaker } from 'infuse-breaker'
import { tell } from './child.ts'
import type { BreakerReport, News } from './messages.ts'
import { forget, type Meeting } from './sharing.ts'

/** Tells the terminal of every change, as it comes. */
export function tellOf(breaker: CircuitBreaker, at: Meeting): void {
  // Only where the terminal ended first: shops that it ends do not get to hear of it.
  process.once('exit', () => forget(at))
  breaker.on('stateChange', (_breaker, from, to, { origin, reason }) => {
    const { failCounter } = breaker
    tell({ kind: 'transition', from, to, origin, reason, failCounter, stamp: stamp() } satisfies News)
  })
  breaker.on('storageDown', () => tell({ kind: 'alone' } satisfies News))
}

/** Writes on every request, as tracing would, what the circuit was when it went out: payments counts trials by that. */
export function nameTrials(breaker: CircuitBreaker): void {
  subscribe('undici:request:create', (message) => {
    const { request } = message as { request: { addHeader(name: string, value: string): void } }
    request.addHeader('x-circuit', breaker.state)
  })
}

export function report(breaker: CircuitBreaker): BreakerReport {
  const { text, nextTrialAt } = breaker.explain()
  return { state: breaker.state, text, stats: breaker.stats, nextTrialAt: nextTrialAt?.getTime() }
}

/** ms of a clock that all processes of a machine have in common. */
function stamp(): number {
  return Number(process.hrtime.bigint()) / 1e6
}
