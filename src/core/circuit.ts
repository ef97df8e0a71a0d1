// One process's circuit: the snapshot it is in, the counts that its trip policies look at, and who watches. It is told
// the time by the clock it is handed and does no I/O. Breakers on one storage and name share one, each judging by its own rules. Changes are
// noted as they are made and told when the owner says so, since listeners hear of a failure before what it led to.

import { openTime } from './backoff.ts'
import type { FullClock } from './clock.ts'
import { type Command, expireCommand } from './commands.ts'
import type { RejectionReason } from './errors.ts'
import * as machine from './machine.ts'
import type { Origin } from './machine.ts'
import { openedBy } from './opening.ts'
import type { Rules } from './options.ts'
import type { Overrides } from './overrides.ts'
import { type CircuitState, type Lease, PRISTINE, type Snapshot } from './snapshot.ts'
import { crosses, describeCrossing, type Part, type RatePart } from './trip.ts'
import { CountWindow, type Sums, TimeWindow, type Window } from './window.ts'
import type { Verdict } from './verdict.ts'
import { Watchers } from './watchers.ts'

/** What lets a call in: the snapshot, and for a trial its place. */
export interface Ticket {
  readonly snapshot: Snapshot
  readonly lease: Lease | undefined
}

/** Why a call is not let in; `retryAfter` in ms. */
export interface Denial {
  readonly reason: RejectionReason
  readonly retryAfter: number
}

/** What a verdict did. `late`: nothing, its period was over; `noted`: nothing, the circuit is held. */
export type Effect = 'late' | 'noted' | 'counted' | 'tripped' | 'trial-failed'

/** One change of state, as watchers hear of it. */
export interface Transition extends Origin {
  readonly from: CircuitState
  readonly to: CircuitState
  readonly at: number
  /** Whether this process made it, or it was learnt from shared storage. */
  readonly origin: 'local' | 'remote'
}

/** Told of each transition. */
export interface CircuitWatcher {
  told(transition: Transition): void
  /** What counts instead of the breakers' own thresholds has changed. */
  updated?(overrides: Overrides | undefined): void
}

interface KeyedWindow {
  readonly key: string
  readonly window: Window
}

// Shared by all circuits that have none, which is most of them.
const NO_WINDOWS: readonly KeyedWindow[] = Object.freeze([])

export class Circuit {
  snapshot: Snapshot = PRISTINE
  /** Failures in a row, trial failures included. */
  failures = 0
  /** The newest failure, for the `cause` of rejections. */
  lastFailure: unknown
  /** What counts instead of the thresholds of its breakers. */
  overrides: Overrides | undefined
  /** Told of each transition, by {@link tell}. */
  readonly watchers: Watchers<CircuitWatcher> = new Watchers()
  #windows: readonly KeyedWindow[] = NO_WINDOWS
  #untold: Transition[] | undefined
  #telling = false
  #credit = 0
  #leases = 0

  /** Whether the next call passes without more ado: closed, not held, all traffic back. */
  isPlain(clock: FullClock): boolean {
    const { state, forced, since, rampUp } = this.snapshot
    return state === 'closed' && forced === undefined && (rampUp === 0 || clock.now() >= since + rampUp)
  }

  /** Whether outcomes need the time. */
  get isTimed(): boolean {
    return this.#windows.length > 0
  }

  /** Keeps the counters that a policy needs. */
  watch(parts: readonly Part[]): void {
    for (const part of parts) {
      if (part.kind !== 'rate' || this.#window(part.key) !== undefined) continue
      this.#windows = this.#windows.concat({ key: part.key, window: makeWindow(part) })
    }
  }

  /** Lets a call in, with its ticket, or says why not. */
  admit(rules: Rules, clock: FullClock): Ticket | Denial {
    this.expire(clock)
    const now = clock.now()
    const answer = machine.admission(this.snapshot, rules.trials, now)
    if (answer === 'pass') return this.#ramp(now) ?? { snapshot: this.snapshot, lease: undefined }
    if (answer !== 'trial') return answer
    const lease: Lease = Object.freeze({ id: String(++this.#leases), until: now + rules.trialTimeout })
    this.#move(machine.claim(this.snapshot, lease, now), clock, 'its time is over, a trial call goes out')
    return { snapshot: this.snapshot, lease }
  }

  /** The commonest verdict of all, on the ticket of a plain closed circuit that still holds. */
  succeed(now: number): void {
    this.failures = 0
    if (this.isTimed) this.#add(false, false, now)
  }

  /** Takes a verdict. It counts only while the period that admitted the call lasts. */
  settle(ticket: Ticket, verdict: Verdict, slow: boolean, error: unknown, rules: Rules, clock: FullClock): Effect {
    this.expire(clock)
    if (ticket.lease !== undefined) return this.#settleTrial(ticket.lease, verdict, error, rules, clock)
    if (this.snapshot !== ticket.snapshot) return 'late'
    if (this.snapshot.forced !== undefined) return 'noted'
    if (verdict === 'ignore') return 'counted'
    const failed = verdict === 'failure'
    this.#count(failed, error)
    // A breaker without windows needs no time here, and a clock costs more than all the rest.
    const now = this.isTimed ? clock.now() : Number.NaN
    this.#add(failed, slow, now)
    if (!failed && !slow) return 'counted'
    const part = this.#crossed(rules.parts, now)
    if (part === undefined) return 'counted'
    const crossing = describeCrossing(part, this.failures, this.sums(part, now))
    this.#move(openedBy(crossing, error, this.snapshot, rules, clock), clock)
    return 'tripped'
  }

  /** What a part's window holds. */
  sums(part: Part, now: number): Sums | undefined {
    return part.kind === 'rate' ? this.#window(part.key)?.sums(now) : undefined
  }

  /** Carries out what a person, or their code, asks. */
  command(make: Command, clock: FullClock): void {
    this.expire(clock)
    const next = make(this.snapshot, clock.now(), clock.wallNow())
    if (next !== this.snapshot) this.#move(next, clock)
  }

  /** From here on these thresholds count for all its breakers. */
  update(overrides: Overrides | undefined): void {
    this.overrides = overrides
    this.watchers.tell((watcher) => watcher.updated?.(overrides))
  }

  /** Ends a hold whose time is over. There is no timer: whoever looks notices. */
  expire(clock: FullClock): void {
    const { forced } = this.snapshot
    if (forced === undefined || clock.now() < forced.until) return
    this.#move(expireCommand(this.snapshot, clock.now(), clock.wallNow()), clock)
  }

  /** A new `resetTimeout` holds for an open circuit too, from the time it opened. */
  reopenFor(resetTimeout: Rules['resetTimeout']): void {
    const { state, forced, relapses } = this.snapshot
    if (state !== 'open' || forced !== undefined) return
    this.snapshot = machine.reopenedFor(this.snapshot, openTime(resetTimeout, relapses, this.lastFailure))
  }

  /** Puts the circuit where a memo says; counts are cleared first and loaded by the caller. */
  restore(snapshot: Snapshot, failures: number, clock: FullClock): void {
    this.#move(snapshot, clock)
    this.put(snapshot, failures)
  }

  /** Puts the circuit elsewhere without a word, counts cleared: whoever does so tells. */
  put(snapshot: Snapshot, failures = 0): void {
    this.snapshot = snapshot
    this.#clear()
    this.failures = failures
  }

  /** Counts an outcome that moves nothing here: of a trial of the whole fleet. */
  note(failed: boolean, error: unknown): void {
    this.#count(failed, error)
  }

  /** The windows by key, for `snapshot()`. */
  get windows(): readonly KeyedWindow[] {
    return this.#windows
  }

  /** Tells the watchers what has changed since the last time: each change to all of them before the next. */
  tell(): void {
    if (this.#untold === undefined || this.#telling) return
    this.#telling = true
    for (let next = this.#untold.shift(); next !== undefined; next = this.#untold.shift()) {
      const transition = next
      this.watchers.tell((watcher) => watcher.told(transition))
    }
    this.#telling = false
    this.#untold = undefined
  }

  #settleTrial(lease: Lease, verdict: Verdict, error: unknown, rules: Rules, clock: FullClock): Effect {
    const now = clock.now()
    if (!machine.holds(this.snapshot, lease, now)) return 'late'
    if (verdict === 'ignore') {
      this.snapshot = machine.freed(this.snapshot, lease)
      return 'counted'
    }
    this.#count(verdict === 'failure', error)
    if (verdict === 'failure') {
      this.#move(openedBy('the trial call failed', error, this.snapshot, rules, clock), clock)
      return 'trial-failed'
    }
    this.#move(machine.succeeded(this.snapshot, lease, rules.successThreshold, rules.rampUp, now), clock)
    return 'counted'
  }

  #add(failed: boolean, slow: boolean, now: number): void {
    for (const { window } of this.#windows) window.add(failed, slow, now)
  }

  #count(failed: boolean, error: unknown): void {
    this.failures = failed ? this.failures + 1 : 0
    if (failed) this.lastFailure = error
  }

  /** After closing, the share of calls let in grows evenly; a credit spreads it without chance. */
  #ramp(now: number): Denial | undefined {
    const { since, rampUp } = this.snapshot
    if (now >= since + rampUp) return undefined
    this.#credit += (now - since) / rampUp
    if (this.#credit < 1) return { reason: 'ramp-up', retryAfter: since + rampUp - now }
    this.#credit -= 1
    return undefined
  }

  #move(next: Snapshot, clock: FullClock, why = next.why): void {
    const { state: from } = this.snapshot
    this.snapshot = next
    if (next.state === 'closed') this.#clear()
    if (from === next.state) return
    const at = clock.wallNow()
    ;(this.#untold ??= []).push({ from, to: next.state, at, why, by: next.by, origin: 'local' })
  }

  #clear(): void {
    this.failures = 0
    this.#credit = 0
    for (const { window } of this.#windows) window.clear()
  }

  // Loops, not `find`: these two are on the failing path, where a closure shows.
  #crossed(parts: readonly Part[], now: number): Part | undefined {
    for (const part of parts) if (crosses(part, this.failures, this.sums(part, now))) return part
    return undefined
  }

  #window(key: string): Window | undefined {
    for (const one of this.#windows) if (one.key === key) return one.window
    return undefined
  }
}

function makeWindow({ window }: RatePart): Window {
  return window.unit === 'ms' ? new TimeWindow(window.size) : new CountWindow(window.size)
}
