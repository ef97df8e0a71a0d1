// Circuits in a storage that many processes share. Where an application stands beside it, what its own breakers know is
// laid over what storage says; while storage does not answer they go on, and of the others the last known is shown.

import type { CircuitBreaker } from '../breaker.ts'
import { type FullClock, fullClock } from '../core/clock.ts'
import { fleetCounts } from '../fleet/crossing.ts'
import { groupOf } from '../fleet/namespace.ts'
import { Operator } from '../fleet/operator.ts'
import type { CircuitReport, CircuitStorage } from '../fleet/storage.ts'
import type { Infuse } from '../infuse.ts'
import { aloneIn } from './alone.ts'
import { tellHistory } from './history.ts'
import { type Inside, lookInside } from './inside.ts'
import { type Entry, Journal, type Message } from './journal.ts'
import { operate } from './operate.ts'
import type { Order } from './order.ts'
import { paint } from './portrait.ts'
import { Reader } from './reader.ts'
import { type Heard, snapshotOf, trialBy } from './record.ts'
import { storageDown } from './refusal.ts'
import type { AdminSource, Found, Place, Survey } from './source.ts'
import { stepsOf } from './steps.ts'
import type { WireCircuit, WireOverrides, WireTransition } from './wire.ts'

const REFRESH = 5_000
/** ms that a report may be under way. */
const UNDER_WAY = 500
const NOTHING: Heard = { stored: undefined, at: 0 }

type Overridden = Pick<WireOverrides, 'by' | 'at'>

export class SharedSource implements AdminSource {
  readonly place: Place
  readonly #storage: CircuitStorage
  readonly #breakers: ReadonlyMap<string, CircuitBreaker>
  readonly #clock: FullClock
  readonly #reader: Reader
  readonly #operator: Operator
  readonly #journal: Journal | undefined
  readonly #hints = new Set<() => void>()
  /** Who changed thresholds, by circuit and what they are. */
  readonly #authors = new Map<string, Overridden & { readonly said: string }>()
  /** That reported lately. */
  #processes: number | null = null
  /** Breakers that were open though the fleet was not. */
  readonly #alone = new WeakSet<CircuitBreaker>()

  constructor(storage: CircuitStorage, infuse: Infuse | undefined) {
    this.#storage = storage
    this.#breakers = infuse?.breakers ?? new Map()
    this.#clock = fullClock(storage.clock)
    this.#reader = new Reader(storage, this.#clock)
    this.#operator = new Operator(storage)
    this.place = placeOf(storage, infuse)
    const hint = (): void => {
      for (const hear of this.#hints) hear()
    }
    this.#journal = infuse && new Journal((message) => this.#entryOf(message), hint)
  }

  async survey(withSteps: boolean): Promise<Survey> {
    await this.#reader.look(this.#breakers.keys())
    const names = [...new Set([...this.#breakers.keys(), ...this.#reader.known.keys()])]
    const reports = await this.#reader.reports(names, withSteps ? 0 : REFRESH)
    if (withSteps) await this.#findAuthors(names)
    const circuits = names.map((name) => this.#paint(name, reports, withSteps))
    const storage = this.#reader.state
    if (this.#storage.reports !== undefined && storage.up) this.#processes = distinct(reports.values())
    return { circuits, storage, processes: this.#processes }
  }

  async circuit(name: string): Promise<Found | undefined> {
    const reader = this.#reader
    try {
      const { stored } = await reader.one(name)
      if (stored === undefined && !this.#breakers.has(name) && !(await reader.lists(name))) return undefined
    } catch {
      // The last that was known is better than nothing, and says that it is old.
      if (!reader.known.has(name) && !this.#breakers.has(name)) throw storageDown()
    }
    await this.#findAuthors([name])
    const circuit = this.#paint(name, await reader.reports([name]), true)
    return { circuit, storage: reader.state, processes: this.#processes }
  }

  async transitions(circuit: string | undefined, limit: number): Promise<readonly WireTransition[]> {
    const reader = this.#reader
    const stored = await reader.transitions(circuit, limit)
    const now = Date.now()
    const fleet = tellHistory(stored, reader.ahead, now)
    const own = this.#journal?.read(circuit, limit, now) ?? []
    return own.length === 0 ? fleet : [...fleet, ...own].sort((a, b) => b.at - a.at).slice(0, limit)
  }

  async carryOut(name: string, order: Order): Promise<void> {
    // A breaker acts in its own process at once; that must not be all that comes of it.
    await this.#reader.one(name)
    await operate(this.#operator, name, this.#breakers.get(name), order)
    for (const hear of this.#hints) hear()
  }

  onHint(hear: () => void): () => void {
    this.#hints.add(hear)
    return () => void this.#hints.delete(hear)
  }

  dispose(): void {
    this.#journal?.dispose()
  }

  #paint(name: string, reports: ReadonlyMap<string, CircuitReport>, withSteps: boolean): WireCircuit {
    const breaker = this.#breakers.get(name)
    const inside = breaker && lookInside(breaker)
    const clock = inside?.clock ?? this.#clock
    const heard = this.#reader.known.get(name) ?? NOTHING
    const fleet = snapshotOf(heard, this.#clock)
    const isFleetUp = fleet.state !== 'closed' || fleet.forced !== undefined
    const isOwn = inside !== undefined && this.#isAlone(inside, isFleetUp)
    const report = reports.get(name)
    const others = report && this.#reader.up && !isFleetUp ? aloneIn(report, this.#clock) : undefined
    const snapshot = isOwn ? inside.snapshot : (others?.snapshot ?? fleet)
    const isLocal = isOwn || others !== undefined
    const { stored } = heard
    const processes = report?.processes.length ?? null
    return paint({
      name,
      snapshot,
      scope: isLocal ? 'local' : 'fleet',
      counts: {
        ...(isOwn && inside.counts),
        ...(stored && fleetCounts(inside?.rules.parts ?? [], stored.counts, stored.at)),
        trialSuccesses: snapshot.successes,
      },
      clock: isOwn ? clock : this.#clock,
      rules: inside?.rules,
      policy: stored?.policy,
      overrides: stored?.overrides,
      overridden: this.#authors.get(name),
      late: null,
      processes,
      local: others?.local ?? (isOwn ? { open: this.#reader.up ? 1 : null, of: processes, who: null } : null),
      trialBy: isLocal ? null : trialBy(heard, this.#clock),
      steps: withSteps ? (report ? stepsOf(report, this.#lag) : null) : undefined,
    })
  }

  /** Whether what this process decided alone is what counts for it. */
  #isAlone({ snapshot, isGoverned }: Inside, isFleetUp: boolean): boolean {
    if (!this.#reader.up) return !isGoverned
    return !isFleetUp && snapshot.state !== 'closed' && !isGoverned
  }

  get #lag(): number {
    return (this.#storage.shared?.refreshInterval ?? REFRESH) + UNDER_WAY
  }

  /** A record does not say who changed thresholds; the history does. */
  async #findAuthors(names: readonly string[]): Promise<void> {
    for (const name of names) {
      const { stored } = this.#reader.known.get(name) ?? NOTHING
      const said = JSON.stringify(stored?.overrides)
      if (said === undefined) this.#authors.delete(name)
      else if (this.#authors.get(name)?.said !== said) {
        const history = await this.#reader.transitions(name, 50).catch(() => [])
        const entry = history.find(({ act }) => act === 'updated')
        const at = entry === undefined ? null : entry.at.getTime() + this.#reader.ahead
        this.#authors.set(name, { said, by: entry?.by ?? null, at })
      }
    }
  }

  /** Only what this process did alone: what the fleet does stands in storage. */
  #entryOf({ breaker, from, to, change }: Message): Entry | undefined {
    const { name } = breaker
    if (this.#breakers.get(name) !== breaker) return undefined
    const isAlone = to === 'closed' ? this.#alone.has(breaker) : !lookInside(breaker).isGoverned
    if (to === 'closed' || !isAlone) this.#alone.delete(breaker)
    else this.#alone.add(breaker)
    if (!isAlone) return undefined
    const [by, why] = [change.by ?? null, change.reason ?? null]
    const at = change.at.getTime()
    const common = { change: null, for: null, scope: 'local', process: null } as const
    return { circuit: name, kind: 'moved', from, to, at, by, why, ...common }
  }
}

function distinct(reports: Iterable<CircuitReport>): number {
  return new Set([...reports].flatMap(({ processes }) => processes)).size
}

function placeOf(storage: CircuitStorage, infuse: Infuse | undefined): Place {
  const { namespace } = storage as { namespace?: unknown }
  // Of `prod:{name}` what all circuits have in common: the command below has a `{name}` of its own.
  const known = typeof namespace === 'string' ? groupOf(namespace) : ''
  const where = known === '' ? '' : ` --namespace ${known}`
  const canSay = storage.shared !== undefined && !known.includes('*')
  return {
    namespace: known === '' ? null : known,
    env: infuse?.env ?? null,
    service: infuse?.serviceName ?? null,
    shellCommand: canSay ? `infuse force {name} open --for 15m --reason "…"${where}` : null,
  }
}
