/**
 * Compiles one loop per variant and measure from source text.
 * A loop shared by all variants would share the engine's type feedback and be slow for everyone but the first;
 * a user's call site sees one breaker. The comment makes each text, and so each compiled function, its own.
 */
import type { Variant } from './variants.ts'

export type Loop = (breaker: object, fn: unknown, count: number) => Promise<number>
export type SyncLoop = (breaker: object, fn: unknown, count: number) => number
export type Burst = (breaker: object, fn: unknown, release: () => void, count: number) => Promise<void>

const AsyncFunction = (async () => {}).constructor as FunctionConstructor

function compile(kind: FunctionConstructor, measure: string, variant: Variant, parameters: string[], body: string) {
  return kind(...parameters, `/* ${measure} of ${variant.id} */\n${body}`) as unknown
}

/** `await` of one call after the other. */
export function plainLoop(variant: Variant, expression: string = variant.expression): Loop {
  const body = `let sum = 0
    for (let i = 0; i < count; i++) sum += await ${expression}
    return sum`
  const parameters = ['breaker', expression === 'wrapped()' ? 'wrapped' : 'fn', 'count']
  return compile(AsyncFunction, 'plain loop', variant, parameters, body) as Loop
}

/** The same, each failure caught; answers how many there were. */
export function catchingLoop(variant: Variant): Loop {
  const body = `let caught = 0
    for (let i = 0; i < count; i++) {
      try { await ${variant.expression} } catch { caught++ }
    }
    return caught`
  return compile(AsyncFunction, 'catching loop', variant, ['breaker', 'fn', 'count'], body) as Loop
}

export function syncLoop(variant: Variant): SyncLoop {
  const body = `let sum = 0
    for (let i = 0; i < count; i++) sum += ${variant.sync ?? 'NaN'}
    return sum`
  return compile(Function, 'sync loop', variant, ['breaker', 'fn', 'count'], body) as SyncLoop
}

/** Starts `count` calls before the first may end, then waits for all. */
export function burst(variant: Variant): Burst {
  const body = `const calls = new Array(count)
    for (let i = 0; i < count; i++) calls[i] = ${variant.expression}
    release()
    await Promise.all(calls)`
  return compile(AsyncFunction, 'burst', variant, ['breaker', 'fn', 'release', 'count'], body) as Burst
}

/** As many promises as calls, for counting trials. */
export function callers(variant: Variant): (breaker: object, fn: unknown, count: number) => Promise<unknown>[] {
  const body = `return Array.from({ length: count }, async () => ${variant.expression})`
  return compile(Function, 'callers', variant, ['breaker', 'fn', 'count'], body) as never
}
