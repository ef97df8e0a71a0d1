// A function called through a gate: once (`call`), or wrapped for good (`wrap`). The closed path makes no object and
// reads no clock; the promise that comes back is its only cost.

import { checkFunction } from '../core/check.ts'
import type { Gate } from './gate.ts'
import { Rejection, rejectSoon } from './rejection.ts'

// biome-ignore lint/suspicious/noExplicitAny: any function can be called through a breaker
export type AnyFunction = (...args: any) => unknown

/** Calls `fn`; whatever it returns or throws arrives through the promise. */
export function invoke(gate: Gate, fn: AnyFunction, self: unknown, args: readonly unknown[]): Promise<unknown> {
  const pass = gate.pass()
  if (pass === undefined) return invokeAdmitted(gate, fn, self, args)
  gate.stats.calls++
  return attempt(fn, self, args).then(pass.succeed, pass.fail)
}

/** The same, at once: sync in, sync out. */
export function invokeSync(gate: Gate, fn: AnyFunction, self: unknown, args: readonly unknown[]): unknown {
  const attempted = gate.admit(fn, args)
  let value: unknown
  try {
    value = Reflect.apply(fn, self, args)
  } catch (error) {
    throw attempted.failed(error)
  }
  attempted.succeeded(value)
  return value
}

/** A function like `fn` that calls through the gate: same `this`, name and length. */
export function wrapWith(through: typeof invoke | typeof invokeSync, gate: Gate, fn: AnyFunction): AnyFunction {
  checkFunction('fn', fn)
  const wrapped = function (this: unknown, ...args: unknown[]): unknown {
    return through(gate, fn, this, args)
  }
  Object.defineProperty(wrapped, 'name', { value: fn.name, configurable: true })
  Object.defineProperty(wrapped, 'length', { value: fn.length, configurable: true })
  return wrapped
}

function invokeAdmitted(gate: Gate, fn: AnyFunction, self: unknown, args: readonly unknown[]): Promise<unknown> {
  let admitted: ReturnType<Gate['admit']>
  try {
    admitted = gate.admit(fn, args)
  } catch (error) {
    return rejectSoon(error)
  }
  return attempt(fn, self, args).then(
    (value) => {
      admitted.succeeded(value)
      return value
    },
    (error) => new Rejection(admitted.failed(error)),
  )
}

function attempt(fn: AnyFunction, self: unknown, args: readonly unknown[]): Promise<unknown> {
  try {
    return Promise.resolve(Reflect.apply(fn, self, args))
  } catch (error) {
    return Promise.reject(error)
  }
}
