// wrap, wrapSync and guard: the wrapped function looks and behaves like the one it wraps.
import { describe, expect, it } from 'vitest'
import { boom, caught, failSync, make, makeOpen, recorder, rejection, rejectionSync, thrown } from './support.ts'

class Till {
  readonly rate = 3
  async charge(amount: number, currency = 'EUR'): Promise<string> {
    if (amount < 0) throw boom
    return `${amount * this.rate} ${currency}`
  }
}

describe('wrap', () => {
  it('keeps name and length', () => {
    const { breaker } = make()
    const fn = async (_a: number, _b: string): Promise<void> => {}
    const wrapped = breaker.wrap(fn)
    expect(wrapped.name).toBe('fn')
    expect(wrapped.length).toBe(2)
    expect(breaker.wrap(async () => {}).name).toBe('')
    expect(breaker.wrap(Till.prototype.charge).length).toBe(1)
  })

  it('keeps this and the arguments', async () => {
    const { breaker } = make()
    const till = new Till()
    const object = { rate: 5, charge: breaker.wrap(till.charge) }
    await expect(object.charge(2, 'CHF')).resolves.toBe('10 CHF')
    await expect(breaker.wrap(till.charge).call(till, 2)).resolves.toBe('6 EUR')
  })

  it('leaves the wrapped function as it was', async () => {
    const { breaker } = make({ failMax: 1 })
    const fn = async (): Promise<never> => {
      throw boom
    }
    const wrapped = breaker.wrap(fn)
    await caught(wrapped())
    expect(wrapped).not.toBe(fn)
    expect(await caught(fn())).toBe(boom)
    expect(breaker.stats.calls).toBe(1)
  })

  it('makes a synchronous function return a promise', async () => {
    const { breaker } = make()
    const wrapped = breaker.wrap((n: number) => n + 1)
    const promise = wrapped(1)
    expect(promise).toBeInstanceOf(Promise)
    await expect(promise).resolves.toBe(2)
    const broken = breaker.wrap(failSync)
    expect(await caught(broken())).toBe(boom)
  })

  it('rejects when the circuit is open', async () => {
    const { breaker } = await makeOpen()
    let ran = false
    const wrapped = breaker.wrap(async () => {
      ran = true
    })
    expect((await rejection(wrapped())).reason).toBe('open')
    expect(ran).toBe(false)
  })

  it('tells beforeCall the function and its arguments', async () => {
    const seen: unknown[] = []
    const { breaker } = make({ listeners: [{ beforeCall: (_, fn, ...args) => void seen.push(fn, ...args) }] })
    const add = async (a: number, b: number): Promise<number> => a + b
    await breaker.wrap(add)(1, 2)
    expect(seen).toEqual([add, 1, 2])
  })

  it('refuses what is no function', () => {
    const { breaker } = make()
    expect(thrown(() => breaker.wrap(undefined as never))).toBeInstanceOf(TypeError)
    expect(thrown(() => breaker.wrapSync({} as never))).toBeInstanceOf(TypeError)
  })
})

describe('wrapSync', () => {
  it('keeps name, length, this and arguments', () => {
    const { breaker } = make()
    function scale(this: { factor: number }, n: number, _unit: string): number {
      return n * this.factor
    }
    const wrapped = breaker.wrapSync(scale)
    expect(wrapped.name).toBe('scale')
    expect(wrapped.length).toBe(2)
    expect(wrapped.call({ factor: 3 }, 2, 'm')).toBe(6)
    expect(breaker.stats.successes).toBe(1)
  })

  it('throws what the function throws, and when the circuit is open', () => {
    const { breaker } = make({ failMax: 2 })
    const wrapped = breaker.wrapSync(failSync)
    expect(thrown(wrapped)).toBe(boom)
    expect(rejectionSync(wrapped).reason).toBe('tripped')
    expect(rejectionSync(wrapped).reason).toBe('open')
  })
})

describe('guard', () => {
  const context = (name: string) =>
    ({ kind: 'method', name, static: false, private: false }) as ClassMethodDecoratorContext<Till, Till['charge']>

  it('decorates by the standard of TC39, unbound too', async () => {
    const { heard, listener } = recorder()
    const { breaker } = make({ listeners: [listener] })
    const { guard } = breaker
    const charge = guard(Till.prototype.charge, context('charge'))
    expect(charge.name).toBe('charge')
    expect(charge.length).toBe(1)
    await expect(charge.call(new Till(), 2)).resolves.toBe('6 EUR')
    expect(heard).toEqual(['beforeCall', 'success'])
  })

  it('decorates by the legacy standard, unbound too', async () => {
    const { breaker } = make()
    const { guard } = breaker
    class Shop extends Till {
      override async charge(amount: number): Promise<string> {
        return super.charge(amount)
      }
    }
    const descriptor = Object.getOwnPropertyDescriptor(Shop.prototype, 'charge') as TypedPropertyDescriptor<
      Shop['charge']
    >
    const before = { ...descriptor }
    const returned: unknown = guard(Shop.prototype, 'charge', descriptor)
    const after = (returned ?? descriptor) as TypedPropertyDescriptor<Shop['charge']>
    Object.defineProperty(Shop.prototype, 'charge', after)
    expect(after).toMatchObject({
      enumerable: before.enumerable,
      configurable: before.configurable,
      writable: before.writable,
    })
    expect(after.value).not.toBe(before.value)
    await expect(new Shop().charge(2)).resolves.toBe('6 EUR')
    expect(await caught(new Shop().charge(-1))).toBe(boom)
    expect(breaker.stats).toMatchObject({ successes: 1, failures: 1 })
  })

  it('is the same function each time it is read', () => {
    const { breaker } = make()
    expect(breaker.guard).toBe(breaker.guard)
  })

  it('refuses what is no method', () => {
    const { breaker } = make()
    const misuse = breaker.guard as unknown as (...args: unknown[]) => unknown
    expect(thrown(() => misuse(class {}, { kind: 'class', name: 'Shop' }))).toBeInstanceOf(TypeError)
    expect(thrown(() => misuse(undefined, { kind: 'field', name: 'charge' }))).toBeInstanceOf(TypeError)
    expect(thrown(() => misuse({}, 'charge', { get: () => 1 }))).toBeInstanceOf(TypeError)
  })
})
