// What the source exports fits what was promised: values one way, what a caller passes in the other way.
import { type AdminOptions, adminHandler } from '../../src/admin/index.ts'
import * as actual from '../../src/index.ts'
import { observeMetrics } from '../../src/observe/opentelemetry.ts'
import { collectMetrics } from '../../src/observe/prometheus.ts'
import { guardAxios } from '../../src/outbound/axios.ts'
import { guardFetch } from '../../src/outbound/fetch.ts'
import { guardGot } from '../../src/outbound/got.ts'
import { grpcInterceptor, skipBreaker } from '../../src/outbound/grpc.ts'
import { GuardedAgent, GuardedHttpsAgent } from '../../src/outbound/http-agent.ts'
import { circuitBreaker } from '../../src/outbound/undici.ts'
import { type InfusePluginOptions, infusePlugin } from '../../src/server/fastify.ts'
import { Guarded } from '../../src/server/nestjs.ts'
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

export const infuse: contract.Infuse = new actual.Infuse()
export const fromEnv: () => Promise<contract.Infuse> = actual.Infuse.fromEnv

// Guards, servers, metrics.
export const entries: {
  circuitBreaker: typeof contract.circuitBreaker
  guardFetch: typeof contract.guardFetch
  guardAxios: typeof contract.guardAxios
  guardGot: typeof contract.guardGot
  grpcInterceptor: typeof contract.grpcInterceptor
  skipBreaker: typeof contract.skipBreaker
  GuardedAgent: contract.NewAgent
  GuardedHttpsAgent: contract.NewHttpsAgent
  adminHandler: typeof contract.adminHandler
  Guarded: typeof contract.Guarded
  collectMetrics: typeof contract.collectMetrics
  observeMetrics: typeof contract.observeMetrics
} = {
  circuitBreaker,
  guardFetch,
  guardAxios,
  guardGot,
  grpcInterceptor,
  skipBreaker,
  GuardedAgent,
  GuardedHttpsAgent,
  adminHandler,
  Guarded,
  collectMetrics,
  observeMetrics,
}
export const plugin: typeof contract.infusePlugin = infusePlugin
export const breakersOfAnApplication: actual.Breakers = new actual.Infuse()
export const breakersByKey: actual.Breakers = {} as (key: string) => actual.CircuitBreaker

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
export const infuseOptions: actual.InfuseOptions = {} as Omit<
  contract.InfuseOptions,
  'storage' | 'defaults' | 'circuits'
>
export const circuitOptions: actual.CircuitOptions = {} as Omit<contract.CircuitOptions, 'listeners'>
export const guardOptions: actual.GuardOptions = {} as contract.GuardOptions
export const guardRequest: contract.GuardRequest = {} as actual.GuardRequest
export const skip: actual.SkipBreaker = {} as contract.SkipBreaker
export const adminOptions: AdminOptions = {} as contract.AdminOptions
export const pluginOptions: InfusePluginOptions = {} as contract.InfusePluginOptions
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
same<keyof actual.InfuseOptions, keyof contract.InfuseOptions>()
same<keyof actual.CircuitOptions, keyof contract.CircuitOptions>()
same<keyof actual.Infuse, keyof contract.Infuse | 'serviceName' | 'env' | 'storage' | 'key' | 'isService' | 'health'>()
same<keyof actual.GuardOptions, keyof contract.GuardOptions>()
same<keyof actual.GuardRequest, keyof contract.GuardRequest>()
same<actual.GuardedFetch, contract.GuardedFetch>()
