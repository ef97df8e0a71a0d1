/**
 * A shop: every order is charged at payments, with plain fetch. `shop.js <payments url> <side> [<meeting>]` listens on a
 * port of its own; with a meeting one line guards whatever it calls, and it shares its circuits with the other shops that
 * were given the same. This is the file to copy from.
 * 200 sold; 503 with Retry-After when the breaker turned the charge away; 502 or 504 when payments let the shop down.
 */
import Fastify, { type FastifyInstance } from 'fastify'
import { backoff, isCircuitBreakerError } from 'infuse-breaker'
import { infusePlugin } from 'infuse-breaker/fastify'
import { serve } from './child.ts'
import { callTimeout, failMax } from './script.ts'
import { type Meeting, openStorage } from './sharing.ts'
import { nameTrials, report, tellOf } from './witness.ts'

const [paymentsUrl = '', side = '', meeting] = process.argv.slice(2)
const app = Fastify({ keepAliveTimeout: 60_000 })

if (meeting !== undefined) await guard(JSON.parse(meeting) as Meeting)

app.post('/orders', async (_request, reply) => {
  try {
    const response = await charge()
    if (response.ok) return { sold: true, receipt: await response.json() }
    return await reply.code(502).send({ sold: false, why: `payments answered ${response.status}` })
  } catch (error) {
    // The plugin answers for what was turned away: 503, with Retry-After.
    if (isCircuitBreakerError(error)) throw error
    const timedOut = error instanceof Error && error.name === 'TimeoutError'
    return reply.code(timedOut ? 504 : 502).send({ sold: false, why: String(error) })
  }
})

function charge(): Promise<Response> {
  const signal = AbortSignal.timeout(callTimeout)
  return fetch(`${paymentsUrl}/charge`, { method: 'POST', headers: { 'x-side': side }, signal })
}

const breaker = app.hasDecorator('infuse') ? app.infuse.breaker('payments') : undefined
await serve(app, () => breaker && report(breaker))

/** The one line; the rest is where this demo's shops meet, and what its terminal wants to hear. */
async function guard(at: Meeting): Promise<FastifyInstance> {
  await app.register(infusePlugin, {
    service: 'shop',
    env: 'demo',
    services: { payments: paymentsUrl },
    circuits: { payments: { failMax, resetTimeout: backoff({ initial: 500, max: 2_000 }) } },
    storage: await openStorage(at),
  })
  const payments = app.infuse.breaker('payments')
  await payments.ready()
  tellOf(payments, at)
  nameTrials(payments)
  return app
}
