// Plays a plan on real breakers and on the naive circuit side by side, and compares after each step everything that
// can be seen.

import { CircuitBreaker, isCircuitBreakerError, MemoryStorage } from '../../src/index.ts'
import type { Verdict } from '../../src/index.ts'
import { ManualClock } from '../../src/testing/index.ts'
import { endedSync } from '../support/async.ts'
import { record } from '../support/breaker.ts'
import { begin, made, verdictOf } from './live.ts'
import type { Ended, InFlight } from './live.ts'
import { NaiveCircuit } from './naive.ts'
import { optionsOf } from './rules.ts'
import type { Rejection, Rules, Ticket } from './rules.ts'
import type { Deadline, Ending, Plan, Step } from './steps.ts'

const wallStart = Date.UTC(2026, 0, 1)
const messages = {
  open: 'Timeout not elapsed yet, circuit breaker still open',
  'trial-in-flight': 'Trial call in flight, circuit breaker half-open',
  forced: 'Circuit breaker forced open',
  'ramp-up': 'Circuit breaker closed lately, traffic still ramping up',
  tripped: 'Failures threshold reached, circuit breaker opened',
  'trial-failed': 'Trial call failed, circuit breaker opened',
}

export class Mismatch extends Error {}

function same(what: string, got: unknown, expected: unknown): void {
  if (Object.is(got, expected)) return
  throw new Mismatch(`${what}: expected ${show(expected)}, got ${show(got)}`)
}

function show(value: unknown): string {
  if (value instanceof Error) return `${value.name}(${value.message})`
  if (typeof value === 'number' || value === undefined) return String(value)
  return JSON.stringify(value)
}

export class Play {
  readonly plan: Plan
  readonly clock: ManualClock
  breakers: readonly CircuitBreaker[]
  events: readonly string[][]
  /** Per breaker, how many calls it let in: what it had at the time, and what a beforeCall listener heard since. */
  admissions: (number | undefined)[] = []
  readonly naive: NaiveCircuit
  /** Calls in flight, oldest first; one let through by `shadow` has no ticket. */
  readonly flying: { readonly call: InFlight; readonly ticket: Ticket | undefined }[] = []

  constructor(plan: Plan) {
    const rules = { ...plan.rules }
    this.plan = plan
    this.clock = new ManualClock(plan.startsAt, wallStart)
    const storage = plan.breakers > 1 ? new MemoryStorage({ clock: this.clock }) : undefined
    this.breakers = Array.from({ length: plan.breakers }, () => this.#make(rules, storage))
    this.events = this.breakers.map((breaker, on) => this.#listen(breaker, on))
    this.naive = new NaiveCircuit(rules, plan.startsAt, plan.breakers)
  }

  #make(rules: Rules, storage?: MemoryStorage): CircuitBreaker {
    return new CircuitBreaker({ ...optionsOf(rules, this.plan.classify), clock: this.clock, storage })
  }

  #listen(breaker: CircuitBreaker, on: number): string[] {
    this.admissions[on] = undefined
    return this.plan.hearing === 'nothing' ? [] : record(breaker)
  }

  #listenToAdmissions(on: number): void {
    if (this.admissions[on] !== undefined) return
    this.admissions[on] = this.naive.stats[on]?.calls ?? 0
    this.#breaker(on).on('beforeCall', () => {
      this.admissions[on] = (this.admissions[on] ?? 0) + 1
    })
  }

  async step(step: Step): Promise<void> {
    await this.#do(step)
    this.naive.look()
    this.#compare()
  }

  async #do(step: Step): Promise<void> {
    switch (step.do) {
      case 'start':
        return this.#start(step.on, await begin(this.#breaker(step.on), step.form))
      case 'end':
        return this.#end(step.which, step.ending)
      case 'sync':
        return this.#sync(step.on, step.ending, step.takes)
      case 'advance':
        return this.#advance(step.ms)
      case 'advanceTo':
        return this.#advance(this.#until(step.deadline) + step.offset)
      case 'force':
        void this.#breaker(step.on).force(step.state, { for: step.for })
        return this.naive.force(step.state, step.for)
      case 'listen':
        return this.#listenToAdmissions(step.on)
      case 'restart':
        return this.#restart(step.takes)
      case 'set':
        return this.#set(step.option, step.to)
      default:
        void this.#breaker(step.on)[step.do]()
        return this.naive[step.do]()
    }
  }

  #start(on: number, call: InFlight): void {
    const answer = this.naive.start(on, this.#wasAdmitted(on))
    const ticket = 'reason' in answer ? undefined : answer
    const { shadow } = this.plan.rules
    same('the call ran', call.ran, ticket !== undefined || shadow)
    if ('reason' in answer && !shadow) this.#compareRejection(on, call.refused, answer)
    if (call.ran) this.flying.push({ call, ticket })
  }

  async #end(which: number, ending: Ending): Promise<void> {
    const [flight] = this.flying.splice(Math.min(this.flying.length - 1, Math.floor(which * this.flying.length)), 1)
    if (flight === undefined) return
    const { call, ticket } = flight
    const outcome = await call.end(ending)
    this.#settle(ticket, verdictOf(call.form, ending, this.plan.classify), outcome)
  }

  #sync(on: number, ending: Ending, takes: number): void {
    const expected = made(ending)
    let ran = false
    const got = endedSync(() =>
      this.#breaker(on).callSync(() => {
        ran = true
        this.clock.advance(takes)
        if (!expected.ok) throw expected.error
        return expected.value
      }),
    )
    const answer = this.naive.start(on, this.#wasAdmitted(on))
    const { shadow } = this.plan.rules
    if ('reason' in answer && !shadow) {
      same('the function ran', ran, false)
      return this.#compareRejection(on, got.ok ? undefined : got.error, answer)
    }
    same('the function ran', ran, true)
    this.naive.pass(takes)
    this.#settle('reason' in answer ? undefined : answer, verdictOf('sync', ending, this.plan.classify), {
      expected,
      got,
      isSeen: true,
      gaveUp: false,
    })
  }

  #settle(ticket: Ticket | undefined, verdict: Verdict, { expected, got, isSeen, gaveUp }: Ended): void {
    const error = !expected.ok ? expected.error : undefined
    const effect = ticket === undefined ? undefined : this.naive.settle(ticket, verdict, error, gaveUp)
    if (!isSeen) return
    same('the call settled', got !== undefined, true)
    same('the call gave a value', got?.ok, expected.ok)
    if (got === undefined) return
    if (got.ok) return same('the value', got.value, expected.ok ? expected.value : undefined)
    const { throwNewErrorOnTrip, shadow } = this.plan.rules
    // A slow success that trips is given as it is, an excluded error too.
    const isReplaced = effect !== undefined && verdict === 'failure' && throwNewErrorOnTrip && !shadow
    if (!isReplaced) return same('the error', got.error, error)
    const retryAfter = this.naive.openUntil - this.naive.now
    this.#compareError(got.error, effect, retryAfter, error)
  }

  /** What the breaker decided on the call that just came; in `shadow` the function runs either way. */
  #wasAdmitted(on: number): boolean {
    return this.#breaker(on).stats.calls > (this.naive.stats[on]?.calls ?? 0)
  }

  #advance(ms: number): void {
    if (!Number.isFinite(ms) || ms < 0) return
    this.clock.advance(ms)
    this.naive.pass(ms)
  }

  /** ms until something is due; negative where nothing is. */
  #until(deadline: Deadline): number {
    const { naive } = this
    const window =
      this.plan.rules.trip
        ?.map((rule) => (rule.kind === 'consecutive' ? 0 : (rule.window ?? 0)))
        .find((ms) => ms > 0) ?? 10
    const slot = window / 10
    const at = {
      open: naive.state === 'open' ? naive.openUntil : -Infinity,
      lease: Math.min(...naive.places.map(({ leaseEnds = -Infinity }) => leaseEnds)),
      force: naive.forced?.until ?? -Infinity,
      ramp: naive.rampEnds ?? -Infinity,
      forget: naive.forgetsAt,
      slot: (Math.floor(naive.now / slot) + 1) * slot,
      window: (Math.floor(naive.now / slot) + 10) * slot,
    }
    return at[deadline] - naive.now
  }

  #restart(takes: number): void {
    const memo = this.#breaker(0).snapshot()
    this.clock.advance(takes)
    const breaker = this.#make(this.naive.rules)
    this.breakers = [breaker]
    this.events = [this.#listen(breaker, 0)]
    this.flying.length = 0
    breaker.restore(memo)
    this.naive.restart(takes)
  }

  #set(option: 'failMax' | 'resetTimeout' | 'successThreshold', to: number): void {
    if (option === 'failMax' && this.plan.rules.trip !== undefined) return
    for (const breaker of this.breakers) breaker[option] = to
    if (option === 'resetTimeout') this.naive.setResetTimeout(to)
    else this.naive.rules[option] = to
  }

  #compareRejection(on: number, error: unknown, { reason, retryAfter }: Rejection): void {
    this.#compareError(error, reason, retryAfter, this.naive.lastFailure)
    same('the breaker of the error', (error as { breaker: string }).breaker, this.#breaker(on).name)
  }

  #compareError(error: unknown, reason: keyof typeof messages, retryAfter: number, cause: unknown): void {
    same('a CircuitBreakerError', isCircuitBreakerError(error), true)
    const got = error as {
      reason: string
      state: string
      retryAfter: number
      message: string
      cause: unknown
      openedAt: Date | undefined
    }
    same('reason', got.reason, reason)
    same('retryAfter', got.retryAfter, retryAfter)
    same('message', got.message, messages[reason])
    same('state of the error', got.state, this.naive.state)
    same('cause', got.cause, cause)
    same('openedAt of the error', got.openedAt?.getTime(), this.#wall(this.naive.openedAt))
  }

  #compare(): void {
    for (const [on, breaker] of this.breakers.entries()) {
      const who = this.breakers.length > 1 ? `breaker ${on}: ` : ''
      same(`${who}state`, breaker.state, this.naive.state)
      same(`${who}failCounter`, breaker.failCounter, this.naive.failCounter)
      same(`${who}successCounter`, breaker.successCounter, this.naive.successCounter)
      same(`${who}openedAt`, breaker.openedAt?.getTime(), this.#wall(this.naive.openedAt))
      for (const [name, count] of Object.entries(this.naive.stats[on] ?? {}))
        same(`${who}stats.${name}`, breaker.stats[name as keyof typeof breaker.stats], count)
      if (this.plan.hearing !== 'nothing')
        same(`${who}events`, this.events[on]?.join(', '), this.naive.events[on]?.join(', '))
      if (this.admissions[on] !== undefined)
        same(`${who}beforeCall was heard`, this.admissions[on], this.naive.stats[on]?.calls)
      this.#compareExplanation(who, breaker)
    }
    for (const events of [...this.events, ...this.naive.events]) events.length = 0
  }

  #compareExplanation(who: string, breaker: CircuitBreaker): void {
    const { naive } = this
    const explanation = breaker.explain()
    same(`${who}explain().state`, explanation.state, naive.state)
    same(`${who}explain().scope`, explanation.scope, 'local')
    same(`${who}explain().openedAt`, explanation.openedAt?.getTime(), this.#wall(naive.openedAt))
    same(`${who}explain().forced`, explanation.forced?.state, naive.forced?.state)
    same(`${who}explain().forced.until`, explanation.forced?.until?.getTime(), this.#wall(naive.forced?.until))
    if (naive.state === 'closed') same(`${who}explain().nextTrialAt`, explanation.nextTrialAt, undefined)
    if (naive.state === 'open' && naive.forced === undefined)
      same(`${who}explain().nextTrialAt`, explanation.nextTrialAt?.getTime(), this.#wall(naive.openUntil))
    for (const [name, count] of Object.entries(explanation.counts))
      same(`${who}explain().counts.${name} is finite`, Number.isFinite(count), true)
  }

  #breaker(on: number): CircuitBreaker {
    return this.breakers[on] as CircuitBreaker
  }

  /** Epoch ms of a moment of the monotonic clock; the two never drift apart here. */
  #wall(at: number | undefined): number | undefined {
    return at === undefined || !Number.isFinite(at) ? undefined : wallStart + at - this.plan.startsAt
  }
}
