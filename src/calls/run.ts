// The everyday form: one call with a signal of its own, the caller's cancellation, a timeout and a fallback. It ends
// exactly once, at whichever comes first: the function's outcome, the timeout, or the caller's abort; what the function
// does afterwards has no effect. The signal is made when it is first touched: most calls cost no AbortController.

import { bad, checkDuration, checkFunction } from '../core/check.ts'
import { isCircuitBreakerError } from '../core/errors.ts'
import { onAbort } from './abort.ts'
import { type Answer, Attempt } from './attempt.ts'
import type { Gate } from './gate.ts'
import { rejectSoon } from './rejection.ts'

/** Options of one `run`. */
export interface RunOptions<F> {
  /** The caller's own cancellation. It gives no verdict, whatever its reason is. */
  signal?: AbortSignal | null | undefined
  /** ms after which this call alone is aborted, which counts as failure. @default the breaker's `timeout` */
  timeout?: number | undefined
  /** Answers failures, timeouts and rejections, not the caller's abort. `error` is the original; the verdict stays. */
  fallback?: ((error: unknown) => F) | undefined
}

/** What the function is given. */
export interface RunContext {
  /** Aborted at the timeout and when the caller aborts, with the same reason. */
  readonly signal: AbortSignal
}

type Fallback = (error: unknown) => unknown
type Body = (context: RunContext) => unknown

export function run(gate: Gate, body: Body, options: RunOptions<unknown> = {}): Promise<unknown> {
  checkFunction('fn', body)
  const { signal, fallback } = options
  const timeout = checkDuration('timeout', options.timeout ?? gate.settings.timeout)
  if (fallback !== undefined) checkFunction('fallback', fallback)
  if (signal !== undefined && signal !== null) {
    checkSignal(signal)
    if (signal.aborted) return rejectSoon(signal.reason)
  }
  const answer = gate.ask(body)
  const begin = (admission: Answer): Promise<unknown> => {
    if (admission instanceof Attempt) return perform(gate, admission, body, signal ?? undefined, timeout, fallback)
    return fallback === undefined ? rejectSoon(admission) : answerWith(fallback, admission)
  }
  return answer instanceof Promise ? unlessAborted(answer, signal ?? undefined).then(begin) : begin(answer)
}

function perform(
  gate: Gate,
  admitted: Attempt,
  body: Body,
  signal: AbortSignal | undefined,
  timeout: number,
  fallback: Fallback | undefined,
): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const call = new Call(gate, admitted, signal, timeout, {
      value: resolve,
      aborted: reject,
      error(original, replaced) {
        const answers = admitted.verdict === 'failure' || isCircuitBreakerError(original)
        if (fallback === undefined || !answers) reject(replaced)
        else resolve(answerWith(fallback, original))
      },
    })
    call.start(body)
  })
}

/** What comes of asking a fleet for a trial, if the caller still wants to know; otherwise its place is handed back. */
function unlessAborted(answer: Promise<Answer>, signal: AbortSignal | undefined): Promise<Answer> {
  if (signal === undefined) return answer
  return new Promise((resolve, reject) => {
    const forget = onAbort(signal, () => {
      forget()
      reject(signal.reason)
    })
    void answer.then((admission) => {
      forget()
      if (signal.aborted && admission instanceof Attempt) admission.abandoned(signal.reason)
      else resolve(admission)
    })
  })
}

interface Ending {
  value(value: unknown): void
  error(original: unknown, replaced: unknown): void
  aborted(reason: unknown): void
}

/** One running call. */
class Call implements RunContext {
  readonly #admitted: Attempt
  readonly #caller: AbortSignal | undefined
  readonly #ignoreCaller: (() => void) | undefined
  readonly #ending: Ending
  readonly #cancelTimer: (() => void) | undefined
  #controller: AbortController | undefined
  #abortReason: { readonly reason: unknown } | undefined
  #ended = false

  constructor(gate: Gate, admitted: Attempt, caller: AbortSignal | undefined, timeout: number, ending: Ending) {
    this.#admitted = admitted
    this.#ending = ending
    this.#caller = caller
    this.#ignoreCaller = caller && onAbort(caller, () => this.#onAbort(caller.reason))
    if (timeout !== Number.POSITIVE_INFINITY) {
      this.#cancelTimer = gate.settings.clock.after(timeout, () => this.#onTimeout(timeout))
    }
  }

  get signal(): AbortSignal {
    if (this.#controller === undefined) {
      this.#controller = new AbortController()
      if (this.#abortReason !== undefined) this.#controller.abort(this.#abortReason.reason)
    }
    return this.#controller.signal
  }

  start(body: Body): void {
    // A listener may have aborted it before anybody waited for that.
    if (this.#caller?.aborted) return this.#onAbort(this.#caller.reason)
    let outcome: Promise<unknown>
    try {
      outcome = Promise.resolve(body(this))
    } catch (error) {
      outcome = Promise.reject(error)
    }
    outcome.then(
      (value) => {
        if (!this.#end()) return
        this.#admitted.succeeded(value)
        this.#ending.value(value)
      },
      (error) => this.#fail(error),
    )
  }

  #fail(error: unknown): void {
    if (this.#end()) this.#ending.error(error, this.#admitted.failed(error))
  }

  #onAbort(reason: unknown): void {
    if (!this.#end()) return
    this.#admitted.abandoned(reason)
    this.#ending.aborted(reason)
    this.#abort(reason)
  }

  #onTimeout(timeout: number): void {
    const error = new DOMException(`Timed out after ${timeout} ms`, 'TimeoutError')
    this.#fail(error)
    this.#abort(error)
  }

  #abort(reason: unknown): void {
    this.#abortReason = { reason }
    this.#controller?.abort(reason)
  }

  /** Whether this is the end: only the first is. */
  #end(): boolean {
    if (this.#ended) return false
    this.#ended = true
    this.#cancelTimer?.()
    this.#ignoreCaller?.()
    return true
  }
}

/** A fallback may throw, answer later, or be given an error that looks like a promise. */
async function answerWith(fallback: Fallback, error: unknown): Promise<unknown> {
  return fallback(error)
}

function checkSignal(signal: AbortSignal): void {
  if (typeof signal !== 'object' || typeof signal.addEventListener !== 'function') {
    throw bad('signal', 'an AbortSignal', signal, 'signal')
  }
}
