/** Runs the rounds of one timed measure in this process: interleaved, in a shuffled order, one fresh breaker per sample. */
import { seeded, shuffled } from './random.ts'
import { type Sample, timedMeasures } from './timed.ts'
import type { Variant } from './variants.ts'

export interface RoundsTask {
  readonly measure: string
  readonly rounds: number
  readonly seed: number
  readonly seconds: number
}

/** Nanoseconds per call, one entry per round, in the order of the rounds. */
export type Samples = Readonly<Record<string, readonly number[]>>

const warmUpRounds = 4

/** Each variant pays for its own garbage, not for the one before it. */
function sweep(): void {
  const collect = globalThis.gc as ((options: { type: 'minor' }) => void) | undefined
  if (collect === undefined) throw new Error('Expected node --expose-gc')
  collect({ type: 'minor' })
}

export async function runRounds(variants: readonly Variant[], task: RoundsTask): Promise<Samples> {
  const measure = timedMeasures[task.measure]
  if (measure === undefined) throw new Error(`No timed measure ${task.measure}`)
  const random = seeded(task.seed)
  const samples: Record<string, number[]> = {}
  const runners: [string, Sample][] = []
  for (const variant of variants) {
    const sample = measure.prepare(variant)
    if (sample === undefined) continue
    runners.push([variant.id, sample])
    samples[variant.id] = []
  }
  const deadline = performance.now() + task.seconds * 1_000
  const rounds = Math.max(2, Math.ceil(task.rounds * measure.share))
  for (let round = -warmUpRounds; round < rounds; round++) {
    if (round > 2 && performance.now() > deadline) break
    for (const [id, sample] of shuffled(runners, random)) {
      sweep()
      const nanoseconds = await sample()
      if (round >= 0) samples[id]!.push(nanoseconds)
    }
  }
  return samples
}
