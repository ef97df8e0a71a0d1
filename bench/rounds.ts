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

/** Rounds that count for nothing: so many, and for so long, since the engine compiles beside them and may have to wait for a core. */
const warmUp = { rounds: 4, milliseconds: 700 }

/** Each variant pays for its own garbage, not for the one before it. */
function sweep(): void {
  const collect = globalThis.gc as ((options: { type: 'minor' }) => void) | undefined
  if (collect === undefined) throw new Error('Expected node --expose-gc')
  collect({ type: 'minor' })
}

const kept: object[] = []

/**
 * The first breakers of each kind stay alive, as a service's do. With none left at a full collection, which opossum's garbage
 * causes, the engine forgets their shapes and throws away the code compiled for them: everybody's next samples would be slow.
 */
function lasting(variant: Variant): Variant {
  let made = 0
  return {
    ...variant,
    create(fn, tuning) {
      const breaker = variant.create(fn, tuning)
      if (made++ < 3) kept.push(breaker)
      return breaker
    },
  }
}

export async function runRounds(variants: readonly Variant[], task: RoundsTask): Promise<Samples> {
  const measure = timedMeasures[task.measure]
  if (measure === undefined) throw new Error(`No timed measure ${task.measure}`)
  const random = seeded(task.seed)
  const samples: Record<string, number[]> = {}
  const runners: [string, Sample][] = []
  for (const variant of variants) {
    const sample = measure.prepare(lasting(variant))
    if (sample === undefined) continue
    runners.push([variant.id, sample])
    samples[variant.id] = []
  }
  const runRound = async (keep: (id: string, nanoseconds: number) => void): Promise<void> => {
    for (const [id, sample] of shuffled(runners, random)) {
      sweep()
      keep(id, await sample())
    }
  }
  const begin = performance.now()
  for (let round = 0; round < warmUp.rounds || performance.now() - begin < warmUp.milliseconds; round++) {
    await runRound(() => {})
  }
  const deadline = performance.now() + task.seconds * 1_000
  const rounds = Math.max(2, Math.ceil(task.rounds * measure.share))
  for (let round = 0; round < rounds && (round < 2 || performance.now() < deadline); round++) {
    await runRound((id, nanoseconds) => samples[id]!.push(nanoseconds))
  }
  return samples
}
