// Random sequences of calls, verdicts, commands and time on a real breaker and on a naive model of it. A run that
// differs prints its seed; `INFUSE_SEED=<seed> npx vitest run test/model` plays that one alone, and
// `INFUSE_RUNS=<number>` plays more of them.

import { expect, test } from 'vitest'
import { Random } from '../support/random.ts'
import { differs } from './differs.ts'
import { makePlan } from './steps.ts'

const seed = process.env['INFUSE_SEED']
const runs = Number(process.env['INFUSE_RUNS'] ?? 500)
const length = 120

test('a breaker behaves like the naive model, whatever happens to it', { timeout: 600_000 }, async () => {
  const seeds = seed === undefined ? Array.from({ length: runs }, (_, index) => index + 1) : [Number(seed)]
  const tales: string[] = []
  for (const one of seeds) {
    const tale = await differs(makePlan(new Random(one), length))
    if (tale !== undefined) tales.push(`INFUSE_SEED=${one} ${tale}`)
    if (tales.length === 5) break
  }
  expect(tales.join('\n\n')).toBe('')
})
