// A guarded agent seen as a plain one. Guards of a client that is built on node:http (axios, got) judge a request
// themselves, so they have it sent through this view: the same sockets, queues and options, no guard.

// Not as namespaces: those would not see another global agent.
import http from 'node:http'
import https from 'node:https'

// In the global registry, since two copies of the package may live in one process.
const PLAIN = Symbol.for('infuse-breaker.plainAgent')

/** What an agent does with a request; undocumented, and all that Node.js asks of an agent. */
export type AddRequest = (request: http.ClientRequest, options: object, ...more: unknown[]) => void

/** Node.js' own way, at the time of the request: whoever traces requests may have put theirs in its place. */
export function addRequestPlainly(agent: http.Agent, ...args: Parameters<AddRequest>): void {
  ;(http.Agent.prototype as unknown as { addRequest: AddRequest }).addRequest.call(agent, ...args)
}

/** Remembers how a guarded agent looks without its guard. */
export function notePlain(agent: http.Agent): void {
  const addRequest: AddRequest = (...args) => addRequestPlainly(agent, ...args)
  // What the view is asked to do it does as the agent itself, so that counts and sockets stay the agent's.
  Object.defineProperty(agent, PLAIN, { value: Object.create(agent, { addRequest: { value: addRequest } }) })
}

/** Agents by protocol, as clients take them. */
export interface Agents {
  readonly http?: unknown
  readonly https?: unknown
}

/** The same agents without guards, the process's own included; `undefined` where none of them has one. */
export function plainAgents({ http: plain, https: secure }: Agents): Agents | undefined {
  const agents = { http: plainOf(plain ?? http.globalAgent), https: plainOf(secure ?? https.globalAgent) }
  if (agents.http === undefined && agents.https === undefined) return undefined
  return { http: agents.http ?? plain, https: agents.https ?? secure }
}

function plainOf(agent: unknown): unknown {
  return typeof agent === 'object' && agent !== null ? Reflect.get(agent, PLAIN) : undefined
}
