import { defineConfig } from 'vitest/config'
import { BaseSequencer } from 'vitest/node'

type Specification = Parameters<BaseSequencer['sort']>[0][number]

/** The quickest first: the tests of core by itself, then of calls, the rest, and the random ones last. */
const ORDER = ['test/unit/core/', 'test/unit/', 'test/traps/', 'test/parity/', 'test/model/']

class QuickestFirst extends BaseSequencer {
  override async sort(files: Specification[]): Promise<Specification[]> {
    const place = ({ moduleId }: Specification): number => ORDER.findIndex((folder) => moduleId.includes(folder))
    return files.toSorted((one, other) => place(one) - place(other))
  }
}

// The tests that a mutant of src/core meets: those that run in this process and are quick, since one that survives meets
// them all. Left out are r and t (processes, the heap), the tests named in test/support/mutation.ts, and most model runs.
export default defineConfig({
  test: {
    include: ['test/{unit,parity}/**/*.test.ts', 'test/traps/{n,p,s}.test.ts', 'test/model/circuit.test.ts'],
    setupFiles: ['test/support/mutation.ts'],
    env: { INFUSE_RUNS: '10' },
    // One worker and one set of modules for each mutant: nothing of one mutant's run reaches the next.
    isolate: false,
    sequence: { sequencer: QuickestFirst },
    passWithNoTests: false,
    testTimeout: 10_000,
  },
})
