// Who is told of something, for as long as somebody else holds it: a breaker that is dropped without a word leaves
// nothing behind. Those that are gone are cleared out as the crowd grows, so adding one costs the same whatever the
// number.

const SMALL_CROWD = 8

export class Watchers<T extends object> {
  #all: WeakRef<T>[] = []
  #crowd = SMALL_CROWD

  add(watcher: T): void {
    if (this.#all.length >= this.#crowd) {
      this.#all = this.#all.filter((one) => one.deref() !== undefined)
      this.#crowd = Math.max(SMALL_CROWD, 2 * this.#all.length)
    }
    this.#all.push(new WeakRef(watcher))
  }

  tell(what: (watcher: T) => void): void {
    for (const one of this.#all) {
      const watcher = one.deref()
      if (watcher !== undefined) what(watcher)
    }
  }
}
