// acquire and acquireSync: admission and verdict in two steps.
import { describe, expect, it } from 'vitest'
import { CircuitBreakerError } from '../../../src/index.ts'
import { boom, caught, make, makeDue, makeOpen, pass, recorder, rejection, rejectionSync } from './support.ts'

describe.each(['acquire', 'acquireSync'] as const)('%s', (form) => {
  it('gives a permit whose success and failure count', async () => {
    const { heard, listener } = recorder()
    const { breaker } = make({ listeners: [listener] })
    const first = await breaker[form]()
    first.failure(boom)
    expect(breaker.failCounter).toBe(1)
    const second = await breaker[form]()
    second.success()
    expect(breaker.failCounter).toBe(0)
    const third = await breaker[form]()
    third.ignore()
    expect(breaker.stats).toMatchObject({ calls: 3, successes: 1, failures: 1, ignored: 1 })
    expect(heard).toEqual(['beforeCall', 'failure boom', 'beforeCall', 'success', 'beforeCall', 'ignored undefined'])
  })

  it('gives a permit that is no evidence when it is disposed without a verdict', async () => {
    const { breaker } = make()
    {
      using _ = await breaker[form]()
    }
    expect(breaker.stats).toMatchObject({ calls: 1, ignored: 1 })
  })

  it('keeps the verdict that was given before the disposal', async () => {
    const { breaker } = make()
    {
      using permit = await breaker[form]()
      permit.failure(boom)
    }
    expect(breaker.stats).toMatchObject({ calls: 1, failures: 1, ignored: 0 })
  })

  it('takes one verdict only, whichever comes first', async () => {
    const { breaker } = make()
    const counted = async (...verdicts: ('success' | 'failure' | 'ignore')[]): Promise<unknown> => {
      const before = { ...breaker.stats }
      const permit = await breaker[form]()
      for (const verdict of verdicts) permit[verdict](boom)
      permit[Symbol.dispose]()
      const { successes, failures, ignored, late } = breaker.stats
      return [successes - before.successes, failures - before.failures, ignored - before.ignored, late]
    }
    expect(await counted('success', 'failure', 'ignore', 'success')).toEqual([1, 0, 0, 0])
    expect(await counted('failure', 'success', 'failure', 'ignore')).toEqual([0, 1, 0, 0])
    expect(await counted('ignore', 'failure', 'success', 'ignore')).toEqual([0, 0, 1, 0])
    expect(breaker.failCounter).toBe(1)
  })

  it('does not throw from failure, on the verdict that trips either', async () => {
    const { breaker } = make({ failMax: 1 })
    const permit = await breaker[form]()
    expect(() => permit.failure(boom)).not.toThrow()
    expect(breaker.state).toBe('open')
  })

  it('judges the error of failure by ignore, exclude and classify', async () => {
    const { breaker } = make({
      ignore: [RangeError],
      exclude: [TypeError],
      classify: ({ error }) => (error === 'fine' ? 'success' : 'failure'),
    })
    ;(await breaker[form]()).failure(new RangeError())
    ;(await breaker[form]()).failure(new TypeError())
    ;(await breaker[form]()).failure('fine')
    ;(await breaker[form]()).failure(boom)
    expect(breaker.stats).toMatchObject({ ignored: 1, successes: 2, failures: 1 })
  })

  it('takes success and ignore as final, whatever classify says', async () => {
    const { breaker } = make({ classify: () => 'failure' })
    ;(await breaker[form]()).success({ status: 503 })
    ;(await breaker[form]()).ignore()
    expect(breaker.stats).toMatchObject({ successes: 1, ignored: 1, failures: 0 })
  })

  it('is the trial when one is due, and holds its place', async () => {
    const { breaker } = await makeDue()
    const permit = await breaker[form]()
    expect(breaker.state).toBe('half-open')
    expect((await rejection(breaker.call(pass))).reason).toBe('trial-in-flight')
    permit.success()
    expect(breaker.state).toBe('closed')
  })

  it('gives the place of a trial back when it is disposed', async () => {
    const { breaker } = await makeDue()
    {
      using _ = await breaker[form]()
    }
    expect(breaker.state).toBe('half-open')
    await breaker.call(pass)
    expect(breaker.state).toBe('closed')
  })

  it('gives a permit whose verdict is late after its period', async () => {
    const { breaker } = make()
    const permit = await breaker[form]()
    await breaker.open()
    permit.success()
    expect(breaker.state).toBe('open')
    expect(breaker.stats).toMatchObject({ late: 1, successes: 0 })
  })

  it('measures slow calls', async () => {
    const { breaker, clock } = make({ slowCall: 100 })
    const permit = await breaker[form]()
    clock.advance(101)
    permit.success()
    expect(breaker.stats).toMatchObject({ slow: 1, successes: 1 })
  })

  it('tells beforeCall without a function', async () => {
    const seen: unknown[][] = []
    const { breaker } = make({ listeners: [{ beforeCall: (...args) => void seen.push(args) }] })
    await breaker[form]()
    expect(seen).toHaveLength(1)
    expect(seen[0]?.[0]).toBe(breaker)
    expect(seen[0]?.[1]).toBeUndefined()
  })
})

describe('An open circuit', () => {
  it('rejects from acquire and throws from acquireSync', async () => {
    const { breaker } = await makeOpen()
    expect(await caught(breaker.acquire())).toBeInstanceOf(CircuitBreakerError)
    expect(rejectionSync(() => breaker.acquireSync()).reason).toBe('open')
    expect(breaker.stats).toMatchObject({ calls: 1, rejected: 2 })
  })
})
