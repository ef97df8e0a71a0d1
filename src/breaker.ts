/// <reference lib="esnext.disposable" preserve="true" />
// CircuitBreaker: what a user holds. It resolves the options, and hands every form of call to the gate and every
// command to the circuit; it decides nothing itself.

import { admitted, type Permit } from './calls/attempt.ts'
import * as commands from './calls/commands.ts'
import { Gate } from './calls/gate.ts'
import { learnGates } from './calls/gates.ts'
import { type Guard, makeGuard } from './calls/guard.ts'
import { type AnyFunction, type AsyncFunction, invoke, invokeSync, wrapWith } from './calls/invoke.ts'
import {
  type AnyGenerator,
  type Iteration,
  type IterationSync,
  iterate,
  iterateSync,
  type Source,
  type SyncGenerator,
} from './calls/iterate.ts'
import type { CircuitBreakerOptions } from './calls/options.ts'
import { type RunContext, type RunOptions, run } from './calls/run.ts'
import type { ResetTimeout } from './core/backoff.ts'
import { holding } from './core/clock.ts'
import type { CommandOptions } from './core/commands.ts'
import type { Explanation } from './core/explain.ts'
import type { ForceOptions } from './core/force.ts'
import type { Listener } from './core/listeners.ts'
import type { Update } from './core/overrides.ts'
import type { CircuitState } from './core/snapshot.ts'
import type { Stats } from './core/stats.ts'
import type { ErrorMatcher } from './core/verdict.ts'

/** A circuit breaker: stops calls to what is failing, and tries again with one careful call (Nygard, Release It!). */
export class CircuitBreaker implements AsyncDisposable {
  readonly #gate: Gate
  #guard: Guard | undefined

  static {
    learnGates((breaker) => breaker.#gate)
  }

  /** @throws TypeError or RangeError for a bad option, naming option, value and type. */
  constructor(options: CircuitBreakerOptions = {}) {
    this.#gate = new Gate(this, options)
  }

  /** The circuit's identity in storage, metrics and errors. Fixed, unlike PyBreaker's. */
  get name(): string {
    return this.#gate.settings.name
  }

  /** PyBreaker's `current_state`. An open circuit whose time is over stays `'open'` until a call comes. */
  get state(): CircuitState {
    return this.#gate.look().state
  }

  /** Failures in a row, in this process (PyBreaker's `fail_counter`); they stay as they are while it is open. */
  get failCounter(): number {
    this.#gate.look()
    return this.#gate.circuit.failures
  }

  /** Trial successes of this half-open period; 0 otherwise (PyBreaker's `success_counter`). */
  get successCounter(): number {
    return this.#gate.look().successes
  }

  /** When it last opened; `undefined` while closed. */
  get openedAt(): Date | undefined {
    const { openedAt } = this.#gate.look()
    return openedAt === undefined ? undefined : new Date(openedAt)
  }

  /** Consecutive failures that open it; `undefined` where `trip` decides. Holds from the next failure on. */
  get failMax(): number | undefined {
    return this.#gate.rules.failMax
  }

  set failMax(value: number) {
    commands.setFailMax(this.#gate, value)
  }

  /** ms open before a trial, or a function. A new value holds at once, for an open circuit from the time it opened. */
  get resetTimeout(): ResetTimeout {
    return this.#gate.rules.resetTimeout
  }

  set resetTimeout(value: ResetTimeout) {
    commands.setResetTimeout(this.#gate, value)
  }

  /** Trial successes that close it. Holds from the next trial success on. */
  get successThreshold(): number {
    return this.#gate.rules.successThreshold
  }

  set successThreshold(value: number) {
    commands.setSuccessThreshold(this.#gate, value)
  }

  /** What counts as success though it is an error (PyBreaker's `excluded_exceptions`). Frozen. */
  get excluded(): readonly ErrorMatcher[] {
    return this.#gate.judge.excluded
  }

  /** Who is told of what happens. Frozen. */
  get listeners(): readonly Listener[] {
    return this.#gate.listeners.all
  }

  /** Totals since the breaker was made; a copy. */
  get stats(): Stats {
    return Object.freeze({ ...this.#gate.stats })
  }

  /** Method decorator, by either standard, for methods that return a promise. */
  get guard(): Guard {
    this.#guard ??= makeGuard(this.#gate)
    return this.#guard
  }

  /**
   * Calls `fn` with the arguments, if the circuit lets it pass.
   * @throws CircuitBreakerError (as a rejection) where it does not, or where this call trips it; else what `fn` throws.
   */
  call<Args extends readonly unknown[], R>(
    fn: (this: void, ...args: Args) => R,
    ...args: NoInfer<Args>
  ): Promise<Awaited<R>> {
    return invoke(this.#gate, fn, undefined, args) as Promise<Awaited<R>>
  }

  /** Calls a function that answers at once. Do not give it one that returns a promise: a promise is a success. */
  callSync<Args extends readonly unknown[], R>(fn: (this: void, ...args: Args) => R, ...args: NoInfer<Args>): R {
    return invokeSync(this.#gate, fn, undefined, args) as R
  }

  /** A function like `fn` (same parameters, `this`, name and length) whose calls go through this breaker. */
  wrap<F extends AsyncFunction>(fn: F): F
  wrap<This, Args extends readonly unknown[], R>(
    fn: (this: This, ...args: Args) => R,
  ): (this: This, ...args: Args) => Promise<Awaited<R>>
  wrap(fn: AnyFunction): AnyFunction {
    return wrapWith(invoke, this.#gate, fn)
  }

  /** The same for a function that answers at once. */
  // biome-ignore lint/suspicious/noExplicitAny: any function can be wrapped
  wrapSync<F extends (...args: any) => unknown>(fn: F): F {
    return wrapWith(invokeSync, this.#gate, fn) as F
  }

  /** Iterates, judged when the iteration ends; admission is asked for at the first `next()`. Stopping early is `ignore`. */
  iterate<Args extends readonly unknown[], G extends AnyGenerator>(
    fn: (this: void, ...args: Args) => G,
    ...args: NoInfer<Args>
  ): Iteration<G>
  iterate<Args extends readonly unknown[], T>(
    fn: (this: void, ...args: Args) => AsyncIterable<T> | Iterable<T>,
    ...args: NoInfer<Args>
  ): AsyncGenerator<T, void, undefined>
  iterate<T>(source: AsyncIterable<T> | Iterable<T>): AsyncGenerator<T, void, undefined>
  iterate(source: Source, ...args: readonly unknown[]): AsyncGenerator {
    return iterate(this.#gate, source, args)
  }

  /** The same, in sync (PyBreaker's generators). */
  iterateSync<Args extends readonly unknown[], G extends SyncGenerator>(
    fn: (this: void, ...args: Args) => G,
    ...args: NoInfer<Args>
  ): IterationSync<G>
  iterateSync<Args extends readonly unknown[], T>(
    fn: (this: void, ...args: Args) => Iterable<T>,
    ...args: NoInfer<Args>
  ): Generator<T, void, undefined>
  iterateSync<T>(source: Iterable<T>): Generator<T, void, undefined>
  iterateSync(source: Source, ...args: readonly unknown[]): Generator {
    return iterateSync(this.#gate, source, args)
  }

  /** The right to make one call, whose verdict is given by hand (PyBreaker's `with breaker.calling()`). @throws CircuitBreakerError */
  acquire(): Promise<Permit> {
    return admitted(this.#gate.ask(undefined))
  }

  /** The same, at once. @throws CircuitBreakerError */
  acquireSync(): Permit {
    return this.#gate.admit(undefined)
  }

  /**
   * Runs `fn` with a signal of its own, a timeout, the caller's cancellation and a fallback. Ends at the timeout
   * (DOMException `TimeoutError`, a failure) or at the caller's abort (with the caller's reason, no verdict) even if
   * `fn` ignores its signal.
   */
  run<R, F = never>(fn: (context: RunContext) => R, options?: RunOptions<F>): Promise<Awaited<R> | Awaited<F>> {
    return run(this.#gate, fn, options) as Promise<Awaited<R> | Awaited<F>>
  }

  /** Adds to what counts as success though it is an error. */
  addExcluded(...matchers: ErrorMatcher[]): void {
    this.#gate.judge.exclude(matchers)
  }

  /** Removes a matcher, by identity; one that is not there is no error. */
  removeExcluded(matcher: ErrorMatcher): void {
    this.#gate.judge.include(matcher)
  }

  /** Whether this error would count as failure (PyBreaker's `is_system_error`). */
  isSystemError(error: unknown): boolean {
    return this.#gate.judge.ofError(error, 0, []) === 'failure'
  }

  /** Adds listeners, told in this order after those that are there. */
  addListener(...listeners: Listener[]): void {
    this.#gate.listeners.add(listeners)
  }

  /** Removes a listener, by identity; one that is not there is no error. */
  removeListener(listener: Listener): void {
    this.#gate.listeners.remove(listener)
  }

  /** Listens to one event until the returned object is disposed of. */
  on<E extends keyof Listener>(event: E, fn: NonNullable<Listener[E]>): Disposable {
    return this.#gate.listeners.on(event, fn)
  }

  /** Why it is in the state it is in; `text` is a paragraph for an incident channel. */
  explain(): Explanation {
    return this.#gate.explain()
  }

  /** This process's state and counts as JSON text, for one that may end after this request. */
  snapshot(): string {
    return commands.snapshot(this.#gate)
  }

  /** Goes on where a {@link snapshot} was taken, less the time since. @throws SyntaxError or TypeError; nothing has changed then. */
  restore(json: string): void {
    commands.restore(this.#gate, json)
  }

  /** Resolves when shared storage was read once, or did not answer. */
  ready(): Promise<void> {
    return this.#gate.fleet === undefined ? Promise.resolve() : holding(this.#gate.fleet.ready)
  }

  /** Resolves when nothing is on its way to shared storage or due, or storage is down. */
  settled(): Promise<void> {
    return this.#gate.fleet === undefined ? Promise.resolve() : holding(this.#gate.fleet.activity.idle())
  }

  /** Closes the circuit and zeroes its counts; from any state. This and the next five reject where storage did not take it. */
  close(options?: CommandOptions): Promise<void> {
    return commands.close(this.#gate, options)
  }

  /** Opens the circuit; the time of one that is open starts anew. */
  open(options?: CommandOptions): Promise<void> {
    return commands.open(this.#gate, options)
  }

  /** Makes the next call a trial; from any state. */
  halfOpen(options?: CommandOptions): Promise<void> {
    return commands.halfOpen(this.#gate, options)
  }

  /**
   * Holds the circuit open or closed, whatever calls come to, until the time is over, {@link release}, or another command.
   * @throws TypeError or RangeError at once, for an unknown state or a bad option.
   */
  force(state: 'open' | 'closed', options: ForceOptions = {}): Promise<void> {
    return commands.force(this.#gate, state, options)
  }

  /** Ends a {@link force}: held open becomes half-open, held closed closed with counts zero. */
  release(options?: CommandOptions): Promise<void> {
    return commands.release(this.#gate, options)
  }

  /** Changes thresholds for all who share the circuit, until `null` undoes it. @throws TypeError or RangeError at once. */
  update(update: Update, options: CommandOptions = {}): Promise<void> {
    return this.#gate.update(update, options)
  }

  /** Lets go of shared storage; calls go on by this process's circuit. */
  dispose(): Promise<void> {
    this.#gate.dispose()
    return Promise.resolve()
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.dispose()
  }
}
