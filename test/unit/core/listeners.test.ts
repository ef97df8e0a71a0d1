// Who hears, in which order, and what a listener that fails does to the others.
import { afterEach, beforeEach, describe, expect, it, type MockInstance, vi } from 'vitest'
import type { CircuitBreaker } from '../../../src/index.ts'
import { type Listener, Listeners } from '../../../src/core/listeners.ts'
import { flush } from '../../support/async.ts'
import { boom, wordsOf } from './support.ts'

let emitted: MockInstance
beforeEach(() => void (emitted = vi.spyOn(process, 'emitWarning').mockImplementation(() => {})))
afterEach(() => void vi.restoreAllMocks())
const warnings = (): string[] => emitted.mock.calls.map(([warning]) => (warning as Error).message)

const EVENTS = [
  'beforeCall',
  'success',
  'failure',
  'ignored',
  'rejected',
  'stateChange',
  'storageDown',
  'storageUp',
] as const
// Listeners are told of a breaker and never look at it here.
const breaker = {} as CircuitBreaker

describe('what is heard', () => {
  it('is nothing without listeners', () => {
    const none = new Listeners([])
    expect(none.hear).toEqual(Object.fromEntries(EVENTS.map((event) => [event, false])))
    expect([none.all, Object.isFrozen(none.all)]).toEqual([[], true])
    expect(() => none.tell('success', breaker)).not.toThrow()
  })

  it.each(EVENTS)('is %s alone where one listens to it alone', (event) => {
    const all = new Listeners([{ [event]: () => {} } as Listener])
    expect(all.hear).toEqual(Object.fromEntries(EVENTS.map((one) => [one, one === event])))
  })

  it.each(EVENTS)('%s can be listened to until disposed of', (event) => {
    const all = new Listeners([])
    const heard: unknown[] = []
    const handle = all.on(event, (...args: unknown[]) => void heard.push(args))
    all.tell(event, breaker, boom as never)
    expect([heard, all.hear[event]]).toEqual([[[breaker, boom]], true])
    handle[Symbol.dispose]()
    all.tell(event, breaker, boom as never)
    expect([heard.length, all.hear[event], all.all]).toEqual([1, false, []])
  })

  it('is no property that is no function', () => {
    const all = new Listeners([{ success: 5 } as never])
    expect(all.hear.success).toBe(false)
  })

  it('has the listener as `this`, and passes over those without the method', () => {
    const named = {
      name: 'ann',
      heard: [] as string[],
      success(this: { name: string; heard: string[] }) {
        this.heard.push(this.name)
      },
    }
    new Listeners([{ failure() {} }, named]).tell('success', breaker)
    expect(named.heard).toEqual(['ann'])
    expect(warnings()).toEqual([])
  })
})

describe('the list', () => {
  it('grows in order, is frozen, and loses one at a time', () => {
    const [one, two]: Listener[] = [{ success() {} }, { failure() {} }]
    const all = new Listeners([one as Listener])
    all.add([two as Listener, one as Listener])
    expect([all.all, Object.isFrozen(all.all)]).toEqual([[one, two, one], true])
    all.remove(one as Listener)
    expect(all.all).toEqual([two, one])
    all.remove({ success() {} })
    expect(all.all).toEqual([two, one])
    all.remove(one as Listener)
    expect([all.all, all.hear.success, all.hear.failure]).toEqual([[two], false, true])
  })

  it('takes objects alone, all or none of those given', () => {
    const told = 'TypeError: Expected `listeners` to be'
    expect(wordsOf(() => new Listeners(5 as never))).toBe(`${told} an array, got \`5\` (number)`)
    expect(wordsOf(() => new Listeners([5 as never]))).toBe(
      `${told} a list of objects with methods, got \`5\` (number)`,
    )
    expect(wordsOf(() => new Listeners([null as never]))).toContain('got `null` (null)')
    const all = new Listeners([])
    expect(() => all.add([{ success() {} }, 5 as never])).toThrow(TypeError)
    expect(all.all).toEqual([])
  })

  it('takes known events and functions', () => {
    const all = new Listeners([])
    expect(wordsOf(() => all.on('open' as never, (() => {}) as never))).toBe(
      `RangeError: Expected \`event\` to be one of ${EVENTS.join(', ')}, got \`open\` (string)`,
    )
    expect(wordsOf(() => all.on(5 as never, (() => {}) as never))).toContain('TypeError')
    expect(wordsOf(() => all.on('success', 5 as never))).toBe(
      'TypeError: Expected `success` to be a function, got `5` (number)',
    )
  })
})

describe('telling', () => {
  it('what happens meanwhile waits until all have heard, in order, and later events are heard again', () => {
    const heard: string[] = []
    const all = new Listeners([])
    all.add([
      {
        success() {
          heard.push('one success')
          all.tell('failure', breaker, boom)
          all.tell('storageUp', breaker)
        },
        failure: () => void heard.push('one failure'),
      },
      {
        success: () => void heard.push('two success'),
        failure: () => void heard.push('two failure'),
        storageUp: () => void heard.push('two storageUp'),
      },
    ])
    const once = ['one success', 'two success', 'one failure', 'two failure', 'two storageUp']
    all.tell('success', breaker)
    expect(heard).toEqual(once)
    all.tell('success', breaker)
    expect(heard).toEqual([...once, ...once])
  })

  it('goes on when one throws or rejects, with a warning', async () => {
    const heard: string[] = []
    const all = new Listeners([
      {
        success() {
          throw boom
        },
      },
      { success: () => Promise.reject(boom) },
      { success: () => Promise.resolve() },
      { success: () => ({ then: 5 }) as never },
      { success: () => null as never },
      { success: () => void heard.push('last') },
    ])
    all.tell('success', breaker)
    await flush()
    expect(heard).toEqual(['last'])
    expect(warnings()).toEqual(['A listener threw in success: boom', 'A listener rejected in success: boom'])
  })
})
