// The options of an application's circuits: what a breaker takes, less what the application decides for all of them.
// They are copied where they come in, so that nothing that happens to an object afterwards changes a circuit.

import type { CircuitBreakerOptions } from '../calls/options.ts'
import { checkObject } from '../core/check.ts'

/** Options of one circuit of an application, or of all: those of a `CircuitBreaker` without `name`, `storage` and `clock`. */
export type CircuitOptions = Omit<CircuitBreakerOptions, 'name' | 'storage' | 'clock'>

const THE_APPLICATIONS = ['name', 'storage', 'clock']

/**
 * A frozen copy. Single options are checked where a breaker is made of them.
 * @throws TypeError for what is no object, and for options that are the application's to give.
 */
export function copyOptions(where: string, options: CircuitOptions): CircuitOptions {
  const given = Object.entries(checkObject(where, options))
  const foreign = given.find(([option]) => THE_APPLICATIONS.includes(option))?.[0]
  if (foreign !== undefined) {
    throw new TypeError(
      `Unknown option \`${foreign}\` of \`${where}\`: it is the application's, the same for all circuits`,
    )
  }
  const copies = given.map(([option, value]) => [option, Array.isArray(value) ? Object.freeze([...value]) : value])
  return Object.freeze(Object.fromEntries(copies) as CircuitOptions)
}

/** The later ones win; lists of listeners and of errors add up. What is `undefined` says nothing. */
export function mergeOptions(...all: readonly (CircuitOptions | undefined)[]): CircuitOptions {
  const merged: Record<string, unknown> = {}
  for (const [option, value] of all.flatMap((options) => Object.entries(options ?? {}))) {
    if (value === undefined) continue
    const before = merged[option]
    merged[option] = Array.isArray(before) && Array.isArray(value) ? [...before, ...value] : value
  }
  return merged
}

/** Whether two values of an option say the same. Functions and listeners do only if they are the same one. */
export function sameOption(one: unknown, other: unknown): boolean {
  if (Object.is(one, other)) return true
  if (Array.isArray(one) && Array.isArray(other)) {
    return one.length === other.length && one.every((value, index) => Object.is(value, other[index]))
  }
  // Trip policies are data; their text says all of them.
  return isPolicy(one) && isPolicy(other) && one.text === other.text
}

function isPolicy(value: unknown): value is { readonly text: string } {
  return typeof value === 'object' && value !== null && 'text' in value && typeof value.text === 'string'
}
