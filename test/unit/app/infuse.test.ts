import { describe, expect, it } from 'vitest'
import {
  backoff,
  type CircuitBreaker,
  type CircuitOptions,
  type CircuitStorage,
  consecutive,
  failureRate,
  Infuse,
  type InfuseOptions,
  MemoryStorage,
} from '../../../src/index.ts'
import { until } from '../../support/redis-server.ts'
import { ManualClock, SimulatedStorage } from '../../../src/testing/index.ts'

const fail = async (): Promise<never> => Promise.reject(new Error('no'))

describe('an application', () => {
  it('gives its circuits its own options, those of the circuit before them', () => {
    const infuse = new Infuse({
      defaults: { failMax: 3, resetTimeout: 1_000, timeout: 9 },
      circuits: { payments: { failMax: 2 } },
    })
    expect(infuse.breaker('payments').failMax).toBe(2)
    expect(infuse.breaker('payments').resetTimeout).toBe(1_000)
    expect(infuse.breaker('stock').failMax).toBe(3)
    expect(infuse.breaker('till', { failMax: 7, resetTimeout: undefined })).toMatchObject({
      failMax: 7,
      resetTimeout: 1_000,
    })
  })

  it('adds up listeners and exclusions', () => {
    const [one, two, three] = [{ success() {} }, { failure() {} }, { ignored() {} }]
    const infuse = new Infuse({
      defaults: { listeners: [one], exclude: [TypeError] },
      circuits: { payments: { listeners: [two], exclude: [RangeError] } },
    })
    const payments = infuse.breaker('payments', { listeners: [three] })
    expect(payments.listeners).toEqual([one, two, three])
    expect(payments.excluded).toEqual([TypeError, RangeError])
    expect(infuse.breaker('stock').listeners).toEqual([one])
  })

  it('has the defaults of a CircuitBreaker where it is told nothing', () => {
    const infuse = new Infuse()
    expect(infuse.breaker('payments')).toMatchObject({ name: 'payments', failMax: 5, resetTimeout: 60_000 })
    expect([infuse.serviceName, infuse.env, infuse.storage]).toEqual([undefined, undefined, undefined])
  })

  it('puts its circuits on its storage and clock', async () => {
    const storage = new MemoryStorage()
    const clock = new ManualClock()
    const [one, other] = [new Infuse({ storage, clock }), new Infuse({ storage, clock })]
    await one.breaker('payments', { resetTimeout: 500 }).open()
    expect(other.breaker('payments').state).toBe('open')
    clock.advance(500)
    await expect(one.breaker('payments').call(async () => 'ok')).resolves.toBe('ok')
  })

  it.each<[string, InfuseOptions, string]>([
    ['an option that is none', { breakers: 5 } as object, 'Unknown option `breakers` of Infuse'],
    ['options that are none', 5 as unknown as InfuseOptions, 'Expected `options` to be an object'],
    ['a service that is no name', { service: 'my shop' }, 'Expected `service` to be a name'],
    ['an environment that is no text', { env: 5 as unknown as string }, 'Expected `env` to be a text'],
    ['a storage that is none', { storage: {} as CircuitStorage }, 'storage'],
    ['a clock that is none', { clock: {} as ManualClock }, 'clock'],
    ['defaults that are none', { defaults: [] as CircuitOptions }, 'Expected `defaults` to be an object'],
    ['defaults of a bad value', { defaults: { failMax: 0 } }, '`defaults`: Expected `failMax` to be an integer'],
    ['an unknown default', { defaults: { failmax: 1 } as object }, '`defaults`: Unknown option `failmax`'],
    ['a storage per circuit', { circuits: { a: { storage: 1 } as object } }, '`storage` of `circuits.a`'],
    ['a name per circuit', { circuits: { a: { name: 'b' } as object } }, '`name` of `circuits.a`'],
    ['a circuit of a bad value', { circuits: { a: { trials: 0 } } }, '`circuits.a`: Expected `trials`'],
    ['a circuit that is none', { circuits: { a: 5 as CircuitOptions } }, 'Expected `circuits.a` to be an object'],
    ['a circuit whose name is none', { circuits: { 'a b': {} } }, 'Expected `circuits` to be a name'],
    ['services that are none', { services: ['http://a'] as object }, 'Expected `services` to be an object'],
    ['a service without URL', { services: { a: 'a' } }, 'Expected `services.a` to be an absolute URL'],
    ['an unknown announcement', { service: 'a', announce: 'up' as 'open' }, 'Expected `announce` to be one of'],
    ['an announcement of nobody', { announce: 'open' }, 'Expected `service` to be given where `announce` is'],
  ])('refuses %s', (_, options, message) => {
    expect(() => new Infuse(options)).toThrow(message)
  })

  it('refuses at its start what a mirrored storage cannot say, not at the first call', () => {
    const storage: CircuitStorage = Object.assign(new MemoryStorage(), { mirror: 'infuse' })
    const make = (circuits: Record<string, CircuitOptions>): Infuse => new Infuse({ storage, circuits })
    expect(() => make({ a: { trip: failureRate() } })).toThrow('`circuits.a`: Expected `trip` to be consecutive(n)')
    expect(() => make({ a: { resetTimeout: backoff() } })).toThrow(
      /^`circuits.a`: Expected `resetTimeout` to be a .*; with `mirror: false` any will do$/,
    )
    expect(make({ a: { trip: consecutive(3) }, b: { trip: failureRate(), shadow: true } })).toBeInstanceOf(Infuse)
  })

  it('tells an origin its circuit: the service’s, or itself in one spelling', () => {
    const infuse = new Infuse({ services: { payments: 'http://payments:8000/v1' } })
    expect(infuse.key('HTTP://PAYMENTS:8000')).toBe('payments')
    expect(infuse.key('https://user:secret@Stock.:443/path')).toBe('https://stock')
    expect([infuse.isService('payments'), infuse.isService('https://stock')]).toEqual([true, false])
    infuse.service('stock', 'https://stock')
    expect(infuse.key('https://stock')).toBe('stock')
  })

  it('has one client per service, and none whose URL has credentials', () => {
    const infuse = new Infuse()
    const client = infuse.service('payments', 'http://payments:8000')
    expect(infuse.service('payments', 'http://payments:8000/')).toBe(client)
    expect(() => infuse.service('payments', 'http://other:8000')).toThrow('has another URL already')
    expect(() => infuse.service('stock', 'http://user:secret@stock')).toThrow('to be without credentials')
    expect(() => infuse.service('stock', 'http://user:secret@stock')).not.toThrow('secret')
  })
})

describe('the end of an application', () => {
  it('comes once, however often it is asked for, and leaves storage that was given', async () => {
    let disposals = 0
    const storage = Object.assign(new MemoryStorage(), { dispose: () => void disposals++ })
    const infuse = new Infuse({ storage, service: 'shop', announce: 'closed' })
    infuse.breaker('payments')
    const first = infuse.dispose()
    expect(infuse.dispose()).toBe(first)
    await first
    await infuse[Symbol.asyncDispose]()
    expect(disposals).toBe(0)
  })

  it('leaves calls to what each circuit was', async () => {
    const infuse = new Infuse({ defaults: { failMax: 1, throwNewErrorOnTrip: false } })
    const payments = infuse.breaker('payments')
    await payments.call(fail).catch(() => undefined)
    await infuse.dispose()
    expect(infuse.breaker('payments')).toBe(payments)
    await expect(payments.call(fail)).rejects.toMatchObject({ reason: 'open' })
  })

  it('comes after what storage was not yet told', async () => {
    const storage = new SimulatedStorage({ seed: 1 })
    const infuse = new Infuse({ storage, defaults: { failMax: 1, throwNewErrorOnTrip: false } })
    const watching = new Infuse({ storage: storage.connect() })
    const [payments, seen] = [infuse.breaker('payments'), watching.breaker('payments')]
    await Promise.all([infuse.ready(), watching.ready()])
    await payments.call(fail).catch(() => undefined)
    await infuse.dispose()
    await until(() => seen.state === 'open')
    await watching.dispose()
  })

  it('gives circuits that are asked for later no storage: that may be closed', async () => {
    const reads: string[] = []
    const memory = new MemoryStorage()
    const storage: CircuitStorage = Object.assign(memory, {
      shared: {},
      read: (names: readonly string[]) => {
        reads.push(...names)
        return names.map(() => undefined)
      },
    })
    const infuse = new Infuse({ storage })
    await infuse.dispose()
    const late = infuse.breaker('payments')
    await late.ready()
    await expect(late.call(async () => 'ok')).resolves.toBe('ok')
    expect(reads).toEqual([])
  })
})

describe('what a service says of itself at its start', () => {
  const states = ['closed', 'open', 'half-open'] as const

  it.each(states)('puts its own circuit %s, whatever it was, and no other', async (state) => {
    for (const before of states) {
      const storage = new MemoryStorage()
      const caller = new Infuse({ storage })
      const [shop, payments] = [caller.breaker('shop'), caller.breaker('payments')]
      for (const breaker of [shop, payments]) await put(breaker, before)
      const infuse = new Infuse({ storage, service: 'shop', announce: state })
      await infuse.ready()
      expect([shop.state, payments.state]).toEqual([state, before])
    }
  })

  it('says so once: an open circuit that is announced open keeps its time', async () => {
    const clock = new ManualClock()
    const storage = new MemoryStorage({ clock })
    const options: InfuseOptions = { storage, clock, service: 'shop', announce: 'open' }
    await new Infuse(options).ready()
    const { openedAt } = new Infuse({ storage, clock }).breaker('shop')
    clock.advance(5_000)
    await new Infuse(options).ready()
    expect(new Infuse({ storage, clock }).breaker('shop').openedAt).toEqual(openedAt)
  })

  it('gives the reason', async () => {
    const storage = new MemoryStorage()
    const shop = new Infuse({ storage }).breaker('shop')
    await shop.open()
    await new Infuse({ storage, service: 'shop', announce: 'closed' }).ready()
    expect(shop.explain().reason).toContain('the service announced it at its start')
  })

  it.each(['open', 'closed'] as const)('leaves a circuit that a person holds %s', async (held) => {
    const storage = new MemoryStorage()
    const shop = new Infuse({ storage }).breaker('shop')
    await shop.force(held, { reason: 'maintenance' })
    for (const announce of states) await new Infuse({ storage, service: 'shop', announce }).ready()
    expect(shop.state).toBe(held)
    expect(shop.explain().forced).toMatchObject({ state: held, reason: 'maintenance' })
  })

  it('D11 is said when storage that was down comes back, and not over what a person ordered meanwhile', async () => {
    const storage = new SimulatedStorage({ refreshInterval: 20 })
    const others = new Infuse({ storage: storage.connect() })
    const [shop, till] = [others.breaker('shop'), others.breaker('till')]
    await Promise.all([shop.open(), till.open()])
    const line = storage.connect()
    line.cut()
    const starting = ['shop', 'till'].map((service) => new Infuse({ storage: line, service, announce: 'closed' }))
    await Promise.all(starting.map((infuse) => infuse.ready()))
    await till.force('open', { reason: 'maintenance' })
    expect([shop.state, till.state]).toEqual(['open', 'open'])
    line.heal()
    await until(() => shop.state === 'closed')
    await until(() => starting[1]?.breaker('till').explain().forced !== undefined)
    expect(till.explain().forced).toMatchObject({ state: 'open', reason: 'maintenance' })
    await Promise.all([others, ...starting].map((infuse) => infuse.dispose()))
  })

  it('D11 is said at the next return, where storage goes down again at once', async () => {
    const storage = new SimulatedStorage({ refreshInterval: 20 })
    const others = new Infuse({ storage: storage.connect() })
    const shop = others.breaker('shop')
    await shop.open()
    const line = storage.connect()
    line.cut()
    const infuse = new Infuse({ storage: line, service: 'shop', announce: 'closed' })
    await infuse.ready()
    const own = infuse.breaker('shop')
    let ups = 0
    own.addListener({ storageUp: () => void (++ups === 1 && line.cut()) })
    line.heal()
    await until(() => ups === 1 && own.explain().scope === 'local')
    expect(shop.state).toBe('open')
    line.heal()
    await until(() => shop.state === 'closed')
    await Promise.all([others, infuse].map((one) => one.dispose()))
  })

  it('is nothing unless it is asked for', async () => {
    const storage = new MemoryStorage()
    const shop = new Infuse({ storage }).breaker('shop')
    await shop.open()
    for (const announce of [false, undefined] as const) {
      const infuse = new Infuse({ storage, service: 'shop', announce })
      await infuse.ready()
      expect(infuse.breakers.size).toBe(0)
    }
    expect(shop.state).toBe('open')
  })
})

async function put(breaker: CircuitBreaker, state: 'closed' | 'open' | 'half-open'): Promise<void> {
  await { closed: () => breaker.close(), open: () => breaker.open(), 'half-open': () => breaker.halfOpen() }[state]()
}
