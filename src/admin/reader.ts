// Reads a storage as nobody: a reader keeps no name in use and counts as no process. What was last heard stays known
// while the storage does not answer.

import { type FullClock, systemClock } from '../core/clock.ts'
import { warn } from '../core/warning.ts'
import { bounded } from '../fleet/deadline.ts'
import { ONLOOKER } from '../fleet/operator.ts'
import type { CircuitReport, CircuitStorage, MaybePromise, StoredTransition } from '../fleet/storage.ts'
import type { Heard } from './record.ts'
import { storageDown } from './refusal.ts'
import type { WireStorage } from './wire.ts'

/** ms; longer than a process waits: a person rather waits than sees nothing. */
const PATIENCE = 2_000
const MOST_CIRCUITS = 2_000

export class Reader {
  /** By name; those that were listed and have no record too. */
  known: ReadonlyMap<string, Heard> = new Map()
  /** ms by which this process's wall clock is ahead of the storage's time. */
  ahead = 0
  readonly #storage: CircuitStorage
  readonly #clock: FullClock
  #looking: Promise<void> | undefined
  #up = true
  /** What could not be read the last time: one warning each until it can. */
  readonly #warned = new Set<string>()
  #ms: number | null = null
  /** By name: what processes told last, and when by the clock. */
  readonly #told = new Map<string, { readonly report: CircuitReport | undefined; readonly at: number }>()
  /** Epoch ms. */
  #answered: number | undefined

  constructor(storage: CircuitStorage, clock: FullClock) {
    this.#storage = storage
    this.#clock = clock
  }

  get up(): boolean {
    return this.#up
  }

  /** How the last read went. */
  get state(): WireStorage {
    const now = Date.now()
    const answered = this.#answered ?? null
    if (this.#up) return { up: true, ms: this.#ms, asOf: now, downFor: 0 }
    return { up: false, ms: null, asOf: answered, downFor: answered === null ? null : now - answered }
  }

  /** Reads every record; `also`: names that are known from elsewhere. Never rejects. One at a time. */
  look(also: Iterable<string>): Promise<void> {
    this.#looking ??= this.#look(also).finally(() => {
      this.#looking = undefined
    })
    return this.#looking
  }

  /** Reads one record anew, after all that was written before. @throws Refusal where storage does not answer. */
  async one(name: string): Promise<Heard> {
    const [heard] = await this.#ask(() => this.#read([name]))
    this.known = new Map([...this.known, [name, heard as Heard]])
    return heard as Heard
  }

  /** Whether somebody has used the name lately. @throws Refusal where storage does not answer. */
  async lists(name: string): Promise<boolean> {
    const names = await this.#ask(() => this.#storage.list?.() ?? [])
    return names.includes(name)
  }

  /**
   * What processes told of these, as far as the storage keeps it; what they told last while it does not answer, or was
   * asked less than `within` ms ago.
   */
  async reports(names: readonly string[], within = 0): Promise<ReadonlyMap<string, CircuitReport>> {
    if (names.length === 0 || this.#storage.reports === undefined) return new Map()
    const since = this.#clock.now() - within
    const isOld = names.some((name) => (this.#told.get(name)?.at ?? since) <= since)
    if (isOld && this.#up) await this.#hearReports(names)
    return new Map(names.flatMap((name) => this.#agedReport(name)))
  }

  async #hearReports(names: readonly string[]): Promise<void> {
    try {
      const reports = (await this.#bounded('reports', () => this.#storage.reports?.(names))) ?? []
      const at = this.#clock.now()
      for (const [index, name] of names.entries()) this.#told.set(name, { report: reports[index], at })
    } catch {
      // They are for people to look at; what matters is whether records can be read.
    }
    for (const name of this.#told.keys()) if (!this.known.has(name)) this.#told.delete(name)
  }

  /** @throws Refusal where storage does not answer. */
  async transitions(circuit: string | undefined, limit: number): Promise<readonly StoredTransition[]> {
    const query = circuit === undefined ? { limit } : { circuit, limit }
    return this.#bounded('transitions', () => this.#storage.transitions?.(query) ?? [])
  }

  /** What was told some time ago ends that long ago: what came since is not known. */
  #agedReport(name: string): [string, CircuitReport][] {
    const { report, at = 0 } = this.#told.get(name) ?? {}
    return report === undefined ? [] : [[name, { ...report, at: report.at + this.#clock.now() - at }]]
  }

  async #look(also: Iterable<string>): Promise<void> {
    try {
      await this.#ask(async () => {
        const listed = (await this.#storage.list?.()) ?? []
        const names = [...new Set([...also, ...listed])].slice(0, MOST_CIRCUITS)
        const heard = await this.#read(names)
        this.known = new Map(names.map((name, index) => [name, heard[index] as Heard]))
      })
    } catch {
      // The state says so.
    }
  }

  async #read(names: readonly string[]): Promise<readonly Heard[]> {
    const start = performance.now()
    const records = names.length === 0 ? [] : await this.#storage.read(names, ONLOOKER)
    this.#ms = Math.round(10 * (performance.now() - start)) / 10
    const at = this.#clock.now()
    const wall = Date.now()
    return names.map((_, index) => {
      const stored = records[index]
      if (stored !== undefined) this.ahead = wall - stored.at
      return { stored, at }
    })
  }

  /** Says whether the storage is up. @throws Refusal */
  async #ask<T>(run: () => MaybePromise<T>): Promise<T> {
    try {
      const answer = await this.#bounded('circuits', run)
      this.#up = true
      this.#answered = Date.now()
      return answer
    } catch (error) {
      this.#up = false
      throw error
    }
  }

  /** @throws Refusal */
  async #bounded<T>(what: string, run: () => MaybePromise<T>): Promise<T> {
    try {
      const answer = await bounded(systemClock, run, PATIENCE)
      this.#warned.delete(what)
      return answer
    } catch (error) {
      if (!this.#warned.has(what)) warn(`The admin handler cannot read the ${what} of its storage`, error)
      this.#warned.add(what)
      throw storageDown()
    }
  }
}
