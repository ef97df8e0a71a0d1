// PyBreaker 1.4, row by row, as far as a circuit in memory goes. The number in a name is the row of docs/parity.md.
import { describe, expect, it } from 'vitest'
import { CircuitBreaker, CircuitBreakerError, type CircuitStorage, MemoryStorage } from '../../src/index.ts'
import { ManualClock } from '../../src/testing/index.ts'
import {
  boom,
  caught,
  fail,
  failSync,
  failTimes,
  flush,
  hang,
  make,
  makeDue,
  makeOpen,
  pass,
  recorder,
  rejection,
  rejectionSync,
  thrown,
} from '../unit/calls/support.ts'
import { deferred } from '../support/async.ts'

class NotFound extends Error {}
class Gone extends NotFound {}

describe('PyBreaker: configuration', () => {
  it('PyBreaker 1: the states are the three strings, and a snapshot stores them as such', async () => {
    const { breaker } = make()
    expect(breaker.state).toBe('closed')
    expect(breaker.snapshot()).toContain('"closed"')
    await breaker.open()
    expect(breaker.state).toBe('open')
    expect(breaker.snapshot()).toContain('"open"')
    await breaker.halfOpen()
    expect(breaker.state).toBe('half-open')
    expect(breaker.snapshot()).toContain('"half-open"')
  })

  it('PyBreaker 2: the defaults are five failures, sixty seconds and one trial success', () => {
    const breaker = new CircuitBreaker()
    expect(breaker.failMax).toBe(5)
    expect(breaker.resetTimeout).toBe(60_000)
    expect(breaker.successThreshold).toBe(1)
    expect(breaker.name).toBe('circuit')
    expect(breaker.excluded).toEqual([])
    expect(breaker.listeners).toEqual([])
  })

  it('PyBreaker 2: a new breaker tells nobody and keeps the counters and the open time of its record', async () => {
    const clock = new ManualClock()
    const storage = new MemoryStorage({ clock })
    const first = new CircuitBreaker({ name: 'db', storage, clock, failMax: 3 })
    await failTimes(first, 2)
    const { heard, listener } = recorder()
    const second = new CircuitBreaker({ name: 'db', storage, clock, failMax: 3, listeners: [listener] })
    expect(second.failCounter).toBe(2)
    expect(second.state).toBe('closed')
    expect(heard).toEqual([])

    await failTimes(first, 1)
    const opened = first.openedAt
    expect(opened).toBeInstanceOf(Date)
    clock.advance(500)
    const third = new CircuitBreaker({ name: 'db', storage, clock, failMax: 3 })
    expect(third.state).toBe('open')
    expect(third.openedAt).toEqual(opened)
    expect(third.failCounter).toBe(3)
  })

  it('PyBreaker 3: failCounter counts consecutive failures', async () => {
    const { breaker } = make({ failMax: 10 })
    await failTimes(breaker, 3)
    expect(breaker.failCounter).toBe(3)
    await breaker.call(pass)
    expect(breaker.failCounter).toBe(0)
    await failTimes(breaker, 1)
    expect(breaker.failCounter).toBe(1)
  })

  it('PyBreaker 4: successCounter counts trial successes, and is 0 after opening, half-opening and closing', async () => {
    const { breaker } = await makeDue({ successThreshold: 3 })
    expect(breaker.successCounter).toBe(0)
    await breaker.call(pass)
    await breaker.call(pass)
    expect(breaker.successCounter).toBe(2)
    await breaker.open()
    expect(breaker.successCounter).toBe(0)
    await breaker.halfOpen()
    await breaker.call(pass)
    expect(breaker.successCounter).toBe(1)
    await breaker.halfOpen()
    expect(breaker.state).toBe('half-open')
    await breaker.close()
    expect(breaker.successCounter).toBe(0)
    await breaker.call(pass)
    expect(breaker.successCounter).toBe(0)
  })

  it('PyBreaker 5: failMax is live', async () => {
    const { breaker } = make({ failMax: 5 })
    await failTimes(breaker, 3)
    breaker.failMax = 2
    expect(breaker.failMax).toBe(2)
    await failTimes(breaker, 1)
    expect(breaker.state).toBe('open')
  })

  it('PyBreaker 5: resetTimeout is live for an open circuit too', async () => {
    const { breaker, clock } = await makeOpen({ resetTimeout: 60_000 })
    clock.advance(10)
    breaker.resetTimeout = 20
    expect(breaker.resetTimeout).toBe(20)
    expect((await rejection(breaker.call(pass))).retryAfter).toBe(10)
    clock.advance(10)
    await expect(breaker.call(pass)).resolves.toBe('ok')
    expect(breaker.state).toBe('closed')
  })

  it('PyBreaker 5: successThreshold is live for a half-open circuit too', async () => {
    const { breaker } = await makeDue({ successThreshold: 5 })
    await breaker.call(pass)
    breaker.successThreshold = 2
    expect(breaker.successThreshold).toBe(2)
    await breaker.call(pass)
    expect(breaker.state).toBe('closed')
  })

  it('PyBreaker 6: a change made elsewhere is noticed and listeners are told once', async () => {
    const clock = new ManualClock()
    const storage = new MemoryStorage({ clock })
    const { heard, listener } = recorder()
    const here = new CircuitBreaker({ name: 'db', storage, clock, listeners: [listener] })
    const there = new CircuitBreaker({ name: 'db', storage, clock })
    await there.open()
    expect(here.state).toBe('open')
    await caught(here.call(pass))
    expect(heard).toEqual(['closed->open', 'rejected open'])
  })

  it('PyBreaker 7: the name is fixed at construction', () => {
    const breaker = new CircuitBreaker({ name: 'db' })
    expect(thrown(() => Object.assign(breaker, { name: 'other' }))).toBeInstanceOf(TypeError)
    expect(breaker.name).toBe('db')
  })

  it('PyBreaker 8: excluded takes classes, their subclasses and predicates, and the first match wins', async () => {
    const asked: string[] = []
    const teapot = (error: { status?: number }): boolean => {
      asked.push('teapot')
      return error.status === 418
    }
    const { breaker } = make({ exclude: [NotFound, teapot] })
    expect(breaker.excluded).toEqual([NotFound, teapot])
    await caught(breaker.call(() => Promise.reject(new Gone('gone'))))
    expect(breaker.failCounter).toBe(0)
    expect(asked).toEqual([])
    await caught(breaker.call(() => Promise.reject(Object.assign(new Error('short and stout'), { status: 418 }))))
    expect(breaker.failCounter).toBe(0)
    expect(asked).toEqual(['teapot'])
    await failTimes(breaker, 1)
    expect(breaker.failCounter).toBe(1)
  })

  it('PyBreaker 8: addExcluded takes several, removeExcluded takes one away', async () => {
    const { breaker } = make()
    breaker.addExcluded(NotFound, RangeError)
    expect(breaker.excluded).toEqual([NotFound, RangeError])
    await caught(breaker.call(() => Promise.reject(new RangeError('far'))))
    expect(breaker.failCounter).toBe(0)
    breaker.removeExcluded(RangeError)
    expect(breaker.excluded).toEqual([NotFound])
    await caught(breaker.call(() => Promise.reject(new RangeError('far'))))
    expect(breaker.failCounter).toBe(1)
  })

  it('PyBreaker 9: isSystemError says whether an error counts', () => {
    const { breaker } = make({ exclude: [NotFound, (error: Error) => error.message === 'fine'] })
    expect(breaker.isSystemError(boom)).toBe(true)
    expect(breaker.isSystemError(new Gone())).toBe(false)
    expect(breaker.isSystemError(new Error('fine'))).toBe(false)
  })
})

describe('PyBreaker: call forms', () => {
  it('PyBreaker 10: callSync passes the arguments on and returns the value', () => {
    const { breaker } = make()
    expect(breaker.callSync((a: number, b: string) => `${a}${b}`, 1, 'b')).toBe('1b')
  })

  it('PyBreaker 10: callSync rejects, counts and opens like call', () => {
    const { breaker } = make({ failMax: 2 })
    expect(thrown(() => breaker.callSync(failSync))).toBe(boom)
    expect(breaker.failCounter).toBe(1)
    expect(rejectionSync(() => breaker.callSync(failSync)).cause).toBe(boom)
    expect(breaker.state).toBe('open')
    expect(rejectionSync(() => breaker.callSync(pass)).reason).toBe('open')
  })

  it('PyBreaker 11: call passes the arguments on and awaits the value', async () => {
    const { breaker } = make()
    await expect(breaker.call(async (a: number, b: string) => `${a}${b}`, 1, 'b')).resolves.toBe('1b')
  })

  it('PyBreaker 12: wrap guards a function and keeps its name', async () => {
    const { breaker } = make({ failMax: 1, throwNewErrorOnTrip: false })
    async function charge(amount: number): Promise<number> {
      if (amount < 0) throw boom
      return amount * 2
    }
    const charged = breaker.wrap(charge)
    expect(charged.name).toBe('charge')
    await expect(charged(2)).resolves.toBe(4)
    expect(await caught(charged(-1))).toBe(boom)
    expect((await rejection(charged(2))).reason).toBe('open')
  })

  it('PyBreaker 12: guard decorates a method and keeps its name', async () => {
    const { breaker } = make({ failMax: 1, throwNewErrorOnTrip: false })
    class Shop {
      till = 2
      async charge(amount: number): Promise<number> {
        if (amount < 0) throw boom
        return amount * this.till
      }
    }
    const descriptor = Object.getOwnPropertyDescriptor(Shop.prototype, 'charge')
    if (descriptor === undefined) throw new Error('no method')
    breaker.guard(Shop.prototype, 'charge', descriptor)
    Object.defineProperty(Shop.prototype, 'charge', descriptor)
    const shop = new Shop()
    expect(shop.charge.name).toBe('charge')
    await expect(shop.charge(3)).resolves.toBe(6)
    expect(await caught(shop.charge(-1))).toBe(boom)
    expect((await rejection(shop.charge(3))).reason).toBe('open')
  })

  it('PyBreaker 13: a permit judges a block, and an open circuit refuses on entry', async () => {
    const { breaker } = make({ failMax: 1, resetTimeout: 1000 })
    {
      using permit = await breaker.acquire()
      permit.success()
    }
    expect(breaker.stats.successes).toBe(1)
    {
      using permit = breaker.acquireSync()
      permit.failure(boom)
    }
    expect(breaker.state).toBe('open')
    expect((await rejection(breaker.acquire())).reason).toBe('open')
    expect(rejectionSync(() => breaker.acquireSync()).reason).toBe('open')
  })

  it('PyBreaker 14: a generator is a success when it is exhausted', async () => {
    const { breaker } = make({ failMax: 3 })
    await failTimes(breaker, 2)
    expect([
      ...breaker.iterateSync(function* rows() {
        yield 1
        yield 2
      }),
    ]).toEqual([1, 2])
    expect(breaker.failCounter).toBe(0)
    const rows: number[] = []
    for await (const row of breaker.iterate(async function* () {
      yield 1
      yield 2
    }))
      rows.push(row)
    expect(rows).toEqual([1, 2])
    expect(breaker.stats.successes).toBe(2)
  })

  it('PyBreaker 14: a generator is a failure when it throws', async () => {
    const { breaker } = make({ failMax: 3 })
    expect(
      thrown(() => [
        ...breaker.iterateSync(function* () {
          yield 1
          throw boom
        }),
      ]),
    ).toBe(boom)
    expect(breaker.failCounter).toBe(1)
    const rows = breaker.iterate(async function* () {
      yield 1
      throw boom
    })
    await rows.next()
    expect(await caught(rows.next())).toBe(boom)
    expect(breaker.failCounter).toBe(2)
  })

  it('PyBreaker 14: stopping a generator early is no evidence, here', () => {
    const { breaker } = make({ failMax: 3 })
    for (const _ of breaker.iterateSync([1, 2, 3])) break
    expect(breaker.failCounter).toBe(0)
    expect(breaker.stats).toMatchObject({ calls: 1, ignored: 1, successes: 0, failures: 0 })
  })

  it('PyBreaker 15: open, halfOpen and close work from any state', async () => {
    for (const from of ['open', 'halfOpen', 'close'] as const) {
      for (const to of ['open', 'halfOpen', 'close'] as const) {
        const { breaker } = make()
        await breaker[from]()
        await breaker[to]()
        expect(breaker.state, `${from} then ${to}`).toBe({ open: 'open', halfOpen: 'half-open', close: 'closed' }[to])
      }
    }
  })
})

describe('PyBreaker: the state machine', () => {
  it('PyBreaker 16: a success on a closed circuit zeroes failCounter and is told', async () => {
    const { heard, listener } = recorder()
    const { breaker } = make({ listeners: [listener] })
    await failTimes(breaker, 2)
    heard.length = 0
    await breaker.call(pass)
    expect(breaker.failCounter).toBe(0)
    expect(heard).toEqual(['beforeCall', 'success'])
  })

  it('PyBreaker 17: a failure below failMax counts one, is told, and the caller gets the original error', async () => {
    const { heard, listener } = recorder()
    const { breaker } = make({ failMax: 3, listeners: [listener] })
    expect(await caught(breaker.call(fail))).toBe(boom)
    expect(breaker.failCounter).toBe(1)
    expect(breaker.state).toBe('closed')
    expect(heard).toEqual(['beforeCall', 'failure boom'])
  })

  it('PyBreaker 18: the failure at failMax opens the circuit and throws the new error', async () => {
    const { heard, listener } = recorder()
    const { breaker } = make({ failMax: 3, listeners: [listener] })
    await failTimes(breaker, 2)
    heard.length = 0
    const error = await rejection(breaker.call(fail))
    expect(error.message).toBe('Failures threshold reached, circuit breaker opened')
    expect(error.reason).toBe('tripped')
    expect(error.cause).toBe(boom)
    expect(breaker.state).toBe('open')
    expect(breaker.failCounter).toBe(3)
    expect(heard).toEqual(['beforeCall', 'failure boom', 'closed->open'])
  })

  it('PyBreaker 18: with throwNewErrorOnTrip false the failure at failMax keeps its own error', async () => {
    const { breaker } = make({ failMax: 1, throwNewErrorOnTrip: false })
    expect(await caught(breaker.call(fail))).toBe(boom)
    expect(breaker.state).toBe('open')
  })

  it('PyBreaker 19: an open circuit rejects without running the function', async () => {
    const { heard, listener } = recorder()
    const { breaker, clock } = await makeOpen({ listeners: [listener] })
    heard.length = 0
    clock.advance(999)
    let ran = false
    const error = await rejection(
      breaker.call(async () => {
        ran = true
      }),
    )
    expect(error.message).toBe('Timeout not elapsed yet, circuit breaker still open')
    expect(error.reason).toBe('open')
    expect(error.retryAfter).toBe(1)
    expect(ran).toBe(false)
    expect(heard).toEqual(['rejected open'])
  })

  it('PyBreaker 20: once resetTimeout has passed the circuit half-opens and the call runs as trial', async () => {
    const { heard, listener } = recorder()
    const { breaker } = await makeDue({ listeners: [listener], successThreshold: 2 })
    heard.length = 0
    let seen: string | undefined
    await breaker.call(async () => {
      seen = breaker.state
    })
    expect(seen).toBe('half-open')
    expect(heard).toEqual(['open->half-open', 'beforeCall', 'success'])
    expect(breaker.stats.trials).toBe(1)
  })

  it('PyBreaker 21: a trial success below successThreshold leaves the circuit half-open', async () => {
    const { breaker } = await makeDue({ successThreshold: 2 })
    await breaker.call(pass)
    expect(breaker.state).toBe('half-open')
    expect(breaker.successCounter).toBe(1)
  })

  it('PyBreaker 21: the trial success at successThreshold closes the circuit, then is told', async () => {
    const { heard, listener } = recorder()
    const { breaker } = await makeDue({ successThreshold: 2, listeners: [listener] })
    await breaker.call(pass)
    heard.length = 0
    await breaker.call(pass)
    expect(breaker.state).toBe('closed')
    expect(breaker.failCounter).toBe(0)
    expect(heard).toEqual(['beforeCall', 'half-open->closed', 'success'])
  })

  it('PyBreaker 22: a failed trial opens the circuit again for a full resetTimeout', async () => {
    const { heard, listener } = recorder()
    const { breaker, clock } = await makeDue({ listeners: [listener] })
    heard.length = 0
    const error = await rejection(breaker.call(fail))
    expect(error.message).toBe('Trial call failed, circuit breaker opened')
    expect(error.reason).toBe('trial-failed')
    expect(error.cause).toBe(boom)
    expect(heard).toEqual(['open->half-open', 'beforeCall', 'failure boom', 'half-open->open'])
    clock.advance(999)
    expect((await rejection(breaker.call(pass))).reason).toBe('open')
    clock.advance(1)
    await expect(breaker.call(pass)).resolves.toBe('ok')
  })

  it('PyBreaker 22: with throwNewErrorOnTrip false a failed trial keeps its own error', async () => {
    const { breaker } = await makeDue({ throwNewErrorOnTrip: false })
    expect(await caught(breaker.call(fail))).toBe(boom)
    expect(breaker.state).toBe('open')
  })

  it('PyBreaker 23: a trip and a recovery are three changes in this order', async () => {
    const changes: string[] = []
    const { breaker } = await makeDue({
      listeners: [{ stateChange: (_, from, to) => void changes.push(`${from}->${to}`) }],
    })
    await breaker.call(pass)
    expect(changes.join(',')).toBe('closed->open,open->half-open,half-open->closed')
  })

  it('PyBreaker 24: an excluded error is rethrown and resets the counter', async () => {
    const { heard, listener } = recorder()
    const { breaker } = make({ failMax: 3, exclude: [NotFound], listeners: [listener] })
    await failTimes(breaker, 2)
    heard.length = 0
    const missing = new NotFound('missing')
    expect(await caught(breaker.call(() => Promise.reject(missing)))).toBe(missing)
    expect(breaker.failCounter).toBe(0)
    expect(heard).toEqual(['beforeCall', 'success'])
  })

  it('PyBreaker 24: an excluded error closes a half-open circuit', async () => {
    const { breaker } = await makeDue({ exclude: [NotFound] })
    const missing = new NotFound('missing')
    expect(await caught(breaker.call(() => Promise.reject(missing)))).toBe(missing)
    expect(breaker.state).toBe('closed')
  })

  it('PyBreaker 25: listeners are added and removed one by one or together', async () => {
    const first = recorder()
    const second = recorder()
    const { breaker } = make()
    breaker.addListener(first.listener, second.listener)
    expect(breaker.listeners).toEqual([first.listener, second.listener])
    await breaker.call(pass)
    breaker.removeListener(first.listener)
    expect(breaker.listeners).toEqual([second.listener])
    await breaker.call(pass)
    expect(first.heard).toEqual(['beforeCall', 'success'])
    expect(second.heard).toEqual(['beforeCall', 'success', 'beforeCall', 'success'])
  })

  it('PyBreaker 25: beforeCall hears the function and its arguments', async () => {
    const calls: unknown[][] = []
    const { breaker } = make({ listeners: [{ beforeCall: (who, fn, ...args) => void calls.push([who, fn, ...args]) }] })
    const add = (a: number, b: number): number => a + b
    await breaker.call(add, 1, 2)
    expect(calls).toEqual([[breaker, add, 1, 2]])
  })

  it('PyBreaker 25: listeners run after the change is made and before the call settles, here', async () => {
    const order: string[] = []
    const { breaker } = make({
      failMax: 1,
      listeners: [{ stateChange: (who, _, to) => void order.push(`${who.state} ${to}`) }],
    })
    await caught(
      breaker.call(fail).catch((error: unknown) => {
        order.push('settled')
        throw error
      }),
    )
    expect(order).toEqual(['open open', 'settled'])
  })

  it('PyBreaker 26: CircuitBreakerError is an Error with the original as cause', async () => {
    const { breaker } = make({ name: 'db', failMax: 1, resetTimeout: 1000 })
    const tripped = await rejection(breaker.call(fail))
    expect(tripped).toBeInstanceOf(Error)
    expect(tripped.cause).toBe(boom)
    const rejected = await rejection(breaker.call(pass))
    expect(rejected).toBeInstanceOf(CircuitBreakerError)
    expect(rejected).toMatchObject({
      name: 'CircuitBreakerError',
      code: 'ERR_CIRCUIT_OPEN',
      statusCode: 503,
      breaker: 'db',
      state: 'open',
      retryAfter: 1000,
      cause: boom,
    })
    expect(rejected.openedAt).toEqual(breaker.openedAt)
  })
})

describe('PyBreaker: storage in memory', () => {
  it('PyBreaker 27: a storage of your own holds circuits by name', async () => {
    class OwnStorage implements CircuitStorage {
      readonly #inner = new MemoryStorage()
      read(names: readonly string[]) {
        return this.#inner.read(names)
      }
      add(...args: Parameters<CircuitStorage['add']>) {
        return this.#inner.add(...args)
      }
      replace(...args: Parameters<CircuitStorage['replace']>) {
        return this.#inner.replace(...args)
      }
      watch(...args: Parameters<CircuitStorage['watch']>) {
        return this.#inner.watch(...args)
      }
    }
    const clock = new ManualClock()
    const storage = new OwnStorage()
    const one = new CircuitBreaker({ name: 'db', storage, clock, failMax: 2 })
    const same = new CircuitBreaker({ name: 'db', storage, clock, failMax: 2 })
    const other = new CircuitBreaker({ name: 'mail', storage, clock, failMax: 2 })
    await failTimes(one, 1)
    await failTimes(same, 1)
    expect([one.state, same.state, other.state]).toEqual(['open', 'open', 'closed'])
  })

  it('PyBreaker 28: breakers on one MemoryStorage under one name are one circuit, counters included', async () => {
    const clock = new ManualClock()
    const storage = new MemoryStorage({ clock })
    const make = (name: string) =>
      new CircuitBreaker({ name, storage, clock, failMax: 3, resetTimeout: 1000, successThreshold: 2 })
    const [one, same, other] = [make('db'), make('db'), make('mail')]
    await failTimes(one, 2)
    expect(same.failCounter).toBe(2)
    expect(other.failCounter).toBe(0)
    await failTimes(same, 1)
    expect([one.state, same.state, other.state]).toEqual(['open', 'open', 'closed'])
    clock.advance(1000)
    await one.call(pass)
    expect(same.successCounter).toBe(1)
    await same.call(pass)
    expect([one.state, same.state]).toEqual(['closed', 'closed'])
    expect(one.failCounter).toBe(0)
  })

  it('PyBreaker 28: breakers without storage have circuits of their own, whatever their names', async () => {
    const one = new CircuitBreaker({ name: 'db', failMax: 1 })
    const other = new CircuitBreaker({ name: 'db', failMax: 1 })
    await failTimes(one, 1)
    expect([one.state, other.state]).toEqual(['open', 'closed'])
  })

  it('PyBreaker 31: a thousand concurrent failures are a thousand', async () => {
    const { breaker } = make({ failMax: 2000 })
    const gate = deferred<void>()
    const calls = Array.from({ length: 1000 }, () => caught(breaker.call(() => gate.promise.then(failSync))))
    gate.resolve()
    await Promise.all(calls)
    expect(breaker.failCounter).toBe(1000)
    expect(breaker.stats).toMatchObject({ calls: 1000, failures: 1000, successes: 0 })
    expect(breaker.state).toBe('closed')
  })

  it('PyBreaker 31: a thousand concurrent successes are a thousand', async () => {
    const { breaker } = make()
    const gate = deferred<void>()
    const calls = Array.from({ length: 1000 }, () => breaker.call(() => gate.promise))
    gate.resolve()
    await Promise.all(calls)
    expect(breaker.stats).toMatchObject({ calls: 1000, successes: 1000, failures: 0, late: 0 })
  })

  it('PyBreaker 31: of a thousand concurrent failures the one at failMax opens, and the circuit opens once', async () => {
    const { heard, listener } = recorder()
    const { breaker } = make({ failMax: 1000, listeners: [listener] })
    const gate = deferred<void>()
    const calls = Array.from({ length: 1500 }, () => caught(breaker.call(() => gate.promise.then(failSync))))
    gate.resolve()
    const errors = await Promise.all(calls)
    expect(breaker.state).toBe('open')
    expect(heard.filter((event) => event === 'closed->open')).toHaveLength(1)
    expect(errors.filter((error) => error instanceof CircuitBreakerError)).toHaveLength(1)
    expect(breaker.stats).toMatchObject({ calls: 1500, failures: 1000, late: 500 })
  })

  it('PyBreaker 31: of a thousand concurrent calls on a circuit that is due one is the trial', async () => {
    const { breaker } = await makeDue()
    let ran = 0
    const gate = deferred<void>()
    const calls = Array.from({ length: 1000 }, () =>
      breaker
        .call(() => {
          ran++
          return gate.promise
        })
        .then(
          () => 'ran',
          (error: unknown) => (error instanceof CircuitBreakerError ? error.reason : error),
        ),
    )
    await flush()
    expect(ran).toBe(1)
    gate.resolve()
    const outcomes = await Promise.all(calls)
    expect(outcomes.filter((outcome) => outcome === 'ran')).toHaveLength(1)
    expect(outcomes.filter((outcome) => outcome === 'trial-in-flight')).toHaveLength(999)
    expect(breaker.state).toBe('closed')
  })

  it('PyBreaker 32: successThreshold is 1 unless told', async () => {
    const { breaker } = await makeDue()
    expect(breaker.successThreshold).toBe(1)
    await breaker.call(pass)
    expect(breaker.state).toBe('closed')
  })

  it('PyBreaker 32: with successThreshold 3 the third trial success closes', async () => {
    const { breaker } = await makeDue({ successThreshold: 3 })
    const states: string[] = []
    for (let i = 0; i < 3; i++) {
      await breaker.call(pass)
      states.push(breaker.state)
    }
    expect(states).toEqual(['half-open', 'half-open', 'closed'])
  })

  it('PyBreaker 32: a failed trial takes the successes back', async () => {
    const { breaker, clock } = await makeDue({ successThreshold: 3 })
    await breaker.call(pass)
    await breaker.call(pass)
    await caught(breaker.call(fail))
    expect(breaker.state).toBe('open')
    expect(breaker.successCounter).toBe(0)
    clock.advance(1000)
    await breaker.call(pass)
    await breaker.call(pass)
    expect(breaker.state).toBe('half-open')
    await breaker.call(pass)
    expect(breaker.state).toBe('closed')
  })

  it('PyBreaker 32: a trial in flight holds its place while the successes are counted', async () => {
    const { breaker } = await makeDue({ successThreshold: 2 })
    void breaker.call(hang)
    expect((await rejection(breaker.call(pass))).reason).toBe('trial-in-flight')
    expect(breaker.successCounter).toBe(0)
  })
})
