// Who is told of something. One that owns what it watches is held; the others only as long as somebody else holds
// them, so that a breaker which is dropped without a word leaves nothing behind. Those that are gone are cleared out
// as the crowd grows, so adding one costs the same whatever the number.

const SMALL_CROWD = 8

export class Watchers<T extends object> {
  #owner: T | undefined
  #others: WeakRef<T>[] | undefined
  #crowd = SMALL_CROWD

  /** Adds the one that owns what is watched: both go together. */
  own(owner: T): void {
    this.#owner = owner
  }

  add(watcher: T): void {
    this.#others ??= []
    if (this.#others.length >= this.#crowd) {
      this.#others = this.#others.filter((one) => one.deref() !== undefined)
      this.#crowd = Math.max(SMALL_CROWD, 2 * this.#others.length)
    }
    this.#others.push(new WeakRef(watcher))
  }

  remove(watcher: T): void {
    this.#others = this.#others?.filter((one) => one.deref() !== watcher)
  }

  tell(what: (watcher: T) => void): void {
    if (this.#owner !== undefined) what(this.#owner)
    for (const one of this.#others ?? []) {
      const watcher = one.deref()
      if (watcher !== undefined) what(watcher)
    }
  }
}
