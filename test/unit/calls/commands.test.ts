// open, halfOpen, close, force, release, dispose: what an operator does to a circuit.
import { describe, expect, it } from 'vitest'
import { CircuitBreaker, failureRate } from '../../../src/index.ts'
import {
  caught,
  failTimes,
  flush,
  hang,
  make,
  makeDue,
  makeOpen,
  pass,
  recorder,
  rejection,
  thrown,
} from './support.ts'

const messages = {
  forced: 'Circuit breaker forced open',
  trial: 'Trial call in flight, circuit breaker half-open',
}

describe('open, halfOpen and close', () => {
  it('act before they return', () => {
    const { breaker } = make()
    void breaker.open()
    expect(breaker.state).toBe('open')
    void breaker.halfOpen()
    expect(breaker.state).toBe('half-open')
    void breaker.close()
    expect(breaker.state).toBe('closed')
  })

  it('resolve to nothing', async () => {
    const { breaker } = make()
    await expect(
      Promise.all([breaker.open(), breaker.halfOpen(), breaker.close(), breaker.ready(), breaker.settled()]),
    ).resolves.toEqual([undefined, undefined, undefined, undefined, undefined])
  })

  it('close on a closed circuit zeroes its counts', async () => {
    const { breaker } = make({ failMax: 3 })
    await failTimes(breaker, 2)
    await breaker.close()
    expect(breaker.failCounter).toBe(0)
    await failTimes(breaker, 2)
    expect(breaker.state).toBe('closed')
  })

  it('close on a closed circuit empties its window', async () => {
    const { breaker } = make({ trip: failureRate({ count: 4, minimumCalls: 4 }) })
    await failTimes(breaker, 3)
    await breaker.close()
    await failTimes(breaker, 3)
    expect(breaker.state).toBe('closed')
    await failTimes(breaker, 1)
    expect(breaker.state).toBe('open')
  })

  it('open on an open circuit starts its time anew', async () => {
    const { breaker, clock } = await makeOpen()
    const first = breaker.openedAt
    clock.advance(900)
    await breaker.open()
    expect(breaker.openedAt).not.toEqual(first)
    expect((await rejection(breaker.call(pass))).retryAfter).toBe(1000)
  })

  it('open lasts resetTimeout, like an opening of its own', async () => {
    const { breaker, clock } = make({ resetTimeout: 1000 })
    await breaker.open()
    clock.advance(1000)
    await breaker.call(pass)
    expect(breaker.state).toBe('closed')
  })

  it('halfOpen lets one trial through at once', async () => {
    const { breaker } = await makeOpen()
    await breaker.halfOpen()
    void breaker.call(hang)
    const error = await rejection(breaker.call(pass))
    expect(error.reason).toBe('trial-in-flight')
    expect(error.message).toBe(messages.trial)
  })

  it('close makes the verdict of a trial in flight late', async () => {
    const { breaker } = await makeDue()
    const permit = await breaker.acquire()
    await breaker.close()
    permit.failure(new Error('late'))
    expect(breaker.state).toBe('closed')
    expect(breaker.failCounter).toBe(0)
    expect(breaker.stats.late).toBe(1)
  })

  it('leave openedAt undefined when closed, and keep it in half-open', async () => {
    const { breaker, clock } = make({ resetTimeout: 1000 })
    expect(breaker.openedAt).toBeUndefined()
    clock.advance(123)
    await breaker.open()
    const opened = new Date(clock.wallNow())
    expect(breaker.openedAt).toEqual(opened)
    clock.advance(50)
    await breaker.halfOpen()
    expect(breaker.openedAt).toEqual(opened)
    await breaker.close()
    expect(breaker.openedAt).toBeUndefined()
  })
})

describe('trials', () => {
  it('lets so many trials through at once', async () => {
    const { breaker } = await makeDue({ trials: 3, successThreshold: 3 })
    const permits = await Promise.all([breaker.acquire(), breaker.acquire(), breaker.acquire()])
    expect((await rejection(breaker.acquire())).reason).toBe('trial-in-flight')
    for (const permit of permits) permit.success()
    expect(breaker.state).toBe('closed')
    expect(breaker.stats.trials).toBe(3)
  })

  it('needs one failure only to open again', async () => {
    const { breaker } = await makeDue({ trials: 2, successThreshold: 2 })
    const [one, other] = await Promise.all([breaker.acquire(), breaker.acquire()])
    one?.failure(new Error('down'))
    expect(breaker.state).toBe('open')
    other?.success()
    expect(breaker.state).toBe('open')
    expect(breaker.stats.late).toBe(1)
  })
})

describe('force', () => {
  it('open rejects everything, with a reason of its own, until it is released', async () => {
    const { breaker, clock } = make({ resetTimeout: 10 })
    void breaker.force('open', { by: 'ann', reason: 'incident 7' })
    expect(breaker.state).toBe('open')
    clock.advance(1e9)
    const error = await rejection(breaker.call(pass))
    expect(error).toMatchObject({
      state: 'open',
      reason: 'forced',
      retryAfter: Number.POSITIVE_INFINITY,
      message: messages.forced,
    })
    expect(breaker.explain().forced).toEqual({ state: 'open', until: undefined, by: 'ann', reason: 'incident 7' })
  })

  it('open with an end tells what is left of it, and becomes half-open', async () => {
    const { heard, listener } = recorder()
    const { breaker, clock } = make({ resetTimeout: 10, listeners: [listener] })
    await breaker.force('open', { for: 1000 })
    clock.advance(400)
    expect((await rejection(breaker.call(pass))).retryAfter).toBe(600)
    expect(breaker.explain().forced?.until).toEqual(new Date(clock.wallNow() + 600))
    clock.advance(600)
    await breaker.call(pass)
    expect(breaker.state).toBe('closed')
    expect(breaker.explain().forced).toBeUndefined()
    expect(heard).toEqual([
      'closed->open',
      'rejected forced',
      'open->half-open',
      'beforeCall',
      'half-open->closed',
      'success',
    ])
  })

  it('closed lets everything through and counts in stats only', async () => {
    const { breaker } = make({ failMax: 2 })
    await breaker.force('closed')
    await failTimes(breaker, 10)
    expect(breaker.state).toBe('closed')
    expect(breaker.failCounter).toBe(0)
    expect(breaker.stats).toMatchObject({ calls: 10, failures: 10 })
  })

  it('closed that ends is closed with counts zero', async () => {
    const { breaker, clock } = make({ failMax: 2 })
    await failTimes(breaker, 1)
    await breaker.force('closed', { for: 1000 })
    await failTimes(breaker, 5)
    clock.advance(1000)
    expect(breaker.state).toBe('closed')
    await failTimes(breaker, 1)
    expect(breaker.state).toBe('closed')
    await failTimes(breaker, 1)
    expect(breaker.state).toBe('open')
  })

  it('closed on an open circuit lets calls through at once', async () => {
    const { breaker } = await makeOpen()
    await breaker.force('closed')
    expect(breaker.state).toBe('closed')
    await expect(breaker.call(pass)).resolves.toBe('ok')
  })

  it('release ends a forced open as half-open, a forced closed as closed', async () => {
    const { breaker } = make()
    await breaker.force('open')
    await breaker.release()
    expect(breaker.state).toBe('half-open')
    await breaker.force('closed')
    await breaker.release()
    expect(breaker.state).toBe('closed')
    expect(breaker.explain().forced).toBeUndefined()
  })

  it('release of what is not forced changes nothing', async () => {
    const { heard, listener } = recorder()
    const { breaker } = make({ listeners: [listener] })
    await breaker.release()
    expect(breaker.state).toBe('closed')
    await breaker.open()
    await breaker.release()
    expect(breaker.state).toBe('open')
    expect(heard).toEqual(['closed->open'])
  })

  it.each([
    ['open', 'open'],
    ['halfOpen', 'half-open'],
    ['close', 'closed'],
  ] as const)('%s ends it', async (command, state) => {
    for (const forced of ['open', 'closed'] as const) {
      const { breaker } = make()
      await breaker.force(forced)
      await breaker[command]()
      expect(breaker.state).toBe(state)
      expect(breaker.explain().forced).toBeUndefined()
    }
  })

  it('is replaced by the next one', async () => {
    const { breaker, clock } = make()
    await breaker.force('open', { for: 100 })
    await breaker.force('closed', { for: 1000 })
    expect(breaker.state).toBe('closed')
    clock.advance(500)
    expect(breaker.explain().forced?.state).toBe('closed')
    await expect(breaker.call(pass)).resolves.toBe('ok')
  })

  it('tells listeners who did it and why', async () => {
    const changes: unknown[] = []
    const { breaker } = make({
      listeners: [{ stateChange: (_, from, to, change) => void changes.push([from, to, change]) }],
    })
    await breaker.force('open', { by: 'ann', reason: 'incident 7' })
    expect(changes).toMatchObject([['closed', 'open', { origin: 'local', by: 'ann', reason: 'incident 7' }]])
  })

  it('of the state that is there already is no stateChange', async () => {
    const { heard, listener } = recorder()
    const { breaker } = make({ listeners: [listener] })
    await breaker.force('closed')
    expect(heard).toEqual([])
  })

  it('makes verdicts of calls in flight count in stats only', async () => {
    const { breaker } = make({ failMax: 1 })
    const permit = await breaker.acquire()
    await breaker.force('closed')
    permit.failure(new Error('down'))
    expect(breaker.state).toBe('closed')
    await breaker.release()
    expect(breaker.state).toBe('closed')
  })

  it.each([
    ['half-open', {}],
    ['shut', {}],
    [undefined, {}],
    ['open', { for: -1 }],
    ['open', { for: Number.NaN }],
    ['open', { for: '1h' }],
    ['open', { by: 7 }],
    ['open', { reason: 7 }],
  ])('refuses %s with %o at once', (state, options) => {
    const { breaker } = make()
    const error = thrown(() => breaker.force(state as never, options as never))
    expect(error).toBeInstanceOf(Error)
    expect((error as Error).message).toMatch(/^Expected /)
    expect(breaker.state).toBe('closed')
  })
})

describe('rampUp', () => {
  const closing = async (rampUp: number) => {
    const made = await makeDue({ rampUp })
    await made.breaker.call(pass)
    expect(made.breaker.state).toBe('closed')
    return made
  }

  it('lets a growing share through after closing, and all of it afterwards', async () => {
    const { breaker, clock } = await closing(1000)
    const admitted = async (calls: number): Promise<number> => {
      let ran = 0
      for (let i = 0; i < calls; i++) {
        clock.advance(1)
        await breaker.call(() => ran++).catch(() => {})
      }
      return ran
    }
    const quarters = [await admitted(250), await admitted(250), await admitted(250), await admitted(249)]
    for (const [i, share] of [0.125, 0.375, 0.625, 0.875].entries()) {
      expect(Math.abs((quarters[i] ?? 0) - 250 * share), `quarter ${i}`).toBeLessThan(10)
    }
    clock.advance(1)
    expect(await admitted(100)).toBe(100)
  })

  it('rejects with its own reason and what is left of it, and the circuit stays closed', async () => {
    const { heard, listener } = recorder()
    const { breaker, clock } = await closing(1000)
    breaker.addListener(listener)
    clock.advance(1)
    const error = await rejection(breaker.call(pass))
    expect(error).toMatchObject({ state: 'closed', reason: 'ramp-up', retryAfter: 999 })
    expect(error.message).toBe('Circuit breaker closed lately, traffic still ramping up')
    expect(heard).toEqual(['rejected ramp-up'])
    expect(breaker.stats.rejected).toBe(1)
  })

  it('does not touch a circuit that was never open', async () => {
    const { breaker } = make({ rampUp: 1000 })
    for (let i = 0; i < 20; i++) await breaker.call(pass)
    expect(breaker.stats).toMatchObject({ successes: 20, rejected: 0 })
  })

  it('is off by default', async () => {
    const { breaker } = await closing(0)
    for (let i = 0; i < 20; i++) await breaker.call(pass)
    expect(breaker.stats.rejected).toBe(0)
  })

  it('still opens on failures', async () => {
    const { breaker, clock } = await closing(1000)
    clock.advance(900)
    for (let i = 0; i < 20 && breaker.state === 'closed'; i++)
      await caught(breaker.call(() => Promise.reject(new Error('down'))))
    expect(breaker.state).toBe('open')
  })
})

describe('shadow', () => {
  it('judges and reports, and never rejects', async () => {
    const { heard, listener } = recorder()
    const { breaker, clock } = make({ failMax: 2, resetTimeout: 1000, shadow: true, listeners: [listener] })
    const boom = new Error('down')
    for (let i = 0; i < 2; i++) expect(await caught(breaker.call(() => Promise.reject(boom)))).toBe(boom)
    expect(breaker.state).toBe('open')
    expect(heard).toEqual(['beforeCall', 'failure down', 'beforeCall', 'failure down', 'closed->open'])
    heard.length = 0
    await expect(breaker.call(pass)).resolves.toBe('ok')
    expect(breaker.callSync(() => 1)).toBe(1)
    await expect(breaker.run(pass, { timeout: 1000 })).resolves.toBe('ok')
    expect(heard).toEqual(['rejected open', 'rejected open', 'rejected open'])
    expect(breaker.stats).toMatchObject({ calls: 2, failures: 2, rejected: 3 })
    clock.advance(1000)
    heard.length = 0
    await breaker.call(pass)
    expect(breaker.state).toBe('closed')
    expect(heard).toEqual(['open->half-open', 'beforeCall', 'half-open->closed', 'success'])
  })

  it('replaces no error of a failed trial', async () => {
    const { breaker, clock } = make({ failMax: 1, resetTimeout: 1000, shadow: true })
    const boom = new Error('down')
    await caught(breaker.call(() => Promise.reject(boom)))
    clock.advance(1000)
    expect(await caught(breaker.call(() => Promise.reject(boom)))).toBe(boom)
    expect(breaker.state).toBe('open')
  })

  it('lets every form through', async () => {
    const { breaker } = make({ shadow: true })
    await breaker.force('open')
    expect(await breaker.wrap(pass)()).toBe('ok')
    expect(breaker.wrapSync(() => 1)()).toBe(1)
    expect([...breaker.iterateSync([1, 2])]).toEqual([1, 2])
    expect(await breaker.iterate([1]).next()).toEqual({ done: false, value: 1 })
    {
      using permit = await breaker.acquire()
      permit.failure(new Error('down'))
    }
    {
      using permit = breaker.acquireSync()
      permit.success()
    }
    expect(breaker.stats).toMatchObject({ calls: 0, rejected: 6 })
  })

  it('keeps a timeout, an abort and a fallback working while it would reject', async () => {
    const { breaker, clock } = make({ shadow: true })
    await breaker.force('open')
    const late = caught(breaker.run(hang, { timeout: 100 }))
    clock.advance(100)
    expect(await late).toMatchObject({ name: 'TimeoutError' })
    const controller = new AbortController()
    const aborted = caught(breaker.run(hang, { signal: controller.signal }))
    controller.abort('gone')
    expect(await aborted).toBe('gone')
    await expect(breaker.run(() => Promise.reject(new Error('down')), { fallback: () => 'cached' })).resolves.toBe(
      'cached',
    )
  })
})

describe('dispose', () => {
  it('lets calls go on by the local circuit', async () => {
    const { breaker } = make({ failMax: 1 })
    await breaker.dispose()
    await breaker.dispose()
    await expect(breaker.call(pass)).resolves.toBe('ok')
    await failTimes(breaker, 1)
    expect(breaker.state).toBe('open')
  })

  it('leaves the listeners, who go on hearing of every change', async () => {
    const { heard, listener } = recorder()
    const { breaker } = make({ failMax: 1, listeners: [listener] })
    await breaker.dispose()
    await failTimes(breaker, 1)
    expect(heard).toEqual(['beforeCall', 'failure boom', 'closed->open'])
  })

  it('is what await using does', async () => {
    {
      await using breaker = new CircuitBreaker()
      await breaker.call(pass)
    }
    await flush()
    const breaker = new CircuitBreaker()
    await expect(breaker[Symbol.asyncDispose]()).resolves.toBeUndefined()
  })
})
