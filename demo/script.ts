/**
 * The script of events: what payments does, for how long, and what the audience is told about it.
 * It knows nothing of shops and breakers.
 */

/** How payments behaves: it answers, it answers 503 after some thought, or it takes requests and says nothing. */
export type Health = 'healthy' | 'failing' | 'hanging'

export interface Act {
  readonly name: string
  readonly health: Health
  readonly seconds: number
  readonly caption: string
}

/** ms a shop waits for payments */
export const callTimeout = 1_000

/** Failures in a row that open the circuit, all shops' together. */
export const failMax = 5

/** ms a failing payments thinks before it says 503: an overloaded service is seldom quick to say so. */
export const failingDelay = 250

export const script: readonly [Act, ...Act[]] = [
  { name: 'healthy', health: 'healthy', seconds: 5, caption: 'payments answers within 30 ms' },
  { name: '503s', health: 'failing', seconds: 7, caption: `payments answers 503 after ${failingDelay} ms` },
  { name: 'hang', health: 'hanging', seconds: 8, caption: 'payments takes requests and never answers' },
  { name: 'recovery', health: 'healthy', seconds: 6, caption: 'payments was restarted and answers again' },
]

/** Seconds that the last act may go on for on a slow machine, until the circuit is closed again. */
export const overtime = 6
