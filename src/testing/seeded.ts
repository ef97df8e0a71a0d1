// Chance from a seed: the same seed gives the same numbers on every machine, so that a run can be played again.

/** Numbers from 0 to below 1 (mulberry32); `stream` tells apart those who must not share their luck. */
export function seeded(seed: number, stream = 0): () => number {
  let state = (Math.imul(seed, 0x9e3779b1) ^ Math.imul(stream + 1, 0x85ebca6b)) >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
}

/** Lognormal around `median`, with one in two hundred many times that: what a network in a data centre does. */
export function latencyOf(median: number, random: () => number): number {
  const spread = Math.exp(0.35 * Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random()))
  return random() < 0.005 ? median * (17 + 50 * random()) : median * spread
}
