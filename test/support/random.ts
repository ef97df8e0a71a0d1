// A seeded generator: the same seed gives the same numbers on every machine, so a run that failed can be played again.

export class Random {
  readonly seed: number
  #state: number

  constructor(seed: number) {
    this.seed = seed >>> 0
    this.#state = this.seed
  }

  /** A seed of its own for each text, so that tests do not share their luck. */
  static from(text: string): Random {
    let hash = 0x811c9dc5
    for (let at = 0; at < text.length; at++) hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193)
    return new Random(hash)
  }

  /** In [0, 1). mulberry32. */
  unit(): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), 1 | this.#state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }

  /** An integer from 0 to `most`, both included. */
  upTo(most: number): number {
    return Math.floor(this.unit() * (most + 1))
  }

  /** An integer from `least` to `most`, both included. */
  between(least: number, most: number): number {
    return least + this.upTo(most - least)
  }

  chance(share: number): boolean {
    return this.unit() < share
  }

  pick<T>(choices: readonly T[]): T {
    if (choices.length === 0) throw new RangeError('Expected something to pick from')
    return choices[this.upTo(choices.length - 1)] as T
  }

  /** One of the names, each as likely as its weight says. */
  weighted<K extends string>(weights: Readonly<Record<K, number>>): K {
    const entries = Object.entries<number>(weights) as [K, number][]
    let left = this.unit() * entries.reduce((sum, [, weight]) => sum + weight, 0)
    for (const [name, weight] of entries) {
      left -= weight
      if (left < 0) return name
    }
    return entries[entries.length - 1]![0]
  }

  /** Up to `most` things, one at least. */
  list<T>(most: number, make: () => T): T[] {
    return Array.from({ length: this.between(1, most) }, make)
  }
}
