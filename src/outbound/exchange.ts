// One guarded request, from admission to verdict, which is given once. Whatever the verdict, the caller gets the real
// response or the real error: nothing here answers anything. While the circuit is plainly closed the ticket is the one
// that all calls share.

import { type Answer, Attempt } from '../calls/attempt.ts'
import type { Gate } from '../calls/gate.ts'
import type { Pass } from '../calls/pass.ts'
import { HttpStatusError, type CircuitBreakerError } from '../core/errors.ts'
import type { Verdict } from '../core/verdict.ts'
import { warn } from '../core/warning.ts'
import { gateOf } from '../calls/gates.ts'
import { DEPENDENCY_HEADER, isOthersTrouble } from './blame.ts'
import type { Guarding } from './options.ts'
import { parseRetryAfter } from './retry-after.ts'
import { answerIn, isFailingStatus, verdictOfError } from './verdict.ts'

/** Reads a header of an answer; its name in lower case. */
export type ReadHeader = (name: string) => string | null | undefined

export class Exchange {
  readonly #gate: Gate
  readonly #entry: Pass | Attempt
  readonly #isFailure: Guarding['isFailure']
  #judged = false
  #status: number | undefined

  constructor(gate: Gate, entry: Pass | Attempt, isFailure: Guarding['isFailure']) {
    this.#gate = gate
    this.#entry = entry
    this.#isFailure = isFailure
  }

  /** The answer's head came. A failure is judged now; for anything else the end decides, see {@link completed}. */
  answered(status: number, header: ReadHeader): void {
    if (this.#judged) return
    this.#status = status
    if (this.#entry instanceof Attempt) this.#entry.answered()
    if (!(this.#ask({ status }) ?? isFailingStatus(status))) return
    const error = new HttpStatusError(
      status,
      parseRetryAfter(header('retry-after'), this.#gate.settings.clock.wallNow()),
    )
    if (isOthersTrouble(status, header(DEPENDENCY_HEADER))) this.#ignore(error)
    else this.#fail(error)
  }

  /** The answer is whole; `classify` sees its status. */
  completed(): void {
    if (this.#judged) return
    this.#judged = true
    if (this.#entry instanceof Attempt) this.#entry.succeeded({ status: this.#status })
    else this.#entry.succeed(undefined)
  }

  /** The request ended with an error, before or within the answer. `aborted`: because the caller wanted it to. */
  failed(error: unknown, aborted = false): void {
    if (this.#judged) return
    const answer = aborted ? undefined : answerIn(error)
    if (answer !== undefined) {
      this.answered(answer.status, answer.header)
      return this.completed()
    }
    const verdict = verdictOfError(error, aborted)
    const wanted = aborted ? undefined : this.#ask({ error })
    if (wanted ?? verdict === 'failure') this.#fail(error)
    else this.#ignore(error)
  }

  /** It ended as a protocol with rules of its own ends: those say the verdict, unless `isFailure` knows better. */
  ended(error: unknown, verdict: Verdict): void {
    if (this.#judged) return
    const wanted = this.#ask({ error })
    if (wanted ?? verdict === 'failure') this.#fail(error)
    else if (verdict === 'success') this.completed()
    else this.#ignore(error)
  }

  /** The caller does not want the answer any more. */
  abandoned(reason: unknown): void {
    if (!this.#judged) this.#ignore(reason)
  }

  #fail(error: unknown): void {
    this.#judged = true
    if (this.#entry instanceof Attempt) this.#entry.failed(error)
    else this.#gate.failed(this.#entry, error)
  }

  #ignore(reason: unknown): void {
    this.#judged = true
    if (this.#entry instanceof Attempt) this.#entry.abandoned(reason)
    else this.#gate.settle(this.#entry, 'ignore', reason, 0)
  }

  #ask(outcome: { readonly status?: number; readonly error?: unknown }): boolean | undefined {
    if (this.#isFailure === undefined) return undefined
    try {
      const answer: unknown = this.#isFailure(outcome)
      if (typeof answer === 'boolean' || answer === undefined) return answer
      warn('`isFailure` answered neither true, false nor undefined; it was skipped')
    } catch (thrown) {
      warn('`isFailure` threw; it was skipped', thrown)
    }
    return undefined
  }
}

/** Lets a request in, or says why not; later only where a trial must be asked of a fleet. */
export function enter(
  guarding: Guarding,
  method: string,
  origin: string | URL | undefined,
  path: string,
): Exchange | CircuitBreakerError | Promise<Exchange | CircuitBreakerError> {
  const gate = gateOf(guarding.breakerFor(method, origin, path))
  const pass = gate.pass()
  if (pass !== undefined) {
    gate.stats.calls++
    return new Exchange(gate, pass, guarding.isFailure)
  }
  const admitted = (answer: Answer): Exchange | CircuitBreakerError =>
    answer instanceof Attempt ? new Exchange(gate, answer, guarding.isFailure) : answer
  const answer = gate.ask(undefined)
  return answer instanceof Promise ? answer.then(admitted) : admitted(answer)
}
