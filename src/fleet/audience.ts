// Who hears of a shared circuit in this process, and what they were last told: each change of state that counts is
// told once, whoever made it and however often it is learnt.

import type { CircuitWatcher, Transition } from '../core/circuit.ts'
import type { Overrides } from '../core/overrides.ts'
import type { CircuitState } from '../core/snapshot.ts'
import { Watchers } from '../core/watchers.ts'
import type { Seen } from './storage.ts'
import { type Counting, Unreported } from './unreported.ts'

/** Told of what happens to a fleet's circuit, and counts its calls. */
export interface FleetWatcher extends CircuitWatcher, Counting {
  storageDown(error: unknown): void
  storageUp(): void
}

export class Audience {
  /** The state they know. */
  told: CircuitState = 'closed'
  readonly #watchers = new Watchers<FleetWatcher>()
  readonly #unreported = new Unreported()

  add(watcher: FleetWatcher): void {
    this.#watchers.add(watcher)
  }

  remove(watcher: FleetWatcher): void {
    this.#unreported.add(watcher)
    this.#watchers.remove(watcher)
  }

  /** Tells the state that counts now, if they do not know it. `wall` in epoch ms. */
  tell(to: CircuitState, wall: number, { why, by, origin }: Pick<Transition, 'why' | 'by' | 'origin'>): void {
    const from = this.told
    if (from === to) return
    this.told = to
    // A record keeps the reason it opened for; that a trial goes out is told by nobody else.
    const claimed = from === 'open' && to === 'half-open' && by === undefined
    const reason = claimed ? 'its time is over, a trial call goes out' : why
    this.#watchers.tell((watcher) => watcher.told({ from, to, at: wall, why: reason, by, origin }))
  }

  /** What their calls came to since this was last asked. */
  seen(): Seen {
    this.#watchers.tell((watcher) => this.#unreported.add(watcher))
    return this.#unreported.take()
  }

  updated(overrides: Overrides | undefined): void {
    this.#watchers.tell((watcher) => watcher.updated?.(overrides))
  }

  storageDown(error: unknown): void {
    this.#watchers.tell((watcher) => watcher.storageDown(error))
  }

  storageUp(): void {
    this.#watchers.tell((watcher) => watcher.storageUp())
  }
}
