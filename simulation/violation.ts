// The twelve statements that must always hold (docs/simulation.md has them in full), and the breach of one.

export const PROMISES = {
  1: 'closed and healthy: a call is let in at once, without a storage command',
  2: 'a verdict counts only while the period that let its call in lasts',
  3: 'no more unexpired leases than `trials`, and none displaced before it expired',
  4: 'a circuit closes only by trial successes or a command',
  5: 'own failures that cross the policy open for this process, storage or not',
  6: 'a change reaches every connected process in one push, or within `refreshInterval` and a deadline',
  7: 'after healing all agree, and an emptied storage closes nothing that is known to be open',
  8: 'no call waits for storage but the one that asks for a trial, and that one `timeout` at most',
  9: 'trials go out neither before their time by the clock of the storage, nor much later',
  10: 'a process that starts adopts what is stored',
  11: 'the caller gets what the call came to',
  12: 'a circuit that is let go of leaves no timer, and one that is idle has one',
  13: 'when everything is well again an outage opens the circuit for everybody, and its end closes it',
} as const

export type PromiseNumber = keyof typeof PROMISES

export class Violation extends Error {
  readonly promise: PromiseNumber
  /** When, in ms of the run. */
  at = Number.POSITIVE_INFINITY

  constructor(promise: PromiseNumber, what: string) {
    super(`${promise}: ${PROMISES[promise]}\n  ${what}`)
    this.promise = promise
  }
}
