// Moves of a record on their way to storage. A move's own push can be all that arrives of its answer, so it counts as
// the answer; whichever comes first.

import type { Snapshot } from '../core/snapshot.ts'
import type { Activity } from './activity.ts'
import type { Link } from './link.ts'
import { type Mirror, type Revision, toGiveBack, toMove } from './mirror.ts'
import type { StoredCircuit } from './storage.ts'

/** What came of a move: taken or refused, and what stands now. */
export interface Moved {
  readonly replaced: boolean
  readonly current: StoredCircuit | undefined
}

export interface MoveOptions {
  /** Storage refuses it before this; storage ms. */
  readonly notBefore?: number | undefined
  /** ms; the storage's `timeout` otherwise. */
  readonly within?: number
  /** Its name, where the caller must know it. */
  readonly move?: string
  /** A period of its own, even where state and time are those of the record. */
  readonly anew?: boolean
  /** It changes overrides, and goes on from the record as storage said it. */
  readonly update?: Revision
}

export class Moves {
  readonly #name: string
  readonly #link: Link
  readonly #mirror: Mirror
  readonly #activity: Activity
  readonly #pending = new Map<string, (stored: StoredCircuit) => void>()
  #offering = false

  constructor(name: string, link: Link, mirror: Mirror, activity: Activity) {
    this.#name = name
    this.#link = link
    this.#mirror = mirror
    this.#activity = activity
  }

  /** Moves the record as it is mirrored. Rejects where storage is down. */
  async move(next: Snapshot, policy: string, options: MoveOptions): Promise<Moved> {
    const { clock, storage, id: mover } = this.#link
    const { stored, snapshot, record } = this.#mirror
    const { notBefore, within, anew, update, move = this.#link.nextMove() } = options
    const base = anew ? undefined : update === undefined ? snapshot : record
    const wanted = toMove(next, base, stored, clock.now(), { move, mover, policy, notBefore, update })
    const pushed = new Promise<StoredCircuit>((resolve) => this.#pending.set(move, resolve))
    const end = this.#activity.begin()
    try {
      const answered = this.#link.command(() => storage.replace(this.#name, stored, wanted), within)
      return await Promise.race([answered, pushed.then((current) => ({ replaced: true, current }))])
    } finally {
      this.#pending.delete(move)
      end()
    }
  }

  /** A push came: perhaps the answer to a move of this process. */
  pushed(stored: StoredCircuit): void {
    this.#pending.get(stored.move)?.(stored)
  }

  /** Puts the mirrored record back where storage has an older one, or none. Answers what stands then. */
  async offer(met: StoredCircuit | undefined): Promise<StoredCircuit | undefined> {
    const { stored } = this.#mirror
    // A record that nobody has moved says nothing, and all could put it back one over the other.
    if (this.#offering || stored === undefined || stored.epoch === 0 || !this.#link.up) return undefined
    this.#offering = true
    const end = this.#activity.begin()
    const giveBack = toGiveBack(stored, this.#link.nextMove())
    try {
      const { current } = await this.#link.command(() => this.#link.storage.replace(this.#name, met, giveBack))
      return current
    } catch {
      // The link has told everybody; the next refresh meets the old record again.
      return undefined
    } finally {
      this.#offering = false
      end()
    }
  }
}
