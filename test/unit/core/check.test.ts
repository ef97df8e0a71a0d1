// Each check at its limits, and each message word for word.
import { describe, expect, it } from 'vitest'
import {
  bad,
  checkArray,
  checkBetween,
  checkBoolean,
  checkCount,
  checkDuration,
  checkFunction,
  checkKnown,
  checkObject,
  checkOneOf,
  checkPositive,
} from '../../../src/core/check.ts'
import { wordsOf } from './support.ts'

const anything = (value: unknown): never => value as never

describe('a check', () => {
  it('of one of several names them', () => {
    expect(checkOneOf('state', 'open', ['open', 'closed'])).toBe('open')
    expect(wordsOf(() => checkOneOf('state', 'ajar', ['open', 'closed'] as string[]))).toBe(
      'RangeError: Expected `state` to be one of open, closed, got `ajar` (string)',
    )
    expect(wordsOf(() => checkOneOf('state', anything(5), ['open']))).toBe(
      'TypeError: Expected `state` to be one of open, got `5` (number)',
    )
  })

  it('of a count takes integers from 1', () => {
    expect(checkCount('n', 1)).toBe(1)
    expect(checkCount('n', Number.MAX_SAFE_INTEGER)).toBe(Number.MAX_SAFE_INTEGER)
    expect(wordsOf(() => checkCount('n', 0))).toBe('RangeError: Expected `n` to be an integer from 1, got `0` (number)')
    expect(wordsOf(() => checkCount('n', 1.5))).toContain('RangeError')
    expect(wordsOf(() => checkCount('n', '1'))).toBe(
      'TypeError: Expected `n` to be an integer from 1, got `1` (string)',
    )
  })

  it('of a duration takes ms from 0 to Infinity', () => {
    expect(checkDuration('ms', 0)).toBe(0)
    expect(checkDuration('ms', Number.POSITIVE_INFINITY)).toBe(Number.POSITIVE_INFINITY)
    const told = 'Expected `ms` to be milliseconds from 0 (or Infinity), got'
    expect(wordsOf(() => checkDuration('ms', -1))).toBe(`RangeError: ${told} \`-1\` (number)`)
    expect(wordsOf(() => checkDuration('ms', Number.NaN))).toBe(`RangeError: ${told} \`NaN\` (number)`)
    expect(wordsOf(() => checkDuration('ms', '5'))).toBe(`TypeError: ${told} \`5\` (string)`)
  })

  it('of a positive time takes ms above 0', () => {
    expect(checkPositive('ms', Number.MIN_VALUE)).toBe(Number.MIN_VALUE)
    const told = 'Expected `ms` to be milliseconds above 0 (or Infinity), got'
    expect(wordsOf(() => checkPositive('ms', 0))).toBe(`RangeError: ${told} \`0\` (number)`)
    expect(wordsOf(() => checkPositive('ms', '5'))).toBe(`TypeError: ${told} \`5\` (string)`)
  })

  it('of a number takes both bounds and nothing outside', () => {
    expect(checkBetween('x', 0, 0, 1)).toBe(0)
    expect(checkBetween('x', 1, 0, 1)).toBe(1)
    expect(wordsOf(() => checkBetween('x', 1.1, 0, 1))).toBe(
      'RangeError: Expected `x` to be a number from 0, at most 1, got `1.1` (number)',
    )
    expect(wordsOf(() => checkBetween('x', -0.1, 0, 1))).toContain('RangeError')
    expect(wordsOf(() => checkBetween('x', Number.POSITIVE_INFINITY, 1, Number.MAX_VALUE))).toBe(
      'RangeError: Expected `x` to be a number from 1, finite, got `Infinity` (number)',
    )
    expect(wordsOf(() => checkBetween('x', Number.POSITIVE_INFINITY, 0, Number.POSITIVE_INFINITY))).toContain('Range')
    expect(wordsOf(() => checkBetween('x', '0.5', 0, 1))).toContain('TypeError')
  })

  it('of a boolean takes true and false alone', () => {
    expect(checkBoolean('on', true)).toBe(true)
    expect(checkBoolean('on', false)).toBe(false)
    expect(wordsOf(() => checkBoolean('on', 1))).toBe('TypeError: Expected `on` to be true or false, got `1` (number)')
  })

  it('of a function takes any', () => {
    const fn = (): void => {}
    expect(checkFunction('fn', fn)).toBe(fn)
    expect(wordsOf(() => checkFunction('fn', anything({})))).toBe(
      'TypeError: Expected `fn` to be a function, got `[object Object]` (object)',
    )
  })

  it('of an object takes neither null nor a list', () => {
    const object = {}
    expect(checkObject('o', object)).toBe(object)
    const told = 'TypeError: Expected `o` to be an object, got'
    expect(wordsOf(() => checkObject('o', anything(null)))).toBe(`${told} \`null\` (null)`)
    expect(wordsOf(() => checkObject('o', [1, 2]))).toBe(`${told} \`1,2\` (array)`)
    expect(wordsOf(() => checkObject('o', anything('x')))).toBe(`${told} \`x\` (string)`)
  })

  it('of a list takes lists alone', () => {
    const list = [1]
    expect(checkArray('l', list)).toBe(list)
    expect(wordsOf(() => checkArray('l', anything('x')))).toBe(
      'TypeError: Expected `l` to be an array, got `x` (string)',
    )
  })

  it('of option names tells what is known, and refuses null', () => {
    expect(() => checkKnown('it', { a: 1, b: undefined }, ['a', 'b'])).not.toThrow()
    expect(wordsOf(() => checkKnown('it', { c: 1 }, ['a', 'b']))).toBe(
      'TypeError: Unknown option `c` of it; known are a, b',
    )
    expect(wordsOf(() => checkKnown('it', { a: null }, ['a', 'b']))).toBe(
      'TypeError: Expected `a` to be given or left out, got `null` (null)',
    )
  })

  it('tells a wrong value from a wrong type', () => {
    expect(bad('o', 'x', 'y', 'string')).toBeInstanceOf(RangeError)
    expect(bad('o', 'x', 'y', 'number')).toBeInstanceOf(TypeError)
  })
})
