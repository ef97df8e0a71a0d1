// Circuits that all processes of one machine share, over a socket. The first process serves the others from its memory;
// when it ends, whoever finds the socket unserved takes over, starts empty, and is told by the others what they know
// (`reconnected`: they read, find less than they have, and put it back).

import { bad, checkObject } from '../core/check.ts'
import { type Clock, systemClock } from '../core/clock.ts'
import { describeError } from '../core/describe.ts'
import { warn } from '../core/warning.ts'
import { resolveShared, type SharedSettings } from '../fleet/link.ts'
import { checkNamespace } from '../fleet/namespace.ts'
import type {
  CircuitReport,
  CircuitStorage,
  Move,
  Note,
  Presence,
  SharedOptions,
  StoredCircuit,
  StoredTransition,
  Tally,
  Watcher,
} from '../fleet/storage.ts'
import { join } from './join.ts'
import { type Place, placeOf } from './place.ts'
import type { Ears, Seat } from './seat.ts'

/** Where the processes meet, and how they share. */
export interface HostStorageOptions extends SharedOptions {
  /** Where the socket stands; processes with the same path share. At most 107 bytes (macOS: 103). @default one per user and namespace, below the system's folder for temporary files */
  path?: string | undefined
  /** Keeps circuits of equal names apart, as with Redis: an environment, an application. Instead of a `path`. @default none */
  namespace?: string | undefined
}

const DISPOSED = 'The storage was disposed'

/** ms of the first pause before a new attempt, at most; each further one in a row doubles it. */
const SHORTEST_PAUSE = 10
const LONGEST_PAUSE = 5_000
/** Commands wait for a pause so short (ms); a longer one rejects them. */
const WORTH_WAITING = 50
/** ms that a seat has to last for one failure to be forgotten. */
const FORGIVEN = 1_000

/** All processes of one machine and user share circuits; there is nothing to install. */
export class HostStorage implements CircuitStorage {
  readonly shared: SharedSettings
  /** What keeps circuits of equal names apart; empty where there is none. */
  readonly namespace: string
  readonly #place: Place
  readonly #ears: Ears
  readonly #watchers = new Map<string, Set<Watcher>>()
  #seat: Seat | undefined
  #joining: Promise<Seat> | undefined
  #disposed = false
  /** There was a seat at this path: what does not answer there is hung, and no stranger. */
  #known = false
  #since = 0
  #failures = 0
  #pausedUntil = 0
  #cancelPause: (() => void) | undefined
  #fault: Error | undefined
  #warned: string | undefined
  /** How far the time of the group is ahead of this process's clock: whoever takes over goes on from there. */
  #ahead = Number.NEGATIVE_INFINITY

  /** @throws TypeError or RangeError for bad options, for a path beside a namespace, and for one too long for a socket. */
  constructor(options: HostStorageOptions = {}) {
    const { path, namespace = '', ...shared } = checkObject('options', options)
    this.shared = resolveShared(shared)
    this.namespace = checkNamespace(namespace)
    if (path !== undefined && namespace !== '') throw bad('namespace', 'left out beside a `path`', namespace, 'string')
    this.#place = placeOf(path, namespace)
    this.#ears = {
      changed: (name, circuit) => this.#tell(name, (watcher) => watcher.changed(name, circuit)),
      noted: (name, note: Note) => this.#tell(name, (watcher) => watcher.noted(name, note)),
      clock: (at) => {
        this.#ahead = Math.max(this.#ahead, at - systemClock.now())
      },
      lost: (seat, error) => this.#lost(seat, error),
    }
  }

  async read(names: readonly string[], presence?: Presence): Promise<readonly (StoredCircuit | undefined)[]> {
    return (this.#seat ?? (await this.#join())).read(names, presence)
  }

  async add(name: string, tally: Tally): Promise<StoredCircuit> {
    return (this.#seat ?? (await this.#join())).add(name, tally)
  }

  async replace(
    name: string,
    expected: StoredCircuit | undefined,
    next: Move,
  ): Promise<{ readonly replaced: boolean; readonly current: StoredCircuit | undefined }> {
    return (this.#seat ?? (await this.#join())).replace(name, expected, next)
  }

  watch(name: string, watcher: Watcher): () => void {
    const watchers = this.#watchers.get(name) ?? new Set()
    if (watchers.size === 0) {
      this.#watchers.set(name, watchers)
      this.#seat?.watch(name)
    }
    watchers.add(watcher)
    if (this.#seat === undefined) this.#joinSoon()
    return () => {
      if (!watchers.delete(watcher) || watchers.size > 0 || this.#watchers.get(name) !== watchers) return
      this.#watchers.delete(name)
      this.#seat?.unwatch(name)
    }
  }

  async list(): Promise<readonly string[]> {
    return (this.#seat ?? (await this.#join())).list()
  }

  async transitions(options: { circuit?: string; limit: number }): Promise<readonly StoredTransition[]> {
    return (this.#seat ?? (await this.#join())).transitions(options)
  }

  async reports(names: readonly string[]): Promise<readonly (CircuitReport | undefined)[]> {
    return (this.#seat ?? (await this.#join())).reports(names)
  }

  /** Leaves the group; where this process served it, another takes over. */
  dispose(): Promise<void> {
    this.#disposed = true
    this.#watchers.clear()
    this.#cancelPause?.()
    this.#seat?.leave()
    this.#seat = undefined
    return Promise.resolve()
  }

  /** Whoever asks while an attempt is under way gets its end; in a longer pause, the last one's. */
  #join(): Promise<Seat> {
    if (this.#disposed) return Promise.reject(new Error(DISPOSED))
    const pause = this.#pausedUntil - systemClock.now()
    if (this.#joining === undefined && pause > WORTH_WAITING) return Promise.reject(this.#fault)
    this.#joining ??= this.#attempt(pause).finally(() => {
      this.#joining = undefined
    })
    return this.#joining
  }

  /** What comes of it is heard by watchers; a failure makes for another attempt. */
  #joinSoon(): void {
    if (this.#disposed || this.#seat !== undefined || this.#watchers.size === 0) return
    this.#join().catch(() => {})
  }

  async #attempt(pause: number): Promise<Seat> {
    if (pause > 0) await new Promise<void>((resolve) => systemClock.after(pause, resolve))
    try {
      if (!this.#disposed) return this.#take(await join(this.#place, this.#ears, this.#clock(), this.#known))
    } catch (error) {
      if (!this.#disposed) this.#failed(error as Error)
      throw error
    }
    throw new Error(DISPOSED)
  }

  #take(seat: Seat): Seat {
    if (this.#disposed) {
      seat.leave()
      throw new Error(DISPOSED)
    }
    if (seat.ended) throw new Error('The connection ended at once')
    this.#seat = seat
    this.#known = true
    this.#since = systemClock.now()
    for (const name of this.#watchers.keys()) seat.watch(name)
    const watchers = new Set([...this.#watchers.values()].flatMap((some) => [...some]))
    // After whoever waits for the seat, so that its command is the first.
    queueMicrotask(() => {
      for (const watcher of watchers) this.#guard(() => watcher.reconnected())
    })
    return seat
  }

  #failed(error: Error): void {
    if (this.#warned !== error.message)
      warn(`Circuits are not shared with other processes at ${this.#place.path}`, error)
    this.#warned = error.message
    this.#pause(error)
  }

  #lost(seat: Seat, error: Error): void {
    if (this.#seat !== seat) return
    this.#seat = undefined
    const lasted = systemClock.now() - this.#since
    this.#failures = Math.max(0, this.#failures - Math.floor(lasted / FORGIVEN))
    this.#pause(error)
  }

  /** All that lost the same seat come back, but not at the same moment; what keeps failing is tried ever more seldom. */
  #pause(error: Error): void {
    this.#fault = error
    const ms = Math.random() * Math.min(LONGEST_PAUSE, SHORTEST_PAUSE * 2 ** this.#failures)
    this.#failures++
    this.#pausedUntil = systemClock.now() + ms
    this.#cancelPause?.()
    this.#cancelPause = systemClock.after(ms, () => this.#joinSoon())
  }

  #clock(): Clock {
    const ahead = this.#ahead
    const wallNow = (): number => (Number.isFinite(ahead) ? systemClock.now() + ahead : systemClock.wallNow())
    return { now: systemClock.now, wallNow }
  }

  #tell(name: string, what: (watcher: Watcher) => void): void {
    for (const watcher of this.#watchers.get(name) ?? []) this.#guard(() => what(watcher))
  }

  #guard(run: () => void): void {
    try {
      run()
    } catch (error) {
      warn(`A watcher threw: ${describeError(error)}`)
    }
  }
}
