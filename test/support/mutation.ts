// Set up before the tests by vitest.mutation.config.ts alone: passes over those that measure the heap or repeat themselves
// many thousand times. A mutant that survives would have to meet them all.

import { beforeEach } from 'vitest'

const SLOW = [
  'N6 a window of any length',
  'N10 backoff stays finite',
  'N10 a circuit that relapses thousands',
  'N11 a million calls',
  'N11 permits and listeners',
  'N11 the largest count window',
  'S2 of 1000 calls',
  'S18 state is one of three',
  'PyBreaker 31: of a thousand',
]

beforeEach(({ task, skip }) => {
  if (SLOW.some((start) => task.name.startsWith(start))) skip('too slow for mutation tests')
})
