// The guard for got, as one of its handlers: around a whole call, its retries and redirects included, so that a call
// has one verdict, that of its last attempt. Promises and streams alike. It imports nothing of got.

import type { CancelableRequest, Got, HandlerFunction, Options, Request, Response } from 'got'
import { isAborted } from './body.ts'
import { enter, Exchange } from './exchange.ts'
import { GUARDED } from './nesting.ts'
import { type Breakers, type GuardOptions, type Guarding, resolveGuarding } from './options.ts'
import { overhear } from './overhear.ts'
import { plainAgents } from './plain-agent.ts'

export type { Breakers, GuardOptions, GuardRequest } from './options.ts'

/** The caller's own doing: aborts, what its hooks throw, its cache, its upload, its limits. */
const OWN_DOING: ReadonlySet<unknown> = new Set([
  'ERR_ABORTED',
  'ERR_CACHE_ACCESS',
  'ERR_CANCELED',
  'ERR_GOT_REQUEST_ERROR',
  'ERR_TOO_MANY_REDIRECTS',
  'ERR_UNSUPPORTED_PROTOCOL',
  'ERR_UPLOAD',
])

/** got's errors about an answer, which is an answer still. */
const BAD_ANSWERS: ReadonlySet<unknown> = new Set(['ERR_NON_2XX_3XX_RESPONSE', 'ERR_BODY_PARSE_FAILURE'])

/**
 * A got that sends every call through the breaker of its origin or of its `key`. Per call
 * `context: { skipBreaker: true }` leaves it out.
 * @throws TypeError for breakers or options that are none.
 */
export function guardGot(got: Got, breakers: Breakers, options?: GuardOptions): Got {
  const guarding = resolveGuarding(breakers, options)
  const handler = (call: Options | undefined, next: (options: Options) => unknown): unknown =>
    // got passes no options where it could make nothing of them, and says so itself.
    call === undefined ? next(call as never) : pass(guarding, call, () => next(call))
  return got.extend({ handlers: [handler as HandlerFunction] })
}

function pass(guarding: Guarding, call: Options, next: () => unknown): unknown {
  if (Reflect.get(call, GUARDED) === true) return next()
  Reflect.set(call, GUARDED, true)
  const agents = plainAgents(call.agent)
  if (agents !== undefined) call.agent = { ...call.agent, ...agents } as Options['agent']
  const { url, signal, context } = call
  const goes = url instanceof URL && (url.protocol === 'http:' || url.protocol === 'https:')
  if (!goes || isAborted(signal) || context['skipBreaker'] === true) return next()
  const admission = new Admission(guarding, call, url)
  if (admission.exchange === undefined) call.hooks.beforeRequest.unshift(() => admission.wait())
  return call.isStream ? watchStream(next() as Request, admission) : watchCall(next() as CancelableRequest, admission)
}

/** Whether a call may be made; later only where a trial must be asked of a fleet. */
class Admission {
  exchange: Exchange | undefined
  readonly call: Options
  #refusal: { readonly error: unknown } | undefined
  readonly #decided: Promise<void> | undefined

  constructor(guarding: Guarding, call: Options, { origin, pathname, search }: URL) {
    this.call = call
    try {
      const answer = enter(guarding, call.method, origin, pathname + search)
      if (answer instanceof Promise) this.#decided = answer.then((late) => this.#decide(late))
      else this.#decide(answer)
    } catch (error) {
      this.#refusal = { error }
    }
  }

  /** In got's own way to a request, so that got lets go of everything that a call which may not be made has. */
  async wait(): Promise<void> {
    await this.#decided
    if (this.#refusal !== undefined) throw this.#refusal.error
  }

  /** The error that the caller of a promise gets: of a call that may not be made the reason itself, got's own otherwise. */
  errorFor(error: unknown): unknown {
    const refusal = this.#refusal
    return refusal !== undefined && (error as Error | undefined)?.cause === refusal.error ? refusal.error : error
  }

  answered({ statusCode, headers, isFromCache }: Response): void {
    this.#tell((exchange) => {
      if (isFromCache) exchange.abandoned(undefined)
      else exchange.answered(statusCode, (name) => headers[name]?.toString())
    })
  }

  completed(): void {
    this.#tell((exchange) => exchange.completed())
  }

  failed(error: unknown): void {
    const { signal } = this.call
    const own = OWN_DOING.has((error as { code?: unknown } | undefined)?.code)
    this.#tell((exchange) => {
      if (isAborted(signal)) exchange.failed(signal.reason, true)
      else exchange.failed(error, own)
    })
  }

  #decide(answer: Awaited<ReturnType<typeof enter>>): void {
    if (answer instanceof Exchange) this.exchange = answer
    else this.#refusal = { error: answer }
  }

  /** A call may end before it was let in. */
  #tell(tell: (exchange: Exchange) => void): void {
    if (this.exchange !== undefined) tell(this.exchange)
    else void this.#decided?.then(() => this.exchange !== undefined && tell(this.exchange))
  }
}

function watchCall(call: CancelableRequest, admission: Admission): unknown {
  // Of the last attempt, and whole.
  let answer: Response | undefined
  void call.on('request', () => {
    answer = undefined
  })
  void call.on('response', (response: Response) => {
    answer = response
  })
  const conclude = (error?: unknown): void => {
    const whole = answer ?? answerIn(error)
    if (whole !== undefined) admission.answered(whole)
    if (whole !== undefined || error === undefined) admission.completed()
    else admission.failed(error)
  }
  const judged = call.then(
    (value) => {
      conclude()
      return value
    },
    (error: unknown) => {
      conclude(error)
      throw admission.errorFor(error)
    },
  )
  return cancelable(judged, call)
}

/** got gives a handler's promise all that its own can do but for this, which does not work on another promise. */
function cancelable(judged: Promise<unknown>, call: CancelableRequest): Promise<unknown> {
  if (typeof call.cancel !== 'function') return judged
  const cancel = (reason?: string): void => call.cancel(reason)
  return Object.defineProperties(judged, {
    cancel: { get: () => cancel, set: ignored, configurable: true },
    isCanceled: { get: () => call.isCanceled, configurable: true },
  })
}

function ignored(): void {
  // got puts its own there, which would not work.
}

function watchStream(stream: Request, admission: Admission): Request {
  overhear(stream, (event, args) => {
    if (event === 'response') admission.answered(args[0] as Response)
    else if (event === 'end') admission.completed()
    else if (event === 'error') streamFailed(args[0], admission)
    // Its caller makes another stream of it.
    else if (event === 'retry') streamFailed(args[1], admission)
    else if (event === 'close') admission.failed(new DOMException('The stream was destroyed', 'AbortError'))
  })
  return stream
}

function streamFailed(error: unknown, admission: Admission): void {
  const answer = answerIn(error)
  if (answer === undefined) return admission.failed(error)
  admission.answered(answer)
  admission.completed()
}

function answerIn(error: unknown): Response | undefined {
  const { code, response } = (error ?? {}) as { code?: unknown; response?: Response }
  return BAD_ANSWERS.has(code) ? response : undefined
}
