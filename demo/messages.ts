/** What the terminal and its services say to each other, as JSON over the channel that `fork` opens. */
import type { CircuitState, Stats } from 'infuse-breaker'
import type { Health } from './script.ts'

/** Terminal to payments. Payments answers with what it has seen since `reset`. */
export interface PaymentsQuestion {
  readonly health?: Health
  readonly reset?: boolean
}

/** Calls that reached payments from one shop. */
export interface Seen {
  calls: number
  /** calls that arrived while payments was failing or hanging */
  whileSick: number
  trials: number
  /** most trials in payments' hands at one moment */
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
  readonly reason: string | undefined
  readonly failCounter: number
}

export type ToService = { readonly id: number; readonly question: unknown }
export type FromService =
  | { readonly kind: 'ready'; readonly port: number }
  | { readonly kind: 'answer'; readonly id: number; readonly answer: unknown }
  | { readonly kind: 'news'; readonly news: unknown }
