// Who hears what, when, in which order, and what a listener cannot do.
import { channel } from 'node:diagnostics_channel'
import { describe, expect, it, vi } from 'vitest'
import type { CircuitBreaker, Listener } from '../../../src/index.ts'
import { boom, caught, fail, failTimes, flush, make, makeDue, makeOpen, pass, recorder, rejection } from './support.ts'

const quiet = () => vi.spyOn(process, 'emitWarning').mockImplementation(() => {})

describe('Listeners', () => {
  it('hear in the order in which they were added', async () => {
    const order: string[] = []
    const { breaker } = make({
      listeners: [{ success: () => void order.push('a') }, { success: () => void order.push('b') }],
    })
    breaker.addListener({ success: () => void order.push('c') }, { success: () => void order.push('d') })
    await breaker.call(pass)
    expect(order).toEqual(['a', 'b', 'c', 'd'])
  })

  it('may be instances whose methods use this', async () => {
    class Counter implements Listener {
      heard = 0
      success(): void {
        this.heard++
      }
    }
    const counter = new Counter()
    const { breaker } = make({ listeners: [counter] })
    await breaker.call(pass)
    expect(counter.heard).toBe(1)
  })

  it('get the breaker first, and their own arguments', async () => {
    const heard: unknown[][] = []
    const { breaker } = make({
      failMax: 1,
      ignore: [RangeError],
      listeners: [
        {
          success: (...args) => void heard.push(['success', ...args]),
          failure: (...args) => void heard.push(['failure', ...args]),
          ignored: (...args) => void heard.push(['ignored', ...args]),
          rejected: (...args) => void heard.push(['rejected', ...args]),
        },
      ],
    })
    const far = new RangeError('far')
    await breaker.call(pass)
    await caught(breaker.call(() => Promise.reject(far)))
    await caught(breaker.call(fail))
    const error = await rejection(breaker.call(pass))
    expect(heard).toEqual([
      ['success', breaker],
      ['ignored', breaker, far],
      ['failure', breaker, boom],
      ['rejected', breaker, error],
    ])
    expect(heard[3]?.[2]).toBe(error)
  })

  it('hear of the change after it is made, with its origin, reason and time', async () => {
    const changes: unknown[] = []
    const { breaker, clock } = make({
      failMax: 1,
      listeners: [{ stateChange: (who, from, to, change) => void changes.push([who.state, from, to, change]) }],
    })
    clock.advance(500)
    await caught(breaker.call(fail))
    expect(changes).toHaveLength(1)
    expect(changes[0]).toMatchObject(['open', 'closed', 'open', { origin: 'local' }])
    const change = (changes[0] as unknown[])[3] as { at: Date }
    expect(change.at).toEqual(new Date(clock.wallNow()))
  })

  it('hear of a change before the call settles, for each form', async () => {
    const order: string[] = []
    const { breaker } = make({
      failMax: 1,
      listeners: [{ failure: () => void order.push('failure'), stateChange: () => void order.push('change') }],
    })
    await caught(
      breaker.run(fail).catch((error: unknown) => {
        order.push('settled')
        throw error
      }),
    )
    expect(order).toEqual(['failure', 'change', 'settled'])
  })

  it('hear a stateChange once per real change', async () => {
    const { heard, listener } = recorder()
    const { breaker } = make({ listeners: [listener] })
    await breaker.close()
    expect(heard).toEqual([])
    await breaker.open()
    await breaker.open()
    await breaker.halfOpen()
    await breaker.halfOpen()
    await breaker.close()
    await breaker.close()
    expect(heard).toEqual(['closed->open', 'open->half-open', 'half-open->closed'])
  })

  it('do not hear a late verdict', async () => {
    const { heard, listener } = recorder()
    const { breaker } = make({ listeners: [listener] })
    const permit = await breaker.acquire()
    await breaker.open()
    heard.length = 0
    permit.failure(boom)
    expect(heard).toEqual([])
  })

  it('hear beforeCall of admitted calls only', async () => {
    const { heard, listener } = recorder()
    const { breaker } = await makeOpen({ listeners: [listener] })
    heard.length = 0
    await caught(breaker.call(pass))
    expect(heard).toEqual(['rejected open'])
  })

  it('hear beforeCall before the function runs', async () => {
    const order: string[] = []
    const { breaker } = make({ listeners: [{ beforeCall: () => void order.push('beforeCall') }] })
    await breaker.call(() => void order.push('function'))
    expect(order).toEqual(['beforeCall', 'function'])
  })
})

describe('A listener that throws', () => {
  const every = ['beforeCall', 'success', 'failure', 'ignored', 'rejected', 'stateChange'] as const

  it.each(every)('from %s changes nothing for the caller or the next listener, and is warned about', async (event) => {
    const warned = quiet()
    const { heard, listener } = recorder()
    const broken: Listener = {
      [event]: () => {
        throw new Error('broken listener')
      },
    }
    const { breaker, clock } = make({
      failMax: 1,
      resetTimeout: 1000,
      ignore: [RangeError],
      listeners: [broken, listener],
    })
    const far = new RangeError('far')
    await expect(breaker.call(pass)).resolves.toBe('ok')
    expect(await caught(breaker.call(() => Promise.reject(far)))).toBe(far)
    expect((await rejection(breaker.call(fail))).reason).toBe('tripped')
    expect((await rejection(breaker.call(pass))).reason).toBe('open')
    clock.advance(1000)
    await expect(breaker.call(pass)).resolves.toBe('ok')
    expect(heard).toEqual([
      'beforeCall',
      'success',
      'beforeCall',
      'ignored far',
      'beforeCall',
      'failure boom',
      'closed->open',
      'rejected open',
      'open->half-open',
      'beforeCall',
      'half-open->closed',
      'success',
    ])
    await flush()
    expect(warned).toHaveBeenCalled()
    const [message, ...rest] = warned.mock.calls[0] ?? []
    expect(String(message)).toContain('broken listener')
    expect(JSON.stringify([rest, message instanceof Error ? message.name : ''])).toContain('InfuseWarning')
  })

  it.each(every)('by a rejected promise from %s is treated the same', async (event) => {
    const warned = quiet()
    const unhandled: unknown[] = []
    const note = (reason: unknown): unknown => unhandled.push(reason)
    process.on('unhandledRejection', note)
    const broken: Listener = { [event]: () => Promise.reject(new Error('broken listener')) }
    const { breaker, clock } = make({ failMax: 1, resetTimeout: 1000, ignore: [RangeError], listeners: [broken] })
    await breaker.call(pass)
    await caught(breaker.call(() => Promise.reject(new RangeError())))
    await caught(breaker.call(fail))
    await caught(breaker.call(pass))
    clock.advance(1000)
    await breaker.call(pass)
    await flush()
    await flush()
    process.off('unhandledRejection', note)
    expect(unhandled).toEqual([])
    expect(warned).toHaveBeenCalled()
    expect(String(warned.mock.calls[0]?.[0])).toContain('broken listener')
  })

  it('undefined or null is survived too', async () => {
    const warned = quiet()
    for (const reason of [undefined, null, 'text', Symbol('s'), Object.create(null)]) {
      const { breaker } = make({
        listeners: [
          {
            success: () => {
              throw reason
            },
          },
          { success: () => Promise.reject(reason) },
        ],
      })
      await expect(breaker.call(pass)).resolves.toBe('ok')
      await flush()
    }
    expect(warned.mock.calls.length).toBeGreaterThan(0)
  })

  it('does not delay the call by a promise that stays pending', async () => {
    const { breaker } = make({ listeners: [{ success: () => new Promise(() => {}) }] })
    await expect(breaker.call(pass)).resolves.toBe('ok')
  })
})

describe('A listener that acts on the breaker', () => {
  it('causes events that everybody hears in order, after the one at hand', async () => {
    const { heard, listener } = recorder()
    const actor: Listener = { failure: (breaker) => void breaker.open() }
    const { breaker } = make({ listeners: [actor, listener] })
    await caught(breaker.call(fail))
    expect(heard).toEqual(['beforeCall', 'failure boom', 'closed->open'])
  })

  it('hears its own changes queued', async () => {
    const order: string[] = []
    const { breaker } = make({
      listeners: [
        {
          stateChange: (who, from, to) => {
            order.push(`a ${from}->${to}`)
            if (to === 'open') void who.halfOpen()
          },
        },
        { stateChange: (_, from, to) => void order.push(`b ${from}->${to}`) },
      ],
    })
    await breaker.open()
    expect(order).toEqual(['a closed->open', 'b closed->open', 'a open->half-open', 'b open->half-open'])
    expect(breaker.state).toBe('half-open')
  })

  it('does not change what the caller of the call that tripped gets', async () => {
    for (const event of ['failure', 'stateChange'] as const) {
      const { breaker, clock } = make({
        failMax: 1,
        resetTimeout: 1000,
        listeners: [{ [event]: (who: CircuitBreaker) => void who.close() }],
      })
      const openedAt = new Date(clock.wallNow())
      const error = await rejection(breaker.call(fail))
      expect(error, event).toMatchObject({ reason: 'tripped', state: 'open', retryAfter: 1000, cause: boom, openedAt })
      expect(breaker.state).toBe('closed')
    }
  })

  it('may call through the breaker', async () => {
    const { breaker } = make({ failMax: 1 })
    const inner: Promise<unknown>[] = []
    breaker.addListener({ stateChange: (who) => void inner.push(caught(who.call(pass))) })
    await caught(breaker.call(fail))
    expect(await inner[0]).toMatchObject({ reason: 'open' })
    expect(breaker.stats.rejected).toBe(1)
  })

  it('may remove itself or another while the event is told', async () => {
    const heard: string[] = []
    const second: Listener = { success: () => void heard.push('second') }
    const first: Listener = {
      success: (breaker) => {
        heard.push('first')
        breaker.removeListener(first)
        breaker.removeListener(second)
      },
    }
    const third: Listener = { success: () => void heard.push('third') }
    const { breaker } = make({ listeners: [first, second, third] })
    await breaker.call(pass)
    expect(heard[0]).toBe('first')
    expect(heard.at(-1)).toBe('third')
    heard.length = 0
    await breaker.call(pass)
    expect(heard).toEqual(['third'])
  })

  it('may add another, who hears the next event', async () => {
    const heard: string[] = []
    const { breaker } = make()
    let added = false
    breaker.addListener({
      success: (who) => {
        heard.push('first')
        if (added) return
        added = true
        who.addListener({ success: () => void heard.push('added') })
      },
    })
    await breaker.call(pass)
    await breaker.call(pass)
    expect(heard.slice(-2)).toEqual(['first', 'added'])
  })
})

describe('addListener, removeListener and on', () => {
  it('removeListener of a stranger does nothing', () => {
    const { breaker } = make({ listeners: [{}] })
    breaker.removeListener({})
    expect(breaker.listeners).toHaveLength(1)
  })

  it('on listens to one event until it is disposed', async () => {
    const heard: unknown[][] = []
    const { breaker } = make({ failMax: 10 })
    const subscription = breaker.on('failure', (...args) => void heard.push(args))
    await failTimes(breaker, 1)
    await breaker.call(pass)
    expect(heard).toEqual([[breaker, boom]])
    subscription[Symbol.dispose]()
    subscription[Symbol.dispose]()
    await failTimes(breaker, 1)
    expect(heard).toHaveLength(1)
  })

  it('on works with using', async () => {
    const { breaker } = make()
    let heard = 0
    {
      using _ = breaker.on('success', () => void heard++)
      await breaker.call(pass)
    }
    await breaker.call(pass)
    expect(heard).toBe(1)
  })

  it('on twice with one function hears twice, and each ends alone', async () => {
    const { breaker } = make()
    let heard = 0
    const count = (): void => void heard++
    const first = breaker.on('success', count)
    breaker.on('success', count)
    await breaker.call(pass)
    expect(heard).toBe(2)
    first[Symbol.dispose]()
    await breaker.call(pass)
    expect(heard).toBe(3)
  })

  it('refuse what is no event, no function and no listener', () => {
    const { breaker } = make()
    expect(() => breaker.on('closed' as 'success', () => {})).toThrow('closed')
    expect(() => breaker.on('success', 7 as never)).toThrow(TypeError)
    expect(() => breaker.addListener(7 as never)).toThrow(TypeError)
    expect(() => make({ listeners: [null as never] })).toThrow(/listeners/)
  })
})

describe('diagnostics_channel', () => {
  async function published(name: string, act: () => Promise<unknown>): Promise<unknown[]> {
    const messages: unknown[] = []
    const note = (message: unknown): unknown => messages.push(message)
    channel(name).subscribe(note)
    await act()
    channel(name).unsubscribe(note)
    return messages
  }

  it('infuse:transition tells each change', async () => {
    const { breaker } = make()
    const messages = await published('infuse:transition', async () => {
      await breaker.open()
      await breaker.open()
      await breaker.close()
    })
    expect(messages).toMatchObject([
      { from: 'closed', to: 'open', change: { origin: 'local' } },
      { from: 'open', to: 'closed', change: { origin: 'local' } },
    ])
    expect((messages[0] as { breaker: unknown }).breaker).toBe(breaker)
  })

  it('infuse:rejected tells each rejection', async () => {
    const { breaker } = await makeOpen()
    let error: unknown
    const messages = await published('infuse:rejected', async () => {
      error = await rejection(breaker.call(pass))
    })
    expect(messages).toHaveLength(1)
    expect((messages[0] as { breaker: unknown }).breaker).toBe(breaker)
    expect((messages[0] as { error: unknown }).error).toBe(error)
  })

  it('tells a trial and its success', async () => {
    const { breaker } = await makeDue()
    const messages = await published('infuse:transition', () => breaker.call(pass))
    expect(messages.map((message) => (message as { to: string }).to)).toEqual(['half-open', 'closed'])
  })

  it('survives a subscriber that throws', async () => {
    const { breaker } = make()
    const uncaught: unknown[] = []
    const note = (error: unknown): unknown => uncaught.push(error)
    const before = process.listeners('uncaughtException')
    process.removeAllListeners('uncaughtException')
    process.on('uncaughtException', note)
    const broken = (): never => {
      throw new Error('broken subscriber')
    }
    channel('infuse:transition').subscribe(broken)
    await breaker.open()
    await flush()
    channel('infuse:transition').unsubscribe(broken)
    process.off('uncaughtException', note)
    for (const listener of before) process.on('uncaughtException', listener)
    expect(breaker.state).toBe('open')
    expect(uncaught).toHaveLength(1)
  })
})
