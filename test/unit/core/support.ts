// A circuit, rules and a clock without a breaker around them, and what was warned of.

import { Circuit, type Ticket } from '../../../src/core/circuit.ts'
import { type FullClock, fullClock } from '../../../src/core/clock.ts'
import { type Options, resolveRules, resolveSettings, type Rules } from '../../../src/core/options.ts'
import { ManualClock } from '../../../src/testing/index.ts'

export const boom = new Error('boom')

/** What a call throws; fails where it throws nothing. */
function thrownBy(fn: () => unknown): Error {
  try {
    fn()
  } catch (error) {
    return error as Error
  }
  throw new Error('Expected an error, got none')
}

/** What an error says: class and message. */
export function wordsOf(fn: () => unknown): string {
  const error = thrownBy(fn)
  return `${error.constructor.name}: ${error.message}`
}

export interface World {
  readonly manual: ManualClock
  readonly clock: FullClock
  readonly rules: Rules
  readonly circuit: Circuit
}

/** A circuit that starts at 1000 ms, wall time 500 000. */
export function world(options: Options = {}): World {
  const manual = new ManualClock(1_000, 500_000)
  const rules = resolveRules(options, resolveSettings(options))
  const circuit = new Circuit()
  circuit.watch(rules.parts)
  return { manual, clock: fullClock(manual), rules, circuit }
}

/** The ticket of a call that must be let in. */
export function ticket({ circuit, rules, clock }: World): Ticket {
  const answer = circuit.admit(rules, clock)
  if ('reason' in answer) throw new Error(`Expected a ticket, got ${answer.reason}`)
  return answer
}

export function failOnce(at: World, error: unknown = boom): string {
  return at.circuit.settle(ticket(at), 'failure', false, error, at.rules, at.clock)
}

export function succeedOnce(at: World): string {
  return at.circuit.settle(ticket(at), 'success', false, undefined, at.rules, at.clock)
}
