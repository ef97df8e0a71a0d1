// Virtual time: events in a heap, each run at its own time, and after each every promise reaction that is due.

import type { FullClock } from '../src/core/clock.ts'

interface Event {
  readonly at: number
  readonly order: number
  run: (() => void) | undefined
}

export class VirtualTime implements FullClock {
  /** Set by an event that settled no promise: there is nothing to wait for after it. */
  quiet = false
  /** Events so far. */
  steps = 0
  readonly #start: number
  readonly #heap: Event[] = []
  #now = 0
  #order = 0

  constructor(wallStart: number = Date.UTC(2026, 0, 1)) {
    this.#start = wallStart
  }

  now(): number {
    return this.#now
  }

  wallNow(): number {
    return this.#start + this.#now
  }

  after(ms: number, run: () => void): () => void {
    const event: Event = { at: this.#now + Math.max(0, ms), order: this.#order++, run }
    this.#push(event)
    return () => {
      event.run = undefined
    }
  }

  /** Runs what falls due until `end`, or until `done` says so. */
  async runUntil(end: number, done: () => boolean = () => false): Promise<void> {
    await settled()
    for (let next = this.#heap[0]; next !== undefined && next.at <= end; next = this.#heap[0]) {
      this.#pop()
      if (next.run === undefined) continue
      this.#now = next.at
      this.quiet = false
      this.steps++
      next.run()
      if (!this.quiet) await settled()
      if (done()) return
    }
    this.#now = Math.max(this.#now, end)
  }

  #push(event: Event): void {
    const heap = this.#heap
    let at = heap.length
    while (at > 0) {
      const up = (at - 1) >> 1
      const parent = heap[up] as Event
      if (!before(event, parent)) break
      heap[at] = parent
      at = up
    }
    heap[at] = event
  }

  #pop(): void {
    const heap = this.#heap
    const last = heap.pop() as Event
    if (heap.length === 0) return
    let at = 0
    for (;;) {
      let child = 2 * at + 1
      if (child >= heap.length) break
      if (child + 1 < heap.length && before(heap[child + 1] as Event, heap[child] as Event)) child++
      if (!before(heap[child] as Event, last)) break
      heap[at] = heap[child] as Event
      at = child
    }
    heap[at] = last
  }
}

function before(one: Event, other: Event): boolean {
  return one.at < other.at || (one.at === other.at && one.order < other.order)
}

/** Every promise reaction that is due has run, and those that follow from it. */
function settled(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}
