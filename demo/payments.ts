/**
 * The dependency: takes money when it is well, answers 503 when it is failing, says nothing at all when it hangs.
 * A process of its own. It counts what reaches it, so that the figures do not rest on what a breaker says of itself.
 */
import Fastify, { type FastifyReply, type FastifyRequest } from 'fastify'
import { setTimeout as wait } from 'node:timers/promises'
import { serve } from './child.ts'
import type { PaymentsQuestion, PaymentsReport, Seen } from './messages.ts'
import { failingDelay, type Health } from './script.ts'

let health: Health = 'healthy'
let seen: Record<string, Seen> = {}
const held = new Set<FastifyReply['raw']>()
const trialsOpen = new Map<string, number>()

const app = Fastify({ keepAliveTimeout: 60_000 })

app.addHook('onRequest', async (request, reply) => {
  const side = String(request.headers['x-side'])
  const tally = (seen[side] ??= { calls: 0, whileSick: 0, trials: 0, trialsAtOnce: 0 })
  tally.calls += 1
  if (health !== 'healthy') tally.whileSick += 1
  if (request.headers['x-circuit'] === 'half-open') countTrial(side, tally, reply)
})

app.post('/charge', async (_request: FastifyRequest, reply) => {
  if (health === 'hanging') return hold(reply)
  if (health === 'failing') {
    await wait(failingDelay)
    return reply.code(503).send({ error: 'overloaded' })
  }
  await wait(10 + Math.random() * 20)
  return { charged: true }
})

await serve(app, (question: PaymentsQuestion): PaymentsReport => {
  if (question.reset) seen = {}
  if (question.health) {
    health = question.health
    // What hangs is restarted, and its connections break.
    for (const response of held) response.destroy()
  }
  return seen
})

function hold(reply: FastifyReply): FastifyReply {
  held.add(reply.raw)
  reply.raw.once('close', () => held.delete(reply.raw))
  return reply.hijack()
}

function countTrial(side: string, tally: Seen, reply: FastifyReply): void {
  const open = (trialsOpen.get(side) ?? 0) + 1
  trialsOpen.set(side, open)
  tally.trials += 1
  tally.trialsAtOnce = Math.max(tally.trialsAtOnce, open)
  reply.raw.once('close', () => trialsOpen.set(side, (trialsOpen.get(side) ?? 1) - 1))
}
