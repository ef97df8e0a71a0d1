// `@breaker.guard` for methods that return a promise, by either decorator standard, bound or not.

import { describeValue } from '../core/describe.ts'
import type { Gate } from './gate.ts'
import { type AnyFunction, invoke, wrapWith } from './invoke.ts'

/** A method decorator, callable unbound, by the TC39 standard and TypeScript's legacy one. */
export interface Guard {
  // biome-ignore lint/suspicious/noExplicitAny: a method's own parameters must be accepted
  <This, Value extends (this: This, ...args: any) => PromiseLike<any>>(
    value: Value,
    context: ClassMethodDecoratorContext<This, Value>,
  ): Value
  // biome-ignore lint/suspicious/noExplicitAny: a method's own parameters must be accepted
  <Value extends (...args: any) => PromiseLike<any>>(
    target: object,
    key: string | symbol,
    descriptor: TypedPropertyDescriptor<Value>,
  ): void
}

const METHOD = { kind: 'method' }

export function makeGuard(gate: Gate): Guard {
  // The standard hands over the method and its context; the legacy form target, key and descriptor.
  return (method: unknown, context: unknown, descriptor?: PropertyDescriptor): never => {
    if (descriptor === undefined) return wrapWith(invoke, gate, checkMethod(method, context)) as never
    descriptor.value = wrapWith(invoke, gate, checkMethod(descriptor.value, METHOD))
    return undefined as never
  }
}

function checkMethod(value: unknown, context: unknown): AnyFunction {
  const kind = (context as { kind?: unknown } | undefined)?.kind
  if (typeof value === 'function' && kind === METHOD.kind) return value as AnyFunction
  throw new TypeError(`Expected \`guard\` to decorate a method, got ${describeValue(kind ?? value)}`)
}
