// Who speaks first about an outcome, and what happens when one of them throws.
import { afterEach, beforeEach, describe, expect, it, type MockInstance, vi } from 'vitest'
import { circuitBreakerError } from '../../../src/core/errors.ts'
import { type Classify, type ErrorMatcher, Judge } from '../../../src/core/verdict.ts'
import { boom, wordsOf } from './support.ts'

let emitted: MockInstance
beforeEach(() => void (emitted = vi.spyOn(process, 'emitWarning').mockImplementation(() => {})))
afterEach(() => void vi.restoreAllMocks())
const warnings = (): string[] => emitted.mock.calls.map(([warning]) => (warning as Error).message)

const judge = (exclude: readonly ErrorMatcher[], ignore: readonly ErrorMatcher[] = [], classify?: Classify): Judge =>
  new Judge(exclude, ignore, classify)
const rejected = circuitBreakerError(
  { breaker: 'x', state: 'open', reason: 'open', retryAfter: 0, openedAt: undefined, cause: undefined },
  false,
)
const explode = (): never => {
  throw boom
}

describe('a judge', () => {
  it('takes a value for a success and an error for a failure', () => {
    const plain = judge([])
    expect([plain.ofValue(undefined, 0, []), plain.ofError(undefined, 0, []), plain.classifies]).toEqual([
      'success',
      'failure',
      false,
    ])
  })

  it('asks ignore before exclude before classify', () => {
    const all = judge([() => true], [RangeError], () => 'failure')
    expect(all.ofError(new RangeError(), 0, [])).toBe('ignore')
    expect(all.ofError(boom, 0, [])).toBe('success')
    expect(judge([TypeError], [RangeError], () => 'ignore').ofError(boom, 0, [])).toBe('ignore')
    expect(judge([TypeError], [RangeError]).ofError(boom, 0, [])).toBe('failure')
  })

  it('ignores the rejection of a breaker, before exclude', () => {
    expect(judge([() => true]).ofError(rejected, 0, [])).toBe('ignore')
    expect(judge([() => true]).ofError(new Error('deep', { cause: rejected }), 0, [])).toBe('ignore')
  })

  it('shows classify the whole outcome', () => {
    const seen: unknown[] = []
    const classifying = judge([], [], (outcome) => {
      seen.push(outcome)
      return 'ignore'
    })
    expect(classifying.classifies).toBe(true)
    expect(classifying.ofValue(7, 5, ['a'])).toBe('ignore')
    expect(classifying.ofError(boom, 6, ['b'])).toBe('ignore')
    expect(seen).toEqual([
      { ok: true, value: 7, duration: 5, args: ['a'] },
      { ok: false, error: boom, duration: 6, args: ['b'] },
    ])
  })

  it.each(['success', 'failure', 'ignore'] as const)('takes %s from classify, for value and error', (verdict) => {
    const classifying = judge([], [], () => verdict)
    expect([classifying.ofValue(1, 0, []), classifying.ofError(boom, 0, [])]).toEqual([verdict, verdict])
    expect(warnings()).toEqual([])
  })

  it('goes by the plain rule where classify says nothing, nonsense, or throws', () => {
    const silent = judge([], [], () => undefined as never)
    expect([silent.ofValue(1, 0, []), silent.ofError(boom, 0, [])]).toEqual(['success', 'failure'])
    expect(warnings()).toEqual([])
    expect(judge([], [], () => 'fine' as never).ofValue(1, 0, [])).toBe('success')
    expect(judge([], [], explode).ofError(boom, 0, [])).toBe('failure')
    expect(warnings()).toEqual([
      '`classify` answered `fine` (string), which is no verdict; it was skipped',
      '`classify` threw; it was skipped: boom',
    ])
  })
})

describe('a matcher', () => {
  it('that is a class matches its subclasses, abstract and old ones too', () => {
    class Own extends Error {}
    class Below extends Own {}
    function Old(this: unknown): void {}
    Old.prototype = new Error('an old class')
    abstract class Abstract {}
    expect(judge([Own]).ofError(new Below(), 0, [])).toBe('success')
    expect(judge([Own]).ofError(boom, 0, [])).toBe('failure')
    expect(judge([Old as never]).ofError(Object.create(Old.prototype), 0, [])).toBe('success')
    expect(judge([Old as never]).ofError(boom, 0, [])).toBe('failure')
    expect(judge([Abstract]).ofError(Object.create(Abstract.prototype), 0, [])).toBe('success')
    expect(judge([Abstract]).ofError(boom, 0, [])).toBe('failure')
    expect(warnings()).toEqual([])
  })

  it('that is any other function is asked, arrows and old functions alike', () => {
    const told: unknown[] = []
    const arrow = (error: unknown): boolean => told.push(error) > 0
    function old(error: unknown): boolean {
      return error === boom
    }
    expect(judge([arrow]).ofError(boom, 0, [])).toBe('success')
    expect(told).toEqual([boom])
    expect(judge([old]).ofError(boom, 0, [])).toBe('success')
    expect(judge([old]).ofError(new Error('other'), 0, [])).toBe('failure')
  })

  it('that throws is skipped with a warning, and the next is asked', () => {
    expect(judge([explode, () => true]).ofError(boom, 0, [])).toBe('success')
    expect(judge([], [explode]).ofError(boom, 0, [])).toBe('failure')
    const message = 'A matcher of `exclude` or `ignore` threw; it was skipped: boom'
    expect(warnings()).toEqual([message, message])
  })
})

describe('the matchers of exclude', () => {
  it('are a frozen copy that grows and shrinks', () => {
    const given = [TypeError]
    const one = judge(given)
    given.push(RangeError as never)
    expect([one.excluded, Object.isFrozen(one.excluded)]).toEqual([[TypeError], true])
    one.exclude([RangeError, SyntaxError])
    expect([one.excluded, Object.isFrozen(one.excluded)]).toEqual([[TypeError, RangeError, SyntaxError], true])
    one.include(RangeError)
    expect([one.excluded, Object.isFrozen(one.excluded)]).toEqual([[TypeError, SyntaxError], true])
    expect([judge([]).excluded, Object.isFrozen(judge([]).excluded)]).toEqual([[], true])
  })

  it('are functions in a list, or refused by name', () => {
    const told = 'to be a list of error classes and predicates, got'
    expect(wordsOf(() => judge(['x' as never]))).toBe(`TypeError: Expected \`exclude\` ${told} \`x\` (string)`)
    expect(wordsOf(() => judge([], [5 as never]))).toBe(`TypeError: Expected \`ignore\` ${told} \`5\` (number)`)
    expect(wordsOf(() => judge('x' as never))).toBe('TypeError: Expected `exclude` to be an array, got `x` (string)')
    expect(wordsOf(() => judge([], 'x' as never))).toBe('TypeError: Expected `ignore` to be an array, got `x` (string)')
    expect(wordsOf(() => judge([], [], 5 as never))).toBe(
      'TypeError: Expected `classify` to be a function, got `5` (number)',
    )
    expect(wordsOf(() => judge([]).exclude([5 as never]))).toContain(`\`exclude\` ${told}`)
  })
})
