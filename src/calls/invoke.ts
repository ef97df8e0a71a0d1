// A function called through a gate: once (`call`), or wrapped for good (`wrap`). The closed path makes no object and
// reads no clock; the promise that comes back is its only cost.

import { bad, checkFunction } from '../core/check.ts'
import { type Answer, Attempt } from './attempt.ts'
import type { Gate } from './gate.ts'
import { Rejection, rejectSoon } from './rejection.ts'

// biome-ignore lint/suspicious/noExplicitAny: any function can be called through a breaker
export type AnyFunction = (...args: any) => unknown

// biome-ignore lint/suspicious/noExplicitAny: any function that returns a promise can be wrapped
export type AsyncFunction = (...args: any) => Promise<any>

/** Calls `fn`; whatever it returns or throws arrives through the promise. */
export function invoke(gate: Gate, fn: AnyFunction, self: unknown, args: readonly unknown[]): Promise<unknown> {
  if (typeof fn !== 'function') return rejectSoon(notCallable(fn))
  const pass = gate.pass()
  if (pass === undefined) return invokeAdmitted(gate, fn, self, args)
  gate.stats.calls++
  return attempt(fn, self, args).then(pass.succeed, pass.reject)
}

/** The same, at once: sync in, sync out. */
export function invokeSync(gate: Gate, fn: AnyFunction, self: unknown, args: readonly unknown[]): unknown {
  if (typeof fn !== 'function') throw notCallable(fn)
  const pass = gate.pass()
  if (pass === undefined) return invokeSyncAdmitted(gate, fn, self, args)
  gate.stats.calls++
  let value: unknown
  try {
    value = Reflect.apply(fn, self, args)
  } catch (error) {
    throw gate.failed(pass, error)
  }
  return pass.succeed(value)
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

function notCallable(fn: unknown): Error {
  return bad('fn', 'a function', fn, 'function')
}

function invokeAdmitted(gate: Gate, fn: AnyFunction, self: unknown, args: readonly unknown[]): Promise<unknown> {
  const answer = gate.ask(fn, args)
  if (!(answer instanceof Promise)) return carryOut(answer, fn, self, args)
  return answer.then((late) => carryOut(late, fn, self, args))
}

function carryOut(answer: Answer, fn: AnyFunction, self: unknown, args: readonly unknown[]): Promise<unknown> {
  if (!(answer instanceof Attempt)) return rejectSoon(answer)
  return attempt(fn, self, args).then(
    (value) => {
      answer.succeeded(value)
      return value
    },
    (error) => new Rejection(answer.failed(error)),
  )
}

function invokeSyncAdmitted(gate: Gate, fn: AnyFunction, self: unknown, args: readonly unknown[]): unknown {
  const admitted = gate.admit(fn, args)
  let value: unknown
  try {
    value = Reflect.apply(fn, self, args)
  } catch (error) {
    throw admitted.failed(error)
  }
  admitted.succeeded(value)
  return value
}

function attempt(fn: AnyFunction, self: unknown, args: readonly unknown[]): Promise<unknown> {
  try {
    return Promise.resolve(Reflect.apply(fn, self, args))
  } catch (error) {
    return Promise.reject(error)
  }
}
