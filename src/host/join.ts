// How a process gets its seat: it connects to whoever serves at the path, and takes over where nobody does.

import type { Clock } from '../core/clock.ts'
import { claim } from './claim.ts'
import { connectTo } from './connection.ts'
import { Owner } from './owner.ts'
import { checkFolder, type Place, socketAt } from './place.ts'
import type { Ears, Seat } from './seat.ts'

/** Times that somebody else may be quicker before this attempt is given up. */
const ROUNDS = 10

/** @throws Error where the place cannot be trusted, or is held by something else. */
export async function join(place: Place, ears: Ears, clock: Clock, known: boolean): Promise<Seat> {
  for (let round = 0; round < ROUNDS; round++) {
    checkFolder(place)
    const seen = socketAt(place.path)
    const found = seen === undefined ? 'none' : await connectTo(place.path, ears)
    if (typeof found !== 'string') return found
    if (found === 'gone') continue
    if (found === 'silent' && !known) throw new Error(`What listens at ${place.path} does not answer`)
    const claimed = await claim(place, seen)
    if (claimed !== undefined) return new Owner(claimed, clock, ears)
  }
  throw new Error(`Could not agree with the other processes at ${place.path}`)
}
