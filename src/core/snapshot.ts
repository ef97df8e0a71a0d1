// What a circuit is at one moment: plain frozen data, replaced and never changed. The object itself is the ticket
// of the calls it admits: a verdict counts only while the circuit still holds the snapshot (or the lease) that let
// the call in. Times are ms of whichever clock the owner uses; this file does not know which.

/** PyBreaker's three states, stored as such. */
export type CircuitState = 'closed' | 'open' | 'half-open'

/** One trial's place in a half-open circuit. A trial that has no verdict by `until` has lost it. */
export interface Lease {
  readonly id: string
  readonly until: number
}

/** A state held by a person, until a time or for ever. */
export interface Hold {
  readonly state: 'open' | 'closed'
  readonly until: number
  readonly by: string | undefined
  readonly reason: string | undefined
}

export interface Snapshot {
  readonly state: CircuitState
  /** When this period began. */
  readonly since: number
  /**
   * Open: from when a trial may go. Otherwise `since` plus the time the circuit was last open; a closed circuit
   * forgets its relapses then.
   */
  readonly until: number
  /** How often it opened again without a sustained close between. */
  readonly relapses: number
  /** Trial successes of this half-open period. */
  readonly successes: number
  readonly leases: readonly Lease[]
  /** ms over which traffic returns after `since`; closed only. */
  readonly rampUp: number
  /** Epoch ms of the last opening, while not closed. */
  readonly openedAt: number | undefined
  readonly forced: Hold | undefined
  /** Why it came to this, in words, and who did it where a person did. */
  readonly why: string | undefined
  readonly by: string | undefined
}

const NO_LEASES: readonly Lease[] = Object.freeze([])

/** A circuit nothing has happened to. */
export const PRISTINE: Snapshot = Object.freeze({
  state: 'closed',
  since: Number.NEGATIVE_INFINITY,
  until: Number.NEGATIVE_INFINITY,
  relapses: 0,
  successes: 0,
  leases: NO_LEASES,
  rampUp: 0,
  openedAt: undefined,
  forced: undefined,
  why: undefined,
  by: undefined,
})

/** A new period: nothing of the old one stays but what is given. */
export function period(parts: Partial<Snapshot> & Pick<Snapshot, 'state' | 'since' | 'until'>): Snapshot {
  return Object.freeze({ ...PRISTINE, ...parts })
}
