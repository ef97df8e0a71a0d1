// How a process tells the fleet of failures, and how the fleet makes sure before it trips. Reports are paced, one in
// flight, and what happens meanwhile rides with the next. Whoever sees the counts cross asks the others first; those
// with a newer success say so, and a refuted ask is over. One that nobody refutes is carried out by its asker, or by
// another where the asker died.

import type { Activity } from './activity.ts'
import { crossing, keepFor } from './crossing.ts'
import type { Link } from './link.ts'
import type { Mirror } from './mirror.ts'
import type { Part } from '../core/trip.ts'
import type { Note, StoredCircuit, Tally } from './storage.ts'
import { Unsaid } from './unsaid.ts'

/** What the reporter asks of its circuit. */
export interface Reporting {
  readonly name: string
  readonly parts: readonly Part[]
  /** Takes over what storage said. */
  met(stored: StoredCircuit | undefined): void
  /** What is under way, for `settled()`. */
  readonly activity: Activity
  /** The fleet's counts crossed the policy, and nobody objected. */
  trip(why: string): void
}

type Said = Pick<Tally, 'ask' | 'hush'>

/** ms between two reports of one process, and per process of the fleet: some 2 000 a second in all. */
const FLOOR = 20
const FLOOR_PER_PROCESS = 0.5
/** One ask per so many ms and process of the fleet. */
const ASK_PER_PROCESS = 0.2
/** Shares of `confirm`: within which answers come, and after which an asker that did not act has died. */
const ANSWER = 0.6
const ANSWER_OF_FEW = 0.12
const FEW = 16
const GRACE = 1.5
const ASK_ENDS = 4

export class Reporter {
  readonly unsaid: Unsaid
  readonly #circuit: Reporting
  readonly #link: Link
  readonly #mirror: Mirror
  #sending: Promise<void> | undefined
  #queued: Said | undefined
  #lastReport = Number.NEGATIVE_INFINITY
  #hushed = 0
  #cancelIntroduction: (() => void) | undefined
  #cancelReport: (() => void) | undefined
  #cancelConfirm: (() => void) | undefined
  #cancelAnswer: (() => void) | undefined
  #cancelLook: (() => void) | undefined

  constructor(circuit: Reporting, link: Link, mirror: Mirror) {
    this.#circuit = circuit
    this.#link = link
    this.#mirror = mirror
    this.unsaid = new Unsaid(keepFor(circuit.parts))
  }

  /** Follows a changed policy. */
  follow(parts: readonly Part[]): void {
    this.unsaid.keep = keepFor(parts)
  }

  /**
   * Makes a record where there is none, at some time before the next refresh: so that all know storage's time, and how
   * many they are, before anything fails. A large fleet would come all at once then, twice each.
   */
  introduce(): void {
    const { clock, random, settings } = this.#link
    if (this.#cancelIntroduction !== undefined || settings.refreshInterval === Number.POSITIVE_INFINITY) return
    this.#cancelIntroduction = clock.after(random() * settings.refreshInterval, () => {
      this.#cancelIntroduction = undefined
      if (this.#mirror.offset !== undefined || !this.#link.up) return
      this.#add({}).then(
        (stored) => this.#circuit.met(stored),
        () => undefined,
      )
    })
  }

  /** Tells the fleet of what is unsaid, as soon as the pace allows. */
  report(): void {
    if (!this.#link.up || this.#sending !== undefined || this.#cancelReport !== undefined) return
    const { clock, random } = this.#link
    const floor = Math.max(FLOOR, this.#processes * FLOOR_PER_PROCESS)
    const due = this.#lastReport + floor - clock.now()
    // The first reports of a large fleet would come all at once.
    const wait = due <= 0 && floor > FLOOR ? random() * floor : due
    if (wait <= 0) this.#send()
    else {
      this.#cancelReport = this.#later(wait, () => {
        this.#cancelReport = undefined
        this.#send()
      })
    }
  }

  /** Somebody asks whether the fleet should trip: speaks up if there was a success since. */
  asked(note: Note & { kind: 'ask' }): void {
    const { asker, asked, since, epoch, listeners } = note
    if (epoch !== this.#mirror.epoch || asker === this.#link.id) return
    // Who has met no record yet learns storage's time from the note.
    const offset = this.#mirror.offset ?? asked - this.#link.clock.now()
    this.#cancelAnswer?.()
    this.#cancelAnswer = this.#later(this.#answerDelay(listeners), () => {
      this.#cancelAnswer = undefined
      if (this.#hushed !== asked && this.unsaid.refutes(since - offset)) this.#send()
    })
  }

  /** The ask was refuted; it is over. */
  hushed({ asked }: Note & { kind: 'hush' }): void {
    this.#hushed = asked
    this.#cancelAnswer?.()
    this.#cancelConfirm?.()
    this.#cancelAnswer = this.#cancelConfirm = undefined
  }

  /** A new period: what belonged to the old one is void. */
  reset(): void {
    this.unsaid.clear()
    this.#cancelReport?.()
    this.#cancelAnswer?.()
    this.#cancelConfirm?.()
    this.#cancelLook?.()
    this.#cancelReport = this.#cancelAnswer = this.#cancelConfirm = this.#cancelLook = undefined
    this.#queued = undefined
  }

  /** The circuit is let go of: nothing is said any more. */
  dispose(): void {
    this.reset()
    this.#cancelIntroduction?.()
    this.#cancelIntroduction = undefined
  }

  get #processes(): number {
    return this.#mirror.stored?.listeners ?? 1
  }

  /** One at a time; what else is to be said rides with the next. */
  #send(said: Said = {}): void {
    if (this.#sending !== undefined) {
      this.#queued = { ...this.#queued, ...said }
      return
    }
    this.#cancelLook?.()
    this.#cancelLook = undefined
    const end = this.#circuit.activity.begin()
    this.#sending = this.#exchange(said).finally(() => {
      this.#sending = undefined
      const queued = this.#queued
      this.#queued = undefined
      if (queued !== undefined && this.#link.up) this.#send(queued)
      else if (this.unsaid.urgent) this.report()
      end()
    })
  }

  async #exchange(said: Said): Promise<void> {
    const { clock } = this.#link
    try {
      // Times are told in storage's own, so its time must be known first.
      if (this.#mirror.offset === undefined) this.#circuit.met(await this.#add({}))
      // Counts under the epoch of an open record would make a closed one of it, were storage emptied just then. A
      // command on its way is ahead of the record: then it is the record that matters, and the command too.
      const { snapshot, stored: record } = this.#mirror
      if (snapshot.state !== 'closed' || (record !== undefined && record.state !== 'closed')) return this.unsaid.clear()
      const counts = this.unsaid.take(this.#mirror.offset ?? 0, clock.now())
      const stored = await this.#add({ ...counts, ...said })
      this.#lastReport = clock.now()
      this.#circuit.met(stored)
      this.#judge(stored)
    } catch {
      // The link has told everybody; what was said may have arrived, so it is not said again.
    }
  }

  #add(said: Partial<Tally>): Promise<StoredCircuit> {
    const { epoch, period } = this.#mirror
    return this.#link.command(() =>
      this.#link.storage.add(this.#circuit.name, { ...said, epoch, period, keep: this.unsaid.keep }),
    )
  }

  /** What follows from the fleet's counts. */
  #judge(stored: StoredCircuit): void {
    if (!this.#isCurrent(stored)) return
    const { confirm } = this.#link.settings
    const age = stored.at - stored.asked
    const running = stored.asker !== undefined && age <= GRACE * confirm
    const crossed = crossing(this.#circuit.parts, stored.counts, stored.at)
    if (crossed === undefined) {
      if (running) this.#send({ hush: true })
    } else if (confirm === 0) this.#circuit.trip(crossed.why)
    else if (running) {
      if (stored.asker === this.#link.id) this.#confirmLater(stored.asked)
    } else if (stored.asker !== undefined && age <= ASK_ENDS * confirm && this.#hushed !== stored.asked) {
      this.#circuit.trip(crossed.why)
    } else if (age >= this.#askEvery) {
      this.#send({ ask: { id: this.#link.id, since: crossed.since, every: this.#askEvery } })
    } else this.#lookAgain(this.#askEvery - age)
  }

  /** The last ask was refuted a moment ago. Looks again when there may be another, should nothing be said until then. */
  #lookAgain(ms: number): void {
    const floor = this.#processes * FLOOR_PER_PROCESS
    const spread = floor > FLOOR ? this.#link.random() * floor : 0
    this.#cancelLook ??= this.#later(ms + spread, () => {
      this.#cancelLook = undefined
      this.#send()
    })
  }

  get #askEvery(): number {
    return Math.max(2 * this.#link.settings.confirm, this.#processes * ASK_PER_PROCESS)
  }

  /** A timer that `settled()` waits for. */
  #later(ms: number, run: () => void): () => void {
    const end = this.#circuit.activity.begin()
    const cancel = this.#link.clock.after(ms, () => {
      run()
      end()
    })
    return () => {
      cancel()
      end()
    }
  }

  #confirmLater(asked: number): void {
    this.#cancelConfirm ??= this.#later(this.#link.settings.confirm, () => {
      this.#cancelConfirm = undefined
      void this.#confirm(asked).finally(this.#circuit.activity.begin())
    })
  }

  async #confirm(asked: number): Promise<void> {
    try {
      const stored = await this.#lastWord()
      this.#circuit.met(stored)
      if (stored === undefined || !this.#isCurrent(stored) || stored.asked !== asked || stored.asker !== this.#link.id)
        return
      const crossed = crossing(this.#circuit.parts, stored.counts, stored.at)
      if (crossed === undefined) this.#send({ hush: true })
      else this.#circuit.trip(crossed.why)
    } catch {
      // The link has told everybody; the ask is over.
    }
  }

  /** What the fleet has counted by now, with what this process has seen since it asked. */
  async #lastWord(): Promise<StoredCircuit | undefined> {
    const counts = this.unsaid.take(this.#mirror.offset ?? 0, this.#link.clock.now())
    if (Object.keys(counts).length > 0) return this.#add(counts)
    const [stored] = await this.#link.command(() => this.#link.storage.read([this.#circuit.name]))
    return stored
  }

  #isCurrent({ epoch, state, forced, at }: StoredCircuit): boolean {
    const held = forced !== undefined && at < forced.until
    return epoch === this.#mirror.epoch && state === 'closed' && !held
  }

  /** Few answers are enough: most processes wait until the others' answers have hushed them. */
  #answerDelay(processes: number): number {
    const { settings, random } = this.#link
    if (processes < FEW) return random() * ANSWER_OF_FEW * settings.confirm
    const steepness = Math.log(1 + processes) + 1
    return ((ANSWER * settings.confirm) / steepness) * Math.log(1 + random() * (Math.exp(steepness) - 1))
  }
}
