// What must hold for the record in storage, whoever moves it: checked at each command that the storage carries out.

import type { Move, StoredCircuit, Tally } from '../src/index.ts'
import type { SimulatedTraffic } from '../src/testing/index.ts'
import { describeRecord, short } from './trace.ts'
import { type PromiseNumber, Violation } from './violation.ts'

interface Rules {
  readonly trials: number
  readonly successThreshold: number
}

/** Told of each commit. */
export type OnCommit = (record: StoredCircuit) => void

export class RecordChecks {
  /** What is stored. */
  current: StoredCircuit | undefined
  /** Every record there ever was, by epoch. */
  readonly known = new Map<number, Pick<StoredCircuit, 'state' | 'period'>>([[0, { state: 'closed', period: 0 }]])
  /** Trial successes, by period. */
  readonly successes = new Map<number, number>()
  /** Processes that have heard from storage. */
  readonly #informed = new Set<number>()
  readonly #rules: Rules
  readonly #onCommit: OnCommit
  readonly #fail: (violation: Violation) => void

  constructor(rules: Rules, onCommit: OnCommit, fail: (violation: Violation) => void) {
    this.#rules = rules
    this.#onCommit = onCommit
    this.#fail = fail
  }

  /** A trial succeeded while it had its place. */
  succeeded(period: number): void {
    this.successes.set(period, (this.successes.get(period) ?? 0) + 1)
  }

  traffic({ process, what, verb, detail, answer }: SimulatedTraffic, stored: () => StoredCircuit | undefined): void {
    if (what === 'answered' || what === 'pushed') this.#informed.add(process)
    if (what !== 'done' || verb === 'read') return
    const before = this.current
    const after = stored()
    this.current = after
    if (after === undefined) return
    if (verb === 'add') this.#added(before, after, detail as Tally)
    else if ((answer as { replaced: boolean }).replaced) this.#moved(process, before, after, detail as Move)
  }

  /** The storage lost something. */
  lost(stored: StoredCircuit | undefined): void {
    this.current = stored
  }

  #added(before: StoredCircuit | undefined, after: StoredCircuit, tally: Tally): void {
    if (before !== undefined) {
      this.#insist(4, before.state === after.state, () => `a tally changed ${describeRecord(before)}`)
      return
    }
    const known = this.known.get(tally.epoch)
    const closed = known === undefined || known.state === 'closed'
    this.#insist(7, closed, () => `a tally made @${short(tally.epoch)} closed, which was ${told(known)}`)
    if (known === undefined && tally.epoch > 0) this.#insist(7, false, () => `a tally made up epoch ${tally.epoch}`)
  }

  #moved(process: number, before: StoredCircuit | undefined, after: StoredCircuit, move: Move): void {
    this.#insist(
      7,
      before === undefined || after.epoch > before.epoch,
      () => `${told(before)} was overwritten by ${told(after)}`,
    )
    if (move.epoch !== undefined) this.#givenBack(after)
    else {
      const commanded = isCommand(move)
      this.#insist(10, commanded || this.#informed.has(process), () => `n${process} moved before it had read anything`)
      this.#once(after)
      if (before !== undefined && !commanded) {
        this.#leases(before, after, move)
        this.#closes(before, after)
      }
    }
    this.#onCommit(after)
  }

  #givenBack(after: StoredCircuit): void {
    const known = this.known.get(after.epoch)
    const same = known !== undefined && known.state === after.state && known.period === after.period
    this.#insist(4, same, () => `${told(after)} was put back, but it was ${told(known)}`)
  }

  /** Nobody must ever find two records of one epoch. */
  #once(after: StoredCircuit): void {
    const known = this.known.get(after.epoch)
    this.#insist(7, known === undefined, () => `two records of one epoch: ${told(known)} and ${told(after)}`)
    this.known.set(after.epoch, after)
  }

  #leases(before: StoredCircuit, after: StoredCircuit, { mover }: Move): void {
    const { at } = after
    const live = after.leases.filter(({ until }) => until > at)
    this.#insist(3, live.length <= this.#rules.trials, () => `${live.length} leases: ${told(after)}`)
    const own = (id: string): boolean => id.startsWith(`${mover}.`)
    const kept = new Set(after.leases.map(({ id }) => id))
    if (after.state === 'half-open') {
      for (const { id, until } of before.leases) {
        const displaced = !kept.has(id) && !own(id) && until > at
        this.#insist(
          3,
          !displaced,
          () => `a lease with ${until - at} ms left was displaced: ${told(before)} became ${told(after)}`,
        )
      }
    }
    if (before.state === 'open' && after.state === 'half-open') {
      const from = before.forced?.until ?? before.until
      this.#insist(
        9,
        at >= from,
        () => `a trial was granted ${from - at} ms early: ${told(before)} became ${told(after)}`,
      )
    }
    if (before.state === 'half-open' && after.state !== 'half-open') {
      const held = before.leases.some(({ id }) => own(id))
      this.#insist(2, held, () => `decided by a process without a lease: ${told(before)} became ${told(after)}`)
    }
  }

  #closes(before: StoredCircuit, after: StoredCircuit): void {
    if (after.state !== 'closed' || before.state === 'closed') return
    const successes = this.successes.get(before.period) ?? 0
    const enough = before.state === 'half-open' && successes >= this.#rules.successThreshold
    this.#insist(4, enough, () => `closed after ${successes} trial successes: ${told(before)} became ${told(after)}`)
  }

  #insist(promise: PromiseNumber, holds: boolean, what: () => string): void {
    if (!holds) this.#fail(new Violation(promise, what()))
  }
}

function isCommand({ why, forced, by }: Move): boolean {
  return forced !== undefined || by !== undefined || (why?.endsWith('was called') ?? false)
}

function told(record: Pick<StoredCircuit, 'state' | 'period'> | undefined): string {
  if (record === undefined) return 'nothing'
  return 'at' in record ? `[${describeRecord(record as StoredCircuit)}]` : `[${record.state}]`
}
