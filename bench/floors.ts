/**
 * Hand-written breakers: what the least possible breaker costs, in three forms.
 * They count consecutive failures (or a rate over ten one-second slots), open, and let one trial through.
 * No listeners, no classification, no late verdicts: a floor, not a recommendation.
 */
export type AsyncFn = () => Promise<number>

export class OpenError extends Error {}

/** Passes the promise on with `then`: one extra promise, no extra async frame. */
export class ThenBreaker {
  #failures = 0
  #openUntil = 0
  readonly #failMax: number
  readonly #resetTimeout: number

  constructor(failMax: number, resetTimeout: number) {
    this.#failMax = failMax
    this.#resetTimeout = resetTimeout
  }

  readonly #success = (value: number): number => {
    this.#failures = 0
    this.#openUntil = 0
    return value
  }

  readonly #failure = (error: unknown): never => {
    if (++this.#failures >= this.#failMax) this.#openUntil = performance.now() + this.#resetTimeout
    throw error
  }

  call(fn: AsyncFn): Promise<number> {
    if (this.#openUntil !== 0) {
      if (performance.now() < this.#openUntil) return Promise.reject(new OpenError('open'))
      this.#openUntil = Infinity
    }
    return fn().then(this.#success, this.#failure)
  }

  callSync(fn: () => number): number {
    if (this.#openUntil !== 0) {
      if (performance.now() < this.#openUntil) throw new OpenError('open')
      this.#openUntil = Infinity
    }
    try {
      return this.#success(fn())
    } catch (error) {
      return this.#failure(error)
    }
  }
}

/** The same with `async` and `await`. */
export class AsyncBreaker {
  #failures = 0
  #openUntil = 0
  readonly #failMax: number
  readonly #resetTimeout: number

  constructor(failMax: number, resetTimeout: number) {
    this.#failMax = failMax
    this.#resetTimeout = resetTimeout
  }

  async call(fn: AsyncFn): Promise<number> {
    if (this.#openUntil !== 0) {
      if (performance.now() < this.#openUntil) throw new OpenError('open')
      this.#openUntil = Infinity
    }
    try {
      const value = await fn()
      this.#failures = 0
      this.#openUntil = 0
      return value
    } catch (error) {
      if (++this.#failures >= this.#failMax) this.#openUntil = performance.now() + this.#resetTimeout
      throw error
    }
  }
}

/** The `then` form with a failure rate over ten slots of a second: reads a clock at every verdict. */
export class WindowBreaker {
  #openUntil = 0
  readonly #starts = new Float64Array(10)
  readonly #good = new Float64Array(10)
  readonly #bad = new Float64Array(10)
  readonly #threshold: number
  readonly #resetTimeout: number

  constructor(threshold: number, resetTimeout: number) {
    this.#threshold = threshold
    this.#resetTimeout = resetTimeout
  }

  #slot(now: number): number {
    const second = Math.floor(now / 1000)
    const index = second % 10
    if (this.#starts[index] !== second) {
      this.#starts[index] = second
      this.#good[index] = this.#bad[index] = 0
    }
    return index
  }

  readonly #success = (value: number): number => {
    this.#good[this.#slot(Date.now())]! += 1
    this.#openUntil = 0
    return value
  }

  readonly #failure = (error: unknown): never => {
    const now = Date.now()
    this.#bad[this.#slot(now)]! += 1
    let good = 0
    let bad = 0
    for (let index = 0; index < 10; index++) {
      if (this.#starts[index]! <= now / 1000 - 10) continue
      good += this.#good[index]!
      bad += this.#bad[index]!
    }
    if (good + bad >= 10 && bad / (good + bad) >= this.#threshold) this.#openUntil = now + this.#resetTimeout
    throw error
  }

  call(fn: AsyncFn): Promise<number> {
    if (this.#openUntil !== 0) {
      if (Date.now() < this.#openUntil) return Promise.reject(new OpenError('open'))
      this.#openUntil = Infinity
    }
    return fn().then(this.#success, this.#failure)
  }
}
