// A failing run made as short as it can be: fewer faults and fewer processes, as long as the same promise is broken.

import { fuzz, type FuzzOptions, type FuzzResult } from './fuzz.ts'

/** Runs that shrinking may take. */
const MOST_RUNS = 150

export async function shrink(failed: FuzzResult): Promise<FuzzResult> {
  let best = failed
  let runs = 0
  const better = async (options: Omit<FuzzOptions, 'seed'>): Promise<boolean> => {
    if (++runs > MOST_RUNS) return false
    const result = await fuzz({ seed: failed.seed, nodes: best.nodes, faults: best.faults, ...options })
    if (result.violation?.promise !== failed.violation?.promise) return false
    best = result
    return true
  }
  // What comes after the breach had no part in it.
  const end = failed.violation?.at ?? Number.POSITIVE_INFINITY
  await better({ faults: best.faults.filter(({ at }) => at <= end) })
  for (let size = Math.ceil(best.faults.length / 2); size >= 1; size = size === 1 ? 0 : Math.ceil(size / 2)) {
    for (let from = 0; from < best.faults.length; ) {
      const fewer = [...best.faults.slice(0, from), ...best.faults.slice(from + size)]
      if (!(await better({ faults: fewer }))) from += size
    }
  }
  while (best.nodes > 2 && (await better({ nodes: best.nodes - 1 })));
  return fuzz({ seed: best.seed, nodes: best.nodes, faults: best.faults, trace: true })
}
