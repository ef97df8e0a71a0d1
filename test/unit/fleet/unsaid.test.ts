import { describe, expect, it } from 'vitest'
import type { Tally } from '../../../src/fleet/storage.ts'
import { Unsaid } from '../../../src/fleet/unsaid.ts'

const fails: Tally['keep'] = { fails: 3 }
const slots: Tally['keep'] = { slotWidth: 10, slots: 3 }

function seen(keep: Tally['keep'], ...outcomes: ['ok' | 'bad' | 'slow', number][]): Unsaid {
  const unsaid = new Unsaid(keep)
  for (const [kind, at] of outcomes) unsaid.add(kind === 'bad', kind === 'slow', at)
  return unsaid
}

describe('what is unsaid', () => {
  it('is nothing at first', () => {
    expect(seen(fails).take(0, 0)).toEqual({})
    expect(seen(slots).take(0, 0)).toEqual({})
    expect(seen(fails).urgent).toBe(false)
  })

  it('is the newest success and the newest failures, newest first', () => {
    const unsaid = seen(fails, ['ok', 1], ['bad', 2], ['bad', 3], ['ok', 4], ['bad', 5])
    expect(unsaid.take(0, 5)).toEqual({ okAt: 4, fails: [5, 3, 2] })
  })

  it('is no more failures than the policy wants', () => {
    const unsaid = seen(fails, ['bad', 1], ['bad', 2], ['bad', 3], ['bad', 4])
    expect(unsaid.take(0, 4)).toEqual({ fails: [4, 3, 2] })
    expect(seen({ fails: 0 }, ['bad', 1]).take(0, 1)).toEqual({})
    expect(seen(slots, ['bad', 1]).take(0, 1)).not.toHaveProperty('fails')
  })

  it('is told in storage time, in whole ms', () => {
    const unsaid = seen({ ...fails, ...slots }, ['ok', 1.5], ['bad', 2.7])
    expect(unsaid.take(1_000.4, 3)).toEqual({
      okAt: 1_001,
      fails: [1_003],
      slots: [{ start: 1_000, ok: 1, bad: 1, slow: 0 }],
    })
  })

  it('is forgotten once it is handed over', () => {
    const unsaid = seen({ ...fails, ...slots }, ['ok', 1], ['bad', 2])
    unsaid.take(0, 2)
    expect(unsaid.take(0, 2)).toEqual({})
    expect(unsaid.urgent).toBe(false)
    expect(unsaid.refutes(-1)).toBe(false)
  })

  it('is forgotten on demand', () => {
    const unsaid = seen({ ...fails, ...slots }, ['ok', 1], ['bad', 2])
    unsaid.clear()
    expect(unsaid.urgent).toBe(false)
    expect(unsaid.take(0, 2)).toEqual({})
  })
})

describe('slots', () => {
  it('are as wide as asked, edges included, newest first', () => {
    const unsaid = seen(slots, ['ok', 0], ['bad', 9], ['slow', 10], ['ok', 19.9], ['bad', 20])
    expect(unsaid.take(0, 20)).toEqual({
      okAt: 19,
      slots: [
        { start: 20, ok: 0, bad: 1, slow: 0 },
        { start: 10, ok: 2, bad: 0, slow: 1 },
        { start: 0, ok: 1, bad: 1, slow: 0 },
      ],
    })
  })

  it('are no more than asked', () => {
    const unsaid = seen(slots, ['ok', 0], ['ok', 10], ['ok', 20], ['ok', 30])
    expect(unsaid.take(0, 30).slots?.map(({ start }) => start)).toEqual([30, 20, 10])
  })

  it('that ended a window ago are not told', () => {
    const told = (now: number): number[] | undefined =>
      seen(slots, ['ok', 0], ['bad', 30])
        .take(0, now)
        .slots?.map(({ start }) => start)
    expect(told(39.9)).toEqual([30, 0])
    expect(told(40)).toEqual([30])
    expect(told(70)).toBeUndefined()
  })

  it('are not kept where no window wants them', () => {
    expect(seen(fails, ['slow', 1]).take(0, 1)).toEqual({ okAt: 1 })
  })
})

describe('what is urgent', () => {
  it('is a failure, or a slow call that a window counts; never a success', () => {
    expect(seen(fails, ['ok', 1]).urgent).toBe(false)
    expect(seen(slots, ['ok', 1]).urgent).toBe(false)
    expect(seen(fails, ['bad', 1]).urgent).toBe(true)
    expect(seen(slots, ['bad', 1]).urgent).toBe(true)
    expect(seen(slots, ['slow', 1]).urgent).toBe(true)
    expect(seen(slots, ['slow', 1], ['ok', 20]).urgent).toBe(true)
  })
})

describe('a success', () => {
  it('refutes what began before it, not what began with it', () => {
    const unsaid = seen(fails, ['ok', 5])
    expect(unsaid.refutes(4)).toBe(true)
    expect(unsaid.refutes(5)).toBe(false)
  })

  it('that is slow is a success all the same', () => {
    expect(seen(fails, ['slow', 5]).refutes(4)).toBe(true)
  })

  it('is none where the call failed', () => {
    expect(seen(fails, ['bad', 5]).refutes(4)).toBe(false)
  })
})

it('a changed policy holds from the next outcome on, and what was seen stays', () => {
  const unsaid = seen({ fails: 1 }, ['bad', 1])
  unsaid.keep = { fails: 2 }
  unsaid.add(true, false, 2)
  expect(unsaid.keep).toEqual({ fails: 2 })
  expect(unsaid.take(0, 2)).toEqual({ fails: [2, 1] })
})
