// MemoryStorage is the plainest statement of what the suite asks for.
import { describe, it } from 'vitest'
import { MemoryStorage } from '../../src/index.ts'
import { storageConformance } from '../../src/testing/conformance.ts'

describe('MemoryStorage', () => {
  for (const { name, run } of storageConformance(() => new MemoryStorage())) it(name, run)
})
