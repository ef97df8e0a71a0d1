// A shared record as this process knows it: the newest it was told of, and the same in this process's time. Storage
// answers with its own time, so only what is left of a time is carried over; clocks that are minutes apart agree on it.

import type { FullClock } from '../core/clock.ts'
import { expireCommand } from '../core/commands.ts'
import { type Hold, type Lease, PRISTINE, type Snapshot } from '../core/snapshot.ts'
import type { Overrides } from '../core/overrides.ts'
import type { Move, StorageTime, StoredCircuit } from './storage.ts'

/** Storage ms that stand for "without end"; the latest time a Date can hold, since not every wire carries Infinity. */
const FOREVER = 8.64e15

/** How fast two clocks may part, as a share. */
const DRIFT = 1e-4

/** ms over which the processes of a fleet spread their asking for a trial, per process, less what is free. */
const JITTER_PER_PROCESS = 0.5
const JITTER_FREE = 20

/** What makes a snapshot a move. */
export interface MoveParts {
  readonly move: string
  readonly mover: string
  readonly policy: string | undefined
  /** Storage refuses it before this; storage ms. */
  readonly notBefore?: number | undefined
  /** Overrides to set, and whose change it is. */
  readonly update?: Revision | undefined
}

/** A change of overrides. */
export interface Revision {
  readonly overrides: Overrides | undefined
  readonly said: NonNullable<Move['said']>
}

export class Mirror {
  stored: StoredCircuit | undefined
  // Fields, since the closed path looks at the period; a record that nobody made has 0 in both.
  epoch = 0
  period = 0
  /** The record in this process's ms, as storage said it. */
  record: Snapshot = PRISTINE
  /** What a command of this process made of the record, until storage has said yes or no to it. */
  ahead: Snapshot | undefined
  /** Storage ms less this process's ms; unknown until storage has answered once. */
  offset: number | undefined
  #heardAt = 0
  /** ms that this process waits longer than it must before it asks for a trial. */
  jitter = 0

  /** The same with what a command on its way makes of it. */
  get snapshot(): Snapshot {
    return this.ahead ?? this.record
  }

  /** A new period: claims of a large fleet would come all at once. `chance` is 0 to 1. */
  spread(processes: number, chance: number): void {
    this.jitter = chance * Math.max(0, processes * JITTER_PER_PROCESS - JITTER_FREE)
  }

  /**
   * Takes over what storage said, heard at `now` (this process's ms), at most `delay` ms after it was said. Of two
   * answers the quicker one tells storage's time better, so a slow one does not spoil what is known.
   */
  take(stored: StoredCircuit, now: number, delay: number): void {
    const latest = stored.at - now
    const known = this.offset === undefined ? latest : this.offset - (now - this.#heardAt) * DRIFT
    this.offset = Math.max(latest, Math.min(known, latest + delay))
    this.#heardAt = now
    const next = toSnapshot(stored, this.offset, this.record.leases, this.jitter)
    // The same period goes on: it began when it began, whatever the clocks have drifted since.
    const { since } = this.stored?.period === stored.period ? this.record : next
    this.record = Object.freeze({ ...next, since })
    // An epoch has its overrides for good: without them it was made anew by counts, in a storage that was emptied.
    const overrides = this.stored?.epoch === stored.epoch ? this.stored.overrides : undefined
    this.stored = stored.overrides === undefined && overrides !== undefined ? { ...stored, overrides } : stored
    this.epoch = stored.epoch
    this.period = stored.period
  }
}

/** The next state as storage wants it: times not its own become times left from now. */
export function toMove(
  next: Snapshot,
  base: Snapshot | undefined,
  stored: StoredCircuit | undefined,
  now: number,
  parts: MoveParts,
): Move {
  const known = new Map(stored?.leases.map((lease) => [lease.id, lease.until]))
  const { move, mover, policy, notBefore, update } = parts
  // A lease given or freed within a half-open period leaves the period as it is.
  const goesOn = next.state === base?.state && next.since === base.since
  // What a command has changed here but not yet there is no base to go on from.
  const same = stored !== undefined && goesOn && next.state === stored.state
  return {
    state: next.state,
    until: same && next.until === base.until ? stored.until : left(next.until, now),
    relapses: next.relapses,
    successes: next.successes,
    leases: next.leases.map(({ id, until }) => ({ id, until: known.get(id) ?? left(until, now) })),
    forced: same ? stored.forced : next.forced && { state: next.forced.state, until: left(next.forced.until, now) },
    overrides: update === undefined ? stored?.overrides : update.overrides,
    policy,
    by: next.by,
    why: next.why,
    period: same ? stored.period : 'new',
    move,
    mover,
    ...(notBefore !== undefined && { notBefore }),
    ...(update !== undefined && { said: update.said }),
  }
}

/** What time has done to a record by `now`. */
export function seenAt(record: Snapshot, now: number, clock: FullClock): Snapshot {
  const { forced } = record
  return forced === undefined || now < forced.until ? record : expireCommand(record, now, clock.wallNow())
}

/** A record put back as it is, where storage has an older one or none. */
export function toGiveBack(stored: StoredCircuit, move: string): Move {
  const { state, until, relapses, successes, leases, forced, overrides, policy, by, why, epoch, period, mover } = stored
  return { state, until, relapses, successes, leases, forced, overrides, policy, by, why, epoch, period, mover, move }
}

/** The earliest storage time at which a trial may be claimed from this record. */
export function claimableFrom(
  { state, until, forced, leases, at }: StoredCircuit,
  dropped: (id: string) => boolean,
): number | undefined {
  if (forced !== undefined) return forced.until
  if (state === 'open') return until
  const displaced = leases.filter((lease) => dropped(lease.id)).map((lease) => lease.until)
  return displaced.length === 0 ? undefined : Math.max(at, ...displaced)
}

function toSnapshot(stored: StoredCircuit, offset: number, before: readonly Lease[], jitter: number): Snapshot {
  const local = (time: number): number => (time >= FOREVER ? Number.POSITIVE_INFINITY : time - offset)
  const { state, until, relapses, successes, period, leases, forced, by, why } = stored
  const hold: Hold | undefined = forced && { state: forced.state, until: local(forced.until), by, reason: why }
  return Object.freeze({
    ...PRISTINE,
    state,
    since: local(period),
    until: state === 'open' && forced === undefined ? local(until) + jitter : local(until),
    relapses,
    successes,
    // A lease that was known keeps its object: it is the ticket of a trial that runs here.
    leases: leases.map(
      (lease) => before.find(({ id }) => id === lease.id) ?? Object.freeze({ id: lease.id, until: local(lease.until) }),
    ),
    openedAt: state === 'closed' ? undefined : period,
    forced: hold,
    why,
    by,
  })
}

/** A time of this process as storage wants it: what is left of it. */
export function left(until: number, now: number): StorageTime {
  const ms = Math.round(until - now)
  return ms >= FOREVER ? FOREVER : { in: Math.max(ms, -FOREVER) }
}
