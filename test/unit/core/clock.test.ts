// The system's clock and what fills in for a caller's.
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { fullClock } from '../../../src/core/clock.ts'

const LONGEST = 2 ** 31 - 1
const systemClock = fullClock(undefined)

describe('the timers of the system clock', () => {
  beforeEach(() => void vi.useFakeTimers())
  afterEach(() => {
    vi.restoreAllMocks()
    vi.useRealTimers()
  })

  it('fire once, when their time is over', () => {
    const run = vi.fn()
    systemClock.after(100, run)
    vi.advanceTimersByTime(99)
    expect(run).not.toHaveBeenCalled()
    vi.advanceTimersByTime(1)
    expect(run).toHaveBeenCalledTimes(1)
    expect(vi.getTimerCount()).toBe(0)
  })

  it('do not fire once cancelled', () => {
    const run = vi.fn()
    systemClock.after(100, run)()
    expect(vi.getTimerCount()).toBe(0)
    vi.advanceTimersByTime(1_000)
    expect(run).not.toHaveBeenCalled()
  })

  it('last longer than setTimeout can', () => {
    const run = vi.fn()
    systemClock.after(2 * LONGEST + 5, run)
    vi.advanceTimersByTime(2 * LONGEST + 4)
    expect(run).not.toHaveBeenCalled()
    vi.advanceTimersByTime(1)
    expect(run).toHaveBeenCalledTimes(1)
  })

  it('take one timer for the longest that setTimeout can, and can be cancelled in a later one', () => {
    const set = vi.spyOn(globalThis, 'setTimeout')
    systemClock.after(LONGEST, () => {})
    expect(set.mock.calls.map(([, span]) => span)).toEqual([LONGEST])
    vi.advanceTimersByTime(LONGEST)
    expect(set).toHaveBeenCalledTimes(1)
    const run = vi.fn()
    const cancel = systemClock.after(LONGEST + 5, run)
    vi.advanceTimersByTime(LONGEST)
    cancel()
    vi.advanceTimersByTime(LONGEST)
    expect(run).not.toHaveBeenCalled()
  })

  it('are let go of, so that no process waits for them', () => {
    const unref = vi.fn()
    vi.spyOn(globalThis, 'setTimeout').mockReturnValue({ unref } as never)
    systemClock.after(5, () => {})
    expect(unref).toHaveBeenCalledTimes(1)
  })

  it('may be numbers, as in browsers', () => {
    vi.spyOn(globalThis, 'setTimeout').mockReturnValue(7 as never)
    expect(() => systemClock.after(5, () => {})).not.toThrow()
  })
})

describe('a full clock', () => {
  afterEach(() => void vi.restoreAllMocks())

  it('is the system clock where none is given', () => {
    vi.spyOn(performance, 'now').mockReturnValue(12.5)
    vi.spyOn(Date, 'now').mockReturnValue(99)
    expect([systemClock.now(), systemClock.wallNow()]).toEqual([12.5, 99])
  })

  it('takes from the system what a caller leaves out', () => {
    vi.spyOn(Date, 'now').mockReturnValue(99)
    const set = vi.spyOn(globalThis, 'setTimeout').mockReturnValue(7 as never)
    const clear = vi.spyOn(globalThis, 'clearTimeout').mockReturnValue()
    const clock = fullClock({ now: () => 5 })
    const run = (): void => {}
    clock.after(3, run)()
    expect([clock.now(), clock.wallNow()]).toEqual([5, 99])
    expect([set.mock.calls, clear.mock.calls]).toEqual([[[run, 3]], [[7]]])
  })

  it('takes from the caller what it has, as methods', () => {
    const own = {
      offset: 3,
      now() {
        return this.offset
      },
      wallNow() {
        return 10 + this.offset
      },
      after(ms: number) {
        return () => void (this.offset = ms)
      },
    }
    const clock = fullClock(own)
    clock.after(8, () => {})()
    expect([clock.now(), clock.wallNow()]).toEqual([8, 18])
  })
})
