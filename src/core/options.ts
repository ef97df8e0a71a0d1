// A breaker's options: validated once, defaults in one place, and resolved into the frozen and the live part. The
// table in docs/options.md is generated from DEFAULTS and the comments below.

import { checkResetTimeout, DEFAULT_RESET_TIMEOUT, type ResetTimeout } from './backoff.ts'
import {
  bad,
  checkBetween,
  checkBoolean,
  checkCount,
  checkDuration,
  checkFunction,
  checkKnown,
  checkObject,
  checkPositive,
} from './check.ts'
import { type Clock, type FullClock, fullClock } from './clock.ts'
import type { Listener } from './listeners.ts'
import { type Overrides, ownThresholds, settleRules } from './overrides.ts'
import { consecutive, type Part, partsOf, type TripPolicy } from './trip.ts'
import type { Classify, ErrorMatcher } from './verdict.ts'

/** Options that every breaker of an application may share; see {@link CircuitBreakerOptions} for all. */
export interface RuleOptions {
  /** Consecutive failures that open the circuit; an integer from 1. PyBreaker's `fail_max`. @default 5 */
  failMax?: number | undefined
  /** A trip policy instead of `failMax`. @default consecutive(failMax) */
  trip?: TripPolicy | undefined
  /** ms open before a trial, or a function such as `backoff()`; `0` tries at once, `Infinity` waits for a person. PyBreaker's `reset_timeout`. @default 60_000 */
  resetTimeout?: ResetTimeout | undefined
  /** Trial successes that close it; an integer from 1. PyBreaker's `success_threshold`. @default 1 */
  successThreshold?: number | undefined
  /** Trials in flight at once, over the whole fleet; an integer from 1. @default 1 */
  trials?: number | undefined
  /** ms after which a trial without verdict gives its place away; its late verdict is void. @default `timeout` + 1_000 where finite, else 30_000 */
  trialTimeout?: number | undefined
  /** ms over which traffic returns after closing. @default 0 */
  rampUp?: number | undefined
  /** Error classes or predicates: the dependency answered, which counts as success. PyBreaker's `exclude`. @default [] */
  exclude?: readonly ErrorMatcher[] | undefined
  /** Error classes or predicates that are no evidence either way. @default [] */
  ignore?: readonly ErrorMatcher[] | undefined
  /** Judges what `ignore` and `exclude` left open; sees value, error, duration and arguments. @default a value is a success, an error a failure */
  classify?: Classify | undefined
  /** ms above which a call counts as slow. @default Infinity */
  slowCall?: number | undefined
  /** ms after which `run` gives up on a call. @default Infinity */
  timeout?: number | undefined
  /** Whether the call that trips, or fails its trial, throws `CircuitBreakerError` with the original as `cause`; `false`: the original. PyBreaker's `throw_new_error_on_trip`. @default true */
  throwNewErrorOnTrip?: boolean | undefined
  /** Told of what happens. @default [] */
  listeners?: readonly Listener[] | undefined
  /** Capture a stack for each rejection (three times the cost); without it `cause` still has the failure's own. @default false */
  stackTrace?: boolean | undefined
  /** Judge and report, but never reject. @default false */
  shadow?: boolean | undefined
}

/** What can change while the breaker lives. */
export interface Thresholds {
  failMax: number | undefined
  trip: TripPolicy
  parts: readonly Part[]
  resetTimeout: ResetTimeout
  successThreshold: number
}

/** What the state machine goes by. */
export interface Rules extends Thresholds {
  /** What counts instead of the breaker's own thresholds, and those meanwhile. */
  overrides?: Overrides | undefined
  own?: Thresholds | undefined
  readonly trials: number
  readonly trialTimeout: number
  readonly rampUp: number
}

/** What stays as it was given. */
export interface Settings {
  readonly name: string
  readonly clock: FullClock
  readonly slowCall: number
  readonly timeout: number
  readonly throwNewErrorOnTrip: boolean
  readonly stackTrace: boolean
  readonly shadow: boolean
}

/** Everything a breaker takes, less what only an upper floor knows (`storage`). */
export interface Options extends RuleOptions {
  /** The circuit's identity in storage, metrics and errors; a text that is not empty, fixed for good. PyBreaker's `name`. @default 'circuit' */
  name?: string | undefined
  /** `{ now(), wallNow?(), after?() }`: monotonic ms decide, epoch ms are for people, `after(ms, run)` is a timer. @default the system's */
  clock?: Clock | undefined
}

const DEFAULTS = {
  name: 'circuit',
  failMax: 5,
  resetTimeout: DEFAULT_RESET_TIMEOUT,
  successThreshold: 1,
  trials: 1,
  rampUp: 0,
  slowCall: Number.POSITIVE_INFINITY,
  timeout: Number.POSITIVE_INFINITY,
  throwNewErrorOnTrip: true,
  stackTrace: false,
  shadow: false,
}

const DEFAULT_TRIAL_TIMEOUT = 30_000
const TRIAL_GRACE = 1_000

const KNOWN = [
  ...Object.keys(DEFAULTS),
  'trip',
  'trialTimeout',
  'exclude',
  'ignore',
  'classify',
  'listeners',
  'storage',
  'clock',
]

/** Refuses options that are none, or of the wrong shape. */
export function checkOptions(options: object): void {
  checkKnown('CircuitBreaker', checkObject('options', options), KNOWN)
}

export function resolveSettings(options: Options): Settings {
  return Object.freeze({
    name: checkName(options.name ?? DEFAULTS.name),
    clock: fullClock(options.clock === undefined ? undefined : checkClock(options.clock)),
    slowCall: checkDuration('slowCall', options.slowCall ?? DEFAULTS.slowCall),
    timeout: checkDuration('timeout', options.timeout ?? DEFAULTS.timeout),
    throwNewErrorOnTrip: checkBoolean(
      'throwNewErrorOnTrip',
      options.throwNewErrorOnTrip ?? DEFAULTS.throwNewErrorOnTrip,
    ),
    stackTrace: checkBoolean('stackTrace', options.stackTrace ?? DEFAULTS.stackTrace),
    shadow: checkBoolean('shadow', options.shadow ?? DEFAULTS.shadow),
  })
}

export function resolveRules(options: Options, settings: Settings): Rules {
  const failMax = checkCount('failMax', options.failMax ?? DEFAULTS.failMax)
  const trip = options.trip ?? consecutive(failMax)
  const parts = partsOf(trip, 'trip')
  if (
    settings.slowCall === Number.POSITIVE_INFINITY &&
    parts.some((part) => part.kind === 'rate' && part.of === 'slow')
  ) {
    throw new TypeError('Expected `slowCall` to be finite where `trip` has a slowRate, got `Infinity` (number)')
  }
  return {
    failMax: options.trip === undefined ? failMax : undefined,
    trip,
    parts,
    resetTimeout: checkResetTimeout(options.resetTimeout ?? DEFAULTS.resetTimeout),
    successThreshold: checkCount('successThreshold', options.successThreshold ?? DEFAULTS.successThreshold),
    trials: checkCount('trials', options.trials ?? DEFAULTS.trials),
    trialTimeout: checkPositive('trialTimeout', options.trialTimeout ?? trialTimeoutFor(settings.timeout)),
    rampUp: checkBetween('rampUp', options.rampUp ?? DEFAULTS.rampUp, 0, Number.MAX_SAFE_INTEGER),
  }
}

/** @throws TypeError or RangeError where it is no count, or a policy decides. */
export function setFailMax(rules: Rules, value: number): void {
  const own = ownThresholds(rules)
  if (own.failMax === undefined) throw new TypeError('Expected `failMax` not to be set where `trip` decides')
  own.failMax = checkCount('failMax', value)
  own.trip = consecutive(value)
  own.parts = partsOf(own.trip, 'trip')
  settleRules(rules)
}

/** @throws TypeError or RangeError where it is no duration and no function. */
export function setResetTimeout(rules: Rules, value: ResetTimeout): void {
  ownThresholds(rules).resetTimeout = checkResetTimeout(value)
  settleRules(rules)
}

/** @throws TypeError or RangeError where it is no count. */
export function setSuccessThreshold(rules: Rules, value: number): void {
  ownThresholds(rules).successThreshold = checkCount('successThreshold', value)
  settleRules(rules)
}

function trialTimeoutFor(timeout: number): number {
  return Number.isFinite(timeout) ? timeout + TRIAL_GRACE : DEFAULT_TRIAL_TIMEOUT
}

function checkName(name: string): string {
  if (typeof name === 'string' && name !== '') return name
  throw bad('name', 'a text that is not empty', name, 'string')
}

function checkClock(clock: Clock): Clock {
  checkObject('clock', clock)
  checkFunction('clock.now', clock.now)
  return clock
}
