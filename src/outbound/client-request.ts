// How one request of node:http ended, for whoever judges it: its answer to the last byte, its error, or a caller that
// did not want to wait. It listens to nothing, so the request behaves as if nobody watched.

import type { ClientRequest, IncomingMessage } from 'node:http'
import type { Exchange } from './exchange.ts'
import { overhear } from './overhear.ts'

/** What clients give as the reason when a time that they set is over. */
const TIME_LIMITS: ReadonlySet<unknown> = new Set(['ETIMEDOUT', 'ESOCKETTIMEDOUT', 'ECONNABORTED'])

/** Tells the exchange what becomes of the request. */
export function watch(request: ClientRequest, exchange: Exchange): void {
  const watching = new Watching(exchange)
  const { destroy } = request
  // Node.js itself never calls it: whoever does has given up, be it for a signal, a time limit or a closed tab.
  const value = function (this: ClientRequest, error?: Error): ClientRequest {
    if (!this.destroyed) watching.givenUp(error)
    return destroy.call(this, error)
  }
  Object.defineProperty(request, 'destroy', { value, writable: true, configurable: true })
  overhear(request, (event, [what]) => watching.heard(event, what))
}

class Watching {
  readonly #exchange: Exchange
  #answer: IncomingMessage | undefined
  #timedOut = false

  constructor(exchange: Exchange) {
    this.#exchange = exchange
  }

  heard(event: string | symbol, what: unknown): void {
    if (event === 'response') this.#answered(what as IncomingMessage)
    else if (event === 'error') this.#exchange.failed(what)
    else if (event === 'timeout') this.#timedOut = true
    else if (event === 'upgrade' || event === 'connect') this.#switched(what as IncomingMessage)
    else if (event === 'close' && this.#answer === undefined) this.givenUp(undefined)
  }

  /** Somebody destroyed it, because of `error` where they said why. */
  givenUp(error: unknown): void {
    if (this.#answer?.complete === true) this.#exchange.completed()
    else if (this.#timedOut || isTimeLimit(error)) this.#exchange.failed(error ?? new Error('The request timed out'))
    else this.#exchange.failed(error ?? new DOMException('The request was destroyed', 'AbortError'), true)
  }

  #answered(answer: IncomingMessage): void {
    this.#answer = answer
    this.#timedOut = false
    this.#head(answer)
    answer.once('close', () => this.#ended(answer))
  }

  /** The connection is the caller's from here on. */
  #switched(answer: IncomingMessage): void {
    this.#head(answer)
    this.#exchange.completed()
  }

  #head(answer: IncomingMessage): void {
    this.#exchange.answered(answer.statusCode ?? 0, (name) => answer.headers[name]?.toString())
  }

  #ended(answer: IncomingMessage): void {
    const error: NodeJS.ErrnoException | null = answer.errored
    if (!answer.complete && error?.code === 'ECONNRESET') this.#exchange.failed(error)
    else this.givenUp(error ?? undefined)
  }
}

function isTimeLimit(error: unknown): boolean {
  return typeof error === 'object' && error !== null && TIME_LIMITS.has((error as { code?: unknown }).code)
}
