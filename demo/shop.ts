/**
 * A shop: every order is charged at payments. `shop.js <payments url> <name> guarded|bare` listens on a port of its own.
 * 200 sold; 503 with Retry-After when the breaker turned the charge away; 502 or 504 when payments let the shop down.
 */
import { createServer, type ServerResponse } from 'node:http'
import { type CircuitBreaker, findCircuitBreakerError } from 'infuse-breaker'
import { bareCharge, guardedCharge, newBreaker } from './charge.ts'
import { serve, tell } from './child.ts'
import type { BreakerReport, Transition } from './messages.ts'

const [paymentsUrl = '', name = '', kind] = process.argv.slice(2)
const breaker = kind === 'guarded' ? newBreaker() : undefined
const charge = breaker ? guardedCharge(paymentsUrl, name, breaker) : bareCharge(paymentsUrl, name)

const server = createServer((_request, response) => void sell(response))

breaker?.on('stateChange', (_breaker, from, to, change) => {
  tell({ from, to, reason: change.reason, failCounter: breaker.failCounter } satisfies Transition)
})

serve(server, () => breaker && report(breaker))

async function sell(response: ServerResponse): Promise<void> {
  try {
    const answer = await charge()
    if (answer.status === 200) reply(response, 200, { sold: true, receipt: answer.receipt })
    else reply(response, 502, { sold: false, why: `payments answered ${answer.status}` })
  } catch (error) {
    const rejection = findCircuitBreakerError(error)
    if (rejection) {
      response.setHeader('retry-after', Math.ceil(rejection.retryAfter / 1_000))
      reply(response, 503, { sold: false, why: rejection.message })
    } else {
      const timedOut = error instanceof Error && error.name === 'TimeoutError'
      reply(response, timedOut ? 504 : 502, { sold: false, why: String(error) })
    }
  }
}

function reply(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body))
}

function report(it: CircuitBreaker): BreakerReport {
  const { text, nextTrialAt } = it.explain()
  return { state: it.state, text, stats: it.stats, nextTrialAt: nextTrialAt?.getTime() }
}
