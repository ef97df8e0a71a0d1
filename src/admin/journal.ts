// What circuits of this process did, for lack of a storage that keeps it, or because it concerns this process alone. It
// hears the process-wide channel, so that no breaker has one listener more, and holds nobody: who drops the journal
// without a word is not kept by the channel.

import type { CircuitBreaker } from '../breaker.ts'
import { transitionChannel } from '../calls/channels.ts'
import type { Change } from '../core/listeners.ts'
import type { WireState, WireTransition } from './wire.ts'

/** One entry, before it is told how long ago that was. */
export type Entry = Omit<WireTransition, 'id' | 'ago'>

/** What breakers publish. */
export interface Message {
  readonly breaker: CircuitBreaker
  readonly from: WireState
  readonly to: WireState
  readonly change: Change
}

/** What becomes of a change of state; `undefined`: it is not this journal's. */
export type Reporter = (message: Message) => Entry | undefined

const MOST = 1_000

export class Journal {
  readonly #report: Reporter
  readonly #heard: () => void
  readonly #stop: () => void
  #entries: readonly WireTransition[] = []
  #written = 0

  /** `heard` is called when anything happened, entered or not. */
  constructor(report: Reporter, heard: () => void) {
    this.#report = report
    this.#heard = heard
    this.#stop = listen(new WeakRef(this))
  }

  write(entry: Entry): void {
    const id = `${entry.circuit} ${entry.at} local ${++this.#written}`
    this.#entries = [{ ...entry, id, ago: 0 }, ...this.#entries].slice(0, MOST)
    this.#heard()
  }

  /** Newest first. */
  read(circuit: string | undefined, limit: number, now: number): readonly WireTransition[] {
    const wanted = this.#entries.filter((one) => circuit === undefined || one.circuit === circuit).slice(0, limit)
    return wanted.map((one) => ({ ...one, ago: Math.max(0, now - one.at) }))
  }

  take(message: Message): void {
    const entry = this.#report(message)
    if (entry === undefined) this.#heard()
    else this.write(entry)
  }

  dispose(): void {
    this.#stop()
  }
}

// A function of its own: what subscribes must not hold the journal.
function listen(journal: WeakRef<Journal>): () => void {
  const stop = (): void => {
    transitionChannel.unsubscribe(hear)
  }
  function hear(message: unknown): void {
    const there = journal.deref()
    if (there === undefined) stop()
    else there.take(message as Message)
  }
  transitionChannel.subscribe(hear)
  return stop
}
