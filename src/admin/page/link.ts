// The connection: the stream of events with its heartbeat, and the list every 5 s, when a step of the plots is over.
// Three seconds without a heartbeat are a lost connection; it is tried again, later each time. A 401 ends it all.

import type { WireCircuitEvent, WireCircuits, WireEnvelope, WireTransition, WireTransitions } from '../wire.ts'
import { ApiError, type Got, getCircuits, getTransitions, openEvents } from './api.ts'
import { EventParser, type ServerEvent } from './sse.ts'
import type { Store } from './store.ts'

const SILENCE = 3_000
const POLL = 5_000
const WAITS = [1_000, 2_000, 4_000, 8_000]
const TRANSITIONS = 500

export class Connection {
  readonly #store: Store
  #stream: AbortController | undefined
  #heard = 0
  #polled = 0
  #polling = false
  #tries = 0
  /** Whose transitions were all asked for; what comes after that is told. */
  readonly #known = new Set<string>()

  constructor(store: Store) {
    this.#store = store
  }

  /** Reads everything, then listens. */
  async start(): Promise<void> {
    const { link } = this.#store
    if (link.state === 'off') return
    this.#stream?.abort()
    this.#known.clear()
    const stream = new AbortController()
    this.#stream = stream
    this.#heard = this.#store.clock.now()
    try {
      const body = await openEvents(stream.signal)
      // Both before anything is drawn: the order goes by the transitions too.
      const [circuits, transitions] = await Promise.all([getCircuits(), getTransitions(TRANSITIONS)])
      if (stream.signal.aborted) return
      this.#takeTransitions(transitions)
      this.#takeAll(circuits)
      this.#tries = 0
      this.#heard = this.#store.clock.now()
      this.#store.setLink({ state: 'live' })
      await this.#listen(body)
      throw new ApiError(0, 'The server ended the connection.')
    } catch (error) {
      if (!stream.signal.aborted) this.#lost(error)
    }
  }

  /** Once a second. */
  tick(now: number): void {
    const { link } = this.#store
    if (link.state === 'off') return
    if (link.state === 'lost') {
      if (now >= link.next) this.retry()
      return
    }
    if (now - this.#heard > SILENCE) {
      if (link.state === 'live') this.#lost(undefined)
      return
    }
    if (link.state === 'live' && now - this.#polled >= POLL) void this.#poll()
  }

  /** Tries again at once. */
  retry(): void {
    const { link, clock } = this.#store
    if (link.state !== 'lost') return
    this.#store.setLink({ ...link, next: clock.now() + this.#wait() })
    this.#tries++
    void this.start()
  }

  /** Reads the list now: something was done. */
  refresh(): void {
    if (this.#store.link.state === 'live') void this.#poll()
  }

  /** Older transitions. */
  async readMore(): Promise<void> {
    await this.#guarded(() => this.#readTransitions(this.#store.log.all.length + TRANSITIONS))
  }

  /** Every one of a circuit. */
  async readTransitionsOf(circuit: string): Promise<void> {
    if (this.#known.has(circuit)) return
    this.#known.add(circuit)
    await this.#guarded(async () => {
      const { body, got } = await getTransitions(100, circuit)
      this.#store.takeTransitions(body.transitions, got)
    })
  }

  async #poll(): Promise<void> {
    if (this.#polling) return
    this.#polling = true
    this.#polled = this.#store.clock.now()
    await this.#guarded(() => this.#readAll())
    this.#polling = false
  }

  /** What a single read meets: the end of the sign-in counts, anything else is the heartbeat's to notice. */
  async #guarded(read: () => Promise<void>): Promise<void> {
    try {
      await read()
    } catch (error) {
      if (error instanceof ApiError && error.status === 401) this.#lost(error)
    }
  }

  async #readAll(): Promise<void> {
    this.#takeAll(await getCircuits())
  }

  async #readTransitions(limit: number): Promise<void> {
    this.#takeTransitions(await getTransitions(limit))
  }

  #takeAll({ body, got }: Got<WireCircuits>): void {
    this.#polled = got
    this.#store.takeAll(body, got)
  }

  #takeTransitions({ body, got }: Got<WireTransitions>): void {
    this.#store.more = body.more
    this.#store.takeTransitions(body.transitions, got)
  }

  async #listen(body: ReadableStream<Uint8Array>): Promise<void> {
    const reader = body.pipeThrough(new TextDecoderStream() as TransformStream<Uint8Array, string>).getReader()
    const parser = new EventParser()
    for (;;) {
      const { done, value } = await reader.read()
      if (done) return
      for (const event of parser.push(value)) this.#take(event)
    }
  }

  #take({ event, data }: ServerEvent): void {
    const store = this.#store
    const got = store.clock.now()
    this.#heard = got
    if (event === 'heartbeat') {
      const envelope = JSON.parse(data) as WireEnvelope
      const changed = store.envelope !== undefined && envelope.storage.up !== store.envelope.storage.up
      store.takeEnvelope(envelope, got)
      if (changed) void this.#poll()
    } else if (event === 'circuit') {
      const told = JSON.parse(data) as WireCircuitEvent
      if ('gone' in told) store.gone(told.gone)
      else store.takeCircuit(told.circuit, got)
    } else if (event === 'transition') {
      store.takeTransitions([JSON.parse(data) as WireTransition], got)
    }
  }

  #lost(error: unknown): void {
    this.#stream?.abort()
    const { link, clock } = this.#store
    const now = clock.now()
    if (error instanceof ApiError && error.status === 401) {
      this.#store.setLink({ state: 'off', since: now })
      return
    }
    // What the server says of its own: a right that is missing, too many pages that are open.
    const why = error instanceof ApiError && error.status >= 400 ? error.message : undefined
    const since = link.state === 'lost' ? link.since : this.#heard
    this.#store.setLink({ state: 'lost', since, next: now + this.#wait(), why })
  }

  #wait(): number {
    return WAITS[Math.min(this.#tries, WAITS.length - 1)] ?? 0
  }
}
