/** The shape of a finished run, as it is stored in bench/results/. */
import type { Results } from './child.ts'
import type { Footprint } from './footprint.ts'
import type { Crowd, Held } from './resources.ts'
import type { Shared } from './shared.ts'

export interface Timed {
  /** Median nanoseconds per call. */
  readonly ns: number
  /** Median of the ratios to the bare call of the same round. */
  readonly ratio: number
  /** Of the same ratios. */
  readonly lowerQuartile: number
  readonly upperQuartile: number
  /** Median of the ratios to cockatiel's `ConsecutiveBreaker` of the same round. */
  readonly toCockatiel: number | undefined
  readonly rounds: number
}

export interface Run {
  readonly date: string
  readonly machine: { readonly cpu: string; readonly cpus: number; readonly memory: string; readonly platform: string }
  readonly versions: Readonly<Record<string, string>>
  readonly commit: string
  readonly seed: number
  readonly rounds: number
  readonly processes: number
  readonly seconds: number
  readonly variants: Results['names']
  readonly titles: Readonly<Record<string, string>>
  /** By measure, then by variant. */
  readonly timed: Readonly<Record<string, Readonly<Record<string, Timed>>>>
  readonly held: Readonly<Record<string, Held>>
  readonly allocated: Readonly<Record<string, number>>
  readonly crowd: Readonly<Record<string, Crowd>>
  readonly footprint: Readonly<Record<string, Footprint>>
  readonly shared: Shared | undefined
  /** What was left out, and why. */
  readonly notes: readonly string[]
}
