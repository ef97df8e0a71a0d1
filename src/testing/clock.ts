// A clock that moves when it is told to, timers included, so that nobody's tests have to sleep.

import type { Clock } from '../core/clock.ts'

interface Timer {
  readonly at: number
  readonly run: () => void
}

/** A clock for tests. Pass it as `clock`; {@link advance} moves time and fires what is due, `run`'s timeouts included. */
export class ManualClock implements Clock {
  #now: number
  #wall: number
  #timers: readonly Timer[] = []

  /** `start` in ms, `wallStart` in epoch ms. @default 0, 1 January 2026 */
  constructor(start = 0, wallStart: number = Date.UTC(2026, 0, 1)) {
    this.#now = start
    this.#wall = wallStart
  }

  now(): number {
    return this.#now
  }

  wallNow(): number {
    return this.#wall
  }

  /** Timers that have not fired. */
  get pending(): number {
    return this.#timers.length
  }

  after(ms: number, run: () => void): () => void {
    const timer: Timer = { at: this.#now + ms, run }
    this.#timers = [...this.#timers, timer]
    return () => this.#drop(timer)
  }

  /**
   * Moves both times by `ms` and runs the timers that fall due, in order, each at its own time. Promise reactions run
   * later: `await` something before you look at their effects.
   */
  advance(ms: number): void {
    const end = this.#now + ms
    for (let next = this.#due(end); next !== undefined; next = this.#due(end)) {
      this.#drop(next)
      this.#moveTo(Math.max(next.at, this.#now))
      next.run()
    }
    this.#moveTo(end)
  }

  /** Sets the wall time alone, as an operator or NTP does. */
  setWall(epochMs: number): void {
    this.#wall = epochMs
  }

  #due(end: number): Timer | undefined {
    const due = this.#timers.filter((timer) => timer.at <= end)
    return due.reduce<Timer | undefined>(
      (first, timer) => (first === undefined || timer.at < first.at ? timer : first),
      undefined,
    )
  }

  #moveTo(now: number): void {
    this.#wall += now - this.#now
    this.#now = now
  }

  #drop(timer: Timer): void {
    this.#timers = this.#timers.filter((one) => one !== timer)
  }
}
