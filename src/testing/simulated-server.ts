// The server of a simulated storage: a MemoryStorage with a clock of its own, that works through its commands one after
// the other, and that can be stopped, frozen, emptied, and replaced by a stand-in that knows less.

import type { FullClock } from '../core/clock.ts'
import { MemoryStorage } from '../fleet/memory.ts'
import { toGiveBack } from '../fleet/mirror.ts'
import { Reports } from '../fleet/reports.ts'
import type { StoredCircuit, Watcher } from '../fleet/storage.ts'

/** How many commands the server has carried out. */
export interface SimulatedCommands {
  read: number
  add: number
  replace: number
}

interface Subscription {
  readonly name: string
  readonly watcher: Watcher
  stop: () => void
}

interface Remembered {
  readonly when: number
  readonly name: string
  readonly stored: StoredCircuit | undefined
}

/** @internal A command that has reached the server: what it does, and what to answer where the server does not take it. */
export interface Arrival {
  run(store: MemoryStorage): void
  refuse(error: Error): void
}

/** So far back, in ms, goes what a stand-in can know. */
const MEMORY = 10_000

/** The server behind a {@link SimulatedStorage}: what can happen to it, and what it was asked. */
export class SimulatedServer {
  /** Commands carried out so far. */
  readonly commands: SimulatedCommands = { read: 0, add: 0, replace: 0 }
  readonly #base: FullClock
  readonly #commandTime: number
  readonly #clock: { now(): number; wallNow(): number }
  #store: MemoryStorage
  #reports: Reports
  #shift = 0
  #mode: 'well' | 'stopped' | 'frozen' = 'well'
  #waiting: Arrival[] = []
  #busyUntil = Number.NEGATIVE_INFINITY
  readonly #subscriptions = new Set<Subscription>()
  #remembered: Remembered[] = []
  #tidyAt = 2_000

  /** `commandTime`: ms that a command keeps the server from the next. @internal */
  constructor(base: FullClock, commandTime: number) {
    this.#base = base
    this.#commandTime = commandTime
    this.#clock = { now: () => base.now() + this.#shift, wallNow: () => base.wallNow() + this.#shift }
    this.#store = new MemoryStorage({ clock: this.#clock })
    this.#reports = new Reports(this.#clock)
  }

  /** What processes told of their circuits. @internal */
  get reports(): Reports {
    return this.#reports
  }

  /** Commands wait from now on, and are carried out at {@link thaw}, however late that is. */
  freeze(): void {
    if (this.#mode === 'well') this.#mode = 'frozen'
  }

  /** The frozen server goes on. */
  thaw(): void {
    if (this.#mode !== 'frozen') return
    this.#mode = 'well'
    const waiting = this.#waiting
    this.#waiting = []
    for (const arrival of waiting) arrival.run(this.#store)
  }

  /** Commands are refused at once, and nobody is told of anything. */
  stop(): void {
    this.#mode = 'stopped'
    const waiting = this.#waiting
    this.#waiting = []
    for (const { refuse } of waiting) refuse(stopped())
    for (const subscription of this.#subscriptions) subscription.stop()
  }

  /** The stopped server is back, with what it knew; who watched is told to read again. */
  start(): void {
    if (this.#mode !== 'stopped') return
    this.#mode = 'well'
    for (const subscription of this.#subscriptions) this.#subscribe(subscription)
    for (const { watcher } of [...this.#subscriptions]) watcher.reconnected()
  }

  /** Everything stored is gone, as after FLUSHALL. */
  flush(): void {
    const names = new Set(this.#remembered.map(({ name }) => name))
    this.#swap()
    for (const name of names) this.#remember(name, undefined)
  }

  /**
   * A replica takes over that lacks the last `lost` ms of what was written (10 s at most), and whose clock is `shift` ms
   * ahead of the old one's.
   */
  failOver({ lost = 0, shift = 0 }: { lost?: number; shift?: number } = {}): void {
    const since = this.#base.now() - lost
    const known = new Map<string, StoredCircuit | undefined>()
    for (const { when, name, stored } of this.#remembered) if (when <= since) known.set(name, stored)
    this.#shift += shift
    this.#swap(known)
    for (const name of new Set(this.#remembered.map((one) => one.name))) this.#remember(name, known.get(name))
    for (const { watcher } of [...this.#subscriptions]) watcher.reconnected()
  }

  /** What is stored now; not a command. */
  peek(name: string): StoredCircuit | undefined {
    return this.#store.read([name])[0]
  }

  /** Takes a command in its turn. @internal */
  receive(arrival: Arrival): void {
    if (this.#mode === 'stopped') arrival.refuse(stopped())
    else if (this.#mode === 'frozen') this.#waiting.push(arrival)
    else {
      const now = this.#base.now()
      this.#busyUntil = Math.max(this.#busyUntil, now) + this.#commandTime
      if (this.#commandTime === 0) arrival.run(this.#store)
      else this.#base.after(this.#busyUntil - now, () => this.#run(arrival))
    }
  }

  /** Keeps what a command has left, for {@link failOver}. @internal */
  wrote(name: string, stored: StoredCircuit | undefined): void {
    if (stored !== undefined) this.#remember(name, stored)
  }

  /** @internal */
  watch(name: string, watcher: Watcher): () => void {
    const subscription: Subscription = { name, watcher, stop: () => undefined }
    this.#subscriptions.add(subscription)
    if (this.#mode !== 'stopped') this.#subscribe(subscription)
    return () => {
      subscription.stop()
      this.#subscriptions.delete(subscription)
    }
  }

  #run(arrival: Arrival): void {
    if (this.#mode === 'well') arrival.run(this.#store)
    else if (this.#mode === 'frozen') this.#waiting.push(arrival)
    else arrival.refuse(stopped())
  }

  #subscribe(subscription: Subscription): void {
    subscription.stop = this.#store.watch(subscription.name, subscription.watcher)
  }

  #swap(known: ReadonlyMap<string, StoredCircuit | undefined> = new Map()): void {
    this.#store = new MemoryStorage({ clock: this.#clock })
    this.#reports = new Reports(this.#clock)
    for (const [name, stored] of known) if (stored !== undefined) restore(this.#store, name, stored)
    if (this.#mode !== 'stopped') for (const subscription of this.#subscriptions) this.#subscribe(subscription)
  }

  #remember(name: string, stored: StoredCircuit | undefined): void {
    const when = this.#base.now()
    this.#remembered.push({ when, name, stored })
    if (this.#remembered.length < this.#tidyAt) return
    // The newest of what is too old still says how it was at the beginning of what is kept.
    const old = this.#remembered.filter((one) => one.when < when - MEMORY)
    const last = new Map(old.map((one) => [one.name, one]))
    this.#remembered = [...last.values(), ...this.#remembered.slice(old.length)]
    this.#tidyAt = 2_000 + 2 * this.#remembered.length
  }
}

function restore(store: MemoryStorage, name: string, stored: StoredCircuit): void {
  const { epoch, period, counts } = stored
  store.replace(name, undefined, toGiveBack(stored, stored.move))
  const { fails = [], slots = [] } = counts
  const keep = { ...(fails.length > 0 && { fails: fails.length }), ...(slots.length > 0 && { slotWidth: 1 }) }
  store.add(name, { ...counts, epoch, period, keep: { ...keep, ...(slots.length > 0 && { slots: slots.length }) } })
}

function stopped(): Error {
  return new Error('The simulated storage is stopped')
}
