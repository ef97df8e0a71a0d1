// iterate and iterateSync: a generator judged when it ends.
import { describe, expect, it } from 'vitest'
import {
  boom,
  caught,
  hang,
  make,
  makeDue,
  makeOpen,
  pass,
  recorder,
  rejection,
  rejectionSync,
  thrown,
} from './support.ts'

async function* rows(...values: number[]): AsyncGenerator<number, string, undefined> {
  for (const value of values) yield value
  return 'end'
}
function* lines(...values: number[]): Generator<number, string, undefined> {
  for (const value of values) yield value
  return 'end'
}

describe('iterate', () => {
  it('passes the arguments on, yields every value and returns what the generator returned', async () => {
    const { breaker } = make()
    const iterator = breaker.iterate(rows, 1, 2)
    expect(await iterator.next()).toEqual({ done: false, value: 1 })
    expect(await iterator.next()).toEqual({ done: false, value: 2 })
    expect(breaker.stats.successes).toBe(0)
    expect(await iterator.next()).toEqual({ done: true, value: 'end' })
    expect(breaker.stats).toMatchObject({ calls: 1, successes: 1 })
    expect(await iterator.next()).toEqual({ done: true, value: undefined })
    expect(breaker.stats).toMatchObject({ calls: 1, successes: 1 })
  })

  it('asks for admission at the first next, not before', async () => {
    const { heard, listener } = recorder()
    const { breaker } = make({ listeners: [listener] })
    let started = false
    const iterator = breaker.iterate(async function* () {
      started = true
      yield 1
    })
    expect(started).toBe(false)
    expect(heard).toEqual([])
    await breaker.open()
    heard.length = 0
    expect((await rejection(iterator.next())).reason).toBe('open')
    expect(started).toBe(false)
    expect(heard).toEqual(['rejected open'])
    expect(await iterator.next()).toEqual({ done: true, value: undefined })
  })

  it('passes sent values in', async () => {
    const { breaker } = make()
    const seen: unknown[] = []
    const iterator = breaker.iterate(async function* (): AsyncGenerator<number, void, string> {
      seen.push(yield 1)
      seen.push(yield 2)
    })
    await iterator.next()
    await iterator.next('a')
    await iterator.next('b')
    expect(seen).toEqual(['a', 'b'])
  })

  it('passes thrown errors in, and a generator that catches one goes on', async () => {
    const { breaker } = make()
    const iterator = breaker.iterate(async function* () {
      try {
        yield 1
      } catch (error) {
        yield error
      }
    })
    await iterator.next()
    expect(await iterator.throw(boom)).toEqual({ done: false, value: boom })
    expect((await iterator.next()).done).toBe(true)
    expect(breaker.stats).toMatchObject({ calls: 1, successes: 1, failures: 0 })
  })

  it('rejects with an error thrown in that nobody catches', async () => {
    const { breaker } = make()
    const iterator = breaker.iterate(rows, 1, 2)
    await iterator.next()
    expect(await caught(iterator.throw(boom))).toBe(boom)
    expect((await iterator.next()).done).toBe(true)
    const { calls, successes, failures, ignored } = breaker.stats
    expect(calls).toBe(1)
    expect(successes + failures + ignored).toBe(1)
  })

  it('stopped early is no evidence, and the generator is ended', async () => {
    const { heard, listener } = recorder()
    const { breaker } = make({ listeners: [listener] })
    let cleaned = false
    for await (const row of breaker.iterate(async function* () {
      try {
        yield 1
        yield 2
      } finally {
        cleaned = true
      }
    })) {
      expect(row).toBe(1)
      break
    }
    expect(cleaned).toBe(true)
    expect(breaker.stats).toMatchObject({ calls: 1, ignored: 1, successes: 0, failures: 0 })
    expect(heard).toEqual(['beforeCall', 'ignored undefined'])
  })

  it('stopped before it began is no call at all', async () => {
    const { breaker } = make()
    let started = false
    const iterator = breaker.iterate(async function* () {
      started = true
      yield 1
    })
    expect((await iterator.return(undefined)).done).toBe(true)
    expect((await iterator.next()).done).toBe(true)
    expect(started).toBe(false)
    expect(breaker.stats.calls).toBe(0)
  })

  it('trips, and the caller gets the new error', async () => {
    const { breaker } = make({ failMax: 1 })
    const iterator = breaker.iterate(async function* () {
      yield 1
      throw boom
    })
    await iterator.next()
    const error = await rejection(iterator.next())
    expect(error.reason).toBe('tripped')
    expect(error.cause).toBe(boom)
    expect(breaker.state).toBe('open')
  })

  it('counts a function that throws before it has a generator', async () => {
    const { breaker } = make()
    const iterator = breaker.iterate((): AsyncGenerator<number> => {
      throw boom
    })
    expect(await caught(iterator.next())).toBe(boom)
    expect(breaker.stats).toMatchObject({ calls: 1, failures: 1 })
  })

  it('holds the place of a trial until it ends', async () => {
    const { breaker } = await makeDue()
    const iterator = breaker.iterate(rows, 1)
    await iterator.next()
    expect((await rejection(breaker.call(pass))).reason).toBe('trial-in-flight')
    await iterator.next()
    expect(breaker.state).toBe('closed')
  })

  it('frees the place of a trial when it is stopped', async () => {
    const { breaker } = await makeDue()
    for await (const _ of breaker.iterate(rows, 1, 2)) break
    expect(breaker.state).toBe('half-open')
    await breaker.call(pass)
    expect(breaker.state).toBe('closed')
  })

  it.each([
    ['an async iterable', { [Symbol.asyncIterator]: () => rows(1, 2) }],
    ['an iterable', new Set([1, 2])],
    ['an array', [1, 2]],
    ['an async generator', rows(1, 2)],
    ['a generator', lines(1, 2)],
  ] as readonly [string, AsyncIterable<number> | Iterable<number>][])('takes %s', async (_, source) => {
    const { breaker } = make()
    const seen: number[] = []
    for await (const row of breaker.iterate(source)) seen.push(row)
    expect(seen).toEqual([1, 2])
    expect(breaker.stats).toMatchObject({ calls: 1, successes: 1 })
  })

  it('takes a function that returns an iterable', async () => {
    const { breaker } = make()
    const seen: string[] = []
    for await (const letter of breaker.iterate((text: string) => new Set(text), 'ab')) seen.push(letter)
    expect(seen).toEqual(['a', 'b'])
  })

  it('awaits promises in a synchronous iterable', async () => {
    const { breaker } = make()
    const iterator = breaker.iterate([Promise.resolve(1), 2])
    expect((await iterator.next()).value).toBe(1)
    expect((await iterator.next()).value).toBe(2)
  })

  it('asks an iterable for its iterator at the first next', async () => {
    const { breaker } = await makeOpen()
    let asked = false
    const iterator = breaker.iterate({
      [Symbol.asyncIterator]() {
        asked = true
        return rows(1)
      },
    })
    await rejection(iterator.next())
    expect(asked).toBe(false)
  })

  it('refuses what cannot be iterated', async () => {
    const { breaker } = make()
    let error: unknown
    try {
      error = await caught(breaker.iterate(7 as never).next())
    } catch (early) {
      error = early
    }
    expect(error).toBeInstanceOf(TypeError)
  })

  it('answers calls of next that overlap in order', async () => {
    const { breaker } = make()
    const iterator = breaker.iterate(rows, 1, 2)
    const results = await Promise.all([iterator.next(), iterator.next(), iterator.next()])
    expect(results.map((result) => result.value)).toEqual([1, 2, 'end'])
    expect(breaker.stats).toMatchObject({ calls: 1, successes: 1 })
  })

  it('is its own async iterator', () => {
    const { breaker } = make()
    const iterator = breaker.iterate(rows, 1)
    expect(iterator[Symbol.asyncIterator]()).toBe(iterator)
  })
})

describe('iterateSync', () => {
  it('passes the arguments on, yields every value and returns what the generator returned', () => {
    const { breaker } = make()
    const iterator = breaker.iterateSync(lines, 1, 2)
    expect([iterator.next(), iterator.next(), iterator.next()]).toEqual([
      { done: false, value: 1 },
      { done: false, value: 2 },
      { done: true, value: 'end' },
    ])
    expect(breaker.stats).toMatchObject({ calls: 1, successes: 1 })
    expect(iterator.next()).toEqual({ done: true, value: undefined })
    expect(breaker.stats.calls).toBe(1)
  })

  it('asks for admission at the first next, not before', async () => {
    const { breaker } = await makeOpen()
    const iterator = breaker.iterateSync(lines, 1)
    expect(breaker.stats.rejected).toBe(0)
    expect(rejectionSync(() => iterator.next()).reason).toBe('open')
    expect(breaker.stats.rejected).toBe(1)
  })

  it('passes sent values and thrown errors in', () => {
    const { breaker } = make()
    const seen: unknown[] = []
    const iterator = breaker.iterateSync(function* (): Generator<number, void, string> {
      seen.push(yield 1)
      try {
        yield 2
      } catch (error) {
        seen.push(error)
      }
    })
    iterator.next()
    iterator.next('a')
    expect(iterator.throw(boom).done).toBe(true)
    expect(seen).toEqual(['a', boom])
    expect(breaker.stats).toMatchObject({ calls: 1, successes: 1 })
  })

  it('fails with what the generator throws', () => {
    const { breaker } = make({ failMax: 2 })
    const broken = function* (): Generator<number> {
      yield 1
      throw boom
    }
    expect(thrown(() => [...breaker.iterateSync(broken)])).toBe(boom)
    expect(rejectionSync(() => [...breaker.iterateSync(broken)]).reason).toBe('tripped')
  })

  it('stopped early is no evidence, and the generator is ended', () => {
    const { breaker } = make()
    let cleaned = false
    const [first] = breaker.iterateSync(function* () {
      try {
        yield 1
        yield 2
      } finally {
        cleaned = true
      }
    })
    expect(first).toBe(1)
    expect(cleaned).toBe(true)
    expect(breaker.stats).toMatchObject({ calls: 1, ignored: 1 })
  })

  it('takes an iterable, or a function that returns one', () => {
    const { breaker } = make()
    expect([...breaker.iterateSync(new Set(['a', 'b']))]).toEqual(['a', 'b'])
    expect([...breaker.iterateSync('ab')]).toEqual(['a', 'b'])
    expect([...breaker.iterateSync((text: string) => new Set(text), 'ab')]).toEqual(['a', 'b'])
    expect(breaker.stats).toMatchObject({ calls: 3, successes: 3 })
  })

  it('is rejected while a trial is in flight', async () => {
    const { breaker } = await makeDue()
    void breaker.call(hang)
    expect(rejectionSync(() => breaker.iterateSync(lines, 1).next()).reason).toBe('trial-in-flight')
  })

  it('is its own iterator', () => {
    const { breaker } = make()
    const iterator = breaker.iterateSync(lines, 1)
    expect(iterator[Symbol.iterator]()).toBe(iterator)
  })
})
