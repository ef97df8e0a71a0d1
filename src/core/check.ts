// Validation of what users pass in: once, at construction, with a message that names option, value and type.

import { describeValue } from './describe.ts'

/** The error of a bad option: a TypeError where the type is wrong, a RangeError where only the value is. */
export function bad(option: string, expected: string, value: unknown, type: string): Error {
  const message = `Expected \`${option}\` to be ${expected}, got ${describeValue(value)}`
  return typeof value === type ? new RangeError(message) : new TypeError(message)
}

/** An integer from 1. */
export function checkCount(option: string, value: unknown): number {
  if (Number.isSafeInteger(value) && (value as number) >= 1) return value as number
  throw bad(option, 'an integer from 1', value, 'number')
}

/** ms from 0, `Infinity` included. */
export function checkDuration(option: string, value: unknown): number {
  if (typeof value === 'number' && value >= 0) return value
  throw bad(option, 'milliseconds from 0 (or Infinity)', value, 'number')
}

/** ms above 0, `Infinity` included. */
export function checkPositive(option: string, value: unknown): number {
  if (typeof value === 'number' && value > 0) return value
  throw bad(option, 'milliseconds above 0 (or Infinity)', value, 'number')
}

/** A number within bounds, both included, and finite. */
export function checkBetween(option: string, value: unknown, low: number, high: number): number {
  if (typeof value === 'number' && value >= low && value <= high && Number.isFinite(value)) return value
  const upper = high === Number.MAX_VALUE ? 'finite' : `at most ${high}`
  throw bad(option, `a number from ${low}, ${upper}`, value, 'number')
}

/** A text, where one is given. */
export function checkText(option: string, value: string | undefined): string | undefined {
  if (value === undefined || typeof value === 'string') return value
  throw bad(option, 'a text', value, 'string')
}

export function checkBoolean(option: string, value: unknown): boolean {
  if (typeof value === 'boolean') return value
  throw bad(option, 'true or false', value, 'boolean')
}

export function checkOneOf<T extends string>(option: string, value: T, known: readonly T[]): T {
  if (known.includes(value)) return value
  throw bad(option, `one of ${known.join(', ')}`, value, 'string')
}

// biome-ignore lint/complexity/noBannedTypes: any function will do, only its being one is checked
export function checkFunction<F extends Function>(option: string, value: F): F {
  if (typeof value === 'function') return value
  throw bad(option, 'a function', value, 'function')
}

export function checkObject<T extends object>(option: string, value: T): T {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value
  throw new TypeError(`Expected \`${option}\` to be an object, got ${describeValue(value)}`)
}

export function checkArray<T>(option: string, value: readonly T[]): readonly T[] {
  if (Array.isArray(value)) return value
  throw bad(option, 'an array', value, 'array')
}

/** Refuses what is in no list of options, and `null`: a misspelt option must not be silently without effect. */
export function checkKnown(what: string, options: object, known: readonly string[]): void {
  for (const [key, value] of Object.entries(options)) {
    if (!known.includes(key)) throw new TypeError(`Unknown option \`${key}\` of ${what}; known are ${known.join(', ')}`)
    if (value === null) throw new TypeError(`Expected \`${key}\` to be given or left out, got ${describeValue(value)}`)
  }
}
