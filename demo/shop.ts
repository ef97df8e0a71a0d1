/**
 * A shop: every order is charged at payments. `shop.js <payments url> <side> [<meeting>]` listens on a port of its own;
 * with a meeting it is guarded, and shares its circuit with the other shops that were given the same.
 * 200 sold; 503 with Retry-After when the breaker turned the charge away; 502 or 504 when payments let the shop down.
 */
import { createServer, type ServerResponse } from 'node:http'
import { type CircuitBreaker, findCircuitBreakerError } from 'infuse-breaker'
import { bareCharge, type Charge, guardedCharge, newBreaker } from './charge.ts'
import { serve, tell } from './child.ts'
import type { BreakerReport, News } from './messages.ts'
import { forget, type Meeting, openStorage } from './sharing.ts'

const [paymentsUrl = '', side = '', meeting] = process.argv.slice(2)
const breaker = meeting === undefined ? undefined : await guard(JSON.parse(meeting) as Meeting)
const charge: Charge = breaker ? guardedCharge(paymentsUrl, breaker) : bareCharge(paymentsUrl, side)

const server = createServer((_request, response) => void sell(response))
serve(server, () => breaker && report(breaker))

async function guard(at: Meeting): Promise<CircuitBreaker> {
  // Only where the terminal ended first: shops that it ends do not get to hear of it.
  process.once('exit', () => forget(at))
  const it = newBreaker(await openStorage(at))
  it.on('stateChange', (_breaker, from, to, { origin, reason }) => {
    const { failCounter } = it
    tell({ kind: 'transition', from, to, origin, reason, failCounter, stamp: stamp() } satisfies News)
  })
  it.on('storageDown', () => tell({ kind: 'alone' } satisfies News))
  return it
}

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

/** ms of a clock that all processes of a machine have in common. */
function stamp(): number {
  return Number(process.hrtime.bigint()) / 1e6
}
