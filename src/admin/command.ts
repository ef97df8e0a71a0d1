// An operator's order to a breaker of this process, in the words that a breaker knows.

import type { CircuitBreaker } from '../breaker.ts'
import { ownThresholds, withUpdate } from '../core/overrides.ts'
import { changeOf } from './history.ts'
import { lookInside } from './inside.ts'
import type { Order } from './order.ts'
import { invalid } from './refusal.ts'

/** What there is to say of it beyond the states. */
export interface Done {
  /** Resolves when it is stored, where it is. */
  readonly stored: Promise<void>
  /** What of the thresholds changed, in words. */
  readonly change: string | null
  /** ms of a hold. */
  readonly held: number | null
}

/** Carries it out at once. @throws Refusal where it makes no sense for this circuit. */
export function command(breaker: CircuitBreaker, order: Order): Done {
  const { by, reason } = order
  const nothing = { change: null, held: null }
  switch (order.action) {
    case 'open':
      return { stored: breaker.open({ by, reason }), ...nothing }
    case 'half-open':
      return { stored: breaker.halfOpen({ by, reason }), ...nothing }
    case 'close':
      return { stored: breaker.close({ by, reason }), ...nothing }
    case 'release':
      return { stored: breaker.release({ by, reason }), ...nothing }
    case 'force':
      return { stored: breaker.force(order.state, { for: order.for, by, reason }), change: null, held: order.for }
    default: {
      const { rules } = lookInside(breaker)
      if (typeof order.changes.failMax === 'number' && ownThresholds(rules).failMax === undefined)
        throw invalid('failMax', 'A trip policy in code decides when this circuit opens; failMax is not read.')
      const { overrides } = rules
      const change = changeOf(overrides, withUpdate(overrides, order.changes))
      return { stored: breaker.update(order.changes, { by, reason }), change, held: null }
    }
  }
}
