// Seeds of the simulation: a fleet under faults, everything that must hold checked at every step. A seed that fails
// fails here each time; `npm run simulate -- --seed S` shortens and explains it.
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { describeFault } from '../../simulation/faults.ts'
import { fuzz } from '../../simulation/fuzz.ts'

const BATCH = 100
const BATCHES = 10

describe('the fleet under faults', () => {
  // Listeners throw on purpose; what they throw becomes a warning.
  beforeAll(() => void vi.spyOn(process, 'emitWarning').mockImplementation(() => undefined))
  afterAll(() => vi.restoreAllMocks())

  it.each(Array.from({ length: BATCHES }, (_, batch) => batch * BATCH + 1))(
    `keeps its promises with seeds %i and the ${BATCH - 1} after it`,
    { timeout: 300_000 },
    async (first) => {
      for (let seed = first; seed < first + BATCH; seed++) expect(await outcome(seed)).toBe('kept')
    },
  )
})

async function outcome(seed: number): Promise<string> {
  const { violation, nodes, faults } = await fuzz({ seed })
  if (violation === undefined) return 'kept'
  const told = [violation.message, `${nodes} processes`, ...faults.map(describeFault)].join('\n')
  return `${told}\nnpm run simulate -- --seed ${seed}`
}
