import { describe, expect, it } from 'vitest'
import { mergeCounts } from '../../../src/fleet/counts.ts'
import type { Counts, Slot } from '../../../src/fleet/storage.ts'

const slot = (start: number, ok = 0, bad = 0, slow = 0): Slot => ({ start, ok, bad, slow })

describe('the newest success', () => {
  it('is the later of the two', () => {
    expect(mergeCounts({ okAt: 5 }, { okAt: 9 }, {})).toEqual({ okAt: 9 })
    expect(mergeCounts({ okAt: 9 }, { okAt: 5 }, {})).toEqual({ okAt: 9 })
  })

  it('is the one there is, also at time 0', () => {
    expect(mergeCounts({ okAt: 0 }, {}, {})).toEqual({ okAt: 0 })
    expect(mergeCounts({}, { okAt: 0 }, {})).toEqual({ okAt: 0 })
  })

  it('is left out where nobody had one', () => {
    expect(mergeCounts({}, {}, {})).not.toHaveProperty('okAt')
  })
})

describe('failures', () => {
  it('are the newest of both, newest first, no more than are wanted', () => {
    expect(mergeCounts({ fails: [9, 4, 1] }, { fails: [10, 5] }, { fails: 3 })).toEqual({ fails: [10, 9, 5] })
  })

  it('at the same time count each', () => {
    expect(mergeCounts({ fails: [3] }, { fails: [3] }, { fails: 3 })).toEqual({ fails: [3, 3] })
  })

  it('are ordered as numbers', () => {
    expect(mergeCounts({ fails: [900] }, { fails: [1_000] }, { fails: 2 })).toEqual({ fails: [1_000, 900] })
  })

  it('stay as they are for a tally that has no use for them', () => {
    expect(mergeCounts({ fails: [4] }, { fails: [9] }, { slotWidth: 10, slots: 2 })).toMatchObject({ fails: [4] })
    expect(mergeCounts({}, { fails: [9] }, {})).not.toHaveProperty('fails')
  })

  it('go where none are wanted', () => {
    expect(mergeCounts({ fails: [4] }, {}, { fails: 0 })).not.toHaveProperty('fails')
  })
})

describe('slots', () => {
  const keep = { slotWidth: 10, slots: 3 }

  it('of one start add up, part by part', () => {
    const merged = mergeCounts({ slots: [slot(10, 1, 2, 3)] }, { slots: [slot(10, 10, 20, 30)] }, keep)
    expect(merged.slots).toEqual([slot(10, 11, 22, 33)])
  })

  it('are aligned to their width, edges included', () => {
    const merged = mergeCounts({}, { slots: [slot(9, 1), slot(10, 2), slot(19, 4), slot(20, 8)] }, keep)
    expect(merged.slots).toEqual([slot(20, 8), slot(10, 6), slot(0, 1)])
  })

  it('are newest first, and the oldest go', () => {
    const merged = mergeCounts({ slots: [slot(30, 1), slot(10, 1)] }, { slots: [slot(20, 1), slot(40, 1)] }, keep)
    expect(merged.slots?.map(({ start }) => start)).toEqual([40, 30, 20])
  })

  it('stay as they are for a tally that has no use for them', () => {
    const slots = [slot(10, 1)]
    expect(mergeCounts({ slots }, { slots: [slot(20, 1)] }, { fails: 5 })).toMatchObject({ slots })
    expect(mergeCounts({ slots }, { slots: [slot(20, 1)] }, { slots: 5 })).toMatchObject({ slots })
    expect(mergeCounts({ slots }, { slots: [slot(20, 1)] }, { slotWidth: 5 })).toMatchObject({ slots })
  })

  it('go where none are wanted', () => {
    expect(mergeCounts({ slots: [slot(10, 1)] }, {}, { slotWidth: 10, slots: 0 })).not.toHaveProperty('slots')
    expect(mergeCounts({ slots: [slot(10, 1)] }, {}, { slotWidth: 0, slots: 3 })).not.toHaveProperty('slots')
  })
})

it('the order in which tallies arrive does not matter', () => {
  const keep = { fails: 3, slotWidth: 10, slots: 2 }
  const tallies: Counts[] = [
    { okAt: 12, fails: [25, 11] },
    { fails: [14, 13], slots: [slot(21, 1, 2, 1), slot(3, 1, 1, 0)] },
    { okAt: 7, slots: [slot(29, 5, 0, 2), slot(11, 0, 3, 0)] },
  ]
  const merge = (order: readonly number[]): Counts =>
    order.reduce<Counts>((sum, index) => mergeCounts(sum, tallies[index] ?? {}, keep), {})
  const expected = { okAt: 12, fails: [25, 14, 13], slots: [slot(20, 6, 2, 3), slot(10, 0, 3, 0)] }
  for (const order of [
    [0, 1, 2],
    [0, 2, 1],
    [1, 0, 2],
    [1, 2, 0],
    [2, 0, 1],
    [2, 1, 0],
  ])
    expect(merge(order)).toEqual(expected)
})

it('merged counts are frozen', () => {
  expect(Object.isFrozen(mergeCounts({}, { okAt: 1 }, {}))).toBe(true)
})
