// Choices from a seed.

import { seeded } from '../src/testing/seeded.ts'

export class SimRandom {
  readonly unit: () => number

  constructor(seed: number, stream: number) {
    this.unit = seeded(seed, 1_000_000 + stream)
  }

  /** An integer from 0 to `most`. */
  upTo(most: number): number {
    return Math.floor(this.unit() * (most + 1))
  }

  /** An integer from `least` to `most`. */
  between(least: number, most: number): number {
    return least + this.upTo(most - least)
  }

  chance(share: number): boolean {
    return this.unit() < share
  }

  pick<T>(choices: readonly T[]): T {
    return choices[this.upTo(choices.length - 1)] as T
  }

  weighted<K>(weights: readonly (readonly [K, number])[]): K {
    let left = this.unit() * weights.reduce((sum, [, weight]) => sum + weight, 0)
    for (const [choice, weight] of weights) {
      left -= weight
      if (left < 0) return choice
    }
    return (weights.at(-1) as readonly [K, number])[0]
  }

  /** Time to the next of events that come `perSecond`, ms. */
  gap(perSecond: number): number {
    return (-Math.log(1 - this.unit()) * 1_000) / perSecond
  }
}
