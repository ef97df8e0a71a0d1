import { describe, expect, it } from 'vitest'
import { Infuse, type InfuseOptions, MemoryStorage } from '../../../src/index.ts'
import { ManualClock } from '../../../src/testing/index.ts'
import { deferred } from '../../support/async.ts'

const fail = async (): Promise<never> => Promise.reject(new Error('no'))

function make(options: InfuseOptions = {}): Infuse {
  return new Infuse({ clock: new ManualClock(), defaults: { failMax: 1, throwNewErrorOnTrip: false }, ...options })
}

function names(infuse: Infuse): string[] {
  return [...infuse.breakers.keys()]
}

describe('the breakers of an application', () => {
  it('R8 the same name gives the same breaker, one per name', () => {
    const infuse = make()
    const breaker = infuse.breaker('payments')
    expect(infuse.breaker('payments')).toBe(breaker)
    expect(infuse.breaker('stock')).not.toBe(breaker)
    expect(infuse.breakers.get('payments')).toBe(breaker)
    expect(names(infuse)).toEqual(['payments', 'stock'])
  })

  it('R6 are at most so many: the one that was asked for longest ago goes first', () => {
    const infuse = make({ maxBreakers: 3 })
    for (const name of ['a', 'b', 'c', 'a', 'c', 'd']) infuse.breaker(name)
    expect(names(infuse)).toEqual(['a', 'c', 'd'])
    for (let index = 0; index < 1000; index++) infuse.breaker(`http://host-${index}`)
    expect(infuse.breakers.size).toBe(3)
  })

  it('R6 open, half-open, forced and busy ones stay, even over the most', async () => {
    const infuse = make({ maxBreakers: 2 })
    await infuse
      .breaker('open')
      .call(fail)
      .catch(() => undefined)
    await infuse.breaker('half-open').halfOpen()
    await infuse.breaker('held').force('closed')
    const work = deferred()
    const busy = infuse.breaker('busy').call(() => work.promise)
    for (let index = 0; index < 10; index++) infuse.breaker(`idle-${index}`)
    expect(names(infuse)).toEqual(['open', 'half-open', 'held', 'busy', 'idle-9'])
    work.resolve('done')
    await busy
    infuse.breaker('last')
    expect(names(infuse)).toEqual(['open', 'half-open', 'held', 'last'])
  })

  it('R6 one with failures noted goes after those without', async () => {
    const infuse = make({ maxBreakers: 2, defaults: { failMax: 5 } })
    await infuse
      .breaker('ailing')
      .call(fail)
      .catch(() => undefined)
    for (const name of ['a', 'b', 'c']) infuse.breaker(name)
    expect(names(infuse)).toEqual(['ailing', 'c'])
    await infuse
      .breaker('c')
      .call(fail)
      .catch(() => undefined)
    infuse.breaker('d')
    expect(infuse.breakers.size).toBe(2)
    expect(infuse.breakers.has('d')).toBe(true)
  })

  it('R7 whoever holds one that was let go of goes on with it', async () => {
    const infuse = make({ maxBreakers: 1, storage: new MemoryStorage() })
    const held = infuse.breaker('payments')
    infuse.breaker('stock')
    expect(infuse.breakers.has('payments')).toBe(false)
    await expect(held.call(async () => 'ok')).resolves.toBe('ok')
    await held.call(fail).catch(() => undefined)
    // Both are on one circuit of the storage.
    expect([held.state, infuse.breaker('payments').state]).toEqual(['open', 'open'])
  })

  it('a name or an option that is none takes nobody’s place', () => {
    const infuse = make({ maxBreakers: 1 })
    infuse.breaker('payments')
    expect(() => infuse.breaker('not a name')).toThrow('Expected `name` to be a name of up to 128')
    expect(() => infuse.breaker('stock', { failMax: 0 })).toThrow('failMax')
    expect(() => infuse.breaker('stock', { storage: 1 } as object)).toThrow('Unknown option `storage` of `options`')
    expect(names(infuse)).toEqual(['payments'])
  })

  it.each([0, 1.5, '3' as unknown as number])('refuses room for %s of them', (maxBreakers) => {
    expect(() => new Infuse({ maxBreakers })).toThrow('Expected `maxBreakers` to be an integer from 1')
  })
})

describe('R8 the same name with options', () => {
  const listener = { success: () => undefined }
  const isTeapot = (error: { teapot?: boolean }): boolean => error.teapot === true

  it('is the same breaker where they say the same', async () => {
    const { anyOf, consecutive, failureRate } = await import('../../../src/index.ts')
    const infuse = new Infuse({ circuits: { payments: { rampUp: 100 } } })
    const options = () => ({
      trip: anyOf(consecutive(3), failureRate({ threshold: 0.5 })),
      exclude: [TypeError, isTeapot],
      listeners: [listener],
      timeout: 500,
    })
    const breaker = infuse.breaker('payments', options())
    expect(infuse.breaker('payments')).toBe(breaker)
    expect(infuse.breaker('payments', options())).toBe(breaker)
    expect(infuse.breaker('payments', { timeout: 500, failMax: undefined })).toBe(breaker)
    // As the application has it for this name.
    expect(infuse.breaker('payments', { rampUp: 100 })).toBe(breaker)
    expect(infuse.breaker('payments', {})).toBe(breaker)
  })

  it('is an error where they do not, which says what differs', async () => {
    const { failureRate } = await import('../../../src/index.ts')
    const infuse = new Infuse()
    infuse.breaker('payments', { failMax: 3, exclude: [TypeError], listeners: [listener] })
    expect(() => infuse.breaker('payments', { failMax: 4 })).toThrow(
      'Breaker "payments" exists with `3` (number) as `failMax`; it was asked for with `4` (number)',
    )
    expect(() => infuse.breaker('payments', { timeout: 4 })).toThrow('exists with its default as `timeout`')
    expect(() => infuse.breaker('payments', { exclude: [RangeError] })).toThrow('exclude')
    expect(() => infuse.breaker('payments', { exclude: [] })).toThrow('exclude')
    expect(() => infuse.breaker('payments', { listeners: [{ ...listener }] })).toThrow('listeners')
    expect(() => infuse.breaker('payments', { trip: failureRate() })).toThrow('trip')
  })

  it('R9 what happens to the objects afterwards changes nothing', () => {
    const exclude: (typeof Error)[] = [TypeError]
    const own = { failMax: 3, exclude }
    const defaults = { resetTimeout: 1000 }
    const infuse = new Infuse({ defaults })
    const breaker = infuse.breaker('payments', own)
    own.failMax = 9
    defaults.resetTimeout = 9
    exclude.push(RangeError)
    expect([breaker.failMax, breaker.isSystemError(new RangeError())]).toEqual([3, true])
    expect(infuse.breaker('stock').resetTimeout).toBe(1000)
    expect(() => infuse.breaker('payments', own)).toThrow('failMax')
  })
})
