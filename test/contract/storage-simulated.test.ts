// SimulatedStorage: on a good day it is a storage like any other, slow or not.
import { describe, it } from 'vitest'
import { SimulatedStorage, storageConformance } from '../../src/testing/index.ts'

describe.each([0, 0.3])('SimulatedStorage with a latency of %d ms', (latency) => {
  for (const { name, run } of storageConformance(() => new SimulatedStorage({ latency }))) it(name, run)
})
