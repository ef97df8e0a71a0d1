// Infuse 0.4, row by row, as far as a single breaker goes. The number in a name is the row of docs/parity.md.
import { describe, expect, it } from 'vitest'
import { boom, caught, fail, make, pass, rejection } from '../unit/calls/support.ts'

describe('Infuse: the asynchronous breaker', () => {
  it('Infuse 13: there is one breaker, and what AioCircuitBreaker awaits can be awaited on it', async () => {
    const { breaker, clock } = make({ failMax: 2, resetTimeout: 1000 })
    await breaker.ready()
    await expect(breaker.call(pass)).resolves.toBe('ok')
    expect(await caught(breaker.call(fail))).toBe(boom)
    expect((await rejection(breaker.call(fail))).cause).toBe(boom)
    expect([breaker.state, breaker.failCounter]).toEqual(['open', 2])
    clock.advance(1000)
    await breaker.call(pass)
    const states: string[] = []
    for (const command of ['open', 'halfOpen', 'close'] as const) {
      await breaker[command]()
      states.push(breaker.state)
    }
    expect(states).toEqual(['open', 'half-open', 'closed'])
  })
})
