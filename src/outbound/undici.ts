// The guard for undici, versions 6 to 8, as an interceptor: `dispatcher.compose(circuitBreaker(infuse))`. It sees
// bodies to their end, so an answer that breaks off is a failure. It imports nothing of undici: importing version 8
// alone changes the process's global dispatcher.

import type { CircuitBreakerError } from '../core/errors.ts'
import { enter, Exchange } from './exchange.ts'
import { type Handler, isModern, LegacyHandler, ModernHandler } from './handlers.ts'
import { type DispatchOptions, exempt, isExempt } from './nesting.ts'
import { type Breakers, type GuardOptions, type Guarding, resolveGuarding } from './options.ts'

export type { Breakers, GuardOptions, GuardRequest } from './options.ts'

/** Spread it into the options of a request that no breaker should count or stop: `request(url, { ...skipBreaker })`. */
export const skipBreaker: { readonly skipBreaker: true } = Object.freeze({ skipBreaker: true })

// biome-ignore lint/suspicious/noExplicitAny: each version of undici has its own options and handlers
type Dispatch = (options: any, handler: any) => boolean

/**
 * An interceptor that guards every request, by the circuit of its origin or of its `key`.
 * @throws TypeError for breakers or options that are none.
 */
export function circuitBreaker(breakers: Breakers, options?: GuardOptions): <D extends Dispatch>(dispatch: D) => D {
  const guarding = resolveGuarding(breakers, options)
  return <D extends Dispatch>(dispatch: D): D =>
    // compose() insists on exactly two parameters.
    ((request: DispatchOptions, handler: Handler) => guard(guarding, dispatch, request, handler)) as D
}

function guard(guarding: Guarding, dispatch: Dispatch, request: DispatchOptions, handler: Handler): boolean {
  if (isExempt(request)) return dispatch(request, handler)
  const { method, origin, path, signal } = request
  if (signal?.aborted === true) {
    // Whoever gave up before is neither sent nor counted; undici would connect first.
    refuse(handler, signal.reason)
    return true
  }
  let answer: ReturnType<typeof enter>
  try {
    answer = enter(guarding, method, origin, path)
  } catch (error) {
    refuse(handler, error)
    return true
  }
  if (answer instanceof Exchange) return send(dispatch, request, handler, answer)
  if (answer instanceof Promise) void answer.then((late) => proceed(dispatch, request, handler, late))
  else refuse(handler, answer)
  return true
}

/** A trial was asked of a fleet; now there is an answer. */
function proceed(
  dispatch: Dispatch,
  request: DispatchOptions,
  handler: Handler,
  answer: Exchange | CircuitBreakerError,
): void {
  if (!(answer instanceof Exchange)) return tellError(handler, answer)
  try {
    send(dispatch, request, handler, answer)
  } catch (error) {
    tellError(handler, error)
  }
}

function send(dispatch: Dispatch, request: DispatchOptions, handler: Handler, exchange: Exchange): boolean {
  const guarded = isModern(handler) ? new ModernHandler(handler, exchange) : new LegacyHandler(handler, exchange)
  try {
    return dispatch(exempt(request), guarded)
  } catch (error) {
    // A dispatcher tells errors to the handler; what it throws is about the caller's own code.
    exchange.abandoned(error)
    throw error
  }
}

/** Not before the dispatch call has returned, as with every other error. */
function refuse(handler: Handler, error: unknown): void {
  queueMicrotask(() => tellError(handler, error))
}

function tellError(handler: Handler, error: unknown): void {
  if (isModern(handler)) handler.onResponseError?.(null, error)
  else handler.onError?.(error)
}
