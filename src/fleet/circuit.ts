// The fleet's circuit as one process lives it: a mirror of the shared record, behind which the process's own circuit
// goes on. While the record is not closed it governs and the own circuit rests; when it closes the own one starts
// clean; while storage does not answer the own one is all there is. The newest epoch wins, always: who meets an older
// record, or none, puts its own back.

import type { Circuit, CircuitWatcher, Denial, Transition } from '../core/circuit.ts'
import { holding } from '../core/clock.ts'
import type { Command } from '../core/commands.ts'
import type { Origin } from '../core/machine.ts'
import { openedBy } from '../core/opening.ts'
import type { Rules } from '../core/options.ts'
import { followOverrides, type Overrides, type Update } from '../core/overrides.ts'
import type { Snapshot } from '../core/snapshot.ts'
import type { Part } from '../core/trip.ts'
import { Activity } from './activity.ts'
import { Audience, type FleetWatcher } from './audience.ts'
import { fleetCounts } from './crossing.ts'
import type { Link, Linked } from './link.ts'
import { Mirror, seenAt } from './mirror.ts'
import { type MoveOptions, Moves } from './moves.ts'
import { type Ordering, Orders } from './orders.ts'
import { Reporter, type Reporting } from './reporter.ts'
import type { Note, Seen, StoredCircuit, Watcher } from './storage.ts'
import { lastKnown, takeover } from './takeover.ts'
import { type Place, Trials, type Trying } from './trials.ts'
import { Understudy } from './understudy.ts'
import { Updates, type Updating } from './updates.ts'

export class FleetCircuit implements Linked, Ordering, Reporting, Trying, Updating, Watcher, CircuitWatcher {
  readonly name: string
  readonly rules: Rules
  /** What this process decides alone. */
  readonly own: Circuit
  readonly trials: Trials
  /** Resolves when storage was read once, or did not answer. */
  readonly ready: Promise<void>
  /** What is under way, for `settled()`. */
  readonly activity: Activity = new Activity()
  readonly #link: Link
  readonly #mirror = new Mirror()
  readonly #reporter: Reporter
  readonly #audience = new Audience()
  readonly #unwatch: () => void
  readonly #moves: Moves
  readonly #understudy: Understudy
  readonly #orders: Orders
  readonly #updates: Updates
  #tripping = false
  #members = 0

  constructor(name: string, rules: Rules, own: Circuit, link: Link) {
    this.name = name
    this.rules = rules
    this.own = own
    this.#link = link
    this.#reporter = new Reporter(this, link, this.#mirror)
    this.trials = new Trials(this, link, this.#mirror)
    this.#orders = new Orders(this, link, this.#mirror)
    this.#updates = new Updates(this, link, this.#mirror)
    this.#understudy = new Understudy(own, link.clock)
    this.#moves = new Moves(name, link, this.#mirror, this.activity)
    own.watchers.add(this)
    this.#unwatch = link.storage.watch(name, this)
    this.ready = link.join(this)
  }

  get parts(): readonly Part[] {
    return this.rules.parts
  }

  /** The record as storage last said it, commands on their way left out. */
  get record(): Snapshot {
    return this.#mirror.record
  }

  /** The period that calls admitted now belong to. */
  get period(): number {
    return this.#mirror.period
  }

  /** Whether the fleet's state is what counts, not the process's own. */
  get governs(): boolean {
    if (!this.#link.up || this.#members === 0) return false
    const { state, forced } = this.view(this.#link.clock.now())
    return state !== 'closed' || forced !== undefined
  }

  /** Whether shared storage answers. */
  get isStorageUp(): boolean {
    return this.#link.up
  }

  /** The record now, with what time has done to it. */
  view(now: number): Snapshot {
    return seenAt(this.#mirror.snapshot, now, this.#link.clock)
  }

  /** What counts instead of its breakers' own thresholds. */
  get overrides(): Overrides | undefined {
    return this.#updates.overrides
  }

  /** What the fleet had counted, last time storage said. */
  counts(): Record<string, number> {
    const { stored } = this.#mirror
    return stored === undefined ? {} : fleetCounts(this.parts, stored.counts, stored.at)
  }

  /** One more breaker on this circuit. */
  join(watcher: FleetWatcher): void {
    this.#members++
    this.#audience.add(watcher)
  }

  /** One breaker less; the last lets go of storage. `true`: it did. */
  leave(watcher: FleetWatcher): boolean {
    this.#audience.remove(watcher)
    if (--this.#members > 0) return false
    this.#understudy.takeOver(lastKnown(this.view(this.#link.clock.now())))
    this.#reporter.dispose()
    this.#unwatch()
    this.#link.leave(this)
    return true
  }

  /** What counts now: the fleet's circuit, or the process's own. */
  look(): Snapshot {
    this.own.expire(this.#link.clock)
    this.own.tell()
    this.#notice('local', this.#mirror.snapshot)
    return this.governs ? this.view(this.#link.clock.now()) : this.own.snapshot
  }

  /** Lets a call in or not, where the fleet governs; `undefined`: the process's own circuit decides. */
  admit(sync: boolean): Place | Denial | undefined | Promise<Place | Denial | undefined> {
    this.look()
    return this.governs ? this.trials.admit(sync) : undefined
  }

  /** The commonest outcome of all, of a call of this period. */
  succeed(now: number): void {
    this.#reporter.unsaid.succeed(now)
  }

  /** An outcome of a call that the own circuit let in; whether it counts for the fleet. */
  observe(ofPeriod: number, failed: boolean, slow: boolean): boolean {
    if (ofPeriod !== this.#mirror.period || this.governs) return false
    this.#reporter.unsaid.add(failed, slow, this.#link.clock.now())
    if (failed || slow) this.#reporter.report()
    return true
  }

  /** Follows a changed policy. */
  followRules(): void {
    this.#reporter.follow(this.parts)
  }

  /** Acts here at once; resolves when storage holds the change, and rejects where it did not take it. */
  command(make: Command): Promise<void> {
    const { clock } = this.#link
    const at = this.look()
    const next = make(at, clock.now(), clock.wallNow())
    if (next === at) return Promise.resolve()
    const done = this.#awaited(this.#orders.carryOut(make, next))
    // Without storage the own circuit is all there is.
    if (!this.#link.up) this.own.put(next)
    this.#notice('local', next)
    return done
  }

  /** Changes thresholds for the whole fleet; here at once. Rejects where storage did not take it. */
  update(update: Update, said: Origin): Promise<void> {
    return this.#awaited(this.#updates.carryOut(update, said, this.ready))
  }

  updated(overrides: Overrides | undefined): void {
    this.#audience.updated(overrides)
    followOverrides(this.rules, overrides)
    this.followRules()
  }

  async move(next: Snapshot, options: MoveOptions): Promise<boolean> {
    const { replaced, current } = await this.#moves.move(next, this.rules.trip.text, options)
    this.met(current)
    return replaced
  }

  trip(why: string): void {
    if (this.#tripping || this.governs) return
    this.#tripping = true
    const next = openedBy(why, this.own.lastFailure, this.#mirror.snapshot, this.rules, this.#link.clock)
    // Refused: somebody else was first. Rejected: storage is down, the own circuit protects.
    const answered = this.move(next, { anew: true }).catch(() => false)
    void answered.then(() => (this.#tripping = false))
  }

  seen(): Seen {
    return this.#audience.seen()
  }

  met(stored: StoredCircuit | undefined): void {
    const { clock, settings } = this.#link
    if (stored === undefined && this.#mirror.stored === undefined) this.#reporter.introduce()
    else if (stored === undefined || stored.epoch < this.#mirror.epoch) this.#offer(stored)
    else if (this.#isNews(stored)) this.#adopt(stored, settings.timeout)
    else {
      this.#mirror.take(stored, clock.now(), settings.timeout)
      this.#updates.met(stored)
    }
  }

  changed(_: string, stored: StoredCircuit | undefined): void {
    if (stored === undefined) return
    this.#moves.pushed(stored)
    if (this.#isNews(stored)) this.#adopt(stored, Number.POSITIVE_INFINITY)
  }

  noted(_: string, note: Note): void {
    if (note.kind === 'hush') this.#reporter.hushed(note)
    else if (!this.governs) this.#reporter.asked(note)
  }

  reconnected(): void {
    this.#link.refreshSoon()
  }

  wentDown(error: unknown): void {
    this.#reporter.reset()
    const { clock, settings } = this.#link
    this.#understudy.takeOver(
      takeover(settings.whenDown, this.view(clock.now()), this.rules, this.own.lastFailure, clock),
    )
    this.#audience.storageDown(error)
    this.#notice('local', { why: 'shared storage does not answer', by: undefined })
  }

  cameUp(): void {
    this.#reporter.reset()
    this.#audience.storageUp()
    if (this.governs) this.#understudy.rest()
    // What stood in for storage ends with its return; what this process found out for itself stays.
    else if (this.#understudy.standsIn) this.follow()
    this.#notice('remote', this.#mirror.snapshot)
    this.trials.resume()
  }

  /** The own circuit changed. */
  told({ why, by }: Transition): void {
    if (this.#members > 0) this.#notice('local', { why, by })
  }

  /** Under way until it ends. Not awaiting it is safe. */
  #awaited(command: Promise<void>): Promise<void> {
    const done = holding(command).finally(this.activity.begin())
    done.catch(() => undefined)
    return done
  }

  #isNews(stored: StoredCircuit): boolean {
    return this.#mirror.stored === undefined || stored.epoch > this.#mirror.epoch
  }

  /** Said `delay` ms ago at most. */
  #adopt(stored: StoredCircuit, delay: number): void {
    const { clock, random, up, id } = this.#link
    const first = this.#mirror.stored === undefined
    const anew = stored.period !== this.#mirror.period
    if (anew) this.#mirror.spread(stored.listeners, random())
    const wasClosed = this.#mirror.snapshot.state === 'closed'
    if (stored.epoch > this.#mirror.epoch && !this.#orders.has(stored.move)) this.#mirror.ahead = undefined
    this.#mirror.take(stored, clock.now(), delay)
    this.#updates.follow()
    this.#link.fleet = stored.listeners
    if (anew) {
      this.#reporter.reset()
      this.trials.reset()
    }
    // A process that starts beside a closed circuit goes on with what it has.
    if (up && anew && !(first && wasClosed && stored.state === 'closed')) this.follow()
    this.trials.tidy()
    this.#notice(stored.mover === id ? 'local' : 'remote', stored)
  }

  /** The own circuit makes way: it rests while the fleet governs, and starts clean when that ends. */
  follow(): void {
    if (this.governs) this.#understudy.rest()
    else this.#understudy.startClean(this.#audience.told === 'closed' ? 0 : this.rules.rampUp, this.#mirror.snapshot)
  }

  #offer(met: StoredCircuit | undefined): void {
    void this.#moves.offer(met).then((current) => current && this.met(current))
  }

  #notice(origin: 'local' | 'remote', { why, by }: { why?: string | undefined; by?: string | undefined }): void {
    const { clock } = this.#link
    const to = this.governs ? this.view(clock.now()).state : this.own.snapshot.state
    this.#audience.tell(to, clock.wallNow(), { origin, why, by })
  }
}
