// What a service says of itself at start: that its circuit is closed, say, so that its callers call it at once and do
// not wait for their trial. A hold that a person ordered stays, and storage that is down is told when it comes back.

import type { CircuitBreaker } from '../breaker.ts'
import { checkOneOf } from '../core/check.ts'
import type { CircuitState } from '../core/snapshot.ts'

const STATES: readonly CircuitState[] = ['closed', 'open', 'half-open']

/** Puts the circuit to `state`; resolves when storage holds that, or is down. Never rejects. */
export async function announce(breaker: CircuitBreaker, state: CircuitState): Promise<void> {
  let isDown = false
  using _ = breaker.on('storageDown', () => {
    isDown = true
  })
  await breaker.ready()
  // A storage that is down says of no circuit what it is.
  if (isDown || !(await put(breaker, state))) announceOnReturn(breaker, state)
}

function announceOnReturn(breaker: CircuitBreaker, state: CircuitState): void {
  const waiting = breaker.on('storageUp', () => {
    waiting[Symbol.dispose]()
    // Not at once: what storage holds is adopted right after it is up.
    queueMicrotask(() => void put(breaker, state))
  })
}

/** @throws TypeError or RangeError */
export function checkAnnounce(state: CircuitState | false | undefined): CircuitState | undefined {
  if (state === undefined || state === false) return undefined
  return checkOneOf('announce', state, STATES)
}

/** Whether it could be said. */
async function put(breaker: CircuitBreaker, state: CircuitState): Promise<boolean> {
  const { state: now, forced } = breaker.explain()
  if (now === state || forced !== undefined) return true
  try {
    await (state === 'closed' ? breaker.close() : state === 'open' ? breaker.open() : breaker.halfOpen())
    return true
  } catch {
    // `storageDown` has told everybody.
    return false
  }
}
