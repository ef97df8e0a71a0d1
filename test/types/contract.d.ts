// The signatures that the library promises, as a caller reads them, kept apart from the source on purpose: contract.types.ts
// fails to compile when the two part.
/// <reference lib="esnext.disposable" />
import type { CallOptions, Interceptor } from '@grpc/grpc-js'
import type { Meter } from '@opentelemetry/api'
import type { AxiosInstance } from 'axios'
import type { FastifyPluginAsync } from 'fastify'
import type { Got } from 'got'
import type * as http from 'node:http'
import type * as https from 'node:https'
import type { Registry } from 'prom-client'
import type { Breakers, CircuitBreaker as Breaker, Infuse as Application, TripPolicy } from '../../src/index.ts'
import type { RedisClient } from '../../src/redis/index.ts'

export type CircuitState = 'closed' | 'open' | 'half-open'
export type Verdict = 'success' | 'failure' | 'ignore'
export type MaybePromise<T> = T | PromiseLike<T>
/** any: a caller's own error type must be accepted as a parameter (strictFunctionTypes refuses `unknown`). */
export type ErrorMatcher = (abstract new (...args: any) => unknown) | ((error: any) => boolean)
export interface Clock {
  now(): number
  wallNow?(): number
}

export type Outcome =
  | {
      readonly ok: true
      readonly value: unknown
      readonly error?: undefined
      readonly duration: number
      readonly args: readonly unknown[]
    }
  | {
      readonly ok: false
      readonly error: unknown
      readonly value?: undefined
      readonly duration: number
      readonly args: readonly unknown[]
    }
export interface OpenContext {
  readonly relapses: number
  readonly error: unknown
  readonly retryAfter: number | undefined
}
export type ResetTimeout = number | ((ctx: OpenContext) => number)
export declare function backoff(options?: {
  initial?: number | undefined
  max?: number | undefined
  factor?: number | undefined
  jitter?: number | undefined
}): (ctx: OpenContext) => number

// A policy is opaque: its brand is the library's own.
export type { TripPolicy }
export interface TimeWindow {
  threshold?: number | undefined
  window?: number | undefined
  minimumCalls?: number | undefined
  count?: undefined
}
export interface CountWindow {
  threshold?: number | undefined
  count: number
  minimumCalls?: number | undefined
  window?: undefined
}
export declare function consecutive(n: number): TripPolicy
export declare function failureRate(options?: TimeWindow | CountWindow): TripPolicy
export declare function slowRate(options?: TimeWindow | CountWindow): TripPolicy
export declare function anyOf(first: TripPolicy, ...more: TripPolicy[]): TripPolicy

export interface Change {
  readonly origin: 'local' | 'remote'
  readonly reason: string | undefined
  readonly by: string | undefined
  readonly at: Date
}
type Told = void | PromiseLike<void>
export interface Listener {
  beforeCall?(breaker: CircuitBreaker, fn: ((...args: never) => unknown) | undefined, ...args: unknown[]): Told
  success?(breaker: CircuitBreaker): Told
  failure?(breaker: CircuitBreaker, error: unknown): Told
  ignored?(breaker: CircuitBreaker, error: unknown): Told
  rejected?(breaker: CircuitBreaker, error: CircuitBreakerError): Told
  stateChange?(breaker: CircuitBreaker, from: CircuitState, to: CircuitState, change: Change): Told
  storageDown?(breaker: CircuitBreaker, error: unknown): Told
  storageUp?(breaker: CircuitBreaker): Told
}
export interface CircuitBreakerOptions {
  name?: string | undefined
  failMax?: number | undefined
  trip?: TripPolicy | undefined
  resetTimeout?: ResetTimeout | undefined
  successThreshold?: number | undefined
  trials?: number | undefined
  trialTimeout?: number | undefined
  rampUp?: number | undefined
  exclude?: readonly ErrorMatcher[] | undefined
  ignore?: readonly ErrorMatcher[] | undefined
  classify?: ((outcome: Outcome) => Verdict) | undefined
  slowCall?: number | undefined
  timeout?: number | undefined
  throwNewErrorOnTrip?: boolean | undefined
  storage?: CircuitStorage | undefined
  listeners?: readonly Listener[] | undefined
  stackTrace?: boolean | undefined
  shadow?: boolean | undefined
  clock?: Clock | undefined
}
export interface Permit extends Disposable {
  success(value?: unknown): void
  failure(error: unknown): void
  ignore(): void
}
export interface RunOptions<F> {
  signal?: AbortSignal | null | undefined
  timeout?: number | undefined
  fallback?: ((error: unknown) => F) | undefined
}
export interface Stats {
  readonly calls: number
  readonly successes: number
  readonly failures: number
  readonly ignored: number
  readonly rejected: number
  readonly slow: number
  readonly late: number
  readonly trials: number
}
export interface Forced {
  readonly state: 'open' | 'closed'
  readonly until: Date | undefined
  readonly by: string | undefined
  readonly reason: string | undefined
}
export interface Explanation {
  readonly state: CircuitState
  readonly scope: 'local' | 'fleet'
  readonly reason: string
  readonly counts: Readonly<Record<string, number>>
  readonly policy: string
  readonly openedAt: Date | undefined
  readonly nextTrialAt: Date | undefined
  readonly forced: Forced | undefined
  readonly text: string
}
/** What `guard` is: callable unbound, by either decorator standard. */
export interface Guard {
  <This, Value extends (this: This, ...args: any) => PromiseLike<any>>(
    value: Value,
    context: ClassMethodDecoratorContext<This, Value>,
  ): Value
  <Value extends (...args: any) => PromiseLike<any>>(
    target: object,
    key: string | symbol,
    descriptor: TypedPropertyDescriptor<Value>,
  ): void
}
type AsyncFunction = (...args: any) => Promise<any>
export declare class CircuitBreaker {
  constructor(options?: CircuitBreakerOptions)
  readonly name: string
  readonly state: CircuitState
  readonly failCounter: number
  readonly successCounter: number
  readonly openedAt: Date | undefined
  get failMax(): number | undefined
  set failMax(value: number)
  get resetTimeout(): ResetTimeout
  set resetTimeout(value: ResetTimeout)
  get successThreshold(): number
  set successThreshold(value: number)
  readonly excluded: readonly ErrorMatcher[]
  readonly listeners: readonly Listener[]
  readonly stats: Stats
  readonly guard: Guard

  call<Args extends readonly unknown[], R>(
    fn: (this: void, ...args: Args) => R,
    ...args: NoInfer<Args>
  ): Promise<Awaited<R>>
  callSync<Args extends readonly unknown[], R>(fn: (this: void, ...args: Args) => R, ...args: NoInfer<Args>): R
  wrap<F extends AsyncFunction>(fn: F): F
  wrap<This, Args extends readonly unknown[], R>(
    fn: (this: This, ...args: Args) => R,
  ): (this: This, ...args: Args) => Promise<Awaited<R>>
  wrapSync<F extends (...args: any) => unknown>(fn: F): F
  iterate<Args extends readonly unknown[], T, R, N>(
    fn: (this: void, ...args: Args) => AsyncGenerator<T, R, N> | Generator<T, R, N>,
    ...args: NoInfer<Args>
  ): AsyncGenerator<T, R, N>
  iterate<Args extends readonly unknown[], T>(
    fn: (this: void, ...args: Args) => AsyncIterable<T> | Iterable<T>,
    ...args: NoInfer<Args>
  ): AsyncGenerator<T, void, undefined>
  iterate<T>(source: AsyncIterable<T> | Iterable<T>): AsyncGenerator<T, void, undefined>
  iterateSync<Args extends readonly unknown[], T, R, N>(
    fn: (this: void, ...args: Args) => Generator<T, R, N>,
    ...args: NoInfer<Args>
  ): Generator<T, R, N>
  iterateSync<Args extends readonly unknown[], T>(
    fn: (this: void, ...args: Args) => Iterable<T>,
    ...args: NoInfer<Args>
  ): Generator<T, void, undefined>
  iterateSync<T>(source: Iterable<T>): Generator<T, void, undefined>
  acquire(): Promise<Permit>
  acquireSync(): Permit
  run<R, F = never>(
    fn: (context: { readonly signal: AbortSignal }) => R,
    options?: RunOptions<F>,
  ): Promise<Awaited<R> | Awaited<F>>

  addExcluded(...matchers: ErrorMatcher[]): void
  removeExcluded(matcher: ErrorMatcher): void
  isSystemError(error: unknown): boolean
  addListener(...listeners: Listener[]): void
  removeListener(listener: Listener): void
  on<E extends keyof Listener>(event: E, fn: NonNullable<Listener[E]>): Disposable
  explain(): Explanation
  snapshot(): string
  restore(json: string): void
  ready(): Promise<void>
  settled(): Promise<void>
  close(): Promise<void>
  open(): Promise<void>
  halfOpen(): Promise<void>
  force(
    state: 'open' | 'closed',
    options?: { for?: number | undefined; by?: string | undefined; reason?: string | undefined },
  ): Promise<void>
  release(): Promise<void>
  dispose(): Promise<void>
  [Symbol.asyncDispose](): Promise<void>
}
export type RejectionReason = 'open' | 'trial-in-flight' | 'tripped' | 'trial-failed' | 'forced' | 'ramp-up'
export declare class CircuitBreakerError extends Error {
  private constructor()
  readonly code: 'ERR_CIRCUIT_OPEN'
  readonly statusCode: 503
  readonly breaker: string
  readonly state: CircuitState
  readonly reason: RejectionReason
  readonly retryAfter: number
  readonly openedAt: Date | undefined
  override readonly cause: unknown
}
/** What listeners, `exclude` and `classify` see for a status that counts as failure; the caller never gets it. */
export declare class HttpStatusError extends Error {
  readonly status: number
}
export declare function isCircuitBreakerError(error: unknown): boolean
export declare function findCircuitBreakerError(error: unknown): CircuitBreakerError | undefined

export type WhenDown = 'last-known' | 'closed' | 'open' | 'half-open'
export interface SharedOptions {
  timeout?: number | undefined
  confirm?: number | undefined
  refreshInterval?: number | undefined
  whenDown?: WhenDown | undefined
}
/** ms of the storage's clock, or so many ms from the moment the storage writes. */
export type StorageTime = number | { readonly in: number }
export interface Lease<T = number> {
  readonly id: string
  readonly until: T
}
export interface CircuitRecord<T = StorageTime> {
  readonly state: CircuitState
  readonly until: T
  readonly relapses: number
  readonly successes: number
  readonly leases: readonly Lease<T>[]
  readonly forced?: { readonly state: 'open' | 'closed'; readonly until: T } | undefined
  readonly overrides?:
    | { readonly failMax?: number; readonly resetTimeout?: number; readonly successThreshold?: number }
    | undefined
  readonly policy?: string | undefined
  readonly by?: string | undefined
  readonly why?: string | undefined
}
export interface Move extends CircuitRecord {
  readonly epoch?: number
  readonly period: number | 'new'
  readonly notBefore?: number
  readonly move: string
  readonly mover: string
}
export interface Slot {
  readonly start: number
  readonly ok: number
  readonly bad: number
  readonly slow: number
}
export interface Counts {
  readonly okAt?: number
  readonly fails?: readonly number[]
  readonly slots?: readonly Slot[]
}
export interface Tally extends Counts {
  readonly epoch: number
  readonly period: number
  readonly keep: { readonly fails?: number; readonly slotWidth?: number; readonly slots?: number }
  readonly ask?: { readonly id: string; readonly since: number; readonly every: number }
  readonly hush?: true
}
export interface StoredCircuit extends CircuitRecord<number> {
  readonly epoch: number
  readonly period: number
  readonly at: number
  readonly listeners: number
  readonly counts: Counts
  readonly asked: number
  readonly asker: string | undefined
  readonly move: string
  readonly mover: string
}
export type Note =
  | {
      readonly kind: 'ask'
      readonly epoch: number
      readonly asked: number
      readonly asker: string
      readonly since: number
      readonly listeners: number
    }
  | { readonly kind: 'hush'; readonly epoch: number; readonly asked: number }
export interface Watcher {
  changed(name: string, circuit: StoredCircuit | undefined): void
  noted(name: string, note: Note): void
  /** pushes may have been missed: read again */
  reconnected(): void
}
export interface Transition {
  readonly circuit: string
  readonly from: CircuitState
  readonly to: CircuitState
  readonly at: Date
  readonly by: string | undefined
  readonly why: string | undefined
  readonly counts: Counts
}
export interface Presence {
  readonly process: string
  readonly circuits: Readonly<
    Record<
      string,
      { readonly calls: number; readonly failures: number; readonly rejected: number; readonly slow: number }
    >
  >
}
export interface CircuitStorage {
  readonly shared?: SharedOptions
  read(names: readonly string[], presence?: Presence): MaybePromise<readonly (StoredCircuit | undefined)[]>
  add(name: string, tally: Tally): MaybePromise<StoredCircuit>
  replace(
    name: string,
    expected: StoredCircuit | undefined,
    next: Move,
  ): MaybePromise<{ readonly replaced: boolean; readonly current: StoredCircuit | undefined }>
  watch(name: string, watcher: Watcher): () => void
  list?(): MaybePromise<readonly string[]>
  transitions?(options: { circuit?: string; limit: number }): MaybePromise<readonly Transition[]>
  dispose?(): MaybePromise<void>
}
export declare class MemoryStorage implements CircuitStorage {
  constructor(options?: { clock?: Clock | undefined })
  read(names: readonly string[], presence?: Presence): readonly (StoredCircuit | undefined)[]
  add(name: string, tally: Tally): StoredCircuit
  replace(
    name: string,
    expected: StoredCircuit | undefined,
    next: Move,
  ): { readonly replaced: boolean; readonly current: StoredCircuit | undefined }
  watch(name: string, watcher: Watcher): () => void
  list(): readonly string[]
  transitions(options: { circuit?: string; limit: number }): readonly Transition[]
}

// Infuse
export type CircuitOptions = Omit<CircuitBreakerOptions, 'name' | 'storage' | 'clock'>
export interface InfuseOptions {
  service?: string | undefined
  env?: string | undefined
  storage?: CircuitStorage | undefined
  defaults?: CircuitOptions | undefined
  circuits?: Readonly<Record<string, CircuitOptions>> | undefined
  services?: Readonly<Record<string, string | URL>> | undefined
  maxBreakers?: number | undefined
  announce?: CircuitState | false | undefined
  clock?: Clock | undefined
}
export interface SkipBreaker {
  skipBreaker?: boolean | undefined
}
export type GuardedFetch = (input: string | URL | Request, init?: RequestInit & SkipBreaker) => Promise<Response>
export declare class Infuse implements AsyncDisposable {
  constructor(options?: InfuseOptions)
  static fromEnv(env?: Readonly<Record<string, string | undefined>>): Promise<Infuse>
  readonly breakers: ReadonlyMap<string, CircuitBreaker>
  breaker(name: string, options?: CircuitOptions): CircuitBreaker
  service(name: string, url: string | URL): { readonly fetch: GuardedFetch }
  ready(): Promise<void>
  install(): void
  uninstall(): void
  dispose(): Promise<void>
  [Symbol.asyncDispose](): Promise<void>
}

// Guards, servers and metrics take the library's own classes: `Breakers` is checked by itself.
export interface GuardRequest {
  readonly method: string
  readonly origin: string
  readonly path: string
}
export interface GuardOptions {
  key?: ((request: GuardRequest) => string) | undefined
  isFailure?: ((outcome: { readonly status?: number; readonly error?: unknown }) => boolean | undefined) | undefined
}
export declare function circuitBreaker(
  breakers: Breakers,
  options?: GuardOptions,
): <D extends (options: any, handler: any) => boolean>(dispatch: D) => D
export declare function guardFetch<F extends (input: any, init?: any) => Promise<any>>(
  fetch: F,
  breakers: Breakers,
  options?: GuardOptions,
): F
export declare function guardAxios<I extends AxiosInstance>(instance: I, breakers: Breakers, options?: GuardOptions): I
export declare function guardGot(got: Got, breakers: Breakers, options?: GuardOptions): Got
export declare function grpcInterceptor(breakers: Breakers, options?: GuardOptions): Interceptor
export declare const skipBreaker: CallOptions
export type NewAgent = new (breakers: Breakers, options?: http.AgentOptions & GuardOptions) => http.Agent
export type NewHttpsAgent = new (
  breakers: Breakers,
  options?: Omit<https.AgentOptions, 'key'> & GuardOptions,
) => https.Agent
export interface Identity {
  actor: string
  can: readonly ('read' | 'operate')[]
}
export interface AdminOptions {
  authorize: (request: Request) => Identity | null | PromiseLike<Identity | null>
  allowMutations?: boolean | undefined
  basePath?: string | undefined
  maxStreams?: number | undefined
}
export declare function adminHandler(
  source: Application | CircuitStorage,
  options: AdminOptions,
): (request: Request) => Promise<Response>
export interface InfusePluginOptions extends Omit<InfuseOptions, 'storage' | 'defaults' | 'circuits'> {
  redis?: string | RedisClient | undefined
  install?: boolean | undefined
  admin?: AdminOptions | false | undefined
}
export declare const infusePlugin: FastifyPluginAsync<InfusePluginOptions>
export declare function Guarded(name: string): MethodDecorator
export declare function collectMetrics(
  source: Application | Breaker | Iterable<Breaker>,
  registry: Registry,
): () => void
export declare function observeMetrics(source: Application | Breaker | Iterable<Breaker>, meter: Meter): () => void
