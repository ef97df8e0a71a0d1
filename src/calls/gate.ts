// Between callers and a circuit: lets calls in, judges how they ended, counts, and tells listeners, in this order. All
// call forms go through it. While the circuit is plainly closed a call needs no object of its own: the `pass`, made
// once per period, is its ticket and has the two reactions that every such call shares.

import type { CircuitBreaker } from '../breaker.ts'
import type { Circuit, Denial, Effect, Ticket, Transition } from '../core/circuit.ts'
import { type CircuitBreakerError, circuitBreakerError, type RejectionReason } from '../core/errors.ts'
import { Listeners } from '../core/listeners.ts'
import {
  checkOptions,
  type Options,
  type Rules,
  resolveRules,
  resolveSettings,
  type Settings,
} from '../core/options.ts'
import type { Snapshot } from '../core/snapshot.ts'
import { Judge, type Verdict } from '../core/verdict.ts'
import { circuitOn } from '../fleet/circuits.ts'
import { type CircuitStorage, checkStorage } from '../fleet/storage.ts'
import { Attempt } from './attempt.ts'
import { Rejection } from './rejection.ts'
import { rejectedChannel, transitionChannel } from './channels.ts'

/** Options of a {@link CircuitBreaker}; all may be left out. Durations are ms, finite or `Infinity`. */
export interface CircuitBreakerOptions extends Options {
  /** Where the record lives; breakers on one storage and name share a circuit. @default this process, this breaker alone */
  storage?: CircuitStorage | undefined
}

/** Totals since the breaker was made: `calls` admitted = successes + failures + ignored + late + still in flight. */
export interface Stats {
  /** Calls admitted. */
  readonly calls: number
  readonly successes: number
  readonly failures: number
  readonly ignored: number
  /** Calls not made; in `shadow` those that would not have been. */
  readonly rejected: number
  /** Calls longer than `slowCall`, whatever their verdict. */
  readonly slow: number
  /** Verdicts that came after their period, or their trial's time, was over; they changed nothing. */
  readonly late: number
  /** Trials granted. */
  readonly trials: number
}

/** The ticket of every call of a plain closed period, and the reactions of a promise that such a call returns. */
interface Pass extends Ticket {
  readonly succeed: <T>(value: T) => T
  readonly reject: (error: unknown) => PromiseLike<never>
}

type Call = ((...args: never) => unknown) | undefined

const NO_ARGUMENTS: readonly unknown[] = Object.freeze([])

export class Gate {
  readonly breaker: CircuitBreaker
  readonly settings: Settings
  readonly rules: Rules
  readonly judge: Judge
  readonly listeners: Listeners
  readonly circuit: Circuit
  readonly stats: { -readonly [K in keyof Stats]: number } = {
    calls: 0,
    successes: 0,
    failures: 0,
    ignored: 0,
    rejected: 0,
    slow: 0,
    late: 0,
    trials: 0,
  }
  #pass: Pass | undefined

  /** @throws TypeError or RangeError for a bad option, naming option, value and type. */
  constructor(breaker: CircuitBreaker, options: CircuitBreakerOptions) {
    checkOptions(options)
    const storage = options.storage && checkStorage(options.storage)
    this.breaker = breaker
    this.settings = resolveSettings({ ...options, clock: options.clock ?? storage?.clock })
    this.rules = resolveRules(options, this.settings)
    this.judge = new Judge(options.exclude ?? [], options.ignore ?? [], options.classify)
    this.listeners = new Listeners(options.listeners ?? [])
    // A breaker in shadow must not move what others share.
    const shared = this.settings.shadow ? undefined : storage
    this.circuit = circuitOn(shared, this.settings.name)
    this.circuit.watch(this.rules.parts)
    if (shared === undefined) this.circuit.watchers.own(this)
    else this.circuit.watchers.add(this)
  }

  /** The circuit as it is now: a hold whose time is over has ended. */
  look(): Snapshot {
    this.circuit.expire(this.settings.clock)
    this.circuit.tell()
    return this.circuit.snapshot
  }

  /** Carries out what a person, or their code, wants of the circuit. */
  command(change: (gate: Gate) => void): Promise<void> {
    this.look()
    change(this)
    this.circuit.tell()
    return Promise.resolve()
  }

  /** The shared ticket, while nothing stands in the way of a call and nobody wants to know more of it. */
  pass(): Pass | undefined {
    const pass = this.#pass
    if (pass !== undefined && pass.snapshot === this.circuit.snapshot && !this.listeners.hear.beforeCall) return pass
    return this.#renewPass()
  }

  /** Lets a call in, with a ticket of its own. @throws CircuitBreakerError where it may not pass. */
  admit(fn: Call, args: readonly unknown[] = NO_ARGUMENTS): Attempt {
    const answer = this.ask(fn, args)
    if (answer instanceof Attempt) return answer
    throw answer
  }

  /** The same, without a throw. */
  ask(fn: Call, args: readonly unknown[] = NO_ARGUMENTS): Attempt | CircuitBreakerError {
    const { circuit, rules, stats, settings } = this
    const answer = circuit.admit(rules, settings.clock)
    circuit.tell()
    if ('reason' in answer) {
      const error = this.reject(answer)
      return settings.shadow ? new Attempt(this, undefined, args) : error
    }
    stats.calls++
    if (answer.lease !== undefined) stats.trials++
    this.listeners.tell('beforeCall', this.breaker, fn, ...args)
    return new Attempt(this, answer, args)
  }

  /** Counts and tells a rejection. */
  reject({ reason, retryAfter }: Denial): CircuitBreakerError {
    this.stats.rejected++
    const error = this.#error(reason, retryAfter, this.circuit.lastFailure)
    this.listeners.tell('rejected', this.breaker, error)
    if (rejectedChannel.hasSubscribers) rejectedChannel.publish({ breaker: this.breaker, error })
    return error
  }

  /** Judges the error of a plain call. Answers the error that the caller gets. */
  failed(pass: Ticket, error: unknown): unknown {
    return this.settle(pass, this.judge.ofError(error, 0, NO_ARGUMENTS), error, 0)
  }

  /** Applies a verdict. Answers the error that a caller gets for `error`; no listener can change that. */
  settle(ticket: Ticket, verdict: Verdict, error: unknown, duration: number): unknown {
    const { circuit, settings } = this
    const slow = duration > settings.slowCall
    const effect = circuit.settle(ticket, verdict, slow, error, this.rules, settings.clock)
    this.#count(effect, verdict, slow)
    const answer = this.#replaces(effect, verdict) ? this.#opened(effect, error) : error
    if (effect !== 'late' && verdict === 'failure') this.listeners.tell('failure', this.breaker, error)
    circuit.tell()
    if (effect !== 'late' && verdict === 'success') this.listeners.tell('success', this.breaker)
    if (effect !== 'late' && verdict === 'ignore') this.listeners.tell('ignored', this.breaker, error)
    return answer
  }

  /** What this breaker's listeners, and the process's channel, hear of a transition. */
  told({ from, to, at, why, by }: Transition): void {
    const change = { origin: 'local', reason: why, by, at: new Date(at) } as const
    this.listeners.tell('stateChange', this.breaker, from, to, change)
    if (transitionChannel.hasSubscribers) transitionChannel.publish({ breaker: this.breaker, from, to, change })
  }

  /** Whether somebody needs to know how long calls take. */
  get isTimed(): boolean {
    return this.settings.slowCall !== Number.POSITIVE_INFINITY || this.judge.classifies
  }

  #replaces(effect: Effect, verdict: Verdict): effect is 'tripped' | 'trial-failed' {
    if (effect !== 'tripped' && effect !== 'trial-failed') return false
    return verdict === 'failure' && this.settings.throwNewErrorOnTrip && !this.settings.shadow
  }

  #opened(reason: 'tripped' | 'trial-failed', cause: unknown): CircuitBreakerError {
    return this.#error(reason, this.circuit.snapshot.until - this.settings.clock.now(), cause)
  }

  #renewPass(): Pass | undefined {
    this.#pass = undefined
    const { circuit, settings, listeners } = this
    if (this.isTimed || listeners.hear.beforeCall || !circuit.isPlain(settings.clock)) return undefined
    this.#pass = this.#makePass()
    return this.#pass
  }

  #makePass(): Pass {
    const { circuit, stats } = this
    const { snapshot } = circuit
    const pass: Pass = {
      snapshot,
      lease: undefined,
      succeed: (value) => {
        if (circuit.snapshot === snapshot) {
          stats.successes++
          circuit.succeed(this.settings.clock)
          if (this.listeners.hear.success) this.listeners.tell('success', this.breaker)
        } else stats.late++
        return value
      },
      reject: (error) => new Rejection(this.failed(pass, error)),
    }
    return pass
  }

  #error(reason: RejectionReason, retryAfter: number, cause: unknown): CircuitBreakerError {
    const { state, openedAt } = this.circuit.snapshot
    return circuitBreakerError(
      {
        breaker: this.settings.name,
        state,
        reason,
        retryAfter: Math.max(0, retryAfter),
        openedAt: openedAt === undefined ? undefined : new Date(openedAt),
        cause,
      },
      this.settings.stackTrace,
    )
  }

  #count(effect: Effect, verdict: Verdict, slow: boolean): void {
    const { stats } = this
    if (effect === 'late') {
      stats.late++
      return
    }
    if (slow) stats.slow++
    if (verdict === 'success') stats.successes++
    else if (verdict === 'failure') stats.failures++
    else stats.ignored++
  }
}
