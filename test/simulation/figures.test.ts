// What the figures of docs/simulation.md rest on, as statements: small fleets without faults, in virtual time.
import { describe, expect, it } from 'vitest'
import { holderDies, outage, sickness } from '../../simulation/figures.ts'
import { PlainFleet } from '../../simulation/plain.ts'

const rules = { failMax: 5 }
const fleet = { seed: 1, nodes: 8, rate: 10, rules }

describe('a fleet without faults', () => {
  it('sends nothing but refreshes while it is healthy, and each process keeps one timer', async () => {
    const healthy = new PlainFleet(fleet)
    await healthy.warmUp(0)
    const { add, replace } = healthy.commands
    await healthy.run(60_000)
    expect(healthy.commands).toMatchObject({ add, replace })
    expect(healthy.commands.read).toBeLessThanOrEqual(8 * 16)
    expect(healthy.nodes.map(({ storage }) => storage.clock.pending)).toEqual(Array(8).fill(1))
  })

  it.each([1, 2, 3, 4, 5])('opens for everybody at once, tries once and closes, seed %i', async (seed) => {
    const measured = await outage({ ...fleet, seed })
    expect(measured.tripped).toBeLessThan(500)
    expect(measured.allReject).toBeLessThan(500)
    expect(measured).toMatchObject({ trials: 1, mostTrials: 1, healthy: 0 })
    expect(measured.recovered).toBeLessThan(500)
  })

  it.each([1, 2, 3, 4, 5, 6])(
    'opens at 200 calls a second too, where the last successes refute the first ask, seed %i',
    async (seed) => {
      const { tripped, trials } = await outage({ ...fleet, rate: 200, seed })
      expect(tripped).toBeLessThan(500)
      expect(trials).toBe(1)
    },
  )

  it('is not opened by one sick process of eight', async () => {
    expect(await sickness(fleet, { sick: 1 }, 300_000)).toMatchObject({ trips: 0 })
  })

  it('is not opened by a tenth of a hundred processes', async () => {
    expect(await sickness({ ...fleet, nodes: 100 }, { sick: 10 }, 10_000)).toMatchObject({ trips: 0 })
  })

  it('N12: grants its trial by the clock of the storage, with clocks five minutes off', async () => {
    // Clocks are spread over ten minutes in every run; a trial that went by its own would be minutes early or late.
    const { recovered, mostTrials } = await outage({ ...fleet, nodes: 50 })
    expect(recovered).toBeGreaterThan(0)
    expect(recovered).toBeLessThan(200)
    expect(mostTrials).toBe(1)
  })

  it('N13: holds to `trials` after the grant, whoever asks at the same time', async () => {
    const { mostTrials } = await outage({
      ...fleet,
      nodes: 50,
      rate: 100,
      rules: { ...rules, trials: 2, successThreshold: 4 },
    })
    expect(mostTrials).toBe(2)
  })

  it('goes on when the process that holds the trial dies, after its lease', async () => {
    const after = await holderDies(fleet, 5_000)
    expect(after).toBeGreaterThanOrEqual(5_000)
    expect(after).toBeLessThan(5_300)
  })

  it('sends some 2 000 reports a second at most, however large it is', { timeout: 60_000 }, async () => {
    const { load, trips } = await sickness({ ...fleet, nodes: 2_000 }, { error: 0.2 }, 2_000)
    expect(load).toBeLessThan(2_500)
    expect(trips).toBe(0)
  })
})
