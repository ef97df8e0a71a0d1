// A process's line to a MemoryStorage that the test keeps in its hands: answers can be late, lost or refused, and it
// notes what was sent. Storage time is a million ms ahead of the process's.

import { MemoryStorage } from '../../../src/index.ts'
import type { CircuitStorage, Move, SharedOptions, StoredCircuit, Tally, Watcher } from '../../../src/index.ts'
import { ManualClock } from '../../../src/testing/index.ts'

/** Storage ms less process ms. */
export const AHEAD = 1_000_000

type Verb = 'read' | 'add' | 'replace'

interface Sent {
  readonly verb: Verb
  readonly detail: unknown
}

export interface LineOptions extends SharedOptions {
  readonly clock?: ManualClock
  readonly memory?: MemoryStorage
  readonly random?: () => number
}

/** Nobody asks it so often but by a chain of promises that would never end. */
class ImpatientClock extends ManualClock {
  #asked = 0

  override now(): number {
    if (++this.#asked > 50_000) throw new Error('This goes on for ever')
    return super.now()
  }
}

export class Line implements CircuitStorage {
  readonly clock: ManualClock
  readonly memory: MemoryStorage
  readonly shared: SharedOptions
  readonly random: () => number
  readonly sent: Sent[] = []
  /** `late`: carried out, answered at {@link release}. `lost`: carried out, never answered. */
  mode: 'well' | 'refuses' | 'silent' | 'late' | 'lost' = 'well'
  deaf = false
  /** What storage says of the fleet's size, where it is not what it sees. */
  listeners: number | undefined
  /** Is run before a command is carried out: somebody is quicker. */
  before: ((verb: Verb) => void) | undefined
  readonly watchers = new Set<Watcher>()
  #late: (() => void)[] = []

  constructor({ clock = new ImpatientClock(0, AHEAD), memory, random, ...shared }: LineOptions = {}) {
    this.clock = clock
    this.memory = memory ?? new MemoryStorage({ clock })
    this.random = random ?? (() => 0.5)
    this.shared = shared
  }

  read(names: readonly string[]): Promise<readonly (StoredCircuit | undefined)[]> {
    return this.#send('read', names, () => this.memory.read(names).map((stored) => stored && this.#sized(stored)))
  }

  add(name: string, tally: Tally): Promise<StoredCircuit> {
    return this.#send('add', tally, () => this.#sized(this.memory.add(name, tally)))
  }

  replace(
    name: string,
    expected: StoredCircuit | undefined,
    next: Move,
  ): Promise<{ readonly replaced: boolean; readonly current: StoredCircuit | undefined }> {
    return this.#send('replace', next, () => {
      const { replaced, current } = this.memory.replace(name, expected, next)
      return { replaced, current: current && this.#sized(current) }
    })
  }

  watch(name: string, watcher: Watcher): () => void {
    this.watchers.add(watcher)
    const stop = this.memory.watch(name, {
      changed: (of, stored) => this.deaf || watcher.changed(of, stored && this.#sized(stored)),
      noted: (of, note) => this.deaf || watcher.noted(of, note),
      reconnected: () => watcher.reconnected(),
    })
    return () => {
      this.watchers.delete(watcher)
      stop()
    }
  }

  /** What was sent of one kind since the last time. */
  drain(verb: Verb): unknown[] {
    const drained = this.sent.filter((one) => one.verb === verb).map(({ detail }) => detail)
    this.sent.splice(0, this.sent.length, ...this.sent.filter((one) => one.verb !== verb))
    return drained
  }

  /** The late answers arrive. */
  release(): void {
    this.mode = 'well'
    for (const answer of this.#late.splice(0)) answer()
  }

  /** The record as it is stored. */
  stored(name: string): StoredCircuit {
    const [stored] = this.memory.read([name])
    if (stored === undefined) throw new Error(`There is no record of ${name}`)
    return stored
  }

  async #send<T>(verb: Verb, detail: unknown, run: () => T): Promise<T> {
    this.sent.push({ verb, detail })
    if (this.mode === 'refuses') throw new Error('connect ECONNREFUSED')
    if (this.mode === 'silent') return new Promise(() => undefined)
    this.before?.(verb)
    const answer = run()
    if (this.mode === 'lost') return new Promise(() => undefined)
    if (this.mode === 'late') await new Promise<void>((resolve) => this.#late.push(resolve))
    return answer
  }

  #sized(stored: StoredCircuit): StoredCircuit {
    return this.listeners === undefined ? stored : { ...stored, listeners: this.listeners }
  }
}

/** A record, closed and moved by somebody, unless told otherwise. */
export function record(parts: Partial<StoredCircuit> = {}): StoredCircuit {
  return {
    state: 'closed',
    epoch: 900,
    period: 900,
    until: 900,
    relapses: 0,
    successes: 0,
    leases: [],
    move: 'other.1',
    mover: 'other',
    at: AHEAD,
    listeners: 2,
    counts: {},
    asked: 0,
    asker: undefined,
    ...parts,
  }
}

/** A move to that state, by another process. */
export function moveTo(parts: Partial<Move> & Pick<Move, 'state'>): Move {
  return {
    until: { in: 0 },
    relapses: 0,
    successes: 0,
    leases: [],
    period: 'new',
    move: 'other.1',
    mover: 'other',
    ...parts,
  }
}
