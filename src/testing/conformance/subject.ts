// A storage under test: its verbs with a deadline, names that nobody else uses, and the few comparisons that cases need.

import type {
  CircuitStorage,
  MaybePromise,
  Move,
  Note,
  StoredCircuit,
  StoredTransition,
  Tally,
  Watcher,
} from '../../fleet/storage.ts'

/** What the suite is told of the storage. */
export interface ConformanceOptions {
  /** Lets time pass, where a storage goes by a clock of its own. @default 5 ms of real time */
  pause?: (() => Promise<void>) | undefined
  /** ms of real time after which an expectation has failed. @default 5_000 */
  within?: number | undefined
}

/** One rule's check. */
export type Check = (subject: Subject) => Promise<void>

/** What a watcher heard. */
export interface Heard {
  readonly changes: { readonly name: string; readonly circuit: StoredCircuit | undefined }[]
  readonly notes: { readonly name: string; readonly note: Note }[]
  stop(): void
}

let names = 0

export class Subject {
  readonly storage: CircuitStorage
  readonly #pause: () => Promise<void>
  readonly #within: number

  constructor(storage: CircuitStorage, options: ConformanceOptions) {
    this.storage = storage
    this.#pause = options.pause ?? (() => new Promise((resolve) => setTimeout(resolve, 5)))
    this.#within = options.within ?? 5_000
  }

  /** A name that no other case uses, nor another run on the same server. */
  name(): string {
    return `conformance-${Date.now().toString(36)}-${Math.random().toString(36).slice(2, 10)}-${++names}`
  }

  async read(name: string): Promise<StoredCircuit | undefined> {
    const [circuit] = await this.readAll([name])
    return circuit
  }

  readAll(circuits: readonly string[]): Promise<readonly (StoredCircuit | undefined)[]> {
    return this.settled(() => this.storage.read(circuits))
  }

  /** Adds to whatever epoch is stored unless the tally says which. */
  add(name: string, tally: Partial<Tally> = {}): Promise<StoredCircuit> {
    const whole: Tally = { epoch: 0, period: 0, keep: {}, ...tally }
    return this.settled(() => this.storage.add(name, whole))
  }

  replace(
    name: string,
    expected: StoredCircuit | undefined,
    move: Partial<Move> = {},
  ): Promise<{ readonly replaced: boolean; readonly current: StoredCircuit | undefined }> {
    return this.settled(() => this.storage.replace(name, expected, moveOf(move)))
  }

  /** A replace that must succeed; what is stored now. */
  async moved(name: string, expected: StoredCircuit | undefined, move: Partial<Move> = {}): Promise<StoredCircuit> {
    const { replaced, current } = await this.replace(name, expected, move)
    holds(replaced && current !== undefined, 'the move is made')
    return current as StoredCircuit
  }

  transitions(options: { circuit?: string; limit: number }): Promise<readonly StoredTransition[]> {
    return this.settled(() => this.storage.transitions?.(options) ?? [])
  }

  /** Watches a circuit that exists, from now on: resolves when pushes arrive. */
  async watch(name: string): Promise<Heard> {
    const heard: Heard = { changes: [], notes: [], stop: () => undefined }
    const watcher: Watcher = {
      changed: (circuit, stored) => void heard.changes.push({ name: circuit, circuit: stored }),
      noted: (circuit, note) => void heard.notes.push({ name: circuit, note }),
      reconnected: () => undefined,
    }
    const stop = this.storage.watch(name, watcher)
    await this.until(async () => ((await this.read(name))?.listeners ?? 0) > 0, 'the watcher is counted')
    return Object.assign(heard, { stop })
  }

  /** Asks until it holds, to the deadline. */
  async until(met: () => MaybePromise<boolean>, what: string): Promise<void> {
    const end = Date.now() + this.#within
    while (!(await met())) {
      if (Date.now() > end) throw new Error(`Expected that ${what}; it did not come about within ${this.#within} ms`)
      await this.#pause()
    }
  }

  /** The answer, with time passing until it comes. */
  async settled<T>(run: () => MaybePromise<T>): Promise<T> {
    let done = false
    const answer = Promise.resolve(run()).finally(() => {
      done = true
    })
    answer.catch(() => undefined)
    await Promise.race([answer, this.until(() => done, 'the storage answers')])
    return answer
  }
}

/** A move with everything that a case does not care for filled in. */
export function moveOf(move: Partial<Move> = {}): Move {
  return {
    state: 'closed',
    until: 0,
    relapses: 0,
    successes: 0,
    leases: [],
    period: 'new',
    move: 'move-1',
    mover: 'mover-1',
    ...move,
  }
}

export function holds(condition: boolean, what: string): void {
  if (!condition) throw new Error(`Expected that ${what}`)
}

/** Compares plain data; a member that is `undefined` is one that is missing. */
export function same(actual: unknown, expected: unknown, what: string): void {
  const [is, should] = [plain(actual), plain(expected)]
  if (is !== should) throw new Error(`Expected ${what} to be ${should}, got ${is}`)
}

function plain(value: unknown): string {
  const sorted = (_: string, inner: unknown): unknown =>
    typeof inner === 'object' && inner !== null && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1)))
      : inner
  return JSON.stringify(value, sorted) ?? 'undefined'
}
