// What a call's outcome says about its dependency. `ignore`, then `exclude`, then `classify`, then the plain rule that
// a value is a success and an error a failure: the first that speaks wins. One that throws is skipped with a warning.

import { bad, checkArray, checkFunction } from './check.ts'
import { describeValue } from './describe.ts'
import { findCircuitBreakerError } from './errors.ts'
import { warn } from './warning.ts'

/** `ignore`: no evidence either way. */
export type Verdict = 'success' | 'failure' | 'ignore'

/** An error class (its subclasses too), or a predicate. */
// biome-ignore lint/suspicious/noExplicitAny: a caller's own error type must be accepted as a parameter
export type ErrorMatcher = (abstract new (...args: any) => unknown) | ((error: any) => boolean)

/** What `classify` sees. `duration` in ms. */
export type Outcome =
  | {
      readonly ok: true
      readonly value: unknown
      readonly error?: undefined
      readonly duration: number
      readonly args: readonly unknown[]
    }
  | {
      readonly ok: false
      readonly error: unknown
      readonly value?: undefined
      readonly duration: number
      readonly args: readonly unknown[]
    }

const NO_MATCHERS: readonly ErrorMatcher[] = Object.freeze([])

export type Classify = (outcome: Outcome) => Verdict

/** The rules of one breaker; `exclude` can change while it lives. */
export class Judge {
  #exclude: readonly ErrorMatcher[]
  readonly #ignore: readonly ErrorMatcher[]
  readonly #classify: Classify | undefined

  constructor(exclude: readonly ErrorMatcher[], ignore: readonly ErrorMatcher[], classify: Classify | undefined) {
    this.#exclude = checkMatchers('exclude', exclude)
    this.#ignore = checkMatchers('ignore', ignore)
    this.#classify = classify === undefined ? undefined : checkFunction('classify', classify)
  }

  /** Whether values need a look as well, and the time a call took. */
  get classifies(): boolean {
    return this.#classify !== undefined
  }

  get excluded(): readonly ErrorMatcher[] {
    return this.#exclude
  }

  exclude(matchers: readonly ErrorMatcher[]): void {
    this.#exclude = checkMatchers('exclude', [...this.#exclude, ...matchers])
  }

  include(matcher: ErrorMatcher): void {
    this.#exclude = Object.freeze(this.#exclude.filter((one) => one !== matcher))
  }

  ofValue(value: unknown, duration: number, args: readonly unknown[]): Verdict {
    return this.#ask({ ok: true, value, duration, args }) ?? 'success'
  }

  /** Another breaker's rejection says nothing about this one's dependency: it is ignored. */
  ofError(error: unknown, duration: number, args: readonly unknown[]): Verdict {
    if (this.#ignore.length > 0 && matches(this.#ignore, error)) return 'ignore'
    if (findCircuitBreakerError(error) !== undefined) return 'ignore'
    if (this.#exclude.length > 0 && matches(this.#exclude, error)) return 'success'
    return this.#ask({ ok: false, error, duration, args }) ?? 'failure'
  }

  #ask(outcome: Outcome): Verdict | undefined {
    if (this.#classify === undefined) return undefined
    try {
      const verdict: unknown = this.#classify(outcome)
      if (verdict === 'success' || verdict === 'failure' || verdict === 'ignore') return verdict
      if (verdict !== undefined)
        warn(`\`classify\` answered ${describeValue(verdict)}, which is no verdict; it was skipped`)
    } catch (thrown) {
      warn('`classify` threw; it was skipped', thrown)
    }
    return undefined
  }
}

function matches(matchers: readonly ErrorMatcher[], error: unknown): boolean {
  return matchers.some((matcher) => {
    try {
      return isClass(matcher) ? error instanceof matcher : matcher(error)
    } catch (thrown) {
      warn('A matcher of `exclude` or `ignore` threw; it was skipped', thrown)
      return false
    }
  })
}

/** Classes cannot be called and have a `prototype` that cannot be replaced; older ones inherit from Error. */
function isClass(matcher: ErrorMatcher): matcher is abstract new (...args: never) => unknown {
  const prototype = Object.getOwnPropertyDescriptor(matcher, 'prototype')
  if (prototype === undefined) return false
  return prototype.writable === false || prototype.value instanceof Error
}

function checkMatchers(option: string, matchers: readonly ErrorMatcher[]): readonly ErrorMatcher[] {
  for (const matcher of checkArray(option, matchers)) {
    if (typeof matcher !== 'function') throw bad(option, 'a list of error classes and predicates', matcher, 'matcher')
  }
  return matchers.length === 0 ? NO_MATCHERS : Object.freeze([...matchers])
}
