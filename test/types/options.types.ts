// The types of options, policies, errors and storage. Compiled, never run.
import {
  anyOf,
  backoff,
  CircuitBreaker,
  CircuitBreakerError,
  type CircuitBreakerOptions,
  type CircuitStorage,
  type Clock,
  consecutive,
  failureRate,
  findCircuitBreakerError,
  HttpStatusError,
  isCircuitBreakerError,
  MemoryStorage,
  type OpenContext,
  type Outcome,
  type RejectionReason,
  slowRate,
  type StoredCircuit,
  type TripPolicy,
} from '../../src/index.ts'
import { ManualClock } from '../../src/testing/index.ts'
import { same } from './equal.ts'

export function options(): void {
  const all: CircuitBreakerOptions = {
    name: 'payments',
    failMax: 5,
    trip: anyOf(consecutive(5), failureRate(), slowRate({ count: 10 })),
    resetTimeout: backoff(),
    successThreshold: 1,
    trials: 1,
    trialTimeout: 30_000,
    rampUp: 0,
    exclude: [RangeError, (error: { status: number }) => error.status === 404],
    ignore: [(error) => error.name === 'AbortError'],
    classify: (outcome) => {
      same<typeof outcome, Outcome>()
      return outcome.ok ? 'success' : 'failure'
    },
    slowCall: Number.POSITIVE_INFINITY,
    timeout: 2000,
    throwNewErrorOnTrip: true,
    storage: new MemoryStorage(),
    listeners: [{}],
    stackTrace: false,
    shadow: false,
    clock: new ManualClock(),
  }
  const partly: Partial<Record<keyof CircuitBreakerOptions, undefined>> = { failMax: undefined, storage: undefined }
  void new CircuitBreaker({ ...all, ...partly })
  void new CircuitBreaker()
  const frozen = { exclude: [Error], listeners: [{}] } as const
  void new CircuitBreaker(frozen)
  // @ts-expect-error misspelt
  void new CircuitBreaker({ failmax: 5 })
  // @ts-expect-error null is not undefined
  void new CircuitBreaker({ failMax: null })
  // @ts-expect-error no verdict
  void new CircuitBreaker({ classify: () => 'maybe' })
  // @ts-expect-error a policy is made by the library
  void new CircuitBreaker({ trip: { text: 'mine' } })
  // @ts-expect-error one listener is no list
  void new CircuitBreaker({ listeners: {} })
  // @ts-expect-error an unknown state
  void new CircuitBreaker().force('half-open')
  void new CircuitBreaker().force('open', { for: 1000, by: undefined, reason: 'incident' })
}

export function outcomes(outcome: Outcome): void {
  if (outcome.ok) {
    same<typeof outcome.value, unknown>()
    same<typeof outcome.error, undefined>()
  } else {
    same<typeof outcome.error, unknown>()
    same<typeof outcome.value, undefined>()
  }
  same<typeof outcome.duration, number>()
  same<typeof outcome.args, readonly unknown[]>()
}

export function policies(): void {
  same<ReturnType<typeof consecutive>, TripPolicy>()
  void failureRate({ threshold: 0.5, window: 10_000, minimumCalls: 10 })
  void failureRate({ threshold: 0.5, count: 100, minimumCalls: 10 })
  void slowRate({ threshold: undefined, window: undefined, minimumCalls: undefined })
  // @ts-expect-error a window of time or of calls, not both
  void failureRate({ count: 100, window: 10_000 })
  // @ts-expect-error no policy
  void anyOf()
  // @ts-expect-error how many?
  void consecutive()
  const wait = backoff({ initial: 1000, max: 60_000, factor: 2, jitter: 0.2 })
  same<typeof wait, (context: OpenContext) => number>()
}

export function errors(error: unknown): void {
  const found = findCircuitBreakerError(error)
  same<typeof found, CircuitBreakerError | undefined>()
  const known = isCircuitBreakerError(error)
  same<typeof known, boolean>()
  if (error instanceof CircuitBreakerError) {
    same<typeof error.code, 'ERR_CIRCUIT_OPEN'>()
    same<typeof error.statusCode, 503>()
    same<typeof error.reason, RejectionReason>()
    same<typeof error.state, 'closed' | 'open' | 'half-open'>()
    same<typeof error.breaker, string>()
    const asError: Error = error
    void asError
  }
  if (error instanceof HttpStatusError) same<typeof error.status, number>()
  // @ts-expect-error only a breaker makes one
  void new CircuitBreakerError()
}

export function storages(storage: CircuitStorage, clock: Clock): void {
  const memory = new MemoryStorage({ clock })
  void new MemoryStorage()
  const port: CircuitStorage = memory
  const [circuit] = memory.read(['payments'])
  same<typeof circuit, StoredCircuit | undefined>()
  const names = memory.list()
  same<typeof names, readonly string[]>()
  void storage.watch('payments', { changed() {}, noted() {}, reconnected() {} })
  void port
  const own: Clock = { now: () => performance.now() }
  void new CircuitBreaker({ clock: own })
  // @ts-expect-error a clock tells the time
  void new CircuitBreaker({ clock: {} })
}
