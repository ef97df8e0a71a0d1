// Values, errors, durations and counts in words.
import { describe, expect, it } from 'vitest'
import { describeCount, describeDuration, describeError, describeValue } from '../../../src/core/describe.ts'

describe('an error in words', () => {
  it.each<[unknown, string]>([
    [new Error('no route'), 'no route'],
    [new TypeError('no route'), 'TypeError: no route'],
    [Object.assign(new Error('no route'), { code: 'ECONNREFUSED' }), 'ECONNREFUSED'],
    [Object.assign(new Error('no route'), { code: '' }), 'no route'],
    [Object.assign(new Error('no route'), { code: 7 }), 'no route'],
    [new Error('fetch failed', { cause: Object.assign(new Error('x'), { code: 'ENOTFOUND' }) }), 'ENOTFOUND'],
    [new Error(''), 'Error'],
    [new RangeError(''), 'RangeError'],
    [{ message: 'plain' }, 'plain'],
    [{ message: 'plain', name: 7 }, 'plain'],
    [{ name: 'Odd', message: 5 }, 'Odd'],
    [{ name: 7 }, '[object Object]'],
    [{}, '[object Object]'],
    [null, 'null'],
    [undefined, 'undefined'],
    ['a text', 'a text'],
    [Symbol('s'), 'Symbol(s)'],
    [Object.create(null), 'object'],
    [() => 1, 'function'],
    [function named() {}, 'named'],
  ])('%# says the most telling thing', (error, words) => {
    expect(describeError(error)).toBe(words)
  })

  it('looks for a code five causes deep, no deeper', () => {
    const nested = (depth: number): unknown =>
      depth === 0 ? { code: 'EDEEP' } : Object.assign(new Error('top'), { cause: nested(depth - 1) })
    expect(describeError(nested(4))).toBe('EDEEP')
    expect(describeError(nested(5))).toBe('top')
  })

  it('stops at a cause that is null or no object', () => {
    expect(describeError(new Error('top', { cause: null }))).toBe('top')
    expect(describeError(new Error('top', { cause: 'below' }))).toBe('top')
  })

  it('is one line, without credentials and queries', () => {
    expect(describeError(new Error('a\n\t b   c'))).toBe('a b c')
    expect(describeError(new Error('to http://ann:secret@host/a?key=1 failed'))).toBe('to http://host/a failed')
    expect(describeError(new Error('to HTTPS://host/a#part, later'))).toBe('to HTTPS://host/a later')
    expect(describeError(new Error('http://host?key=1&more=2'))).toBe('http://host')
    expect(describeError(new Error('from redis://:secret@one/0 to redis://:secret@two/0'))).toBe(
      'from redis://one/0 to redis://two/0',
    )
    expect(describeError(new Error('who? me@home'))).toBe('who? me@home')
    expect(describeError(new Error('http://a/b?x http://c/d?y z'))).toBe('http://a/b http://c/d z')
  })

  it('is 120 characters at most', () => {
    expect(describeError('x'.repeat(120))).toBe('x'.repeat(120))
    expect(describeError('x'.repeat(121))).toBe(`${'x'.repeat(119)}…`)
    // Not in the middle of a character.
    expect(describeError(`${'x'.repeat(118)}😀y`)).toBe(`${'x'.repeat(118)}…`)
    expect(describeError(`${'x'.repeat(117)}😀yz`)).toBe(`${'x'.repeat(117)}😀…`)
  })
})

describe('a value in words', () => {
  it.each<[unknown, string]>([
    ['x', '`x` (string)'],
    [5, '`5` (number)'],
    [null, '`null` (null)'],
    [undefined, '`undefined` (undefined)'],
    [[1, 2], '`1,2` (array)'],
    [{}, '`[object Object]` (object)'],
    [class Shop {}, '`Shop` (function)'],
    [() => 1, '`function` (function)'],
    [Object.create(null), '`object` (object)'],
  ])('%# has its type', (value, words) => {
    expect(describeValue(value)).toBe(words)
  })

  it('is cut at 120 characters', () => {
    expect(describeValue('x'.repeat(500))).toBe(`\`${'x'.repeat(120)}\` (string)`)
  })
})

describe('a duration in words', () => {
  it.each<[number, string]>([
    [0, '0 ms'],
    [0.2, '1 ms'],
    [250, '250 ms'],
    [999, '999 ms'],
    [1_000, '1 s'],
    [1_540, '1.5 s'],
    [119_900, '119.9 s'],
    [120_000, '2 min'],
    [90_000 * 60 - 60_000, '89 min'],
    [7_199_000, '120 min'],
    [7_200_000, '2 h'],
    [5_400_000 * 2, '3 h'],
    [Number.POSITIVE_INFINITY, 'without end'],
  ])('%d ms', (ms, words) => {
    expect(describeDuration(ms)).toBe(words)
  })
})

describe('a count in words', () => {
  it.each<[number, string]>([
    [0, '0 calls'],
    [1, '1 call'],
    [2, '2 calls'],
  ])('%d', (count, words) => {
    expect(describeCount(count, 'call')).toBe(words)
  })
})
