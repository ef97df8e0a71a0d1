// A method that goes through a breaker which is only known when it is called.

import type { CircuitBreaker } from '../breaker.ts'

/** What reflect-metadata adds to Reflect, where somebody has loaded it. */
interface Metadata {
  getOwnMetadataKeys?(target: object): unknown[]
  getOwnMetadata?(key: unknown, target: object): unknown
  defineMetadata?(key: unknown, value: unknown, target: object): void
}

/** A method like the one given: same name, length and metadata, which decorators below have left there. */
// biome-ignore lint/complexity/noBannedTypes: any method can be guarded
export function guardMethod(method: Function, breakerOf: (instance: unknown) => CircuitBreaker): Function {
  const guarded = async function (this: unknown, ...args: readonly unknown[]): Promise<unknown> {
    const run = (...given: readonly unknown[]): unknown => Reflect.apply(method, this, given)
    return breakerOf(this).call(run, ...args)
  }
  for (const property of ['name', 'length']) {
    Object.defineProperty(guarded, property, { value: Reflect.get(method, property), configurable: true })
  }
  copyMetadata(method, guarded, Reflect)
  return guarded
}

function copyMetadata(from: object, to: object, metadata: Metadata): void {
  for (const key of metadata.getOwnMetadataKeys?.(from) ?? []) {
    metadata.defineMetadata?.(key, metadata.getOwnMetadata?.(key, from), to)
  }
}
