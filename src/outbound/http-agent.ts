// The guard for whatever is built on node:http and node:https, as an agent: the one thing that all of it can be given.
// A request is judged when its answer is whole, broken off, or not wanted any more. Node.js' way from agent to socket
// is undocumented (`addRequest`, `onSocket`) and the same in versions 20 to 26.

import * as http from 'node:http'
import * as https from 'node:https'
import type { CircuitBreakerError } from '../core/errors.ts'
import { watch } from './client-request.ts'
import { enter, Exchange } from './exchange.ts'
import { type DispatchOptions, isExempt } from './nesting.ts'
import { type Breakers, type GuardOptions, type Guarding, resolveGuarding } from './options.ts'
import { addRequestPlainly, notePlain } from './plain-agent.ts'

export type { Breakers, GuardOptions, GuardRequest } from './options.ts'

/** Spread it into the options of a request that no breaker should count or stop: `http.get(url, { ...skipBreaker })`. */
export const skipBreaker: http.RequestOptions & { readonly skipBreaker: true } = Object.freeze({ skipBreaker: true })

/** An `http.Agent`, every request of which goes through the breaker of its origin or `key`. */
export class GuardedAgent extends http.Agent {
  readonly #guarding: Guarding

  /** @throws TypeError for breakers or options that are none. */
  constructor(breakers: Breakers, options: http.AgentOptions & GuardOptions = {}) {
    const { key, isFailure, ...own } = options
    super(own)
    this.#guarding = resolveGuarding(breakers, { key, isFailure })
    notePlain(this)
  }

  /** Called by Node.js for each request. @internal */
  addRequest(request: http.ClientRequest, options: Target, ...more: unknown[]): void {
    guard(this.#guarding, this, request, options, more)
  }
}

/** {@link GuardOptions} and those of `https.Agent`, two of which have one name: `key` is either. */
export type HttpsGuardOptions = Omit<https.AgentOptions, 'key'> &
  Omit<GuardOptions, 'key'> & { key?: https.AgentOptions['key'] | GuardOptions['key'] }

/** An `https.Agent`, every request of which goes through the breaker of its origin or `key`. */
export class GuardedHttpsAgent extends https.Agent {
  readonly #guarding: Guarding

  /** A `key` that is no function is the client's private key. @throws TypeError for breakers or options that are none. */
  constructor(breakers: Breakers, options: HttpsGuardOptions = {}) {
    const { key, isFailure, ...own } = options
    super(typeof key === 'function' || key === undefined ? own : { ...own, key })
    this.#guarding = resolveGuarding(breakers, { key: typeof key === 'function' ? key : undefined, isFailure })
    notePlain(this)
  }

  /** Called by Node.js for each request. @internal */
  addRequest(request: http.ClientRequest, options: Target, ...more: unknown[]): void {
    guard(this.#guarding, this, request, options, more)
  }
}

/** A request's options, after Node.js has filled them in. */
interface Target extends DispatchOptions {
  readonly host: string
  readonly port: number | string
}

function guard(guarding: Guarding, agent: http.Agent, request: http.ClientRequest, to: Target, more: unknown[]): void {
  // One that was given up before it began costs nobody anything.
  if (request.destroyed || isExempt(to)) return addRequestPlainly(agent, request, to, ...more)
  let answer: ReturnType<typeof enter>
  try {
    answer = enter(guarding, request.method, originOf(request, to), request.path)
  } catch (error) {
    return refuse(request, error)
  }
  const send = (exchange: Exchange): void => {
    watch(request, exchange)
    try {
      addRequestPlainly(agent, request, to, ...more)
    } catch (error) {
      exchange.abandoned(error)
      throw error
    }
  }
  if (answer instanceof Exchange) send(answer)
  else if (answer instanceof Promise) void answer.then((late) => proceed(request, send, late))
  else refuse(request, answer)
}

/** A trial was asked of a fleet; now there is an answer. */
function proceed(
  request: http.ClientRequest,
  send: (exchange: Exchange) => void,
  answer: Exchange | CircuitBreakerError,
): void {
  if (!(answer instanceof Exchange)) return refuse(request, answer)
  if (request.destroyed) {
    answer.abandoned(undefined)
    return refuse(request, undefined)
  }
  try {
    send(answer)
  } catch (error) {
    refuse(request, error)
  }
}

/** As Node.js does when there is no connection to be had: `error` and `close` are emitted, the next moment. */
function refuse(request: http.ClientRequest, error: unknown): void {
  const { onSocket } = request as unknown as { onSocket(socket: null, error: unknown): void }
  onSocket.call(request, null, error)
  // Node.js leaves it as it is then; nobody should go on writing to it.
  process.nextTick(() => request.destroy())
}

function originOf({ protocol }: http.ClientRequest, { host, port }: Target): string {
  return `${protocol}//${host.includes(':') && !host.startsWith('[') ? `[${host}]` : host}:${port}`
}
