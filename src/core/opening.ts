// How a circuit opens by itself, its own or a fleet's: for how long, and why in words.

import { openTime } from './backoff.ts'
import type { FullClock } from './clock.ts'
import { describeError } from './describe.ts'
import * as machine from './machine.ts'
import type { Rules } from './options.ts'
import type { Snapshot } from './snapshot.ts'

/** The open period that follows where failures crossed the policy, or a trial failed with `error`. */
export function openedBy(why: string, error: unknown, at: Snapshot, rules: Rules, clock: FullClock): Snapshot {
  const now = clock.now()
  const openFor = openTime(rules.resetTimeout, machine.nextRelapses(at, now), error)
  // What is judged a failure need not have thrown.
  const reason = error === undefined ? why : `${why}: ${describeError(error)}`
  return machine.opened(at, { now, wall: clock.wallNow(), openFor, why: reason, by: undefined })
}
