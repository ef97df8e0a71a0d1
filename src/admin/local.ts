// An application whose circuits are its own: everything is in this process, so everything is known at once.

import type { CircuitBreaker } from '../breaker.ts'
import type { Infuse } from '../infuse.ts'
import { command, type Done } from './command.ts'
import { lookInside } from './inside.ts'
import { type Entry, Journal } from './journal.ts'
import type { Order } from './order.ts'
import { paint } from './portrait.ts'
import { notFound } from './refusal.ts'
import { Sampler } from './sampler.ts'
import type { AdminSource, Found, Place, Survey } from './source.ts'
import { stepsOf } from './steps.ts'
import type { WireCircuit, WireOverrides, WireStorage, WireTransition } from './wire.ts'

export class LocalSource implements AdminSource {
  readonly place: Place
  readonly #infuse: Infuse
  readonly #sampler: Sampler
  readonly #journal: Journal
  readonly #hints = new Set<() => void>()
  readonly #overridden = new WeakMap<CircuitBreaker, Pick<WireOverrides, 'by' | 'at'>>()
  /** The circuit that an order moves now: it writes its own entry. */
  #ordered: string | undefined

  constructor(infuse: Infuse) {
    const { env, serviceName } = infuse
    this.place = { namespace: null, env: env ?? null, service: serviceName ?? null, shellCommand: null }
    this.#infuse = infuse
    this.#sampler = new Sampler(() => infuse.breakers)
    this.#journal = new Journal(
      ({ breaker, from, to, change }) => {
        const { name } = breaker
        if (infuse.breakers.get(name) !== breaker || this.#ordered === name) return undefined
        const { forced, since } = lookInside(breaker).snapshot
        const kind = forced === undefined ? 'moved' : 'forced'
        const told = { kind, from, to, at: change.at.getTime(), by: change.by, why: change.reason } as const
        const held = forced === undefined ? Number.POSITIVE_INFINITY : forced.until - since
        return { ...entryOf(name, told), for: Number.isFinite(held) ? held : null }
      },
      () => {
        for (const hear of this.#hints) hear()
      },
    )
  }

  survey(withSteps: boolean): Promise<Survey> {
    if (withSteps) this.#sampler.sample()
    const circuits = [...this.#infuse.breakers.values()].map((breaker) => this.#paint(breaker, withSteps))
    return Promise.resolve({ circuits, storage: stateOf(), processes: 1 })
  }

  circuit(name: string): Promise<Found | undefined> {
    const breaker = this.#infuse.breakers.get(name)
    this.#sampler.sample()
    const found = breaker && { circuit: this.#paint(breaker, true), storage: stateOf(), processes: 1 }
    return Promise.resolve(found)
  }

  transitions(circuit: string | undefined, limit: number): Promise<readonly WireTransition[]> {
    return Promise.resolve(this.#journal.read(circuit, limit, Date.now()))
  }

  async carryOut(name: string, order: Order): Promise<void> {
    const breaker = this.#infuse.breakers.get(name)
    if (breaker === undefined) throw notFound('circuit')
    const { by, reason: why } = order
    const at = Date.now()
    const { state: from } = lookInside(breaker).snapshot
    this.#ordered = name
    let done: Done
    try {
      done = command(breaker, order)
    } finally {
      this.#ordered = undefined
    }
    await done.stored
    const { state: to } = lookInside(breaker).snapshot
    if (order.action === 'update') this.#overridden.set(breaker, { by, at })
    const kind = KINDS[order.action] ?? 'moved'
    this.#journal.write({ ...entryOf(name, { kind, from, to, at, by, why }), change: done.change, for: done.held })
  }

  onHint(hear: () => void): () => void {
    this.#hints.add(hear)
    return () => void this.#hints.delete(hear)
  }

  dispose(): void {
    this.#journal.dispose()
    this.#sampler.dispose()
  }

  #paint(breaker: CircuitBreaker, withSteps: boolean): WireCircuit {
    const { name } = breaker
    const inside = lookInside(breaker)
    const [report] = withSteps ? this.#sampler.read([name]) : []
    return paint({
      ...inside,
      name,
      scope: 'local',
      policy: undefined,
      overrides: inside.rules.overrides,
      overridden: this.#overridden.get(breaker),
      late: inside.stats.late,
      processes: 1,
      local: null,
      trialBy: null,
      steps: withSteps ? (report ? stepsOf(report, 0) : null) : undefined,
    })
  }
}

const KINDS: Partial<Record<Order['action'], Entry['kind']>> = {
  force: 'forced',
  release: 'released',
  update: 'updated',
}

interface Told extends Pick<Entry, 'kind' | 'from' | 'to' | 'at'> {
  readonly by: string | undefined
  readonly why: string | undefined
}

function entryOf(circuit: string, { kind, from, to, at, by, why }: Told): Entry {
  return {
    circuit,
    kind,
    from,
    to,
    at,
    by: by ?? null,
    why: why ?? null,
    change: null,
    for: null,
    scope: 'local',
    process: null,
  }
}

/** Memory always answers. */
function stateOf(): WireStorage {
  return { up: true, ms: null, asOf: Date.now(), downFor: 0 }
}
