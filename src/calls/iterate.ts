// Iterations through a gate. Admission is asked for at the first `next()`; the verdict is given when the iteration
// ends: success when it is exhausted, failure when it throws, ignore when its consumer stops early. Values sent in and
// errors thrown in reach the source, since `yield*` hands them on.

import { orThrow } from './attempt.ts'
import type { Gate } from './gate.ts'
import type { AnyFunction } from './invoke.ts'

/** An iterable, or a function that makes one. */
export type Source = AnyFunction | AsyncIterable<unknown> | Iterable<unknown>

// biome-ignore-start lint/suspicious/noExplicitAny: inferred from what the user's generator yields, returns and takes
export type SyncGenerator = Generator<any, any, any>
export type AnyGenerator = AsyncGenerator<any, any, any> | SyncGenerator
// biome-ignore-end lint/suspicious/noExplicitAny: as above

/** An iteration that yields, returns and takes what the source's does. */
export type Iteration<G> = G extends AsyncGenerator<infer T, infer R, infer N> | Generator<infer T, infer R, infer N>
  ? AsyncGenerator<T, R, N>
  : never

/** The same, in sync. */
export type IterationSync<G> = G extends Generator<infer T, infer R, infer N> ? Generator<T, R, N> : never

export async function* iterate(gate: Gate, source: Source, args: readonly unknown[]): AsyncGenerator {
  const admitted = orThrow(await gate.ask(typeof source === 'function' ? source : undefined, args))
  try {
    const result: unknown = yield* (typeof source === 'function' ? source(...args) : source) as AsyncIterable<unknown>
    admitted.succeeded(result)
    return result
  } catch (error) {
    throw admitted.failed(error)
  } finally {
    admitted.ignore()
  }
}

export function* iterateSync(gate: Gate, source: Source, args: readonly unknown[]): Generator {
  const admitted = gate.admit(typeof source === 'function' ? source : undefined, args)
  try {
    const result: unknown = yield* (typeof source === 'function' ? source(...args) : source) as Iterable<unknown>
    admitted.succeeded(result)
    return result
  } catch (error) {
    throw admitted.failed(error)
  } finally {
    admitted.ignore()
  }
}
