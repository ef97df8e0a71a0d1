// A person's hold on a circuit, from what was asked for to what the machine takes.

import { bad, checkDuration, checkKnown, checkObject, checkText } from './check.ts'
import type { FullClock } from './clock.ts'
import type { Hold } from './snapshot.ts'

/** Options of `force`. */
export interface ForceOptions {
  /** ms until the hold ends by itself. @default Infinity */
  for?: number | undefined
  /** Who holds it. */
  by?: string | undefined
  /** Why, in the person's words. */
  reason?: string | undefined
}

/** @throws TypeError or RangeError for an unknown state or a bad option. */
export function resolveHold(state: 'open' | 'closed', options: ForceOptions, clock: FullClock): Hold {
  if (state !== 'open' && state !== 'closed') throw bad('state', "'open' or 'closed'", state, 'string')
  checkKnown('force', checkObject('options', options), ['for', 'by', 'reason'])
  const span = checkDuration('for', options.for ?? Number.POSITIVE_INFINITY)
  return {
    state,
    until: clock.now() + span,
    by: checkText('by', options.by),
    reason: checkText('reason', options.reason),
  }
}
