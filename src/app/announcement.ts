// What a service says of itself at start: that its circuit is closed, say, so that its callers call it at once and do
// not wait for their trial. A hold that a person ordered stays, and storage that is down is told when it comes back.

import type { CircuitBreaker } from '../breaker.ts'
import { gateOf } from '../calls/gates.ts'
import type { Gate } from '../calls/gate.ts'
import { checkOneOf } from '../core/check.ts'
import { type Command, closeCommand, halfOpenCommand, openCommand } from '../core/commands.ts'
import type { CircuitState } from '../core/snapshot.ts'

const STATES: readonly CircuitState[] = ['closed', 'open', 'half-open']
const ORIGIN = { why: 'the service announced it at its start', by: undefined }

/** @throws TypeError or RangeError */
export function checkAnnounce(state: CircuitState | false | undefined): CircuitState | undefined {
  if (state === undefined || state === false) return undefined
  return checkOneOf('announce', state, STATES)
}

/** Puts the circuit to `state`; resolves when storage holds that, or is down. Never rejects. */
export async function announce(breaker: CircuitBreaker, state: CircuitState): Promise<void> {
  await breaker.ready()
  await put(breaker, state)
}

/** A storage that is down says of no circuit what it is, and is told later. */
async function put(breaker: CircuitBreaker, state: CircuitState): Promise<void> {
  const gate = gateOf(breaker)
  if (gate.fleet?.isStorageUp !== false) {
    try {
      return await gate.command(announcing(gate, state))
    } catch {
      // `storageDown` has told everybody.
    }
  }
  const waiting = breaker.on('storageUp', () => {
    waiting[Symbol.dispose]()
    // Not at once: what storage holds is adopted right after it is up.
    queueMicrotask(() => void put(breaker, state))
  })
}

/** Nothing changes where the circuit is so already and storage says so too, or where a person holds it. */
function announcing({ fleet, rules }: Gate, state: CircuitState): Command {
  const change = {
    closed: () => closeCommand(rules, ORIGIN),
    open: () => openCommand(rules, undefined, ORIGIN),
    'half-open': () => halfOpenCommand(ORIGIN),
  }[state]()
  return (at, now, wall) => {
    // Of a circuit that storage has no record of there are no counts either.
    const isStored = fleet === undefined || Object.keys(fleet.counts()).length > 0
    return (isStored && at.state === state) || at.forced !== undefined ? at : change(at, now, wall)
  }
}
