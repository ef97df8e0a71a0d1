// What every storage must do, as named cases that any test runner can run. A third party's storage is good when all of
// them pass on it. They wait for what they expect, to a deadline, so they suit storages that answer at once or later.

import type { CircuitStorage } from '../fleet/storage.ts'
import { countCases } from './conformance/counts.ts'
import { moveCases } from './conformance/moves.ts'
import { pushCases } from './conformance/pushes.ts'
import { recordCases } from './conformance/records.ts'
import { reportCases } from './conformance/reports.ts'
import { type ConformanceOptions, Subject } from './conformance/subject.ts'

/** One rule, and the check of it. */
export interface ConformanceCase {
  readonly name: string
  /** Makes a storage, checks the rule and disposes of the storage. Rejects when the rule is broken. */
  run(): Promise<void>
}

/**
 * The rules of the storage port. `make` gives a storage for one case, new or with circuits that others left on it: each
 * case uses names of its own.
 * @example
 * for (const { name, run } of storageConformance(() => new MyStorage())) test(name, run)
 */
export function storageConformance(
  make: () => CircuitStorage | Promise<CircuitStorage>,
  options: ConformanceOptions = {},
): readonly ConformanceCase[] {
  const cases = { ...recordCases, ...countCases, ...moveCases, ...pushCases, ...reportCases }
  return Object.entries(cases).map(([name, check]) => ({
    name,
    async run() {
      const storage = await make()
      try {
        await check(new Subject(storage, options))
      } finally {
        await storage.dispose?.()
      }
    },
  }))
}
