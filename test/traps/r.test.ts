// Resources: nothing of a breaker outlives its use or keeps a process alive.
import { getEventListeners } from 'node:events'
import { beforeAll, describe, expect, it, vi } from 'vitest'
import {
  CircuitBreaker,
  type CircuitBreakerOptions,
  type ErrorMatcher,
  type Listener,
  MemoryStorage,
} from '../../src/index.ts'
import { ManualClock } from '../../src/testing/index.ts'
import { deferred } from '../support/async.ts'
import {
  boom,
  caught,
  fail,
  failTimes,
  flush,
  hang,
  make,
  makeDue,
  makeOpen,
  pass,
  recorder,
} from '../unit/calls/support.ts'
import { answer, compiled, run } from './child.ts'

let library = ''

describe('Resources', () => {
  beforeAll(() => {
    library = compiled('r')
  }, 60_000)

  it('R1 a process with an open circuit, a trial in flight and a timeout armed ends by itself', async () => {
    const active = await answer(`
      import { CircuitBreaker, MemoryStorage, backoff } from '${library}'
      import { writeSync } from 'node:fs'
      import { setImmediate as turn } from 'node:timers/promises'
      const hang = () => new Promise(() => {})
      const open = new CircuitBreaker({ failMax: 1, storage: new MemoryStorage(), resetTimeout: backoff({ initial: 60_000 }) })
      await open.call(() => Promise.reject(new Error('down'))).catch(() => {})
      if (open.state !== 'open') throw new Error('not open')
      const trial = new CircuitBreaker({ failMax: 1, resetTimeout: 0, trialTimeout: 60_000 })
      await trial.call(() => Promise.reject(new Error('down'))).catch(() => {})
      void trial.run(hang, { timeout: 60_000 })
      if (trial.stats.trials !== 1) throw new Error('no trial')
      const forced = new CircuitBreaker({ rampUp: 60_000 })
      void forced.force('open', { for: 60_000 })
      void new CircuitBreaker().run(hang, { timeout: 60_000, signal: new AbortController().signal })
      // What the loader of modules itself has open is gone after a few turns; a timer would stay.
      for (let i = 0; i < 100 && process.getActiveResourcesInfo().length > 0; i++) await turn()
      writeSync(1, JSON.stringify(process.getActiveResourcesInfo()))
    `)
    expect(active).toEqual([])
  })

  it('R2 nothing runs after close: no timer is armed and no event comes', async () => {
    const { heard, listener } = recorder()
    const { breaker, clock } = await makeOpen({ listeners: [listener] })
    await breaker.close()
    heard.length = 0
    expect(clock.pending).toBe(0)
    clock.advance(100_000)
    await flush()
    expect(breaker.state).toBe('closed')
    expect(heard).toEqual([])
  })

  it('R2 an open circuit arms no timer at all', async () => {
    const { breaker, clock } = await makeOpen()
    expect(clock.pending).toBe(0)
    clock.advance(100_000)
    expect(breaker.state).toBe('open')
  })

  it('R2 nothing of a force that close ended comes later', async () => {
    const { heard, listener } = recorder()
    const { breaker, clock } = make({ listeners: [listener] })
    await breaker.force('open', { for: 1000 })
    await breaker.close()
    heard.length = 0
    clock.advance(2000)
    await flush()
    expect(breaker.state).toBe('closed')
    expect(heard).toEqual([])
    expect(clock.pending).toBe(0)
  })

  it('R2 after dispose no timer is armed, and calls go on', async () => {
    const { breaker, clock } = await makeDue()
    await breaker.dispose()
    expect(clock.pending).toBe(0)
    await expect(breaker.call(pass)).resolves.toBe('ok')
  })

  it('R3 ten thousand calls with one signal leave no listener on it', async () => {
    const { breaker } = make({ failMax: 20_000 })
    const { signal } = new AbortController()
    for (let i = 0; i < 10_000; i++) {
      const call = breaker.run((context) => (i % 2 === 0 ? context.signal.aborted : Promise.reject(boom)), { signal })
      await call.catch(() => {})
    }
    expect(getEventListeners(signal, 'abort')).toHaveLength(0)
    expect(breaker.stats).toMatchObject({ calls: 10_000, successes: 5000, failures: 5000 })
  })

  it('R3 five hundred calls at once on one signal cause no warning, and leave no listener on it', async () => {
    const warned = vi.spyOn(process, 'emitWarning').mockImplementation(() => {})
    const { breaker } = make()
    const controller = new AbortController()
    const gate = deferred<void>()
    const some = Array.from({ length: 250 }, () => breaker.run(() => gate.promise, { signal: controller.signal }))
    const rest = Array.from({ length: 250 }, () =>
      caught(breaker.run(hang, { signal: controller.signal, timeout: 1000 })),
    )
    gate.resolve()
    await Promise.all(some)
    controller.abort('enough')
    expect(new Set(await Promise.all(rest))).toEqual(new Set(['enough']))
    expect(getEventListeners(controller.signal, 'abort')).toHaveLength(0)
    expect(breaker.stats).toMatchObject({ successes: 250, ignored: 250 })
    await flush()
    expect(warned).not.toHaveBeenCalled()
  })

  it('R3 a call that times out or is rejected leaves no listener either', async () => {
    const { breaker, clock } = make({ failMax: 1 })
    const { signal } = new AbortController()
    const call = caught(breaker.run(hang, { signal, timeout: 100 }))
    expect(getEventListeners(signal, 'abort').length).toBeGreaterThan(0)
    clock.advance(100)
    await call
    await caught(breaker.run(pass, { signal }))
    expect(getEventListeners(signal, 'abort')).toHaveLength(0)
  })

  it('R4 the heap stays flat over 300 000 calls with one long-lived signal', async () => {
    const { before, after, calls } = (await answer(
      `
      import { CircuitBreaker } from '${library}'
      import { writeSync } from 'node:fs'
      const breaker = new CircuitBreaker({ failMax: 1_000_000 })
      const { signal } = new AbortController()
      const work = (context) => context.signal.aborted
      const used = () => { gc(); gc(); return process.memoryUsage().heapUsed }
      const round = async (calls) => { for (let i = 0; i < calls; i++) await breaker.run(work, { signal, timeout: 60_000 }) }
      await round(20_000)
      const before = used()
      await round(300_000)
      const after = used()
      writeSync(1, JSON.stringify({ before, after, calls: breaker.stats.successes }))
    `,
      { flags: ['--expose-gc'], guard: 60_000 },
    )) as Record<'before' | 'after' | 'calls', number>
    expect(calls).toBe(320_000)
    expect(after - before).toBeLessThan(8 * 1024 * 1024)
  }, 70_000)

  it('R5 the timer of a call is gone when the call settles, however it ends', async () => {
    const { breaker, clock } = make({ failMax: 100, timeout: 60_000 })
    await breaker.run(pass)
    expect(clock.pending).toBe(0)
    await caught(breaker.run(fail))
    expect(clock.pending).toBe(0)
    await caught(
      breaker.run(() => {
        throw new Error('at once')
      }),
    )
    expect(clock.pending).toBe(0)
    const controller = new AbortController()
    const call = caught(breaker.run(hang, { signal: controller.signal }))
    expect(clock.pending).toBe(1)
    controller.abort()
    await call
    expect(clock.pending).toBe(0)
    const late = caught(breaker.run(hang))
    expect(clock.pending).toBe(1)
    clock.advance(60_000)
    await late
    expect(clock.pending).toBe(0)
  })

  it('R5 a call without a timeout arms no timer', async () => {
    const { breaker, clock } = make()
    void breaker.run(hang)
    void breaker.run(hang, { timeout: Number.POSITIVE_INFINITY })
    void breaker.call(hang)
    expect(clock.pending).toBe(0)
  })

  it('R5 the timers of 20 000 settled calls do not hold their memory', async () => {
    const grown = await answer(
      `
      import { CircuitBreaker } from '${library}'
      import { writeSync } from 'node:fs'
      const breaker = new CircuitBreaker()
      const used = () => { gc(); gc(); return process.memoryUsage().heapUsed }
      const round = async () => { for (let i = 0; i < 20_000; i++) await breaker.run(() => new Array(100).fill(i), { timeout: 3_600_000 }) }
      await round()
      const before = used()
      await round()
      writeSync(1, String(used() - before))
    `,
      { flags: ['--expose-gc'], guard: 30_000 },
    )
    expect(grown).toBeLessThan(4 * 1024 * 1024)
  }, 40_000)

  it('R8 a breaker that is dropped leaves nothing behind, on a storage that lives on too', async () => {
    const bytes = await answer(
      `
      import { CircuitBreaker, MemoryStorage } from '${library}'
      import { writeSync } from 'node:fs'
      import { setImmediate as turn } from 'node:timers/promises'
      const storage = new MemoryStorage()
      const used = async () => { for (let i = 0; i < 5; i++) { gc(); await turn() } return process.memoryUsage().heapUsed }
      const round = () => { for (let i = 0; i < 20_000; i++) new CircuitBreaker({ name: 'db', storage, listeners: [{ success() {} }] }).callSync(() => 1) }
      round()
      const before = await used()
      round()
      writeSync(1, String(((await used()) - before) / 20_000))
    `,
      { flags: ['--expose-gc'], guard: 30_000 },
    )
    expect(bytes).toBeLessThan(50)
  }, 40_000)

  it('R9 what is done to the options afterwards changes no breaker', async () => {
    const exclude: ErrorMatcher[] = [RangeError]
    const ignore: ErrorMatcher[] = []
    const listeners: Listener[] = []
    const clock = new ManualClock()
    const options: CircuitBreakerOptions = { name: 'db', failMax: 2, exclude, ignore, listeners, clock }
    const breaker = new CircuitBreaker(options)
    const { heard, listener } = recorder()
    options.failMax = 100
    options.name = 'other'
    options.throwNewErrorOnTrip = false
    exclude.push(Error)
    ignore.push(Error)
    listeners.push(listener)
    await failTimes(breaker, 2)
    expect(breaker.state).toBe('open')
    expect(breaker.name).toBe('db')
    expect(breaker.excluded).toEqual([RangeError])
    expect(heard).toEqual([])
  })

  it('R9 breakers built from one options object do not share what is changed on one of them', async () => {
    const options: CircuitBreakerOptions = {
      failMax: 3,
      exclude: [RangeError],
      listeners: [],
      storage: new MemoryStorage(),
    }
    const before = structuredClone({ failMax: options.failMax })
    const one = new CircuitBreaker({ ...options, name: 'one' })
    const other = new CircuitBreaker(options)
    one.addExcluded(TypeError)
    one.failMax = 7
    one.addListener(recorder().listener)
    expect(other.excluded).toEqual([RangeError])
    expect(other.failMax).toBe(3)
    expect(other.listeners).toEqual([])
    expect(options.exclude).toEqual([RangeError])
    expect(options.listeners).toEqual([])
    expect(options.failMax).toBe(before.failMax)
    expect(Object.isFrozen(options)).toBe(false)
  })

  it('R9 frozen options are taken as they are', () => {
    const options = Object.freeze({ failMax: 3, exclude: Object.freeze([RangeError]), listeners: Object.freeze([]) })
    const breaker = new CircuitBreaker(options)
    breaker.addExcluded(TypeError)
    breaker.addListener({})
    expect(breaker.excluded).toEqual([RangeError, TypeError])
  })

  it('R9 the lists that a breaker shows cannot be changed from outside', async () => {
    const { breaker } = make({ exclude: [RangeError] })
    try {
      ;(breaker.excluded as ErrorMatcher[]).push(Error)
      ;(breaker.listeners as Listener[]).push({})
    } catch (error) {
      expect(error).toBeInstanceOf(TypeError)
    }
    await failTimes(breaker, 1)
    expect(breaker.failCounter).toBe(1)
    expect(breaker.listeners).toEqual([])
  })
})

describe('The guard of R1', () => {
  it('R1 a process that something keeps alive is noticed', async () => {
    const ended = await run('setInterval(() => {}, 1000)', { guard: 1000 })
    expect(ended.killed).toBe(true)
  })
})
