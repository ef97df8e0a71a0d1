/**
 * The dependency: takes money when it is well, answers 503 when it is failing, says nothing at all when it hangs.
 * A process of its own. It counts what reaches it, so that the figures do not rest on what a breaker says of itself.
 */
import { createServer, type ServerResponse } from 'node:http'
import { serve } from './child.ts'
import type { PaymentsQuestion, PaymentsReport, Seen } from './messages.ts'
import { failingDelay, type Health } from './script.ts'

let health: Health = 'healthy'
let seen: Record<string, Seen> = {}
const held = new Set<ServerResponse>()

const server = createServer((request, response) => {
  const side = String(request.headers['x-side'])
  const tally = (seen[side] ??= { calls: 0, whileSick: 0, trials: 0, trialsAtOnce: 0 })
  tally.calls += 1
  if (health !== 'healthy') tally.whileSick += 1
  if (request.headers['x-circuit'] === 'half-open') countTrial(side, tally, response)

  if (health === 'hanging') hold(response)
  else if (health === 'failing') setTimeout(refuse, failingDelay, response)
  else setTimeout(charge, 10 + Math.random() * 20, response)
})

serve(server, (question: PaymentsQuestion): PaymentsReport => {
  if (question.reset) seen = {}
  if (question.health) {
    health = question.health
    // What hangs is restarted, and its connections break.
    for (const response of held) response.destroy()
  }
  return seen
})

function charge(response: ServerResponse): void {
  response.writeHead(200, { 'content-type': 'application/json' }).end('{"charged":true}')
}

function refuse(response: ServerResponse): void {
  response.writeHead(503, { 'content-type': 'application/json' }).end('{"error":"overloaded"}')
}

function hold(response: ServerResponse): void {
  held.add(response)
  response.once('close', () => held.delete(response))
}

const trialsOpen = new Map<string, number>()

function countTrial(side: string, tally: Seen, response: ServerResponse): void {
  const open = (trialsOpen.get(side) ?? 0) + 1
  trialsOpen.set(side, open)
  tally.trials += 1
  tally.trialsAtOnce = Math.max(tally.trialsAtOnce, open)
  response.once('close', () => trialsOpen.set(side, (trialsOpen.get(side) ?? 1) - 1))
}
