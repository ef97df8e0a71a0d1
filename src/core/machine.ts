// The state machine: from a snapshot, an event and the time to the next snapshot. Pure and synchronous; it does no
// I/O, reads no clock and keeps nothing, so that a process's own circuit and a fleet's shared one obey the same rules.
//
//   closed ──trip──▶ open ──claim, once its time is over──▶ half-open ──judge──▶ closed, open again, or still half-open
//   any ──command──▶ as named; any ──hold──▶ as held, until it expires or is released

import { type Hold, type Lease, period, type Snapshot } from './snapshot.ts'

/** Who or what moved a circuit, for people. */
export interface Origin {
  readonly why: string | undefined
  readonly by: string | undefined
}

/** A call may not pass. `retryAfter` in ms. */
export interface Refusal {
  readonly reason: 'open' | 'trial-in-flight' | 'forced'
  readonly retryAfter: number
}

/** A new open period. `now` in ms, `wall` in epoch ms, `openFor` in ms. */
export interface Opening extends Origin {
  readonly now: number
  readonly wall: number
  readonly openFor: number
}

/** What the circuit says to a call: it may pass, it may pass as a trial, or it is refused. */
export function admission(at: Snapshot, trials: number, now: number): 'pass' | 'trial' | Refusal {
  if (at.forced !== undefined) {
    return at.forced.state === 'closed' ? 'pass' : { reason: 'forced', retryAfter: left(at.forced.until, now) }
  }
  if (at.state === 'closed') return 'pass'
  if (at.state === 'open') return now < at.until ? { reason: 'open', retryAfter: left(at.until, now) } : 'trial'
  const held = at.leases.filter((lease) => now < lease.until)
  if (held.length < trials) return 'trial'
  return { reason: 'trial-in-flight', retryAfter: left(Math.min(...held.map((lease) => lease.until)), now) }
}

/** Gives a place to a trial; only after {@link admission} said so. An open circuit becomes half-open by it. */
export function claim(at: Snapshot, lease: Lease, now: number): Snapshot {
  if (at.state === 'half-open') {
    const leases = [...at.leases.filter((held) => now < held.until), lease]
    return Object.freeze({ ...at, leases: Object.freeze(leases) })
  }
  return period({
    state: 'half-open',
    since: now,
    until: now + lastOpenFor(at),
    relapses: at.relapses,
    leases: Object.freeze([lease]),
    openedAt: at.openedAt,
    why: at.why,
    by: at.by,
  })
}

/** Whether a trial still has its place. */
export function holds(at: Snapshot, lease: Lease, now: number): boolean {
  return now < lease.until && at.leases.includes(lease)
}

/** A trial ended without evidence: its place is free again. */
export function freed(at: Snapshot, lease: Lease): Snapshot {
  return Object.freeze({ ...at, leases: Object.freeze(at.leases.filter((held) => held !== lease)) })
}

/** A trial succeeded: closed once there are enough of them, else half-open with its place free. */
export function succeeded(at: Snapshot, lease: Lease, threshold: number, rampUp: number, now: number): Snapshot {
  const successes = at.successes + 1
  if (successes < threshold) return Object.freeze({ ...freed(at, lease), successes })
  const why = successes === 1 ? 'the trial call succeeded' : `${successes} trial calls succeeded`
  const openFor = lastOpenFor(at)
  return period({
    state: 'closed',
    since: now,
    until: Number.isFinite(openFor) ? now + openFor : now,
    relapses: at.relapses,
    rampUp,
    why,
  })
}

/** Relapses that the next opening would have: a sustained close, as long as the last open time, forgets them. */
export function nextRelapses(at: Snapshot, now: number): number {
  if (at.state === 'half-open') return at.relapses + 1
  return now >= at.until ? 0 : at.relapses + 1
}

/** Relapses that a command leaves as they are; a closed circuit that is opened by one has none. */
export function keptRelapses(at: Snapshot): number {
  return at.state === 'closed' ? 0 : at.relapses
}

/** The trip policy was crossed, or a trial failed. */
export function opened(at: Snapshot, opening: Opening): Snapshot {
  const { now, wall, openFor, why, by } = opening
  return period({
    state: 'open',
    since: now,
    until: now + openFor,
    relapses: nextRelapses(at, now),
    openedAt: wall,
    why,
    by,
  })
}

/** An operator's `open`: on an open circuit its time starts anew. It is no relapse. */
export function commandedOpen(at: Snapshot, opening: Opening): Snapshot {
  const { now, wall, openFor, why, by } = opening
  return period({
    state: 'open',
    since: now,
    until: now + openFor,
    relapses: keptRelapses(at),
    openedAt: wall,
    why,
    by,
  })
}

/** An operator's `half-open`: the next call is a trial. */
export function commandedHalfOpen(at: Snapshot, now: number, wall: number, origin: Origin): Snapshot {
  const { relapses, openedAt = wall } = at
  return period({ state: 'half-open', since: now, until: now + lastOpenFor(at), relapses, openedAt, ...origin })
}

/** An operator's `close`: everything is forgotten. */
export function commandedClose(now: number, rampUp: number, origin: Origin): Snapshot {
  return period({ state: 'closed', since: now, until: now, rampUp, ...origin })
}

/** A person holds the circuit open or closed. */
export function held(at: Snapshot, forced: Hold, now: number, wall: number): Snapshot {
  const { relapses, openedAt = wall } = at
  const common = { since: now, until: forced.until, relapses, forced, why: forced.reason, by: forced.by }
  if (forced.state === 'closed') return period({ state: 'closed', ...common })
  return period({ state: 'open', openedAt, ...common })
}

/** The hold is over: a forced open circuit tries, a forced closed one starts clean. */
export function released(at: Snapshot, now: number, wall: number, origin: Origin): Snapshot {
  if (at.forced?.state === 'open') return commandedHalfOpen(at, now, wall, origin)
  return commandedClose(now, 0, origin)
}

/** An open circuit whose open time was changed while it was open. */
export function reopenedFor(at: Snapshot, openFor: number): Snapshot {
  return Object.freeze({ ...at, until: at.since + openFor })
}

/** The time of a hold is no open time that a dependency needed. */
function lastOpenFor(at: Snapshot): number {
  return at.state === 'closed' || at.forced !== undefined ? 0 : at.until - at.since
}

function left(until: number, now: number): number {
  return Math.max(0, until - now)
}
