// One seed: a few processes, some forty faults, everything checked at every step; then all is healed, the dependency
// fails once more for everybody, and comes back.

import { backoff, type CircuitBreakerOptions, failureRate, type SharedOptions } from '../src/index.ts'
import { type Fault, makeFaults } from './faults.ts'
import { Fleet } from './fleet.ts'
import { SimRandom } from './random.ts'
import type { Violation } from './violation.ts'

export interface FuzzOptions {
  readonly seed: number
  /** @default from the seed, 2 to 11 */
  readonly nodes?: number | undefined
  /** The faults, instead of those that the seed makes. */
  readonly faults?: readonly Fault[] | undefined
  readonly trace?: boolean | undefined
}

export interface FuzzResult {
  readonly seed: number
  readonly nodes: number
  readonly faults: readonly Fault[]
  readonly violation: Violation | undefined
  readonly trace: readonly string[]
  readonly events: number
  readonly calls: number
  readonly commits: number
  readonly trials: number
}

/** ms of faults */
const UNTIL = 12_000
const FAULTS = 40

export async function fuzz(options: FuzzOptions): Promise<FuzzResult> {
  const { seed } = options
  // Thousands of calls fail; nobody reads where.
  const { stackTraceLimit } = Error
  Error.stackTraceLimit = 0
  const random = new SimRandom(seed, 1)
  // Drawn in any case: what follows must not depend on what is given.
  const drawn = random.between(2, 11)
  const nodes = options.nodes ?? drawn
  const made = makeFaults(new SimRandom(seed, 2), FAULTS, UNTIL)
  const faults = options.faults ?? made
  const fleet = new Fleet({
    seed,
    nodes,
    trace: options.trace ?? false,
    rules: { ...rulesOf(random), rampUp: new SimRandom(seed, 5).pick([0, 0, 0, 800]) },
    rate: random.pick([2, 5, 10]),
    until: UNTIL,
    // A stream of its own: what is added here must not change what other choices a seed makes.
    storage: storageOf(new SimRandom(seed, 4)),
  })
  fleet.trace.say('', `seed ${seed}, ${nodes} processes`)
  for (const fault of faults) fleet.time.after(fault.at, () => fleet.suffer(fault))
  await fleet.run(UNTIL + 1)
  await fleet.finish()
  Error.stackTraceLimit = stackTraceLimit
  return {
    seed,
    nodes,
    faults,
    violation: fleet.violation,
    trace: fleet.trace.lines,
    events: fleet.time.steps,
    ...fleet.totals,
  }
}

function storageOf(random: SimRandom): SharedOptions {
  return {
    confirm: random.pick([50, 50, 50, 0]),
    whenDown: random.pick(['last-known', 'last-known', 'closed', 'open', 'half-open'] as const),
  }
}

function rulesOf(random: SimRandom): CircuitBreakerOptions {
  const failMax = random.between(2, 5)
  const byRate = random.chance(0.25)
  return {
    ...(byRate ? { trip: failureRate({ threshold: 0.5, window: 2_000, minimumCalls: 5 }) } : { failMax }),
    resetTimeout: random.pick([200, 500, 1_000, backoff({ initial: 200, max: 2_000, random: random.unit })]),
    trialTimeout: random.pick([300, 1_000]),
    successThreshold: random.pick([1, 1, 3]),
    trials: random.pick([1, 1, 2]),
  }
}
