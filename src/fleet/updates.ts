// Thresholds that a person changes for a whole fleet. Like any command an update counts here at once, and where storage
// does not take it, it is undone. What the record says holds for everybody, until it is undone there.

import { openTime } from '../core/backoff.ts'
import { retimeCommand } from '../core/commands.ts'
import type { Origin } from '../core/machine.ts'
import {
  type Overrides,
  ownThresholds,
  readOverrides,
  sameOverrides,
  type Update,
  withUpdate,
} from '../core/overrides.ts'
import type { Rules } from '../core/options.ts'
import type { Snapshot } from '../core/snapshot.ts'
import type { Link } from './link.ts'
import type { Mirror } from './mirror.ts'
import type { MoveOptions } from './moves.ts'
import type { StoredCircuit } from './storage.ts'

/** What updates ask of their circuit. */
export interface Updating {
  readonly name: string
  readonly rules: Rules
  move(next: Snapshot, options: MoveOptions): Promise<boolean>
  /** Everybody follows. */
  updated(overrides: Overrides | undefined): void
}

const MOST_TRIES = 4

export class Updates {
  /** What counts in this process now. */
  overrides: Overrides | undefined
  readonly #circuit: Updating
  readonly #link: Link
  readonly #mirror: Mirror
  /** On their way to storage; the newest counts. */
  readonly #ahead: Update[] = []
  #restoring = false

  constructor(circuit: Updating, link: Link, mirror: Mirror) {
    this.#circuit = circuit
    this.#link = link
    this.#mirror = mirror
  }

  /** Storage said something. */
  follow(): void {
    const stored = readOverrides(this.#mirror.stored?.overrides)
    const overrides = this.#ahead.reduce<Overrides | undefined>(withUpdate, stored)
    if (sameOverrides(overrides, this.overrides)) return
    this.overrides = overrides
    this.#circuit.updated(overrides)
  }

  /** Storage answers with the known epoch. Where it was emptied, and counts made that record anew, it lacks overrides. */
  met(stored: StoredCircuit): void {
    const overrides = readOverrides(this.#mirror.stored?.overrides)
    if (overrides === undefined || stored.overrides !== undefined || this.#restoring) return
    this.#restoring = true
    const said = { by: undefined, why: 'storage had forgotten it' }
    // Refused: somebody else was first. Rejected: storage is down; whoever meets it next puts it back.
    const answered = this.#circuit.move(this.#mirror.record, { update: { overrides, said } }).catch(() => false)
    void answered.then(() => (this.#restoring = false))
  }

  /** Counts here at once. Rejects where storage did not take it. */
  async carryOut(update: Update, said: Origin, ready: Promise<void>): Promise<void> {
    this.#ahead.push(update)
    this.follow()
    try {
      // What was changed before must be known, or it would be undone.
      if (this.#mirror.stored === undefined) await ready
      for (let tries = 0; tries < MOST_TRIES; tries++) {
        const overrides = withUpdate(readOverrides(this.#mirror.stored?.overrides), update)
        if (await this.#circuit.move(this.#retimed(update), { update: { overrides, said } })) return
      }
      throw new Error(`Circuit "${this.#circuit.name}" went on changing; its update is not stored`)
    } finally {
      this.#ahead.splice(this.#ahead.indexOf(update), 1)
      this.follow()
    }
  }

  /** An open circuit's time changes with it. */
  #retimed({ resetTimeout }: Update): Snapshot {
    const { record } = this.#mirror
    if (resetTimeout === undefined) return record
    const own = ownThresholds(this.#circuit.rules).resetTimeout
    const openFor = resetTimeout ?? openTime(own, record.relapses, undefined)
    const { clock } = this.#link
    return retimeCommand(openFor)(record, clock.now(), clock.wallNow())
  }
}
