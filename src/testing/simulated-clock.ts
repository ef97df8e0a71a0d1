// A process's own clock: it starts minutes off, goes a little too fast or too slow, and ends with its process.

import type { Clock, FullClock } from '../core/clock.ts'

/** The clock of one process on a {@link SimulatedStorage}. */
export class SimulatedClock implements Clock {
  readonly #base: FullClock
  readonly #skew: number
  readonly #rate: number
  readonly #timers = new Set<() => void>()
  #stopped = false
  #standing: (() => void)[] | undefined

  /** `skew` ms ahead of `base`, going `1 + drift` times as fast. */
  constructor(base: FullClock, skew: number, drift: number) {
    this.#base = base
    this.#skew = skew
    this.#rate = 1 + drift
  }

  now(): number {
    return this.#base.now() * this.#rate + this.#skew
  }

  wallNow(): number {
    return this.#base.wallNow() + this.#skew
  }

  after(ms: number, run: () => void): () => void {
    if (this.#stopped) return () => undefined
    const end = (): void => {
      cancel()
      this.#timers.delete(end)
    }
    const cancel = this.#base.after(ms / this.#rate, () => {
      this.turn(() => {
        if (this.#timers.delete(end)) run()
      })
    })
    this.#timers.add(end)
    return end
  }

  /** Timers that have not fired. */
  get pending(): number {
    return this.#timers.size
  }

  /** Nothing happens in its process from now on, as in a long garbage collection; time goes on. */
  pause(): void {
    this.#standing ??= []
  }

  /** Everything that should have happened meanwhile happens now, one after the other. */
  resume(): void {
    this.#base.after(0, () => {
      const run = this.#standing?.shift()
      if (run === undefined) this.#standing = undefined
      else {
        this.resume()
        run()
      }
    })
  }

  /** Whether its process stands still. */
  get paused(): boolean {
    return this.#standing !== undefined
  }

  /** Something is to happen in its process. @internal */
  turn(run: () => void): void {
    if (this.#standing === undefined) run()
    else this.#standing.push(run)
  }

  /** Its process is gone: no timer fires any more. */
  stop(): void {
    this.#stopped = true
    this.#standing = undefined
    for (const end of [...this.#timers]) end()
  }
}
