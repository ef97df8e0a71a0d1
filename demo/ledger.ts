/**
 * What happened in one round: every order's ending by act, the recent past by quarter seconds, every change of the circuit.
 * It counts and says nothing; views, summary and expectations read it.
 */
import { performance } from 'node:perf_hooks'
import { addTo, type FleetChange, type Told } from './changes.ts'
import type { Customer, Ending } from './load.ts'
import type { BreakerReport, PaymentsReport, Transition } from './messages.ts'
import type { Act } from './script.ts'

export interface Tally {
  came: number
  served: number
  failedFast: number
  failedSlow: number
  /** ms that customers spent on orders that failed */
  wasted: number
  readonly latencies: number[]
}

/** A quarter of a second, or what a busy machine made of it. */
export interface Moment {
  readonly tally: Tally
  readonly waiting: number
  readonly ms: number
}

/** Moments kept: as many as the widest sparkline shows. */
const memory = 60

const newTally = (): Tally => ({ came: 0, served: 0, failedFast: 0, failedSlow: 0, wasted: 0, latencies: [] })

export class ShopLedger implements Customer {
  waiting = 0
  walkedPasts = 0
  readonly odd = new Map<string, number>()
  readonly moments: Moment[] = []
  readonly #acts = new Map<string, Tally>()
  #act = newTally()
  #moment = newTally()
  #since = performance.now()

  begin(act: Act): void {
    this.#act = newTally()
    this.#acts.set(act.name, this.#act)
  }

  came(): void {
    this.waiting += 1
    for (const tally of [this.#act, this.#moment]) tally.came += 1
  }

  left(ending: Ending, ms: number): void {
    this.waiting -= 1
    if (typeof ending === 'object') this.odd.set(ending.odd, (this.odd.get(ending.odd) ?? 0) + 1)
    for (const tally of [this.#act, this.#moment]) {
      tally.latencies.push(ms)
      if (ending === 'served') tally.served += 1
      else tally.wasted += ms
      if (ending === 'failed fast') tally.failedFast += 1
      if (ending === 'failed slow') tally.failedSlow += 1
    }
  }

  walkedPast(): void {
    this.walkedPasts += 1
  }

  /** Ends a moment and begins the next. */
  tick(): void {
    const now = performance.now()
    this.moments.push({ tally: this.#moment, waiting: this.waiting, ms: now - this.#since })
    if (this.moments.length > memory) this.moments.shift()
    this.#moment = newTally()
    this.#since = now
  }

  /** What ended in the named acts, in all of them when none is named. */
  during(...acts: readonly string[]): Tally {
    return sum([...this.#acts].filter(([name]) => acts.length === 0 || acts.includes(name)).map(([, tally]) => tally))
  }

  /** The last four moments together. */
  lately(): { readonly tally: Tally; readonly seconds: number } {
    const last = this.moments.slice(-4)
    const ms = last.reduce((total, moment) => total + moment.ms, 0)
    return { tally: sum(last.map((moment) => moment.tally)), seconds: Math.max(ms, 1) / 1_000 }
  }
}

export class Ledger {
  readonly guarded = new ShopLedger()
  readonly bare = new ShopLedger()
  /** As each shop told them. */
  readonly transitions: Told[] = []
  /** The same, put together. */
  readonly changes: FleetChange[] = []
  /** Times that a shop could not reach what they share, and went on by itself. */
  aloneTimes = 0
  readonly acts: readonly Act[]
  readonly rate: number
  act: Act
  payments: PaymentsReport = {}
  /** By shop; `undefined` for a shop that has none. */
  breakers: readonly (BreakerReport | undefined)[] = []
  readonly #start = performance.now()

  constructor(acts: readonly [Act, ...Act[]], rate: number) {
    this.acts = acts
    this.rate = rate
    this.act = acts[0]
  }

  /** Seconds since the round began. */
  get time(): number {
    return (performance.now() - this.#start) / 1_000
  }

  get allClosed(): boolean {
    return this.breakers.every((breaker) => breaker === undefined || breaker.state === 'closed')
  }

  begin(act: Act): void {
    this.act = act
    this.guarded.begin(act)
    this.bare.begin(act)
  }

  tick(): void {
    this.guarded.tick()
    this.bare.tick()
  }

  transition(shop: string, change: Transition): Told {
    const told = { ...change, shop, at: this.time, act: this.act.name }
    this.transitions.push(told)
    addTo(this.changes, told)
    return told
  }
}

/** The value below which that share of the values lies; `undefined` for no values. */
export function quantile(share: number, values: readonly number[]): number | undefined {
  return values.toSorted((a, b) => a - b)[Math.min(values.length - 1, Math.floor(share * values.length))]
}

function sum(tallies: readonly Tally[]): Tally {
  const total = newTally()
  for (const tally of tallies) {
    total.came += tally.came
    total.served += tally.served
    total.failedFast += tally.failedFast
    total.failedSlow += tally.failedSlow
    total.wasted += tally.wasted
    total.latencies.push(...tally.latencies)
  }
  return total
}
