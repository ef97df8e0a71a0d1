// The circuit as API.md tells it, made to be read and not to be fast: it keeps every verdict it ever heard and works
// everything out anew whenever it is asked. It shares no code with src/.

import type { CircuitState, Stats, Verdict } from '../../src/index.ts'
import { slotted } from '../support/window.ts'
import type { RateRule, Rejection, Rules, Ticket } from './rules.ts'

/** One counted verdict. */
interface Heard {
  readonly at: number
  readonly period: number
  readonly verdict: 'success' | 'failure'
  readonly slow: boolean
  readonly error: unknown
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] }

const noStats = (): Mutable<Stats> => ({
  calls: 0,
  successes: 0,
  failures: 0,
  ignored: 0,
  rejected: 0,
  slow: 0,
  late: 0,
  trials: 0,
})

export class NaiveCircuit {
  now: number
  state: CircuitState = 'closed'
  /** A new number for each period; a verdict counts only in the period that let its call in. */
  period = 0
  /** Of the monotonic clock. */
  openedAt: number | undefined
  openUntil = 0
  closedAt = -Infinity
  forced: { readonly state: 'open' | 'closed'; readonly until: number } | undefined
  readonly rules: Rules
  readonly stats: Mutable<Stats>[]
  readonly events: string[][]
  readonly tickets: Ticket[] = []

  #heard: (Heard | 'zeroed')[] = []
  #relapses = 0
  /** How long the last open period was meant to last; a close as long forgets the relapses. */
  #wasOpenFor = 0
  #ramp = 0
  #shares = 0

  constructor(rules: Rules, now: number, breakers: number) {
    this.rules = rules
    this.now = now
    this.stats = Array.from({ length: breakers }, noStats)
    this.events = Array.from({ length: breakers }, () => [])
  }

  // ---- what can be seen

  /** Failures in a row, at the end of everything heard. */
  get failCounter(): number {
    const since = this.#heard.findLastIndex((heard) => heard === 'zeroed' || heard.verdict === 'success')
    return this.#heard.length - 1 - since
  }

  /** Successes in this half-open period. */
  get successCounter(): number {
    return this.state === 'half-open' ? this.#ofThisPeriod().filter(({ verdict }) => verdict === 'success').length : 0
  }

  get lastFailure(): unknown {
    return this.#heard.findLast((heard): heard is Heard => heard !== 'zeroed' && heard.verdict === 'failure')?.error
  }

  /** The trials that hold a place now. */
  get places(): readonly Ticket[] {
    return this.tickets.filter(
      ({ period, leaseEnds, settled }) =>
        period === this.period && !settled && leaseEnds !== undefined && this.now < leaseEnds,
    )
  }

  /** When the traffic is all back, where it is not. */
  get rampEnds(): number | undefined {
    const ends = this.closedAt + this.#ramp
    return this.state === 'closed' && this.forced === undefined && this.#ramp > 0 && this.now < ends ? ends : undefined
  }

  /** When a closed circuit forgets its relapses. */
  get forgetsAt(): number {
    return this.state === 'closed' ? this.closedAt + this.#wasOpenFor : -Infinity
  }

  // ---- what can happen

  pass(ms: number): void {
    this.now += ms
    this.look()
  }

  /** A force whose time is over is noticed by whoever looks. */
  look(): void {
    if (this.forced !== undefined && this.now >= this.forced.until) this.release()
  }

  /** A call comes to a breaker. `wasAdmitted` is what the real one decided; only a tie of the ramp's arithmetic is left to it. */
  start(breaker: number, wasAdmitted: boolean): Ticket | Rejection {
    const rejection = this.#refusal(wasAdmitted)
    const stats = this.stats[breaker]!
    if (rejection !== undefined) {
      stats.rejected++
      this.events[breaker]!.push(`rejected ${rejection.reason}`)
      return rejection
    }
    const isTrial = this.state === 'half-open'
    const leaseEnds = isTrial ? this.now + this.rules.trialTimeout : undefined
    const ticket: Ticket = { breaker, period: this.period, startedAt: this.now, leaseEnds, settled: false }
    this.tickets.push(ticket)
    stats.calls++
    if (isTrial) stats.trials++
    return ticket
  }

  /** A call ends, or its caller gave up, which nobody timed. Answers whether it opened the circuit, and how. */
  settle(ticket: Ticket, verdict: Verdict, error: unknown, gaveUp: boolean): 'tripped' | 'trial-failed' | undefined {
    const stats = this.stats[ticket.breaker]!
    const isLate = ticket.period !== this.period || (ticket.leaseEnds !== undefined && this.now >= ticket.leaseEnds)
    ticket.settled = true
    if (isLate) {
      stats.late++
      return undefined
    }
    const slow = !gaveUp && this.now - ticket.startedAt > this.rules.slowCall
    if (slow) stats.slow++
    if (verdict === 'ignore') stats.ignored++
    else if (verdict === 'success') stats.successes++
    else stats.failures++

    const events = this.events[ticket.breaker]!
    if (verdict === 'failure') events.push('failure')
    const effect = verdict === 'ignore' || this.forced !== undefined ? undefined : this.#hear(verdict, slow, error)
    if (verdict === 'success') events.push('success')
    if (verdict === 'ignore') events.push('ignored')
    return effect
  }

  open(): void {
    this.forced = undefined
    if (this.state === 'closed') this.#relapses = 0
    this.#open(this.#waitFor(this.#relapses))
  }

  halfOpen(): void {
    if (this.state === 'closed' || this.forced !== undefined) this.#wasOpenFor = 0
    this.forced = undefined
    this.openedAt ??= this.now
    this.#enter('half-open')
  }

  close(): void {
    const wasClosed = this.state === 'closed'
    this.forced = undefined
    this.#forget()
    this.#close(wasClosed ? 0 : this.rules.rampUp)
  }

  force(state: 'open' | 'closed', ms: number): void {
    if (state === 'closed') this.#close(0)
    else {
      this.openedAt ??= this.now
      this.#enter('open')
    }
    this.forced = { state, until: this.now + ms }
  }

  release(): void {
    if (this.forced === undefined) return
    const { state } = this.forced
    this.forced = undefined
    if (state === 'open') {
      this.#wasOpenFor = 0
      this.#enter('half-open')
    } else {
      this.#forget()
      this.#close(0)
    }
  }

  setResetTimeout(ms: number): void {
    this.rules.resetTimeout = ms
    if (this.state !== 'open' || this.forced !== undefined || this.openedAt === undefined) return
    this.openUntil = this.openedAt + ms
    this.#wasOpenFor = ms
  }

  /** Another process goes on: calls in flight are lost, and so are the last error, the totals and the ramp's count. */
  restart(ms: number): void {
    this.now += ms
    for (const ticket of this.tickets) ticket.settled = true
    this.#heard = this.#heard.map((heard) => (heard === 'zeroed' ? heard : { ...heard, error: undefined }))
    this.#shares = 0
    this.stats[0] = noStats()
    if (this.state !== 'closed') this.events[0]?.push(`closed->${this.state}`)
    this.look()
  }

  // ---- the rules

  #refusal(wasAdmitted: boolean): Rejection | undefined {
    if (this.forced?.state === 'open') return { reason: 'forced', retryAfter: this.forced.until - this.now }
    if (this.forced?.state === 'closed') return undefined
    if (this.state === 'closed') return this.#rampRefusal(wasAdmitted)
    if (this.state === 'open') {
      if (this.now < this.openUntil) return { reason: 'open', retryAfter: this.openUntil - this.now }
      this.#enter('half-open')
    }
    const { places } = this
    if (places.length < this.rules.trials) return undefined
    return {
      reason: 'trial-in-flight',
      retryAfter: Math.min(...places.map(({ leaseEnds = 0 }) => leaseEnds)) - this.now,
    }
  }

  /** Of the calls offered since closing, as many pass as the shares they came at add up to. */
  #rampRefusal(wasAdmitted: boolean): Rejection | undefined {
    const ends = this.rampEnds
    if (ends === undefined) return undefined
    const before = this.#shares
    this.#shares += (this.now - this.closedAt) / this.#ramp
    const isTie = this.#shares > 0.5 && Math.abs(this.#shares - Math.round(this.#shares)) < 1e-9
    const passes = isTie ? wasAdmitted : Math.floor(this.#shares) > Math.floor(before)
    // A tie decided one way is not decided again the other way by the next call.
    if (isTie) this.#shares = Math.round(this.#shares) + (wasAdmitted ? 1e-8 : -1e-8)
    return passes ? undefined : { reason: 'ramp-up', retryAfter: ends - this.now }
  }

  #hear(verdict: 'success' | 'failure', slow: boolean, error: unknown): 'tripped' | 'trial-failed' | undefined {
    this.#heard.push({ at: this.now, period: this.period, verdict, slow, error })
    if (this.state === 'half-open') {
      if (verdict === 'failure') {
        this.#relapses++
        this.#open(this.#waitFor(this.#relapses))
        return 'trial-failed'
      }
      if (this.successCounter >= this.rules.successThreshold) this.#close(this.rules.rampUp)
      return undefined
    }
    if ((verdict === 'success' && !slow) || !this.#isCrossed()) return undefined
    this.#relapses = this.now - this.closedAt >= this.#wasOpenFor ? 0 : this.#relapses + 1
    this.#open(this.#waitFor(this.#relapses))
    return 'tripped'
  }

  #isCrossed(): boolean {
    const rules = this.rules.trip ?? [{ kind: 'consecutive', failures: this.rules.failMax } as const]
    return rules.some((rule) => {
      if (rule.kind === 'consecutive') return this.failCounter >= rule.failures
      const held = this.#held(rule)
      if (held.length === 0 || held.length < rule.minimumCalls) return false
      const hits = held.filter(({ verdict, slow }) => (rule.kind === 'slowRate' ? slow : verdict === 'failure'))
      return hits.length / held.length >= rule.threshold
    })
  }

  /** What a rule's window holds. */
  #held({ window, count = 0 }: RateRule): Heard[] {
    const heard = this.#ofThisPeriod()
    if (window === undefined) return heard.slice(-count)
    return heard.filter(({ at }) => slotted([at], this.now, window) === 1)
  }

  #ofThisPeriod(): Heard[] {
    return this.#heard.filter((heard): heard is Heard => heard !== 'zeroed' && heard.period === this.period)
  }

  #waitFor(relapses: number): number {
    const { resetTimeout } = this.rules
    if (typeof resetTimeout === 'number') return resetTimeout
    const { initial, max, factor } = resetTimeout
    return Math.min(max, initial * factor ** relapses)
  }

  #open(ms: number): void {
    this.openedAt = this.now
    this.openUntil = this.now + ms
    this.#wasOpenFor = ms
    this.#enter('open')
  }

  #close(ramp: number): void {
    this.openedAt = undefined
    this.closedAt = this.now
    this.#ramp = ramp
    this.#shares = 0
    if (this.#wasOpenFor === Infinity) this.#wasOpenFor = 0
    this.#heard.push('zeroed')
    this.#enter('closed')
  }

  #forget(): void {
    this.#relapses = 0
    this.#wasOpenFor = 0
  }

  #enter(state: CircuitState): void {
    this.period++
    if (state === this.state) return
    for (const events of this.events) events.push(`${this.state}->${state}`)
    this.state = state
  }
}
