// The longest that somebody waits for a storage: clients do not bound what they have sent to a frozen server.

import type { FullClock } from '../core/clock.ts'
import type { MaybePromise } from './storage.ts'

/** ms by which a timer is late when the process itself was busy. */
const LATE = 10

/** What `run` answers; rejects with a `TimeoutError` after `within` ms. */
export function bounded<T>(clock: FullClock, run: () => MaybePromise<T>, within: number): Promise<T> {
  return new Promise((resolve, reject) => {
    const due = clock.now() + within
    const fail = (): void => reject(new DOMException(`The storage did not answer within ${within} ms`, 'TimeoutError'))
    let cancelTimer = clock.after(within, () => {
      // A process that was busy hears its timers before its sockets: the answer may be there already.
      if (clock.now() - due < LATE) fail()
      else cancelTimer = clock.after(LATE, fail)
    })
    const cancel = (): void => cancelTimer()
    try {
      Promise.resolve(run()).then(resolve, reject).finally(cancel)
    } catch (error) {
      cancel()
      reject(error)
    }
  })
}
