// The public face: re-exports only.

export type { CircuitOptions } from './app/circuit-options.ts'
export type { GuardedFetch, ServiceClient } from './app/client.ts'
export type { CircuitHealth, Health, HealthOptions } from './app/health.ts'
export type { ApplicationOptions, InfuseOptions } from './app/options.ts'
export { CircuitBreaker } from './breaker.ts'
export type { Permit } from './calls/attempt.ts'
export type { Guard } from './calls/guard.ts'
export type { CircuitBreakerOptions } from './calls/options.ts'
export type { RunContext, RunOptions } from './calls/run.ts'
export { type BackoffOptions, backoff, type OpenContext, type ResetTimeout } from './core/backoff.ts'
export type { Clock } from './core/clock.ts'
export type { CommandOptions } from './core/commands.ts'
export {
  CircuitBreakerError,
  findCircuitBreakerError,
  HttpStatusError,
  isCircuitBreakerError,
  type RejectionReason,
} from './core/errors.ts'
export type { Explanation, Forced } from './core/explain.ts'
export type { ForceOptions } from './core/force.ts'
export type { Change, Listener } from './core/listeners.ts'
export type { Overrides, Update } from './core/overrides.ts'
export type { CircuitState } from './core/snapshot.ts'
export type { Stats } from './core/stats.ts'
export {
  anyOf,
  type CountWindow,
  consecutive,
  failureRate,
  slowRate,
  type TimeWindow,
  type TripPolicy,
} from './core/trip.ts'
export type { ErrorMatcher, Outcome, Verdict } from './core/verdict.ts'
export { MemoryStorage } from './fleet/memory.ts'
export type {
  CircuitRecord,
  CircuitReport,
  CircuitStorage,
  Counts,
  LocalCircuit,
  LocalReport,
  MaybePromise,
  Move,
  Note,
  Presence,
  ReportStep,
  Seen,
  SharedOptions,
  Slot,
  StorageTime,
  StoredCircuit,
  StoredLease as Lease,
  StoredTransition as Transition,
  Tally,
  Watcher,
  WhenDown,
} from './fleet/storage.ts'
export { Infuse } from './infuse.ts'
export type { SkipBreaker } from './outbound/nesting.ts'
export type { Breakers, GuardOptions, GuardRequest } from './outbound/options.ts'
