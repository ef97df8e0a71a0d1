// The numbers of all metrics, whatever they are exported to. Totals are kept by name and grow by what each breaker has
// counted since the last reading: a breaker that is made anew under a name goes on where the last one was, and one that
// is in two sources counts once. Between readings only counts are held, no breaker that left its source.

import type { CircuitBreaker } from '../breaker.ts'
import { gateOf } from '../calls/gates.ts'
import type { Gate } from '../calls/gate.ts'
import type { CircuitState } from '../core/snapshot.ts'
import type { Stats } from '../core/stats.ts'
import { type Listing, listing, type MetricsSource } from './source.ts'
import { type Counts, noRejections, noTransitions, rejectionsOf, transitionsOf, watchChannels } from './tallies.ts'

/** All breakers of one name. */
export interface BreakerReading {
  readonly name: string
  /** Of several circuits under one name, the worst. */
  readonly state: CircuitState
  /** As what a person holds it. */
  readonly forced: ReadonlySet<'open' | 'closed'>
  readonly totals: Totals
}

/** Totals by verdict, by reason of rejection, by `from to`. */
export interface Totals {
  readonly calls: Counts
  readonly rejected: Counts
  readonly transitions: Counts
}

export interface Reading {
  readonly breakers: readonly BreakerReading[]
  /** Names that were there before and are not now; the latest of them. */
  readonly gone: readonly string[]
  /** Whether each shared storage in use answers. */
  readonly storageUp: boolean
}

/** A source that is being exported. */
interface Entry {
  readonly list: Listing
  readonly stop: () => void
}

/** What a breaker counts, without the breaker. */
interface Counted {
  readonly name: string
  readonly stats: Stats
  readonly rejected: Counts
  readonly transitions: Counts
}

/** Names that left, whose totals are kept in case they return. */
const MOST_GONE = 1_000

const SEVERITY: readonly CircuitState[] = ['closed', 'half-open', 'open']

export class Ledger {
  readonly #sources = new Set<Entry>()
  readonly #entries = new WeakMap<object, Entry>()
  readonly #totals = new Map<string, Totals>()
  readonly #gone = new Set<string>()
  /** Per object that counts, what of it is in the totals. */
  readonly #seen = new WeakMap<object, Counts>()
  readonly #onStart: () => void
  readonly #onStop: () => void
  #counted: readonly Counted[] = []
  #unwatch: (() => void) | undefined

  /** `onStart`: a source was named; `onStop`: the last one was stopped. */
  constructor(onStart: () => void, onStop: () => void) {
    this.#onStart = onStart
    this.#onStop = onStop
  }

  /** Adds a source; one that is there stays as it is, and its function to stop is the same. */
  add(source: MetricsSource): () => void {
    const list = listing(source)
    const before = this.#entries.get(source)
    this.#onStart()
    if (before !== undefined && this.#sources.has(before)) return before.stop
    const entry: Entry = { list, stop: () => this.#remove(entry) }
    this.#sources.add(entry)
    this.#entries.set(source, entry)
    this.#unwatch ??= watchChannels()
    return entry.stop
  }

  read(): Reading {
    const gates = this.#gates()
    const named = new Map<string, { state: CircuitState; readonly forced: Set<'open' | 'closed'> }>()
    let storageUp = true
    for (const gate of gates) {
      // Whoever looks notices that a hold is over: its transition is counted below.
      const { state, forced } = gate.look()
      const { name } = gate.settings
      const sum = named.get(name) ?? { state, forced: new Set() }
      if (SEVERITY.indexOf(state) > SEVERITY.indexOf(sum.state)) sum.state = state
      if (forced !== undefined) sum.forced.add(forced.state)
      if (gate.fleet?.isStorageUp === false) storageUp = false
      named.set(name, sum)
    }
    this.#count(gates)
    this.#forget(named)
    const breakers = [...named].map(([name, sum]) => ({ name, ...sum, totals: this.#totalsOf(name) }))
    return { breakers, gone: [...this.#gone], storageUp }
  }

  /** The gates of all sources, each once. */
  #gates(): readonly Gate[] {
    const breakers = new Set<CircuitBreaker>()
    for (const { list } of this.#sources) for (const breaker of list()) breakers.add(breaker)
    return [...breakers].map(gateOf)
  }

  /** Those that left since the last time counted to the end, too. */
  #count(gates: readonly Gate[]): void {
    const now = gates.map(countedBy)
    for (const one of [...this.#counted, ...now]) {
      const { calls, rejected, transitions } = this.#totalsOf(one.name)
      this.#grow(calls, one.stats, callsOf(one.stats))
      this.#grow(rejected, one.rejected, one.rejected)
      this.#grow(transitions, one.transitions, one.transitions)
    }
    this.#counted = now
  }

  /** Adds to a total what `counter` has counted since it was last seen. */
  #grow(total: Counts, counter: object, counts: Counts): void {
    const seen = this.#seen.get(counter)
    for (const [key, count] of Object.entries(counts)) total[key] = (total[key] ?? 0) + count - (seen?.[key] ?? 0)
    this.#seen.set(counter, { ...counts })
  }

  #totalsOf(name: string): Totals {
    let totals = this.#totals.get(name)
    if (totals === undefined) {
      totals = { calls: { success: 0, failure: 0, ignore: 0 }, rejected: noRejections(), transitions: noTransitions() }
      this.#totals.set(name, totals)
    }
    return totals
  }

  /** Keeps the totals of what is there, and of so many that left. */
  #forget(there: ReadonlyMap<string, unknown>): void {
    for (const name of this.#totals.keys()) {
      if (there.has(name)) this.#gone.delete(name)
      else this.#gone.add(name)
    }
    for (const name of this.#gone) {
      if (this.#gone.size <= MOST_GONE) break
      this.#gone.delete(name)
      this.#totals.delete(name)
    }
  }

  #remove(entry: Entry): void {
    if (!this.#sources.delete(entry) || this.#sources.size > 0) return
    this.#unwatch?.()
    this.#unwatch = undefined
    this.#onStop()
  }
}

function countedBy({ breaker, settings, stats, circuit }: Gate): Counted {
  return {
    name: settings.name,
    stats,
    rejected: rejectionsOf(breaker),
    transitions: transitionsOf(circuit),
  }
}

function callsOf({ successes, failures, ignored }: Stats): Counts {
  return { success: successes, failure: failures, ignore: ignored }
}
