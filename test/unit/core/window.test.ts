// Both windows at their edges: slots, the ring's turn, a clock that steps back, and back from a memo.
import { describe, expect, it } from 'vitest'
import { CountWindow, TimeWindow, type WindowMemo } from '../../../src/core/window.ts'

const NONE = { ok: 0, bad: 0, slow: 0 }
const slot = (age: number, ok: number, bad = 0, slow = 0) => ({ age, ok, bad, slow })

describe('a time window', () => {
  it('counts by kind, slow ones beside their verdict', () => {
    const window = new TimeWindow(100)
    expect(window.sums(5)).toEqual(NONE)
    window.add(false, false, 5)
    window.add(false, true, 5)
    window.add(true, false, 5)
    window.add(true, true, 5)
    window.add(true, true, 5)
    expect(window.sums(5)).toEqual({ ok: 2, bad: 3, slow: 3 })
  })

  it('forgets slot by slot, of every kind', () => {
    const window = new TimeWindow(100)
    window.add(false, true, 9)
    window.add(true, false, 10)
    window.add(true, true, 25)
    expect(window.sums(99)).toEqual({ ok: 1, bad: 2, slow: 2 })
    expect(window.sums(100)).toEqual({ ok: 0, bad: 2, slow: 1 })
    expect(window.sums(109)).toEqual({ ok: 0, bad: 2, slow: 1 })
    expect(window.sums(110)).toEqual({ ok: 0, bad: 1, slow: 1 })
    expect(window.sums(119.9)).toEqual({ ok: 0, bad: 1, slow: 1 })
    expect(window.sums(120)).toEqual(NONE)
  })

  it('turns its ring without counting a place twice', () => {
    const window = new TimeWindow(100)
    for (let now = 5; now < 1_000; now += 10) window.add(now % 20 === 5, false, now)
    expect(window.sums(999)).toEqual({ ok: 5, bad: 5, slow: 0 })
    expect(window.sums(1_000)).toEqual({ ok: 5, bad: 4, slow: 0 })
  })

  it('is empty after an idle time, however long', () => {
    for (const idle of [100, 110, 1_000, 1e12]) {
      const window = new TimeWindow(100)
      window.add(true, true, 5)
      window.add(false, false, 15)
      expect(window.sums(15 + idle)).toEqual(NONE)
      window.add(false, false, 15 + idle)
      expect(window.sums(15 + idle)).toEqual({ ok: 1, bad: 0, slow: 0 })
    }
  })

  it('writes into the newest slot when the clock steps back', () => {
    const window = new TimeWindow(100)
    window.add(false, false, 55)
    window.add(true, true, 5)
    expect(window.sums(0)).toEqual({ ok: 1, bad: 1, slow: 1 })
    expect(window.dump(55)).toEqual({ slots: [slot(0, 1, 1, 1)] })
    expect(window.sums(149)).toEqual({ ok: 1, bad: 1, slow: 1 })
    expect(window.sums(150)).toEqual(NONE)
  })

  it('works below zero', () => {
    const window = new TimeWindow(100)
    window.add(true, false, -205)
    window.add(false, true, -195)
    expect(window.sums(-111)).toEqual({ ok: 1, bad: 1, slow: 1 })
    expect(window.sums(-110)).toEqual({ ok: 1, bad: 0, slow: 1 })
    expect(window.sums(-100)).toEqual(NONE)
  })

  it('is cleared of all, and goes on', () => {
    const window = new TimeWindow(100)
    window.clear()
    window.add(true, true, 5)
    window.add(false, false, 15)
    window.clear()
    expect(window.sums(15)).toEqual(NONE)
    window.add(true, true, 16)
    expect(window.sums(104)).toEqual({ ok: 0, bad: 1, slow: 1 })
    expect(window.sums(105)).toEqual({ ok: 0, bad: 1, slow: 1 })
    expect(window.dump(16)).toEqual({ slots: [slot(1, 0, 1, 1)] })
  })

  it('is dumped newest first, slots without calls left out, an age from the middle of its slot', () => {
    const window = new TimeWindow(100)
    expect(window.dump(5)).toEqual({ slots: [] })
    window.add(false, false, 2)
    window.add(true, true, 31)
    window.add(false, true, 32)
    window.add(true, false, 57)
    expect(window.dump(60)).toEqual({ slots: [slot(5, 0, 1), slot(25, 1, 1, 2), slot(55, 1)] })
    expect(window.dump(99)).toEqual({ slots: [slot(44, 0, 1), slot(64, 1, 1, 2), slot(94, 1)] })
    expect(window.dump(100)).toEqual({ slots: [slot(45, 0, 1), slot(65, 1, 1, 2)] })
  })

  it('takes over what still fits, by age and the time since', () => {
    const memo: WindowMemo = { slots: [slot(5, 0, 1), slot(25, 1, 1, 2), slot(55, 4)] }
    const fresh = (now: number, elapsed: number): TimeWindow => {
      const window = new TimeWindow(100)
      window.load(memo, now, elapsed)
      return window
    }
    expect(fresh(1_005, 0).sums(1_005)).toEqual({ ok: 5, bad: 2, slow: 2 })
    expect(fresh(1_005, 0).dump(1_005)).toEqual({ slots: [slot(0, 0, 1), slot(20, 1, 1, 2), slot(50, 4)] })
    expect(fresh(1_005, 40).sums(1_005)).toEqual({ ok: 5, bad: 2, slow: 2 })
    expect(fresh(1_005, 51).sums(1_005)).toEqual({ ok: 1, bad: 2, slow: 2 })
    expect(fresh(1_005, 200).sums(1_005)).toEqual(NONE)
    expect(fresh(1_009, 44).sums(1_009)).toEqual({ ok: 5, bad: 2, slow: 2 })
    expect(fresh(1_009, 45).sums(1_009)).toEqual({ ok: 1, bad: 2, slow: 2 })
  })

  it('takes a slot from the future as one of now, and no memo of the other kind', () => {
    const window = new TimeWindow(100)
    window.load({ slots: [slot(-500, 0, 1)] }, 1_005, 0)
    expect(window.dump(1_005)).toEqual({ slots: [slot(0, 0, 1)] })
    window.load({ calls: '111' }, 1_005, 0)
    expect(window.sums(1_005)).toEqual({ ok: 0, bad: 1, slow: 0 })
  })
})

describe('a count window', () => {
  it('counts the last calls exactly', () => {
    const window = new CountWindow(3)
    expect(window.sums()).toEqual(NONE)
    window.add(true, true)
    expect(window.sums()).toEqual({ ok: 0, bad: 1, slow: 1 })
    window.add(true, false)
    window.add(false, true)
    expect(window.sums()).toEqual({ ok: 1, bad: 2, slow: 2 })
    window.add(false, false)
    expect(window.sums()).toEqual({ ok: 2, bad: 1, slow: 1 })
    window.add(false, false)
    expect(window.sums()).toEqual({ ok: 3, bad: 0, slow: 1 })
    window.add(false, false)
    window.add(true, true)
    expect(window.sums()).toEqual({ ok: 2, bad: 1, slow: 1 })
  })

  it('is dumped oldest first, and comes back the same', () => {
    const window = new CountWindow(4)
    expect(window.dump()).toEqual({ calls: '' })
    window.add(true, false)
    window.add(false, true)
    expect(window.dump()).toEqual({ calls: '12' })
    window.add(true, true)
    window.add(false, false)
    window.add(false, false)
    window.add(true, true)
    expect(window.dump()).toEqual({ calls: '3003' })
    const other = new CountWindow(4)
    other.load(window.dump())
    expect(other.dump()).toEqual({ calls: '3003' })
    expect(other.sums()).toEqual({ ok: 2, bad: 2, slow: 2 })
  })

  it('takes the last calls of a longer memo, and no memo of the other kind', () => {
    const window = new CountWindow(2)
    window.load({ calls: '3321' })
    expect(window.dump()).toEqual({ calls: '21' })
    window.load({ slots: [slot(0, 5)] })
    expect(window.dump()).toEqual({ calls: '21' })
  })

  it('is cleared of all, and goes on', () => {
    const window = new CountWindow(3)
    for (const bad of [true, true, false, true]) window.add(bad, bad)
    window.clear()
    expect([window.sums(), window.dump()]).toEqual([NONE, { calls: '' }])
    window.add(true, true)
    window.add(false, false)
    expect([window.sums(), window.dump()]).toEqual([{ ok: 1, bad: 1, slow: 1 }, { calls: '30' }])
    window.add(false, false)
    window.add(false, false)
    expect(window.sums()).toEqual({ ok: 3, bad: 0, slow: 0 })
  })
})
