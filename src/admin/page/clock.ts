// The page's time: ms of its own monotonic clock, and what the server's clock says at the same moment. The browser's
// wall clock is never asked, so a machine an hour off shows the right times and the right countdowns.

/** Less than that is the way of the answer, not the clock: times of day must not flicker. ms */
const JITTER = 300

export class PageClock {
  readonly #monotonic: () => number
  #offset: number | undefined

  constructor(monotonic: () => number) {
    this.#monotonic = monotonic
  }

  now(): number {
    return this.#monotonic()
  }

  /** What the server's clock showed when an answer came. */
  told(at: number, got: number): void {
    const offset = at - got
    if (this.#offset === undefined || Math.abs(offset - this.#offset) > JITTER) this.#offset = offset
  }

  /** Epoch ms of a moment of the page's clock; before the first answer there is none. */
  wallAt(moment: number): number | undefined {
    return this.#offset === undefined ? undefined : this.#offset + moment
  }

  wallNow(): number {
    return this.wallAt(this.now()) ?? 0
  }
}
