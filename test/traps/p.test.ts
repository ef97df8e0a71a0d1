// Serverless, types, errors: what a snapshot keeps, what a frozen process finds, what an option table and its type say.
import { describe, expect, it } from 'vitest'
import {
  anyOf,
  CircuitBreaker,
  type CircuitBreakerOptions,
  consecutive,
  failureRate,
  MemoryStorage,
  slowRate,
} from '../../src/index.ts'
import { ManualClock } from '../../src/testing/index.ts'
import {
  boom,
  caught,
  fail,
  failTimes,
  make,
  makeDue,
  makeOpen,
  pass,
  rejection,
  thrown,
} from '../unit/calls/support.ts'

describe('Snapshots', () => {
  it('P1 a circuit that has just opened is restored open with what remained of its time', async () => {
    const { breaker, clock } = await makeOpen({ resetTimeout: 60_000 })
    clock.advance(10_000)
    const json = breaker.snapshot()
    const later = new ManualClock(5_000_000, clock.wallNow() + 20_000)
    const thawed = new CircuitBreaker({ failMax: 1, resetTimeout: 60_000, clock: later })
    thawed.restore(json)
    expect(thawed.state).toBe('open')
    expect(thawed.openedAt).toEqual(breaker.openedAt)
    expect((await rejection(thawed.call(pass))).retryAfter).toBe(30_000)
    later.advance(29_999)
    expect((await rejection(thawed.call(pass))).reason).toBe('open')
    later.advance(1)
    await expect(thawed.call(pass)).resolves.toBe('ok')
  })

  it('P1 a circuit opened at time zero is restored as such', async () => {
    const clock = new ManualClock(0, 0)
    const breaker = new CircuitBreaker({ failMax: 1, resetTimeout: 1000, clock })
    await failTimes(breaker, 1)
    expect(breaker.openedAt).toEqual(new Date(0))
    const thawed = new CircuitBreaker({ failMax: 1, resetTimeout: 1000, clock: new ManualClock(0, 400) })
    thawed.restore(breaker.snapshot())
    expect(thawed.openedAt).toEqual(new Date(0))
    expect((await rejection(thawed.call(pass))).retryAfter).toBe(600)
  })

  it('P1 an open time in the future is clamped to now', async () => {
    const { breaker, clock } = await makeOpen({ resetTimeout: 60_000 })
    const behind = new ManualClock(0, clock.wallNow() - 3_600_000)
    const thawed = new CircuitBreaker({ resetTimeout: 60_000, clock: behind })
    thawed.restore(breaker.snapshot())
    expect(thawed.openedAt).toEqual(new Date(behind.wallNow()))
    expect((await rejection(thawed.call(pass))).retryAfter).toBe(60_000)
  })

  it('P1 a snapshot that is older than its open time gives a trial at the first call', async () => {
    const { breaker, clock } = await makeOpen({ resetTimeout: 60_000 })
    const thawed = new CircuitBreaker({ resetTimeout: 60_000, clock: new ManualClock(0, clock.wallNow() + 86_400_000) })
    thawed.restore(breaker.snapshot())
    expect(thawed.state).toBe('open')
    await expect(thawed.call(pass)).resolves.toBe('ok')
    expect(thawed.stats.trials).toBe(1)
  })

  it('P2 a snapshot shares nothing with the breaker it was taken from', async () => {
    const { breaker } = make({ failMax: 5 })
    await failTimes(breaker, 3)
    const json = breaker.snapshot()
    await failTimes(breaker, 1)
    const restored = make({ failMax: 5 }).breaker
    restored.restore(json)
    expect(restored.failCounter).toBe(3)
    await failTimes(restored, 1)
    expect(restored.failCounter).toBe(4)
    const again = make({ failMax: 5 }).breaker
    again.restore(json)
    expect(again.failCounter).toBe(3)
    expect(breaker.failCounter).toBe(4)
  })

  it.each([
    ['a time window', () => failureRate({ threshold: 0.5, window: 10_000, minimumCalls: 10 })],
    ['a count window', () => failureRate({ threshold: 0.5, count: 10, minimumCalls: 10 })],
    [
      'both in one policy',
      () => anyOf(consecutive(100), failureRate({ threshold: 0.5, window: 10_000, minimumCalls: 10 })),
    ],
  ])('P2 %s is restored in full', async (_, trip) => {
    const { breaker, clock } = make({ trip: trip() })
    for (let i = 0; i < 5; i++) await breaker.call(pass)
    await failTimes(breaker, 4)
    expect(breaker.state).toBe('closed')
    const restored = new CircuitBreaker({ trip: trip(), clock: new ManualClock(77, clock.wallNow()) })
    restored.restore(breaker.snapshot())
    expect(restored.state).toBe('closed')
    await failTimes(restored, 1)
    expect(restored.state).toBe('open')
  })

  it('P2 a time window goes on aging while it is stored', async () => {
    const trip = failureRate({ threshold: 0.5, window: 10_000, minimumCalls: 10 })
    const { breaker, clock } = make({ trip })
    for (let i = 0; i < 5; i++) await breaker.call(pass)
    await failTimes(breaker, 4)
    const restored = new CircuitBreaker({ trip, clock: new ManualClock(0, clock.wallNow() + 10_001) })
    restored.restore(breaker.snapshot())
    await failTimes(restored, 1)
    expect(restored.state).toBe('closed')
  })

  it('P2 the slow calls of a window are restored too', async () => {
    const trip = slowRate({ threshold: 0.5, count: 10, minimumCalls: 10 })
    const { breaker, clock } = make({ trip, slowCall: 100 })
    const slow = async (): Promise<void> => clock.advance(101)
    for (let i = 0; i < 5; i++) await breaker.call(pass)
    for (let i = 0; i < 4; i++) await breaker.call(slow)
    expect(breaker.state).toBe('closed')
    const restored = make({ trip, slowCall: 100 })
    restored.breaker.restore(breaker.snapshot())
    await restored.breaker.call(async () => restored.clock.advance(101))
    expect(restored.breaker.state).toBe('open')
  })

  it('P2 the trial successes and relapses of a half-open circuit are restored', async () => {
    const resetTimeout = ({ relapses }: { relapses: number }): number => 1000 * 2 ** relapses
    const { breaker, clock } = await makeDue({ successThreshold: 2, resetTimeout })
    await failTimes(breaker, 1)
    clock.advance(2000)
    await breaker.call(pass)
    expect(breaker.successCounter).toBe(1)
    const copy = make({ failMax: 1, successThreshold: 2, resetTimeout })
    copy.breaker.restore(breaker.snapshot())
    expect(copy.breaker.state).toBe('half-open')
    expect(copy.breaker.successCounter).toBe(1)
    const error = await rejection(copy.breaker.call(fail))
    expect(error.reason).toBe('trial-failed')
    expect(error.retryAfter).toBe(4000)
  })

  it('P3 a process that was frozen gives a trial at its first call, whatever its clock leapt', async () => {
    for (const leap of [1000, 3_600_000, 2 ** 31, 1e12]) {
      const { breaker, clock } = await makeOpen()
      clock.advance(leap)
      expect(breaker.state).toBe('open')
      let seen: string | undefined
      await breaker.call(async () => {
        seen = breaker.state
      })
      expect(seen).toBe('half-open')
      expect(breaker.state).toBe('closed')
    }
  })

  it('P3 a thaw gives one trial, not one for each call that waited', async () => {
    const { breaker, clock } = await makeOpen()
    clock.advance(3_600_000)
    let ran = 0
    await Promise.allSettled(Array.from({ length: 50 }, () => breaker.call(async () => void ran++)))
    expect(ran).toBe(1)
  })

  it('P3 a trial that a freeze interrupted gives its place away after the thaw', async () => {
    const { breaker, clock } = await makeDue({ trialTimeout: 5000 })
    void breaker.call(() => new Promise(() => {}))
    clock.advance(3_600_000)
    await expect(breaker.call(pass)).resolves.toBe('ok')
    expect(breaker.state).toBe('closed')
  })
})

describe('Options and their type', () => {
  // One value for each key of the type: a key that is added, dropped or renamed does not compile until it stands here.
  const every: { [K in keyof Required<CircuitBreakerOptions>]: NonNullable<CircuitBreakerOptions[K]> } = {
    name: 'db',
    failMax: 3,
    trip: consecutive(3),
    resetTimeout: 1000,
    successThreshold: 2,
    trials: 2,
    trialTimeout: 1000,
    rampUp: 1000,
    exclude: [RangeError],
    ignore: [TypeError],
    classify: ({ ok }) => (ok ? 'success' : 'failure'),
    slowCall: 1000,
    timeout: 1000,
    throwNewErrorOnTrip: false,
    storage: new MemoryStorage(),
    listeners: [{}],
    stackTrace: true,
    shadow: true,
    clock: new ManualClock(),
  }

  it.each(Object.keys(every))('P5 the option %s of the type is one that the constructor takes', (key) => {
    const value = every[key as keyof typeof every]
    expect(() => new CircuitBreaker({ [key]: value })).not.toThrow()
    expect(() => new CircuitBreaker({ [key]: undefined })).not.toThrow()
    expect(() => new CircuitBreaker({ [key]: Symbol('nonsense') })).toThrow(key)
  })

  it('P5 a name that is not in the type is refused', () => {
    for (const key of ['failmax', 'resetTimeoutMs', 'fail_max', 'threshold', '']) {
      const error = thrown(() => new CircuitBreaker({ [key]: 1 } as CircuitBreakerOptions))
      expect(error).toBeInstanceOf(TypeError)
      expect(String(error)).toContain(key)
    }
  })

  it('P5 all options go together', () => {
    expect(() => new CircuitBreaker(every)).not.toThrow()
    expect(new CircuitBreaker(every).name).toBe('db')
  })
})

describe('Errors', () => {
  it('P7 each rejection is an error of its own', async () => {
    const { breaker } = await makeOpen()
    const first = await rejection(breaker.call(pass))
    const second = await rejection(breaker.call(pass))
    expect(first).not.toBe(second)
    expect(first.cause).toBe(boom)
    expect(second.cause).toBe(boom)
  })

  it('P7 an error object that a dependency throws again and again is left as it was', async () => {
    const reused = Object.freeze(Object.assign(new Error('always me'), { code: 'EDOWN' }))
    const before = { stack: reused.stack, keys: Reflect.ownKeys(reused) }
    const { breaker, clock } = make({ failMax: 1, resetTimeout: 1 })
    for (let i = 0; i < 100; i++) {
      await caught(breaker.call(() => Promise.reject(reused)))
      await caught(breaker.call(pass))
      clock.advance(1)
    }
    expect(reused.stack).toBe(before.stack)
    expect(Reflect.ownKeys(reused)).toEqual(before.keys)
    expect(reused.cause).toBeUndefined()
  })

  it('P7 neither cause nor stack grows over many trips', async () => {
    const { breaker, clock } = make({ failMax: 1, resetTimeout: 1, stackTrace: true })
    const depth = (error: unknown): number =>
      error instanceof Error && error.cause !== undefined ? 1 + depth(error.cause) : 0
    const stacks: number[] = []
    for (let i = 0; i < 100; i++) {
      const tripped = await rejection(breaker.call(fail))
      expect(depth(tripped)).toBe(1)
      const rejected = await rejection(breaker.call(pass))
      expect(depth(rejected)).toBe(1)
      stacks.push(rejected.stack?.length ?? 0)
      clock.advance(1)
    }
    expect(stacks.at(-1)).toBe(stacks[1])
  })

  it('P7 an error that wraps its own rejection does not build a chain', async () => {
    const { breaker, clock } = make({ failMax: 1, resetTimeout: 1 })
    let last: unknown = boom
    for (let i = 0; i < 20; i++) {
      await caught(breaker.call(fail))
      last = await caught(breaker.call(() => Promise.reject(last)))
      clock.advance(1)
    }
    expect(last).toMatchObject({ cause: boom })
  })

  it('P7 a rejection captures a stack only where stackTrace asks for it', async () => {
    const without = await makeOpen()
    const rejected = await rejection(without.breaker.call(pass))
    expect(rejected.stack ?? '').not.toContain('p.test.ts')
    const { breaker } = await makeOpen({ stackTrace: true })
    function deepInTheApplication(): Promise<unknown> {
      return breaker.call(pass)
    }
    const traced = await rejection(deepInTheApplication())
    expect(traced.stack).toContain('deepInTheApplication')
    expect(Error.stackTraceLimit).toBeGreaterThan(0)
  })

  it('P7 a rejection is made where stackTraceLimit cannot be written, too', async () => {
    const before = Object.getOwnPropertyDescriptor(Error, 'stackTraceLimit') ?? {}
    const { breaker } = await makeOpen()
    Object.defineProperty(Error, 'stackTraceLimit', { ...before, writable: false })
    const error = await caught(breaker.call(pass))
    Object.defineProperty(Error, 'stackTraceLimit', before)
    expect(error).toMatchObject({ name: 'CircuitBreakerError', reason: 'open' })
  })
})
