// One admitted call and its verdict, which is given exactly once: what comes second changes nothing. It is also the
// permit that `acquire` hands out.

import type { CircuitBreakerError } from '../core/errors.ts'
import type { Verdict } from '../core/verdict.ts'
import type { Admitted, Gate } from './gate.ts'
import { rejectSoon } from './rejection.ts'

/** The right to make one call; its verdict is given by hand. Disposed of without a verdict it counts as `ignore`. */
export interface Permit extends Disposable {
  /** The call succeeded; final, `classify` is not asked. */
  success(value?: unknown): void
  /** The call failed; judged like an error that a call throws. Does not throw. */
  failure(error: unknown): void
  /** No evidence either way; final. */
  ignore(): void
}

export class Attempt implements Permit {
  /** What it came to, once judged. */
  verdict: Verdict | undefined
  readonly #gate: Gate
  readonly #args: readonly unknown[]
  readonly #startedAt: number
  #took: number | undefined
  // Without a ticket (a call that `shadow` let pass) a verdict changes nothing.
  readonly #ticket: Admitted | undefined

  constructor(gate: Gate, ticket: Admitted | undefined, args: readonly unknown[]) {
    this.#gate = gate
    this.#ticket = ticket
    this.#args = args
    this.#startedAt = gate.isTimed ? gate.settings.clock.now() : 0
  }

  /** The answer has begun: what it goes on for does not make the call a slow one. */
  answered(): void {
    this.#took ??= this.#duration()
  }

  /** A value came back: judged. */
  succeeded(value: unknown): void {
    if (this.verdict !== undefined) return
    const { judge } = this.#gate
    const duration = this.#duration()
    this.#settle(judge.classifies ? judge.ofValue(value, duration, this.#args) : 'success', undefined, duration)
  }

  /** An error came back: judged. Answers the error that the caller gets. */
  failed(error: unknown): unknown {
    if (this.verdict !== undefined) return error
    const duration = this.#duration()
    return this.#settle(this.#gate.judge.ofError(error, duration, this.#args), error, duration)
  }

  /** The caller gave up, for this reason: no evidence. */
  abandoned(reason: unknown): void {
    this.#settle('ignore', reason, 0)
  }

  success(): void {
    this.#settle('success', undefined, this.#duration())
  }

  failure(error: unknown): void {
    this.failed(error)
  }

  ignore(): void {
    this.#settle('ignore', undefined, 0)
  }

  [Symbol.dispose](): void {
    this.ignore()
  }

  #settle(verdict: Verdict, error: unknown, duration: number): unknown {
    if (this.verdict !== undefined) return error
    this.verdict = verdict
    return this.#ticket === undefined ? error : this.#gate.settle(this.#ticket, verdict, error, duration)
  }

  #duration(): number {
    return this.#took ?? (this.#gate.isTimed ? this.#gate.settings.clock.now() - this.#startedAt : 0)
  }
}

/** Whether a call may be made, and if not why. */
export type Answer = Attempt | CircuitBreakerError

/** The attempt, or the refusal thrown. */
export function orThrow(answer: Answer): Attempt {
  if (answer instanceof Attempt) return answer
  throw answer
}

/** The same as a promise. */
export function admitted(answer: Answer | Promise<Answer>): Promise<Attempt> {
  if (answer instanceof Promise) return answer.then(orThrow)
  return answer instanceof Attempt ? Promise.resolve(answer) : rejectSoon(answer)
}
