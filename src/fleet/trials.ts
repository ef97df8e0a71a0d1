// Trials over a whole fleet: a place is asked of storage before the call is made, and given back with its verdict.
// One is asked for at a time in a process. A place that came too late for whoever asked, or whose verdict was lost on
// the way, is handed back or told again, so that nobody waits for its lease to run out.

import type { Denial, Effect } from '../core/circuit.ts'
import type { Lease, Snapshot } from '../core/snapshot.ts'
import type { Rules } from '../core/options.ts'
import type { Verdict } from '../core/verdict.ts'
import { openedBy } from '../core/opening.ts'
import * as machine from '../core/machine.ts'
import type { Link } from './link.ts'
import { claimableFrom, type Mirror } from './mirror.ts'
import type { MoveOptions } from './moves.ts'

/** A call that the fleet let in: as a trial, or (without a lease) because it is held closed. */
export interface Place {
  readonly period: number
  readonly lease: Lease | undefined
}

/** What a verdict did, and the record that follows from it. */
export interface Settled {
  readonly effect: Effect
  readonly after: Snapshot | undefined
}

/** What the trials ask of their circuit. */
export interface Trying {
  /** Whether the fleet's state is what counts. */
  readonly governs: boolean
  readonly rules: Rules
  /** The record now, with what time has done to it. */
  view(now: number): Snapshot
  /** Moves the record; `false`: refused, and what stands instead was adopted. Rejects where storage is down. */
  move(next: Snapshot, options: MoveOptions): Promise<boolean>
}

/** A place that a synchronous caller asked for waits so long, in ms, for the next call. */
const KEPT_FOR = 1_000
/** Each refusal is somebody else's move; with several trials at a time there can be many. */
const MOST_TRIES = 100

export class Trials {
  readonly #circuit: Trying
  readonly #link: Link
  readonly #mirror: Mirror
  /** Places of this process: those with a call, and those asked for. */
  readonly #mine = new Set<string>()
  #claiming: Promise<unknown> | undefined
  #kept: Place | undefined
  #dropKept: (() => void) | undefined
  /** A verdict that storage did not take; told again when it answers. */
  #owed: (() => Promise<void>) | undefined

  constructor(circuit: Trying, link: Link, mirror: Mirror) {
    this.#circuit = circuit
    this.#link = link
    this.#mirror = mirror
  }

  /**
   * Lets a call in, or says why not; `undefined` where it is for this process's own circuit to say. A caller that
   * cannot wait is refused, and the place it asked for is kept for the next.
   */
  admit(sync: boolean): Place | Denial | Promise<Place | Denial | undefined> {
    const now = this.#link.clock.now()
    const kept = this.#takeKept(now)
    if (kept !== undefined) return kept
    const answer = machine.admission(this.#circuit.view(now), this.#circuit.rules.trials, now)
    if (answer === 'pass') return { period: this.#mirror.period, lease: undefined }
    if (answer !== 'trial') return answer
    const asking: Denial = { reason: 'trial-in-flight', retryAfter: this.#link.settings.timeout }
    if (this.#claiming !== undefined) return asking
    const claim = this.#claim().finally(() => {
      this.#claiming = undefined
    })
    this.#claiming = claim
    if (!sync) return claim
    void claim.then((place) => place !== undefined && 'lease' in place && this.#keep(place))
    return asking
  }

  /** A trial ended: what it means is known at once, storage is told behind the caller's back. */
  settle({ lease, period }: Place, verdict: Verdict, error: unknown): Settled {
    if (lease === undefined) return { effect: period === this.#mirror.period ? 'noted' : 'late', after: undefined }
    const held = this.#held(lease.id)
    if (held === undefined) {
      this.#mine.delete(lease.id)
      return { effect: 'late', after: undefined }
    }
    const after = this.#after(held, verdict, error)
    void this.#tell(lease.id, verdict, error, after)
    return { effect: verdict === 'failure' ? 'trial-failed' : 'counted', after }
  }

  /** The record changed: hands back places of this process that no call here uses. */
  tidy(): void {
    for (const { id } of this.#mirror.snapshot.leases) {
      if (id.startsWith(`${this.#link.id}.`) && !this.#mine.has(id)) void this.#tell(id, 'ignore', undefined)
    }
  }

  /** Storage answers again. */
  resume(): void {
    const owed = this.#owed
    this.#owed = undefined
    if (owed !== undefined) void owed()
  }

  /** A new period: places and verdicts of the old one are void. */
  reset(): void {
    this.#dropKept?.()
    this.#kept = this.#dropKept = this.#owed = undefined
  }

  async #claim(): Promise<Place | Denial | undefined> {
    const { clock, settings } = this.#link
    const deadline = clock.now() + settings.timeout
    for (let now = clock.now(); now < deadline; now = clock.now()) {
      if (!this.#circuit.governs) return undefined
      const view = this.#circuit.view(now)
      const answer = machine.admission(view, this.#circuit.rules.trials, now)
      if (answer === 'pass') return { period: this.#mirror.period, lease: undefined }
      if (answer !== 'trial') return answer
      const before = this.#mirror.epoch
      const place = await this.#take(view, now, deadline - now)
      if (place !== 'refused') return place
      // Refused though nothing has moved: it is too early by storage's clock.
      if (this.#mirror.epoch === before)
        return { reason: view.state === 'open' ? 'open' : 'trial-in-flight', retryAfter: 1 }
    }
    return { reason: 'trial-in-flight', retryAfter: 1 }
  }

  async #take(view: Snapshot, now: number, within: number): Promise<Place | 'refused' | undefined> {
    const { rules } = this.#circuit
    const { stored } = this.#mirror
    const lease: Lease = Object.freeze({ id: this.#link.nextMove(), until: now + rules.trialTimeout })
    const next = machine.claim(view, lease, now)
    const notBefore = stored && claimableFrom(stored, (id) => !next.leases.some((held) => held.id === id))
    this.#mine.add(lease.id)
    try {
      const moved = await this.#circuit.move(next, { notBefore, within })
      if (moved && this.#held(lease.id) !== undefined) return { period: this.#mirror.period, lease }
      this.#mine.delete(lease.id)
      return 'refused'
    } catch {
      // Storage is down, which the link has told everybody: the process's own circuit decides. Should the place be
      // granted all the same, its push will find nobody using it.
      this.#mine.delete(lease.id)
      return undefined
    }
  }

  async #tell(id: string, verdict: Verdict, error: unknown, first?: Snapshot): Promise<void> {
    try {
      let next = first
      for (let tries = 0; tries < MOST_TRIES; tries++) {
        const held = this.#held(id)
        if (held === undefined || (await this.#circuit.move(next ?? this.#after(held, verdict, error), {}))) break
        next = undefined
      }
      this.#mine.delete(id)
    } catch {
      // Told again when storage answers, while the place is still held.
      this.#owed = () => this.#tell(id, verdict, error)
    }
  }

  #after(lease: Lease, verdict: Verdict, error: unknown): Snapshot {
    const { clock } = this.#link
    const { rules } = this.#circuit
    const { snapshot } = this.#mirror
    const now = clock.now()
    if (verdict === 'ignore') return machine.freed(snapshot, lease)
    if (verdict === 'success') return machine.succeeded(snapshot, lease, rules.successThreshold, rules.rampUp, now)
    return openedBy('the trial call failed', error, snapshot, rules, clock)
  }

  /** The place as the record has it, while it lasts. */
  #held(id: string): Lease | undefined {
    const now = this.#link.clock.now()
    return this.#mirror.snapshot.leases.find((lease) => lease.id === id && now < lease.until)
  }

  #keep(place: Place): void {
    if (place.lease === undefined) return
    const { id, until } = place.lease
    const { clock } = this.#link
    this.#kept = place
    this.#dropKept = clock.after(Math.min(KEPT_FOR, until - clock.now()), () => {
      this.#kept = this.#dropKept = undefined
      void this.#tell(id, 'ignore', undefined)
    })
  }

  #takeKept(now: number): Place | undefined {
    const kept = this.#kept
    if (kept?.lease === undefined || now >= kept.lease.until) return undefined
    this.#dropKept?.()
    this.#kept = this.#dropKept = undefined
    return kept
  }
}
