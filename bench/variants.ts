/**
 * Every breaker that is measured, and how one is made and called.
 * `expression` is the source text of one call; loops.ts compiles it into a loop of each variant's own.
 */
import { AsyncBreaker, type AsyncFn, ThenBreaker, WindowBreaker } from './floors.ts'
import { cockatiel, type Infuse, opossum, type OpossumBreaker } from './packages.ts'

export interface Tuning {
  /** Stays closed when every second call fails. */
  readonly tolerant: boolean
  readonly resetTimeout: number
}

export interface Variant {
  readonly id: string
  readonly label: string
  readonly library: 'bare' | 'floor' | 'cockatiel' | 'opossum' | 'infuse'
  /** On a Redis; takes part in the measures of shared.ts only. */
  readonly shared?: boolean | undefined
  /** One call, in terms of `breaker` and `fn`. */
  readonly expression: string
  /** The same through a wrapped function, or without a promise, where the variant has such a form. */
  readonly wrapped?: { readonly expression: string; make(breaker: object, fn: AsyncFn): unknown }
  readonly sync?: string
  create(fn: AsyncFn, tuning: Tuning): object
  /** Frees timers; called outside the timed part. */
  destroy?(breaker: object): void
}

const failMax = 5
const window = 10_000
/** opossum's timers overflow beyond this. */
export const neverAgain = 3_600_000

function rate(tuning: Tuning): number {
  return tuning.tolerant ? 0.9 : 0.5
}

const bare: Variant = {
  id: 'bare',
  label: 'bare `async () => 1`',
  library: 'bare',
  expression: 'fn()',
  wrapped: { expression: 'wrapped()', make: (_breaker, fn) => fn },
  sync: 'fn()',
  create: () => ({}),
}

const floors: readonly Variant[] = [
  {
    id: 'floor-then',
    label: 'floor: `then`',
    library: 'floor',
    expression: 'breaker.call(fn)',
    wrapped: { expression: 'wrapped()', make: (breaker, fn) => () => (breaker as ThenBreaker).call(fn) },
    sync: 'breaker.callSync(fn)',
    create: (_fn, tuning) => new ThenBreaker(failMax, tuning.resetTimeout),
  },
  {
    id: 'floor-async',
    label: 'floor: `async`',
    library: 'floor',
    expression: 'breaker.call(fn)',
    create: (_fn, tuning) => new AsyncBreaker(failMax, tuning.resetTimeout),
  },
  {
    id: 'floor-window',
    label: 'floor: `then`, time window',
    library: 'floor',
    expression: 'breaker.call(fn)',
    create: (_fn, tuning) => new WindowBreaker(rate(tuning), tuning.resetTimeout),
  },
]

const { circuitBreaker, ConsecutiveBreaker, handleAll, SamplingBreaker } = cockatiel

const peers: readonly Variant[] = [
  {
    id: 'cockatiel-consecutive',
    label: 'cockatiel `ConsecutiveBreaker`',
    library: 'cockatiel',
    expression: 'breaker.execute(fn)',
    create: (_fn, tuning) =>
      circuitBreaker(handleAll, { halfOpenAfter: tuning.resetTimeout, breaker: new ConsecutiveBreaker(failMax) }),
  },
  {
    id: 'cockatiel-sampling',
    label: 'cockatiel `SamplingBreaker`',
    library: 'cockatiel',
    expression: 'breaker.execute(fn)',
    create: (_fn, tuning) =>
      circuitBreaker(handleAll, {
        halfOpenAfter: tuning.resetTimeout,
        breaker: new SamplingBreaker({ threshold: rate(tuning), duration: window }),
      }),
  },
  {
    id: 'opossum',
    label: 'opossum',
    library: 'opossum',
    expression: 'breaker.fire()',
    create: (fn, tuning) =>
      new opossum(fn, { resetTimeout: tuning.resetTimeout, errorThresholdPercentage: rate(tuning) * 100 }),
    destroy: (breaker) => (breaker as OpossumBreaker).shutdown(),
  },
  {
    id: 'opossum-off',
    label: 'opossum, everything off',
    library: 'opossum',
    expression: 'breaker.fire()',
    create: (fn, tuning) =>
      new opossum(fn, {
        resetTimeout: tuning.resetTimeout,
        errorThresholdPercentage: rate(tuning) * 100,
        timeout: false,
        rollingPercentilesEnabled: false,
        enableSnapshots: false,
      }),
    destroy: (breaker) => (breaker as OpossumBreaker).shutdown(),
  },
]

type Options = NonNullable<ConstructorParameters<Infuse['CircuitBreaker']>[0]>
type Breaker = InstanceType<Infuse['CircuitBreaker']>

function infuseVariant(infuse: Infuse, id: string, label: string, options: (tuning: Tuning) => Options): Variant {
  return {
    id,
    label,
    library: 'infuse',
    expression: 'breaker.call(fn)',
    wrapped: { expression: 'wrapped()', make: (breaker, fn) => (breaker as Breaker).wrap(fn) },
    sync: 'breaker.callSync(fn)',
    create: (_fn, tuning) => new infuse.CircuitBreaker({ resetTimeout: tuning.resetTimeout, ...options(tuning) }),
  }
}

/** Those without shared storage, see shared.ts. */
function ours(infuse: Infuse): readonly Variant[] {
  const { anyOf, consecutive, failureRate } = infuse
  return [
    infuseVariant(infuse, 'infuse', 'infuse', () => ({ failMax })),
    infuseVariant(infuse, 'infuse-window', 'infuse `failureRate`', (tuning) => ({
      trip: failureRate({ threshold: rate(tuning), window }),
    })),
    infuseVariant(infuse, 'infuse-any', 'infuse `anyOf`', (tuning) => ({
      trip: anyOf(consecutive(failMax), failureRate({ threshold: rate(tuning), window })),
    })),
    infuseVariant(infuse, 'infuse-stack', 'infuse `stackTrace: true`', () => ({ failMax, stackTrace: true })),
  ]
}

/** Peers alone when there is no Infuse to measure. */
export function allVariants(infuse: Infuse | undefined): readonly Variant[] {
  return [bare, ...floors, ...peers, ...(infuse === undefined ? [] : ours(infuse))]
}
