// What the page knows: circuits, transitions, the envelope, the connection. It takes what the API said and tells who
// draws; it changes nothing by itself, so a row changes when storage says so and not before.

import type { WireCircuit, WireCircuits, WireEnvelope, WireTransition } from '../wire.ts'
import type { Seen } from './circuit.ts'
import type { PageClock } from './clock.ts'
import { Log } from './log.ts'
import { type View, byNeed, viewOf } from './view.ts'

/** `lost` since a moment, with the next try at another; `off` when the sign-in has ended. */
export type Link =
  | { readonly state: 'connecting' | 'live' }
  | { readonly state: 'lost'; readonly since: number; readonly next: number; readonly why: string | undefined }
  | { readonly state: 'off'; readonly since: number }

export class Store {
  readonly clock: PageClock
  readonly log: Log = new Log()
  envelope: WireEnvelope | undefined
  /** When the envelope was true. */
  got = 0
  link: Link = { state: 'connecting' }
  selected: string | undefined
  /** Older transitions than those that were asked for. */
  more = false
  readonly #seen = new Map<string, Seen>()
  readonly #views = new Map<string, { readonly view: View; readonly version: number }>()
  readonly #listeners: (() => void)[] = []
  #told = false

  constructor(clock: PageClock) {
    this.clock = clock
  }

  /** Draws after each change, once for all that change together. */
  onChange(listener: () => void): void {
    this.#listeners.push(listener)
  }

  changed(): void {
    if (this.#told) return
    this.#told = true
    queueMicrotask(() => {
      this.#told = false
      for (const listener of this.#listeners) listener()
    })
  }

  get names(): readonly string[] {
    return [...this.#seen.keys()]
  }

  view(name: string): View | undefined {
    const seen = this.#seen.get(name)
    if (seen === undefined) return undefined
    const known = this.#views.get(name)
    if (known?.view.seen === seen && known.version === this.log.version) return known.view
    const view = viewOf(seen, this.log.of(name), this.clock.now(), this.clock.wallNow())
    this.#views.set(name, { view, version: this.log.version })
    return view
  }

  /** In the order of need. */
  views(): View[] {
    return this.names.flatMap((name) => this.view(name) ?? []).sort(byNeed)
  }

  /** Whether a change could reach the processes and its effect be seen. */
  canAct(): boolean {
    return this.#mayAct() && this.envelope?.storage.up === true && this.link.state === 'live'
  }

  /** Whether this sign-in may act at all. */
  isReadOnly(): boolean {
    return !this.#mayAct()
  }

  #mayAct(): boolean {
    return this.envelope !== undefined && this.envelope.allowMutations && this.envelope.can.includes('operate')
  }

  takeEnvelope(envelope: WireEnvelope, got: number): void {
    this.clock.told(envelope.at, got)
    this.envelope = envelope
    this.got = got
    this.changed()
  }

  /** The whole list: what is not in it is gone. */
  takeAll(answer: WireCircuits, got: number): void {
    this.takeEnvelope(answer, got)
    const names = new Set(answer.circuits.map(({ name }) => name))
    for (const name of this.#seen.keys()) if (!names.has(name)) this.gone(name)
    for (const circuit of answer.circuits) this.takeCircuit(circuit, got)
  }

  takeCircuit(wire: WireCircuit, got: number): void {
    const known = this.#seen.get(wire.name)
    const { steps } = wire
    const kept =
      steps === undefined ? { steps: known?.steps ?? null, stepsGot: known?.stepsGot ?? got } : { steps, stepsGot: got }
    this.#seen.set(wire.name, { wire, got, ...kept })
    this.changed()
  }

  gone(name: string): void {
    this.#seen.delete(name)
    this.#views.delete(name)
    this.changed()
  }

  takeTransitions(transitions: readonly WireTransition[], got: number): void {
    this.log.add(transitions, got)
    this.changed()
  }

  setLink(link: Link): void {
    this.link = link
    this.changed()
  }

  select(name: string | undefined): void {
    this.selected = name
    this.changed()
  }
}
