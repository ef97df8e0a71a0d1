// Commands of this process on their way to storage. They act here at once: until storage has said yes or no, the mirror
// shows what they make of the record, and answers that were on their way change nothing of that. What somebody else did
// meanwhile stands, and the command is made anew on it.

import type { Command } from '../core/commands.ts'
import type { Snapshot } from '../core/snapshot.ts'
import type { Link } from './link.ts'
import type { Mirror } from './mirror.ts'
import type { MoveOptions } from './moves.ts'

/** What the orders ask of their circuit. */
export interface Ordering {
  readonly name: string
  view(now: number): Snapshot
  move(next: Snapshot, options: MoveOptions): Promise<boolean>
  /** The own circuit follows what the mirror shows. */
  follow(): void
}

const MOST_TRIES = 4

export class Orders {
  readonly #circuit: Ordering
  readonly #link: Link
  readonly #mirror: Mirror
  /** Moves that are on their way. */
  readonly #moves = new Set<string>()

  constructor(circuit: Ordering, link: Link, mirror: Mirror) {
    this.#circuit = circuit
    this.#link = link
    this.#mirror = mirror
  }

  /** Whether a move is one of a command of this process. */
  has(move: string): boolean {
    return this.#moves.has(move)
  }

  /** Acts here at once, `next` being what `make` made. Rejects where storage did not take it. */
  async carryOut(make: Command, next: Snapshot): Promise<void> {
    const { clock } = this.#link
    let ahead = next
    try {
      for (let tries = 1; ; tries++) {
        this.#mirror.ahead = ahead
        this.#circuit.follow()
        if (await this.#move(ahead)) return
        if (tries === MOST_TRIES) break
        ahead = make(this.#circuit.view(clock.now()), clock.now(), clock.wallNow())
      }
      throw new Error(`Circuit "${this.#circuit.name}" went on changing; what was asked of it is not stored`)
    } finally {
      // A later command may be ahead by now.
      if (this.#mirror.ahead === ahead) this.#mirror.ahead = undefined
    }
  }

  async #move(next: Snapshot): Promise<boolean> {
    const move = this.#link.nextMove()
    this.#moves.add(move)
    try {
      return await this.#circuit.move(next, { anew: true, move })
    } finally {
      this.#moves.delete(move)
    }
  }
}
