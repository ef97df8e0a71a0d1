import { describe, expect, it } from 'vitest'
import { Reader } from '../../../src/admin/reader.ts'
import { stepsOf } from '../../../src/admin/steps.ts'
import { MemoryStorage } from '../../../src/index.ts'
import { ManualClock } from '../../../src/testing/index.ts'
import { warnings } from '../../admin/rig.ts'

describe('what processes told', () => {
  it('stays known while the storage does not answer, and what came since is not made up', async () => {
    using _warned = warnings()
    const clock = new ManualClock()
    const step = { calls: 4, successes: 3, failures: 1, rejected: 2, slow: 0 }
    const steps = [50_000, 55_000].map((start) => ({ start, ...step }))
    let isThere = true
    const storage = Object.assign(new MemoryStorage({ clock }), {
      reports: () => {
        if (isThere) return [{ at: 60_000, steps, processes: ['web-1'] }]
        throw new Error('gone')
      },
    })
    storage.add('orders', { epoch: 0, period: 0, keep: {} })
    const reader = new Reader(storage, clock)
    const columns = async (): Promise<readonly (number | null)[]> => {
      await reader.look([])
      const report = (await reader.reports(['orders'])).get('orders')
      return report === undefined ? [] : stepsOf(report, 0).calls.slice(-4)
    }
    expect(await columns()).toEqual([null, null, 4, 4])
    isThere = false
    expect(await columns()).toEqual([null, null, 4, 4])
    await clock.advance(10_000)
    expect(await columns()).toEqual([4, 4, null, null])
    expect((await reader.reports(['orders'])).get('orders')?.processes).toEqual(['web-1'])
  })
})
