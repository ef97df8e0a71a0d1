// The transitions the page knows, newest first, each once: answers and events overlap. What is older than the most
// it keeps is forgotten.

import type { WireTransition } from '../wire.ts'

/** A transition, and when it was (ms of the page's monotonic clock). */
export interface Moved {
  readonly wire: WireTransition
  readonly when: number
}

const MOST = 2_000

export class Log {
  readonly #all: Moved[] = []
  readonly #ids = new Set<string>()
  readonly #of = new Map<string, Moved[]>()
  /** Grows with each change, so that a view can tell whether it is still true. */
  version = 0

  get all(): readonly Moved[] {
    return this.#all
  }

  /** Of one circuit, newest first. */
  of(circuit: string): readonly Moved[] {
    return this.#of.get(circuit) ?? []
  }

  add(transitions: readonly WireTransition[], got: number): void {
    const fresh = transitions.filter(({ id }) => !this.#ids.has(id))
    if (fresh.length === 0) return
    for (const wire of fresh) {
      this.#ids.add(wire.id)
      this.#all.push({ wire, when: got - wire.ago })
    }
    this.#all.sort((a, b) => b.wire.at - a.wire.at || b.when - a.when)
    for (const { wire } of this.#all.splice(MOST)) this.#ids.delete(wire.id)
    this.#of.clear()
    for (const moved of this.#all) {
      const list = this.#of.get(moved.wire.circuit)
      if (list === undefined) this.#of.set(moved.wire.circuit, [moved])
      else list.push(moved)
    }
    this.version++
  }
}
