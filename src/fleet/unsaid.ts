// What this process has seen and not yet told the fleet, in its own ms. Successes are noted on the hot path, so that
// costs one assignment, and one increment where a window wants them. What is too old to matter is not told.

import type { Counts, Tally } from './storage.ts'

interface OpenSlot {
  readonly start: number
  readonly end: number
  ok: number
  bad: number
  slow: number
}

export class Unsaid {
  /** When the newest success was. */
  okAt: number = Number.NEGATIVE_INFINITY
  #fails: number[] = []
  #slots: OpenSlot[] = []
  // The last of the slots, so that most outcomes look nowhere else.
  #newest: OpenSlot | undefined
  #keep: Tally['keep']

  constructor(keep: Tally['keep']) {
    this.#keep = keep
  }

  /** Follows a changed policy; what was seen stays. */
  set keep(keep: Tally['keep']) {
    this.#keep = keep
  }

  get keep(): Tally['keep'] {
    return this.#keep
  }

  /** Whether there is something that must be told soon. */
  get urgent(): boolean {
    return this.#fails.length > 0 || this.#slots.some(({ bad, slow }) => bad + slow > 0)
  }

  /** Whether there is a success that refutes what began at `since` (this process's ms). */
  refutes(since: number): boolean {
    return this.okAt > since
  }

  /** The commonest outcome of all. */
  succeed(now: number): void {
    this.okAt = now
    if (this.#newest !== undefined && now < this.#newest.end) this.#newest.ok++
    else this.add(false, false, now)
  }

  add(failed: boolean, slow: boolean, now: number): void {
    if (!failed) this.okAt = now
    else if (this.#keep.fails !== undefined && this.#keep.fails > 0) {
      this.#fails.push(now)
      if (this.#fails.length > this.#keep.fails) this.#fails.shift()
    }
    if (this.#keep.slotWidth === undefined) return
    const slot = this.#slot(now, this.#keep.slotWidth)
    if (failed) slot.bad++
    else slot.ok++
    if (slow) slot.slow++
  }

  /** Hands everything over, in storage ms, and forgets it. */
  take(offset: number, now: number): Counts {
    const { slotWidth = 0, slots: most = 0 } = this.#keep
    const slots = this.#slots
      .filter(({ end }) => end > now - slotWidth * most)
      .map(({ start, ok, bad, slow }) => ({ start: Math.floor(start + offset), ok, bad, slow }))
    const counts: Counts = {
      ...(this.okAt > Number.NEGATIVE_INFINITY && { okAt: Math.floor(this.okAt + offset) }),
      ...(this.#fails.length > 0 && { fails: this.#fails.map((at) => Math.floor(at + offset)).toReversed() }),
      ...(slots.length > 0 && { slots: slots.toReversed() }),
    }
    this.clear()
    return counts
  }

  clear(): void {
    this.okAt = Number.NEGATIVE_INFINITY
    this.#fails = []
    this.#slots = []
    this.#newest = undefined
  }

  #slot(now: number, width: number): OpenSlot {
    if (this.#newest !== undefined && now < this.#newest.end) return this.#newest
    const start = Math.floor(now / width) * width
    const slot = { start, end: start + width, ok: 0, bad: 0, slow: 0 }
    this.#newest = slot
    this.#slots.push(slot)
    if (this.#slots.length > (this.#keep.slots ?? 0)) this.#slots.shift()
    return slot
  }
}
