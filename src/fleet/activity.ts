// How much is under way: commands in flight and timers that are due. `settled()` waits for none.

export class Activity {
  #running = 0
  #waiting: (() => void)[] = []

  /** Something begins; the answer ends it, once. */
  begin(): () => void {
    this.#running++
    let ended = false
    return () => {
      if (ended) return
      ended = true
      this.#running--
      if (this.#running > 0) return
      const waiting = this.#waiting
      this.#waiting = []
      for (const resolve of waiting) resolve()
    }
  }

  /** Resolves when nothing is under way. */
  idle(): Promise<void> {
    return this.#running === 0 ? Promise.resolve() : new Promise((resolve) => this.#waiting.push(resolve))
  }
}
