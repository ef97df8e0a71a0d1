// This process's line to one shared storage. It gives every command a deadline of its own (clients do not bound what
// they have sent to a frozen server), knows whether the storage answers, and reads all circuits in use in one batch,
// from time to time and when pushes may have been missed. While the storage is down only that read is tried.

import { bad, checkDuration, checkKnown, checkPositive } from '../core/check.ts'
import type { FullClock } from '../core/clock.ts'
import { type Deciding, decidedAlone } from './alone.ts'
import { bounded } from './deadline.ts'
import type { CircuitStorage, MaybePromise, Presence, Seen, SharedOptions, StoredCircuit, WhenDown } from './storage.ts'

/** A circuit on this line. */
export interface Linked extends Deciding {
  readonly name: string
  /** What this process's calls came to since this was last asked. */
  seen(): Seen
  /** Storage answered with this; `undefined`: it has no such record. */
  met(stored: StoredCircuit | undefined): void
  wentDown(error: unknown): void
  cameUp(): void
}

/** {@link SharedOptions} with nothing left out. */
export interface SharedSettings {
  readonly timeout: number
  readonly confirm: number
  readonly refreshInterval: number
  readonly whenDown: WhenDown
}

const DEFAULTS: SharedSettings = { timeout: 100, confirm: 50, refreshInterval: 5_000, whenDown: 'last-known' }
const WHEN_DOWN: readonly WhenDown[] = ['last-known', 'closed', 'open', 'half-open']

/** ms over which the processes of a fleet spread what they would otherwise do at once, per process. */
const SPREAD = 0.5

/** Refuses what is no set of shared options; a storage's constructor calls it. */
export function resolveShared(options: SharedOptions): SharedSettings {
  const { timeout, confirm, refreshInterval, whenDown } = { ...DEFAULTS, ...dropUndefined(options) }
  if (!WHEN_DOWN.includes(whenDown)) throw bad('whenDown', `one of ${WHEN_DOWN.join(', ')}`, whenDown, 'string')
  return Object.freeze({
    timeout: checkPositive('timeout', timeout),
    confirm: checkDuration('confirm', confirm),
    refreshInterval: checkPositive('refreshInterval', refreshInterval),
    whenDown,
  })
}

export class Link {
  readonly storage: CircuitStorage
  readonly clock: FullClock
  readonly settings: SharedSettings
  readonly random: () => number
  /** This process's name in the fleet. */
  readonly id: string
  up = true
  readonly #linked = new Map<string, Linked>()
  #fleet = 1
  #reading: Promise<void> | undefined
  #cancelRefresh: (() => void) | undefined
  #toldAt: number
  #moves = 0

  constructor(storage: CircuitStorage, clock: FullClock) {
    this.storage = storage
    this.clock = clock
    this.settings = resolveShared(storage.shared ?? {})
    this.random = storage.random ?? Math.random
    this.#toldAt = clock.now()
    this.id = [1, 2].map(() => Math.floor(this.random() * 2 ** 40).toString(36)).join('')
  }

  /** Answers when storage was read once with it, or did not answer. All that join in one turn are read together. */
  join(linked: Linked): Promise<void> {
    this.#linked.set(linked.name, linked)
    return Promise.resolve().then(() => this.refresh())
  }

  leave(linked: Linked): void {
    this.#linked.delete(linked.name)
    if (this.#linked.size === 0) this.#cancelRefresh?.()
  }

  /** A name for a move that no other has. */
  nextMove(): string {
    return `${this.id}.${++this.#moves}`
  }

  /** Processes on the circuit, as storage last said. */
  set fleet(listeners: number) {
    this.#fleet = Math.max(1, listeners)
  }

  /** Runs a storage command under the deadline (ms). Whatever goes wrong, the storage is down then. */
  async command<T>(run: () => MaybePromise<T>, within: number = this.settings.timeout): Promise<T> {
    if (!this.up) throw new Error('The storage of this circuit does not answer')
    try {
      return await bounded(this.clock, run, within)
    } catch (error) {
      this.#down(error)
      throw error
    }
  }

  /** Reads everything in use. One at a time; whoever asks meanwhile gets that one's end. Never rejects. */
  refresh(): Promise<void> {
    this.#reading ??= this.#read().finally(() => {
      this.#reading = undefined
    })
    return this.#reading
  }

  /** Pushes may have been missed: read soon, but not all processes at once. */
  refreshSoon(): void {
    this.#schedule(this.random() * Math.max(20, this.#fleet * SPREAD))
  }

  async #read(): Promise<void> {
    const linked = [...this.#linked.values()]
    if (linked.length === 0) return
    const names = linked.map(({ name }) => name)
    const presence = this.#presence(linked)
    try {
      const answers = await bounded(this.clock, () => this.storage.read(names, presence), this.settings.timeout)
      if (!this.up) {
        this.up = true
        for (const one of linked) one.cameUp()
      }
      linked.forEach((one, index) => one.met(answers[index]))
    } catch (error) {
      this.#down(error)
    }
    this.#schedule()
  }

  /** What rides with a read. It is not told again where the read fails: it may have arrived. */
  #presence(linked: readonly Linked[]): Presence {
    const now = this.clock.now()
    const span = now - this.#toldAt
    this.#toldAt = now
    const circuits = Object.fromEntries(linked.map((one) => [one.name, one.seen()]))
    // What stands in for storage while it is away is no decision of this process.
    const alone = this.up ? decidedAlone(linked, now) : {}
    return { process: this.id, circuits, alone, span, every: this.settings.refreshInterval }
  }

  #down(error: unknown): void {
    if (!this.up) return
    this.up = false
    for (const linked of [...this.#linked.values()]) linked.wentDown(error)
  }

  #schedule(ms: number = this.settings.refreshInterval * (0.9 + 0.1 * this.random())): void {
    this.#cancelRefresh?.()
    if (this.#linked.size > 0 && ms !== Number.POSITIVE_INFINITY)
      this.#cancelRefresh = this.clock.after(ms, () => void this.refresh())
  }
}

function dropUndefined(options: SharedOptions): Partial<SharedSettings> {
  checkKnown('shared storage', options, Object.keys(DEFAULTS))
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined))
}
