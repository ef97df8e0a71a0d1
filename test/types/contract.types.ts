// What the source exports fits what was promised: values one way, what a caller passes in the other way.
import * as actual from '../../src/index.ts'
import type * as contract from './contract.d.ts'
import { same } from './equal.ts'

// Functions and classes.
export const functions: {
  backoff: typeof contract.backoff
  consecutive: typeof contract.consecutive
  failureRate: typeof contract.failureRate
  slowRate: typeof contract.slowRate
  anyOf: typeof contract.anyOf
  isCircuitBreakerError: typeof contract.isCircuitBreakerError
} = actual

export const breaker: contract.CircuitBreaker = new actual.CircuitBreaker()
export const storage: contract.MemoryStorage = new actual.MemoryStorage()
export const status: contract.HttpStatusError = {} as actual.HttpStatusError
export const rejection: contract.CircuitBreakerError = {} as actual.CircuitBreakerError
export const found: contract.CircuitBreakerError | undefined = actual.findCircuitBreakerError(undefined)

// What comes out.
export const permit: contract.Permit = {} as actual.Permit
export const stats: contract.Stats = {} as actual.Stats
export const explanation: contract.Explanation = {} as actual.Explanation
export const outcome: contract.Outcome = {} as actual.Outcome
export const context: contract.OpenContext = {} as actual.OpenContext
export const change: contract.Change = {} as actual.Change
export const guard: contract.Guard = {} as actual.Guard

// What goes in.
export const options: actual.CircuitBreakerOptions = {} as Omit<contract.CircuitBreakerOptions, 'listeners' | 'storage'>
export const runOptions: actual.RunOptions<string> = {} as contract.RunOptions<string>
export const clock: actual.Clock = {} as contract.Clock
export const ownStorage: actual.CircuitStorage = {} as contract.CircuitStorage
export const anyStorage: contract.CircuitStorage = {} as actual.CircuitStorage

// The same, both ways.
same<actual.CircuitState, contract.CircuitState>()
same<actual.Verdict, contract.Verdict>()
same<actual.RejectionReason, contract.RejectionReason>()
same<actual.WhenDown, contract.WhenDown>()
same<actual.ResetTimeout, contract.ResetTimeout>()
same<actual.ErrorMatcher, contract.ErrorMatcher>()
same<keyof actual.CircuitBreakerOptions, keyof contract.CircuitBreakerOptions>()
same<keyof actual.CircuitBreaker, keyof contract.CircuitBreaker | 'update'>()
same<keyof actual.Listener, keyof contract.Listener>()
same<keyof actual.Stats, keyof contract.Stats>()
same<keyof actual.Explanation, keyof contract.Explanation>()
same<keyof actual.Forced, keyof contract.Forced>()
same<keyof actual.Change, keyof contract.Change>()
same<keyof actual.Outcome, keyof contract.Outcome>()
same<keyof actual.RunOptions<never>, keyof contract.RunOptions<never>>()
