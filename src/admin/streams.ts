// Streams of events: a heartbeat at once and then every second, a circuit when it changes, a transition as it is
// written. All streams share one look at the source a second, and one soon after something happened here; while nobody
// listens nothing is read. The timer keeps no process alive. A reader that does not keep up is let go of.

import { systemClock } from '../core/clock.ts'
import { warn } from '../core/warning.ts'
import { type AdminEvent, Changes } from './changes.ts'
import { Refusal } from './refusal.ts'
import { events } from './reply.ts'
import type { AdminSource, Survey } from './source.ts'
import type { WireEnvelope } from './wire.ts'

/** Whom a stream is for. */
export interface Listening {
  /** Ends the stream. */
  readonly signal: AbortSignal
  /** Whether it is still who it was; asked from time to time. */
  isKnown(): Promise<boolean>
  envelope(survey: Survey): WireEnvelope
}

interface Stream extends Listening {
  readonly controller: ReadableStreamDefaultController<Uint8Array>
  /** Heartbeats until it is asked who listens. */
  left: number
}

const EVERY = 1_000
/** Hints that come together are one look. */
const SOON = 20
/** Heartbeats between two times that a listener is asked anew who it is. */
const RECOGNISED_FOR = 30
/** Bytes that may wait for a slow reader. */
const MOST_WAITING = 1_048_576

export class Streams {
  readonly #source: AdminSource
  readonly #most: number
  readonly #recognisedFor: number
  readonly #streams = new Set<Stream>()
  readonly #encoder = new TextEncoder()
  #changes: Changes
  #survey: Survey | undefined
  #looking = false
  /** Something happened during a look. */
  #again = false
  #stops: readonly (() => void)[] = []
  #ended = false

  constructor(source: AdminSource, most: number, recognisedFor: number = RECOGNISED_FOR) {
    this.#source = source
    this.#most = most
    this.#recognisedFor = recognisedFor
    this.#changes = new Changes(source)
  }

  /** @throws Refusal where there are too many. */
  open(listening: Listening): Response {
    if (this.#ended || this.#streams.size >= this.#most) {
      const headers = { 'retry-after': '5' }
      throw new Refusal(503, 'too-many-streams', 'There are too many streams of events.', { headers })
    }
    let stream: Stream | undefined
    const end = (): void => {
      if (stream !== undefined) this.#end(stream)
    }
    const body = new ReadableStream<Uint8Array>(
      {
        start: (controller) => {
          stream = { ...listening, controller, left: this.#recognisedFor }
          this.#streams.add(stream)
        },
        cancel: end,
      },
      new ByteLengthQueuingStrategy({ highWaterMark: MOST_WAITING }),
    )
    listening.signal.addEventListener('abort', end, { once: true })
    if (listening.signal.aborted) end()
    if (this.#stops.length === 0) this.#begin()
    else if (stream !== undefined) this.#beat(stream)
    return events(body)
  }

  /** Ends all; no more are opened. */
  dispose(): void {
    this.#ended = true
    for (const stream of this.#streams) this.#end(stream)
  }

  #begin(): void {
    // What was told to others, some time ago, is no base for what is news now.
    this.#changes = new Changes(this.#source)
    this.#survey = undefined
    let cancelTick = (): void => undefined
    let cancelLook = (): void => undefined
    const tick = (): void => {
      cancelTick = systemClock.after(EVERY, tick)
      for (const stream of this.#streams) this.#beat(stream)
      void this.#look()
    }
    const unhint = this.#source.onHint(() => {
      cancelLook()
      cancelLook = systemClock.after(SOON, () => void this.#look())
    })
    this.#stops = [unhint, () => cancelTick(), () => cancelLook()]
    cancelTick = systemClock.after(EVERY, tick)
    void this.#look()
  }

  async #look(): Promise<void> {
    this.#again = this.#looking
    if (this.#looking) return
    this.#looking = true
    try {
      const { survey, news } = await this.#changes.look()
      const isFirst = this.#survey === undefined
      this.#survey = survey
      if (isFirst) for (const stream of this.#streams) this.#beat(stream)
      for (const event of news) for (const stream of this.#streams) this.#send(stream, event)
    } catch (error) {
      warn('The admin handler cannot look at its circuits', error)
    } finally {
      this.#looking = false
    }
    if (this.#again && this.#streams.size > 0) void this.#look()
  }

  #beat(stream: Stream): void {
    if (this.#survey === undefined) return
    this.#send(stream, { kind: 'heartbeat', data: stream.envelope(this.#survey) })
    if (--stream.left > 0) return
    stream.left = this.#recognisedFor
    stream.isKnown().then(
      (known) => known || this.#end(stream),
      () => this.#end(stream),
    )
  }

  #send(stream: Stream, { kind, data }: AdminEvent): void {
    const { controller } = stream
    if ((controller.desiredSize ?? 0) <= 0) this.#end(stream)
    else controller.enqueue(this.#encoder.encode(`event: ${kind}\ndata: ${JSON.stringify(data)}\n\n`))
  }

  #end(stream: Stream): void {
    if (!this.#streams.delete(stream)) return
    try {
      stream.controller.close()
    } catch {
      // Its reader has cancelled it already.
    }
    if (this.#streams.size > 0) return
    for (const stop of this.#stops) stop()
    this.#stops = []
  }
}
