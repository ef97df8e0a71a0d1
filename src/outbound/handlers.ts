// The handlers through which a guard watches one undici request, in both of undici's shapes: up to version 6, and from
// 7 on. They pass everything on as it is and tell the exchange what happens.

import type { Exchange } from './exchange.ts'

// biome-ignore lint/suspicious/noExplicitAny: what undici passes is passed on as it is
type Any = any
type Call = ((...args: Any[]) => Any) | undefined

interface Controller {
  readonly aborted?: boolean
  readonly reason?: unknown
}

/** From version 7 on. */
export interface Modern {
  onRequestStart: (controller: Any, context: Any) => Any
  onRequestUpgrade?: Call
  onResponseStart?: Call
  onResponseData?: Call
  onResponseEnd?: Call
  onResponseError?: Call
  onBodySent?: Call
  onRequestSent?: Call
  onResponseStarted?: Call
}

/** Up to version 6. */
export interface Legacy {
  onRequestStart?: undefined
  onConnect?: Call
  onError?: Call
  onUpgrade?: Call
  onResponseStarted?: Call
  onHeaders?: Call
  onData?: Call
  onComplete?: Call
  onBodySent?: Call
  onRequestSent?: Call
}

export type Handler = Modern | Legacy

export function isModern(handler: Handler): handler is Modern {
  return typeof handler.onRequestStart === 'function'
}

export class ModernHandler {
  readonly #handler: Modern
  readonly #exchange: Exchange

  constructor(handler: Modern, exchange: Exchange) {
    this.#handler = handler
    this.#exchange = exchange
  }

  onRequestStart(controller: Any, context: Any): Any {
    return this.#handler.onRequestStart(controller, context)
  }

  onRequestUpgrade(controller: Any, status: number, headers: Any, socket: Any): Any {
    this.#exchange.answered(status, (name) => single(headers?.[name]))
    this.#exchange.completed()
    return this.#handler.onRequestUpgrade?.(controller, status, headers, socket)
  }

  onResponseStart(controller: Any, status: number, headers: Any, message: Any): Any {
    // Interim answers say nothing yet.
    if (status >= 200) this.#exchange.answered(status, (name) => single(headers?.[name]))
    return this.#handler.onResponseStart?.(controller, status, headers, message)
  }

  onResponseData(controller: Any, chunk: Any): Any {
    return this.#handler.onResponseData?.(controller, chunk)
  }

  onResponseEnd(controller: Any, trailers: Any): Any {
    this.#exchange.completed()
    return this.#handler.onResponseEnd?.(controller, trailers)
  }

  onResponseError(controller: Controller | null, error: unknown): Any {
    if (controller?.aborted === true) this.#exchange.failed(controller.reason ?? error, true)
    else this.#exchange.failed(error)
    return this.#handler.onResponseError?.(controller, error)
  }

  onBodySent(chunk: Any, total: Any): Any {
    return this.#handler.onBodySent?.(chunk, total)
  }

  onRequestSent(): Any {
    return this.#handler.onRequestSent?.()
  }

  onResponseStarted(): Any {
    return this.#handler.onResponseStarted?.()
  }
}

export class LegacyHandler {
  readonly #handler: Legacy
  readonly #exchange: Exchange
  #aborted: { readonly reason: unknown } | undefined

  constructor(handler: Legacy, exchange: Exchange) {
    this.#handler = handler
    this.#exchange = exchange
  }

  onConnect(abort: (reason?: unknown) => void, context: Any): Any {
    const noted = (reason?: unknown): void => {
      this.#aborted = { reason }
      abort(reason)
    }
    return this.#handler.onConnect?.(noted, context)
  }

  onUpgrade(status: number, headers: Any, socket: Any): Any {
    this.#exchange.answered(status, (name) => rawHeader(headers, name))
    this.#exchange.completed()
    return this.#handler.onUpgrade?.(status, headers, socket)
  }

  onResponseStarted(): Any {
    return this.#handler.onResponseStarted?.()
  }

  onHeaders(status: number, headers: Any, resume: Any, message: Any): Any {
    if (status >= 200) this.#exchange.answered(status, (name) => rawHeader(headers, name))
    return this.#handler.onHeaders?.(status, headers, resume, message)
  }

  onData(chunk: Any): Any {
    return this.#handler.onData?.(chunk)
  }

  onComplete(trailers: Any): Any {
    this.#exchange.completed()
    return this.#handler.onComplete?.(trailers)
  }

  onError(error: unknown): Any {
    if (this.#aborted === undefined) this.#exchange.failed(error)
    else this.#exchange.failed(this.#aborted.reason ?? error, true)
    return this.#handler.onError?.(error)
  }

  onBodySent(chunk: Any, total: Any): Any {
    return this.#handler.onBodySent?.(chunk, total)
  }

  onRequestSent(): Any {
    return this.#handler.onRequestSent?.()
  }
}

/** Names and values in turn, as bytes. */
function rawHeader(headers: readonly (Buffer | string)[] | null | undefined, wanted: string): string | undefined {
  for (let index = 0; index + 1 < (headers?.length ?? 0); index += 2) {
    if (String(headers?.[index]).toLowerCase() === wanted) return String(headers?.[index + 1])
  }
  return undefined
}

function single(value: string | readonly string[] | undefined): string | undefined {
  return typeof value === 'object' ? value[0] : value
}
