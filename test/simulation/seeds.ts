// Seeds of the simulation as tests: a fleet under faults, everything that must hold checked at every step. A seed that
// fails fails each time; `npm run simulate -- --seed S` shortens and explains it.
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { describeFault } from '../../simulation/faults.ts'
import { fuzz } from '../../simulation/fuzz.ts'

const BATCH = 100

/** So many hundreds of seeds, from this one on. */
export function seeds(first: number, batches: number): void {
  describe('a fleet under faults', () => {
    // Listeners throw on purpose; what they throw becomes a warning.
    beforeAll(() => void vi.spyOn(process, 'emitWarning').mockImplementation(() => undefined))
    afterAll(() => vi.restoreAllMocks())

    const firsts = Array.from({ length: batches }, (_, batch) => first + batch * BATCH)
    it.each(firsts)('keeps its promises with seed %i and the 99 after it', { timeout: 300_000 }, async (from) => {
      for (let seed = from; seed < from + BATCH; seed++) expect(await outcome(seed)).toBe('kept')
    })
  })
}

async function outcome(seed: number): Promise<string> {
  const { violation, nodes, faults } = await fuzz({ seed })
  if (violation === undefined) return 'kept'
  const told = [violation.message, `${nodes} processes`, ...faults.map(describeFault)].join('\n')
  return `${told}\nnpm run simulate -- --seed ${seed}`
}
