// Timeout and abort: each call has its own, ends at it, and is judged once.
import { beforeAll, describe, expect, it } from 'vitest'
import { caught, fail, flush, hang, make, makeDue, makeOpen, pass, recorder, rejection } from '../unit/calls/support.ts'
import { deferred } from '../support/async.ts'
import { answer, compiled, run } from './child.ts'

let library = ''

describe('Timeout and abort', () => {
  it('T1 one timeout leaves the other calls alone', async () => {
    const { breaker, clock } = make()
    const gate = deferred<string>()
    const signals: AbortSignal[] = []
    const work = ({ signal }: { signal: AbortSignal }): Promise<string> => {
      signals.push(signal)
      return gate.promise
    }
    const controller = new AbortController()
    const short = caught(breaker.run(work, { timeout: 100, signal: controller.signal }))
    const long = breaker.run(work, { timeout: 1000, signal: controller.signal })
    const free = breaker.run(work)
    clock.advance(100)
    expect(await short).toMatchObject({ name: 'TimeoutError' })
    expect(signals.map((signal) => signal.aborted)).toEqual([true, false, false])
    expect(controller.signal.aborted).toBe(false)
    gate.resolve('ok')
    await expect(Promise.all([long, free])).resolves.toEqual(['ok', 'ok'])
    expect(breaker.stats).toMatchObject({ failures: 1, successes: 2 })
  })

  it('T2 the call after a timeout has a signal of its own', async () => {
    const { breaker, clock } = make()
    const first = caught(breaker.run(hang, { timeout: 100 }))
    clock.advance(100)
    await first
    await expect(breaker.run(async ({ signal }) => signal.aborted, { timeout: 100 })).resolves.toBe(false)
  })

  it.each([
    ['an Error', new Error('gone')],
    ['a string', 'gone'],
    ['null', null],
    ['an object', { code: 1 }],
    ['nothing', undefined],
  ])('T3 the caller gets the very reason of the abort: %s', async (_, reason) => {
    const { breaker } = make()
    const controller = new AbortController()
    let inner: AbortSignal | undefined
    const call = caught(
      breaker.run(
        ({ signal }) => {
          inner = signal
          return hang()
        },
        { signal: controller.signal },
      ),
    )
    controller.abort(reason)
    expect(await call).toBe(controller.signal.reason)
    expect(inner?.aborted).toBe(true)
    expect(inner?.reason).toBe(controller.signal.reason)
    expect(breaker.stats).toMatchObject({ ignored: 1, failures: 0 })
  })

  it('T3 a reason that looks like a failure is still no verdict', async () => {
    const { breaker } = make({ failMax: 1 })
    const controller = new AbortController()
    const reason = new DOMException('took too long', 'TimeoutError')
    const call = caught(breaker.run(hang, { signal: controller.signal }))
    controller.abort(reason)
    expect(await call).toBe(reason)
    expect(breaker.state).toBe('closed')
    expect(breaker.stats).toMatchObject({ ignored: 1, failures: 0 })
  })

  it('T4 a signal that is aborted already runs nothing and counts nothing', async () => {
    const { heard, listener } = recorder()
    const { breaker } = make({ listeners: [listener] })
    const reason = new Error('gone before')
    let ran = false
    const call = breaker.run(
      () => {
        ran = true
      },
      { signal: AbortSignal.abort(reason) },
    )
    expect(await caught(call)).toBe(reason)
    expect(ran).toBe(false)
    expect(breaker.stats).toMatchObject({ calls: 0, ignored: 0, rejected: 0 })
    expect(heard).toEqual([])
  })

  it('T4 a signal that is aborted already takes no trial', async () => {
    const { breaker } = await makeDue()
    const reason = new Error('gone before')
    expect(await caught(breaker.run(pass, { signal: AbortSignal.abort(reason) }))).toBe(reason)
    expect(breaker.stats.trials).toBe(0)
    await expect(breaker.run(pass)).resolves.toBe('ok')
    expect(breaker.stats.trials).toBe(1)
  })

  it('T4 a signal that a listener aborts before the function starts runs nothing, and ends the call', async () => {
    const controller = new AbortController()
    const { breaker } = make({ listeners: [{ beforeCall: () => controller.abort('stop') }] })
    let ran = false
    let ended: unknown
    void breaker
      .run(
        () => {
          ran = true
          return hang()
        },
        { signal: controller.signal },
      )
      .catch((error: unknown) => {
        ended = error
      })
    await flush()
    expect(ended).toBe('stop')
    expect(ran).toBe(false)
    expect(breaker.stats).toMatchObject({ calls: 1, ignored: 1 })
  })

  it.each(['success', 'failure'] as const)('T5 a timeout at the tick of the %s gives one verdict', async (kind) => {
    for (const timeoutFirst of [true, false]) {
      const { heard, listener } = recorder()
      const { breaker, clock } = make({ listeners: [listener] })
      const gate = deferred<void>()
      const call = breaker
        .run(() => gate.promise, { timeout: 100 })
        .then(
          () => 'value',
          () => 'error',
        )
      if (timeoutFirst) clock.advance(100)
      if (kind === 'success') gate.resolve()
      else gate.reject(new Error('down'))
      if (!timeoutFirst) clock.advance(100)
      await call
      await flush()
      const { calls, successes, failures, ignored, late } = breaker.stats
      expect(calls).toBe(1)
      expect([successes + failures, ignored, late]).toEqual([1, 0, 0])
      expect(heard).toHaveLength(2)
    }
  })

  it('T5 an abort at the tick of the timeout gives one verdict', async () => {
    for (const abortFirst of [true, false]) {
      const { breaker, clock } = make()
      const controller = new AbortController()
      const call = caught(breaker.run(hang, { timeout: 100, signal: controller.signal }))
      if (abortFirst) controller.abort('stop')
      clock.advance(100)
      controller.abort('stop')
      const error = await call
      const { successes, failures, ignored } = breaker.stats
      expect([successes, failures, ignored]).toEqual(abortFirst ? [0, 0, 1] : [0, 1, 0])
      if (abortFirst) expect(error).toBe('stop')
      else expect(error).toMatchObject({ name: 'TimeoutError' })
    }
  })

  it.each(['success', 'failure'] as const)('T6 a %s after the timeout has no effect', async (kind) => {
    const { heard, listener } = recorder()
    const { breaker, clock } = make({ listeners: [listener] })
    const gate = deferred<void>()
    const call = caught(breaker.run(() => gate.promise, { timeout: 100 }))
    clock.advance(100)
    expect(await call).toMatchObject({ name: 'TimeoutError', message: 'Timed out after 100 ms' })
    const stats = { ...breaker.stats }
    heard.length = 0
    if (kind === 'success') gate.resolve()
    else gate.reject(new Error('late'))
    await flush()
    expect({ ...breaker.stats }).toEqual(stats)
    expect(breaker.failCounter).toBe(1)
    expect(heard).toEqual([])
  })

  it('T6 a trial that timed out and later succeeds does not close the circuit', async () => {
    const { breaker, clock } = await makeDue()
    const gate = deferred<void>()
    const call = rejection(breaker.run(() => gate.promise, { timeout: 100 }))
    clock.advance(100)
    expect((await call).reason).toBe('trial-failed')
    gate.resolve()
    await flush()
    expect(breaker.state).toBe('open')
  })

  it('T7 an abort during a trial rejects at once and gives its place away', async () => {
    const { breaker } = await makeDue()
    const controller = new AbortController()
    const trial = caught(breaker.run(hang, { signal: controller.signal }))
    expect((await rejection(breaker.call(pass))).reason).toBe('trial-in-flight')
    controller.abort('enough')
    expect(await trial).toBe('enough')
    expect(breaker.state).toBe('half-open')
    await expect(breaker.call(pass)).resolves.toBe('ok')
    expect(breaker.state).toBe('closed')
  })

  it('T7 a call that finds the trial in flight is rejected at once instead of waiting for its abort', async () => {
    const { breaker } = await makeDue()
    void breaker.call(hang)
    const controller = new AbortController()
    const waiting = rejection(breaker.run(pass, { signal: controller.signal }))
    controller.abort()
    expect((await waiting).reason).toBe('trial-in-flight')
  })

  it('T7 an open circuit rejects a call whose signal aborts later, with its own error', async () => {
    const { breaker } = await makeOpen()
    const controller = new AbortController()
    const call = rejection(breaker.run(fail, { signal: controller.signal }))
    controller.abort()
    expect((await call).reason).toBe('open')
  })
})

describe('Unhandled rejections, in processes of their own', () => {
  beforeAll(() => {
    library = compiled('t')
  }, 60_000)

  const prelude = (): string => `
    import { CircuitBreaker } from '${library}'
    import { writeSync } from 'node:fs'
    import { setImmediate as turn, setTimeout as after } from 'node:timers/promises'
    const unhandled = []
    process.on('unhandledRejection', (reason) => unhandled.push(String(reason?.message ?? reason)))
    const quiet = (promise) => Promise.resolve(promise).catch(() => {})
    const late = async () => { await after(20); throw new Error('late') }
    const down = async () => { throw new Error('down') }
    const hang = () => new Promise(() => {})
    const make = (options) => new CircuitBreaker({ failMax: 1000, ...options })
  `
  const report = `
    await after(60)
    await turn()
    writeSync(1, JSON.stringify(unhandled))
  `

  it('T8 no promise that the library drops is reported as unhandled', async () => {
    const unhandled = await answer(`${prelude()}
      const abort = () => { const c = new AbortController(); setTimeout(() => c.abort(new Error('stop')), 5); return c.signal }
      await quiet(make().run(late, { timeout: 5 }))
      await quiet(make().run(late, { signal: abort() }))
      await quiet(make().run(late, { signal: abort(), timeout: 1 }))
      await make().run(late, { timeout: 5, fallback: () => 'cached' })
      await make().run(down, { fallback: () => 'cached' })
      await quiet(make().run(down, { fallback: down }))
      await quiet(make().run(async ({ signal }) => { await after(1000, null, { signal }) }, { timeout: 5 }))
      await quiet(make().run(down, { signal: AbortSignal.abort() }))
      await quiet(make().call(down))
      await quiet(make({ classify: () => { throw new Error('classify') }, exclude: [() => { throw new Error('exclude') }] }).call(down))
      const open = make({ failMax: 1 })
      await quiet(open.call(down))
      await quiet(open.call(down))
      await quiet(open.run(down))
      await open.run(down, { fallback: () => 'cached' })
      await quiet(open.acquire())
      await quiet(open.iterate(async function* () { yield 1 }).next())
      open.open(); open.halfOpen(); open.close(); open.force('open'); open.release(); open.dispose()
      const shadow = make({ failMax: 1, shadow: true })
      await quiet(shadow.call(down))
      await quiet(shadow.call(down))
      const loud = make({ listeners: [{ failure: () => Promise.reject(new Error('listener')), beforeCall() { throw new Error('listener') } }] })
      await quiet(loud.call(down))
      const rows = make().iterate(async function* () { try { yield 1 } finally { await after(1) } })
      await rows.next()
      await rows.return()
      const broken = make().iterate(async function* () { yield 1; throw new Error('broken') })
      await broken.next()
      await quiet(broken.next())
      const lease = make({ failMax: 1, resetTimeout: 0, trialTimeout: 5 })
      await quiet(lease.call(down))
      const trial = quiet(lease.call(late))
      await after(10)
      await quiet(lease.call(down))
      await trial
      ${report}`)
    expect(unhandled).toEqual([])
  }, 15_000)

  it('T9 a rejection that nobody catches reaches unhandledRejection once, by every form', async () => {
    const unhandled = (await answer(`${prelude()}
      const error = (text) => async () => { throw new Error(text) }
      void make().call(error('call'))
      void make().call(() => { throw new Error('sync') })
      void make().wrap(error('wrap'))()
      void make().run(error('run'))
      void make().run(error('run with signal'), { signal: new AbortController().signal, timeout: 1000 })
      void make().run(hang, { timeout: 5 })
      void make().run(hang, { signal: AbortSignal.abort(new Error('aborted')) })
      void make().run(down, { fallback: error('fallback') })
      void make().iterate(async function* () { throw new Error('iterate') }).next()
      void make({ failMax: 1 }).call(error('trips'))
      void make({ shadow: true }).call(error('shadow'))
      void make({ listeners: [{ failure() {} }], slowCall: 1, exclude: [TypeError], classify: () => 'failure' }).call(error('watched'))
      ${report}`)) as string[]
    expect(unhandled.toSorted((a, b) => a.localeCompare(b))).toEqual(
      [
        'call',
        'sync',
        'wrap',
        'run',
        'run with signal',
        'Timed out after 5 ms',
        'aborted',
        'fallback',
        'iterate',
        'Failures threshold reached, circuit breaker opened',
        'shadow',
        'watched',
      ].toSorted((a, b) => a.localeCompare(b)),
    )
  }, 15_000)

  it('T9 without a handler the process ends as if the breaker were not there', async () => {
    const ended = await run(`
      import { CircuitBreaker } from '${library}'
      void new CircuitBreaker().call(async () => { throw new Error('nobody caught me') })
    `)
    expect(ended.code).toBe(1)
    expect(ended.err).toContain('nobody caught me')
  })
})
