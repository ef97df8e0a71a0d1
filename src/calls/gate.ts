// Between callers and a circuit: lets calls in, judges how they ended, counts, and tells listeners, in this order. All
// call forms go through it. While the circuit is plainly closed a call needs no object of its own: the `pass`, made
// once per period, is its ticket and has the two reactions that every such call shares.

import type { CircuitBreaker } from '../breaker.ts'
import type { Circuit, Denial, Effect, Ticket, Transition } from '../core/circuit.ts'
import { holding } from '../core/clock.ts'
import { type Command, type CommandOptions, originOf } from '../core/commands.ts'
import { type CircuitBreakerError, circuitBreakerError, type RejectionReason } from '../core/errors.ts'
import { type Explanation, explain, ownCounts } from '../core/explain.ts'
import { Listeners } from '../core/listeners.ts'
import { checkOptions, type Rules, resolveRules, resolveSettings, type Settings } from '../core/options.ts'
import { checkUpdate, followOverrides, type Overrides, type Update, withUpdate } from '../core/overrides.ts'
import type { Snapshot } from '../core/snapshot.ts'
import { countVerdict, type MutableStats, newStats } from '../core/stats.ts'
import { Judge, type Verdict } from '../core/verdict.ts'
import type { FleetCircuit } from '../fleet/circuit.ts'
import { circuitOn, fleetOn, leaveFleet } from '../fleet/circuits.ts'
import { type CircuitStorage, checkStorage } from '../fleet/storage.ts'
import type { Place, Settled } from '../fleet/trials.ts'
import { type Answer, Attempt, orThrow } from './attempt.ts'
import { rejectedChannel, transitionChannel } from './channels.ts'
import type { CircuitBreakerOptions } from './options.ts'
import { makePass, type Pass } from './pass.ts'

/** A ticket, with the fleet's period it belongs to, and its place where the fleet let it in. */
export interface Admitted extends Ticket {
  readonly period: number
  readonly place: Place | undefined
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
  readonly stats: MutableStats = newStats()
  /** The circuit that this process shares with others, where there is one. */
  fleet: FleetCircuit | undefined
  readonly #storage: CircuitStorage | undefined
  #pass: Pass | undefined

  /** @throws TypeError or RangeError for a bad option, naming option, value and type. */
  constructor(breaker: CircuitBreaker, options: CircuitBreakerOptions) {
    checkOptions(options)
    // A breaker in shadow must not move what others share.
    const storage = options.shadow || options.storage === undefined ? undefined : checkStorage(options.storage)
    this.breaker = breaker
    this.settings = resolveSettings({ ...options, clock: options.clock ?? options.storage?.clock })
    this.rules = resolveRules(options, this.settings)
    this.judge = new Judge(options.exclude ?? [], options.ignore ?? [], options.classify)
    this.listeners = new Listeners(options.listeners ?? [])
    this.circuit = circuitOn(storage, this.settings.name)
    this.circuit.watch(this.rules.parts)
    this.#storage = storage
    if (storage === undefined) this.circuit.watchers.own(this)
    else if (storage.shared === undefined) this.circuit.watchers.add(this)
    else this.#enlist(storage)
    const overrides = this.fleet === undefined ? this.circuit.overrides : this.fleet.overrides
    if (overrides !== undefined) followOverrides(this.rules, overrides)
  }

  /** The circuit as it is now: a hold whose time is over has ended. */
  look(): Snapshot {
    if (this.fleet !== undefined) return this.fleet.look()
    this.circuit.expire(this.settings.clock)
    this.circuit.tell()
    return this.circuit.snapshot
  }

  /** Carries out what a person, or their code, wants of the circuit; acts here at once. */
  command(make: Command): Promise<void> {
    if (this.fleet !== undefined) return this.fleet.command(make)
    this.circuit.command(make, this.settings.clock)
    this.circuit.tell()
    return Promise.resolve()
  }

  /** Changes thresholds for all breakers of the circuit; here at once. */
  update(update: Update, options: CommandOptions): Promise<void> {
    checkUpdate(update)
    const origin = originOf('update', options)
    if (this.fleet !== undefined) return this.fleet.update(update, origin)
    this.circuit.update(withUpdate(this.circuit.overrides, update))
    return Promise.resolve()
  }

  /** From here on these count instead of this breaker's own thresholds. */
  updated(overrides: Overrides | undefined): void {
    const { resetTimeout } = this.rules
    followOverrides(this.rules, overrides)
    if (this.rules.resetTimeout !== resetTimeout) this.circuit.reopenFor(this.rules.resetTimeout)
  }

  explain(): Explanation {
    const { settings, circuit, rules, fleet } = this
    const snapshot = this.look()
    const own = ownCounts(circuit, rules, settings.clock.now())
    const counts = { ...own, trialSuccesses: snapshot.successes, ...fleet?.counts() }
    const scope = fleet?.governs ? 'fleet' : 'local'
    return explain({ name: settings.name, snapshot, scope, counts }, rules, settings.clock)
  }

  /** Lets go of shared storage. */
  dispose(): void {
    if (this.fleet === undefined || this.#storage === undefined) return
    leaveFleet(this.#storage, this.fleet, this)
    this.fleet = undefined
    this.circuit.watchers.add(this)
  }

  /** The shared ticket, while nothing stands in the way of a call and nobody wants to know more of it. */
  pass(): Pass | undefined {
    const pass = this.#pass
    if (pass !== undefined && this.#isCurrent(pass) && !this.listeners.hear.beforeCall) return pass
    return this.#renewPass()
  }

  /** Lets a call in, with a ticket of its own; it cannot wait. @throws CircuitBreakerError where it may not pass. */
  admit(fn: Call, args: readonly unknown[] = NO_ARGUMENTS): Attempt {
    return orThrow(this.#enter(this.fleet?.admit(true) as Place | Denial | undefined, fn, args))
  }

  /** The same without a throw; later only where a trial must be asked of a fleet. */
  ask(fn: Call, args: readonly unknown[] = NO_ARGUMENTS): Answer | Promise<Answer> {
    const governed = this.fleet?.admit(false)
    if (governed instanceof Promise) return holding(governed).then((answer) => this.#enter(answer, fn, args))
    return this.#enter(governed, fn, args)
  }

  /** Counts and tells a rejection. */
  reject({ reason, retryAfter }: Denial): CircuitBreakerError {
    this.stats.rejected++
    const error = this.#error(reason, retryAfter, this.look(), this.circuit.lastFailure)
    this.listeners.tell('rejected', this.breaker, error)
    if (rejectedChannel.hasSubscribers) rejectedChannel.publish({ breaker: this.breaker, error })
    return error
  }

  /** Judges the error of a plain call. Answers the error that the caller gets. */
  failed(pass: Pass, error: unknown): unknown {
    return this.settle(pass, this.judge.ofError(error, 0, NO_ARGUMENTS), error, 0)
  }

  /** Applies a verdict. Answers the error that a caller gets for `error`; no listener can change that. */
  settle(ticket: Admitted, verdict: Verdict, error: unknown, duration: number): unknown {
    const { circuit } = this
    const slow = duration > this.settings.slowCall
    const { effect, after } =
      ticket.place === undefined
        ? this.#settleOwn(ticket, verdict, slow, error)
        : this.#settleTrial(ticket.place, verdict, error)
    countVerdict(this.stats, effect, verdict, slow)
    const answer = this.#replaces(effect, verdict) ? this.#opened(effect, after ?? circuit.snapshot, error) : error
    if (effect !== 'late' && verdict === 'failure') this.listeners.tell('failure', this.breaker, error)
    circuit.tell()
    if (effect !== 'late' && verdict === 'success') this.listeners.tell('success', this.breaker)
    if (effect !== 'late' && verdict === 'ignore') this.listeners.tell('ignored', this.breaker, error)
    return answer
  }

  #settleOwn(ticket: Admitted, verdict: Verdict, slow: boolean, error: unknown): Settled {
    const { circuit, fleet, rules, settings } = this
    const effect = circuit.settle(ticket, verdict, slow, error, rules, settings.clock)
    const counts = verdict !== 'ignore' && fleet?.observe(ticket.period, verdict === 'failure', slow)
    return { effect: effect === 'late' && counts ? 'counted' : effect, after: circuit.snapshot }
  }

  #settleTrial(place: Place, verdict: Verdict, error: unknown): Settled {
    const settled = this.fleet?.trials.settle(place, verdict, error) ?? LATE
    if (settled.effect !== 'late' && settled.effect !== 'noted' && verdict !== 'ignore')
      this.circuit.note(verdict === 'failure', error)
    return settled
  }

  /** What this breaker's listeners, and the process's channel, hear of a transition. */
  told({ from, to, at, why, by, origin }: Transition): void {
    const change = { origin, reason: why, by, at: new Date(at) }
    this.listeners.tell('stateChange', this.breaker, from, to, change)
    if (transitionChannel.hasSubscribers) transitionChannel.publish({ breaker: this.breaker, from, to, change })
  }

  storageDown(error: unknown): void {
    this.listeners.tell('storageDown', this.breaker, error)
  }

  storageUp(): void {
    this.listeners.tell('storageUp', this.breaker)
  }

  /** Whether somebody needs to know how long calls take. */
  get isTimed(): boolean {
    return this.settings.slowCall !== Number.POSITIVE_INFINITY || this.judge.classifies
  }

  /** What the fleet says, or where it says nothing the process's own circuit. */
  #enter(governed: Place | Denial | undefined, fn: Call, args: readonly unknown[]): Answer {
    const { circuit, rules, stats, settings } = this
    const answer = governed ?? circuit.admit(rules, settings.clock)
    circuit.tell()
    if ('reason' in answer) {
      const error = this.reject(answer)
      return settings.shadow ? new Attempt(this, undefined, args) : error
    }
    stats.calls++
    if (answer.lease !== undefined) stats.trials++
    this.listeners.tell('beforeCall', this.breaker, fn, ...args)
    return new Attempt(this, this.#ticketOf(answer), args)
  }

  #ticketOf(answer: Place | Ticket): Admitted {
    if ('snapshot' in answer) return { ...answer, period: this.fleet?.period ?? 0, place: undefined }
    return { snapshot: this.circuit.snapshot, lease: undefined, period: answer.period, place: answer }
  }

  #enlist(storage: CircuitStorage): void {
    const { name, clock } = this.settings
    this.fleet = fleetOn(storage, name, this.rules, this.circuit, clock)
    this.fleet.join(this)
  }

  #replaces(effect: Effect, verdict: Verdict): effect is 'tripped' | 'trial-failed' {
    if (effect !== 'tripped' && effect !== 'trial-failed') return false
    return verdict === 'failure' && this.settings.throwNewErrorOnTrip && !this.settings.shadow
  }

  #opened(reason: 'tripped' | 'trial-failed', after: Snapshot, cause: unknown): CircuitBreakerError {
    return this.#error(reason, after.until - this.settings.clock.now(), after, cause)
  }

  #isCurrent({ snapshot, period }: Pass): boolean {
    return snapshot === this.circuit.snapshot && period === (this.fleet?.period ?? 0)
  }

  #renewPass(): Pass | undefined {
    this.#pass = undefined
    const { circuit, settings, listeners } = this
    if (this.isTimed || listeners.hear.beforeCall || !circuit.isPlain(settings.clock) || this.fleet?.governs)
      return undefined
    this.#pass = makePass(this)
    return this.#pass
  }

  #error(reason: RejectionReason, retryAfter: number, at: Snapshot, cause: unknown): CircuitBreakerError {
    const openedAt = at.openedAt === undefined ? undefined : new Date(at.openedAt)
    const { name: breaker, stackTrace } = this.settings
    const wait = Math.max(0, retryAfter)
    return circuitBreakerError({ breaker, state: at.state, reason, retryAfter: wait, openedAt, cause }, stackTrace)
  }
}

const LATE: Settled = { effect: 'late', after: undefined }
