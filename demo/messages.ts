/** What the terminal and its services say to each other, as JSON over the channel that `fork` opens. */
import type { Change, CircuitState, Stats } from 'infuse-breaker'
import type { Health } from './script.ts'

/** Terminal to payments. Payments answers with what it has seen since `reset`. */
export interface PaymentsQuestion {
  readonly health?: Health
  readonly reset?: boolean
}

/** Calls that reached payments from one side: the guarded shops, or the one without a breaker. */
export interface Seen {
  calls: number
  /** calls that arrived while payments was failing or hanging */
  whileSick: number
  trials: number
  /** most trials in payments' hands at one moment, whichever shops they came from */
  trialsAtOnce: number
}
export type PaymentsReport = Readonly<Record<string, Seen>>

/** A shop's breaker as it stands; `undefined` from a shop that has none. */
export interface BreakerReport {
  readonly state: CircuitState
  readonly text: string
  readonly stats: Stats
  /** epoch ms */
  readonly nextTrialAt: number | undefined
}

/** A breaker changed its state: told by a shop at once and without being asked. */
export interface Transition {
  readonly from: CircuitState
  readonly to: CircuitState
  /** `local`: this shop made the change; `remote`: it was told of it. */
  readonly origin: Change['origin']
  readonly reason: string | undefined
  /** this shop's own failures in a row */
  readonly failCounter: number
  /** ms of a clock that all processes of the machine share */
  readonly stamp: number
}

/** `alone`: what the shops share does not answer this one. */
export type News = (Transition & { readonly kind: 'transition' }) | { readonly kind: 'alone' }

export type ToService = { readonly id: number; readonly question: unknown }
export type FromService =
  | { readonly kind: 'ready'; readonly port: number }
  | { readonly kind: 'answer'; readonly id: number; readonly answer: unknown }
  | { readonly kind: 'news'; readonly news: unknown }
