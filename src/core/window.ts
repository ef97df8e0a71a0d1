// What happened lately, as rings of counters: no sample is kept, an outcome costs the same whatever the load, and
// a window that nobody looked at for an hour is emptied in one pass. A ring is made at the first outcome, so an idle
// breaker pays nothing for it.

/** Totals over a window. `slow` calls are also in `ok` or `bad`. */
export interface Sums {
  readonly ok: number
  readonly bad: number
  readonly slow: number
}

/** A window as data, for `snapshot()`. An age is how many ms ago the middle of a slot was. */
export type WindowMemo =
  | {
      readonly slots: readonly {
        readonly age: number
        readonly ok: number
        readonly bad: number
        readonly slow: number
      }[]
    }
  | { readonly calls: string }

export interface Window {
  /** Records one outcome at `now` (ms). */
  add(bad: boolean, slow: boolean, now: number): void
  /** Totals at `now`. */
  sums(now: number): Sums
  clear(): void
  dump(now: number): WindowMemo
  /** Takes a memo's content over, `elapsed` ms after it was taken; what does not fit is left out. */
  load(memo: WindowMemo, now: number, elapsed: number): void
}

/** Slots per time window: an outcome counts for at least nine tenths of the window, and never longer than it. */
const SLOTS = 10

/** Counts per slot. */
const FIELDS = 3
const BAD = 1
const SLOW = 2

/** The last `span` ms in ten slots. A clock that steps back writes into the newest slot. */
export class TimeWindow implements Window {
  readonly #width: number
  #ring: number[] | undefined
  #newest = Number.NEGATIVE_INFINITY
  // The newest slot's end and place, so that most outcomes need neither a division nor a remainder.
  #end = Number.NEGATIVE_INFINITY
  #place = 0
  #ok = 0
  #bad = 0
  #slow = 0

  constructor(span: number) {
    this.#width = span / SLOTS
  }

  add(bad: boolean, slow: boolean, now: number): void {
    if (now >= this.#end) this.#advance(now)
    this.#count(this.#place, bad ? 0 : 1, bad ? 1 : 0, slow ? 1 : 0)
  }

  sums(now: number): Sums {
    if (now >= this.#end && this.#ring !== undefined) this.#advance(now)
    return { ok: this.#ok, bad: this.#bad, slow: this.#slow }
  }

  clear(): void {
    this.#ring?.fill(0)
    this.#ok = this.#bad = this.#slow = 0
  }

  dump(now: number): WindowMemo {
    this.sums(now)
    const slots = []
    for (let back = 0; back < SLOTS && this.#ring !== undefined; back++) {
      const [ok = 0, bad = 0, slow = 0] = this.#ring.slice(this.#base(this.#newest - back))
      if (ok + bad > 0) slots.push({ age: now - (this.#newest - back + 0.5) * this.#width, ok, bad, slow })
    }
    return { slots }
  }

  load(memo: WindowMemo, now: number, elapsed: number): void {
    if (!('slots' in memo)) return
    this.#advance(now)
    for (const { age, ok, bad, slow } of memo.slots) {
      const index = Math.min(this.#newest, Math.floor((now - elapsed - age) / this.#width))
      if (index > this.#newest - SLOTS) this.#count(this.#base(index), ok, bad, slow)
    }
  }

  /** Moves on to the slot of `now`, forgetting what falls out: at most one pass over the ring, however long the idle time. */
  #advance(now: number): void {
    const index = Math.max(Math.floor(now / this.#width), this.#newest)
    this.#ring ??= new Array<number>(SLOTS * FIELDS).fill(0)
    const passed = Math.min(SLOTS, index - this.#newest)
    for (let step = 0; step < passed; step++) {
      const base = this.#base(index - step)
      this.#ok -= this.#ring[base] ?? 0
      this.#bad -= this.#ring[base + BAD] ?? 0
      this.#slow -= this.#ring[base + SLOW] ?? 0
      this.#ring.fill(0, base, base + FIELDS)
    }
    this.#newest = index
    this.#end = (index + 1) * this.#width
    this.#place = this.#base(index)
  }

  #count(base: number, ok: number, bad: number, slow: number): void {
    const ring = this.#ring as number[]
    ring[base] = (ring[base] as number) + ok
    ring[base + BAD] = (ring[base + BAD] as number) + bad
    ring[base + SLOW] = (ring[base + SLOW] as number) + slow
    this.#ok += ok
    this.#bad += bad
    this.#slow += slow
  }

  /** Where a slot stands in the ring; a slot's index is negative when a clock starts below zero. */
  #base(index: number): number {
    return (((index % SLOTS) + SLOTS) % SLOTS) * FIELDS
  }
}

const WAS_BAD = 1
const WAS_SLOW = 2

/** The last `size` calls, exactly: two bits each, in a ring of bytes. */
export class CountWindow implements Window {
  readonly #size: number
  #ring: Uint8Array | undefined
  #next = 0
  #held = 0
  #bad = 0
  #slow = 0

  constructor(size: number) {
    this.#size = size
  }

  add(bad: boolean, slow: boolean): void {
    const ring = (this.#ring ??= new Uint8Array(this.#size))
    if (this.#held === this.#size) this.#tally(ring[this.#next] as number, -1)
    else this.#held++
    const call = (bad ? WAS_BAD : 0) | (slow ? WAS_SLOW : 0)
    ring[this.#next] = call
    this.#tally(call, 1)
    this.#next = this.#next + 1 === this.#size ? 0 : this.#next + 1
  }

  sums(): Sums {
    return { ok: this.#held - this.#bad, bad: this.#bad, slow: this.#slow }
  }

  clear(): void {
    this.#next = this.#held = this.#bad = this.#slow = 0
  }

  dump(): WindowMemo {
    let calls = ''
    for (let index = 0; index < this.#held; index++) {
      calls += this.#ring?.[(this.#next - this.#held + index + this.#size) % this.#size] ?? ''
    }
    return { calls }
  }

  load(memo: WindowMemo): void {
    if (!('calls' in memo)) return
    for (const call of memo.calls.slice(-this.#size))
      this.add((Number(call) & WAS_BAD) !== 0, (Number(call) & WAS_SLOW) !== 0)
  }

  #tally(call: number, sign: 1 | -1): void {
    if ((call & WAS_BAD) !== 0) this.#bad += sign
    if ((call & WAS_SLOW) !== 0) this.#slow += sign
  }
}
