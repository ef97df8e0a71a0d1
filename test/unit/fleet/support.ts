// A process's line to a MemoryStorage that the test keeps in its hands: answers can be late, lost or refused, and it
// notes what was sent. Storage time is a million ms ahead of the process's.

import { CircuitBreaker, MemoryStorage } from '../../../src/index.ts'
import type {
  CircuitBreakerOptions,
  CircuitStorage,
  Move,
  SharedOptions,
  StoredCircuit,
  Tally,
  Watcher,
} from '../../../src/index.ts'
import { ManualClock } from '../../../src/testing/index.ts'
import { deferred, flush, watch } from '../../support/async.ts'
import { down } from '../../support/breaker.ts'

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
  readonly #late: (() => void)[] = []

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

/** A process of a fleet, with a breaker on the circuit they share and what its listeners heard. */
export interface Process {
  readonly line: Line
  readonly breaker: CircuitBreaker
  readonly events: string[]
}

export interface FleetOptions extends LineOptions {
  readonly breaker?: CircuitBreakerOptions
}

export const NAME = 'c'

/** So many processes on one storage, each with a breaker that has read it. */
export async function fleetOf(count: number, { breaker, ...options }: FleetOptions = {}): Promise<Process[]> {
  const first = new Line({ ...options, random: () => 0.5 })
  const all = Array.from({ length: count }, (_, index) => {
    const { clock, memory } = first
    const line = index === 0 ? first : new Line({ ...options, clock, memory, random: () => 0.5 + index / 100 })
    return joined(line, breaker)
  })
  await Promise.all(all.map((one) => one.breaker.ready()))
  return all
}

/** A breaker on a line. */
export function joined(line: Line, options: CircuitBreakerOptions = {}): Process {
  const breaker = new CircuitBreaker({ name: NAME, resetTimeout: 1_000, storage: line, ...options })
  return { line, breaker, events: heard(breaker) }
}

/** Changes of state, with whose they were, and how the storage is. */
export function heard(breaker: CircuitBreaker): string[] {
  const events: string[] = []
  breaker.addListener({
    stateChange: (_, from, to, { origin }) => void events.push(`${from}->${to} ${origin}`),
    storageDown: () => void events.push('storage down'),
    storageUp: () => void events.push('storage up'),
  })
  return events
}

/** Time goes on, ms by ms: what a timer sends is answered before the next is due. */
export async function advance({ line }: Process, ms: number): Promise<void> {
  for (let left = ms; left > 0; left--) {
    line.clock.advance(Math.min(1, left))
    await flush(left === 1 ? 60 : 30)
  }
}

/** One circuit, opened by a person, whose time is over. */
export async function due(count: number, options: FleetOptions = {}): Promise<Process[]> {
  const all = await fleetOf(count, options)
  const [first] = all
  if (first === undefined) throw new Error('A fleet has a process')
  await first.breaker.open()
  await advance(first, 1_000)
  for (const { events, line } of all) {
    events.length = 0
    line.sent.length = 0
  }
  return all
}

/** A call that stays in flight until the test ends it; storage was asked by now where it had to be. */
export async function begin({ breaker }: Process) {
  const work = deferred<string>()
  const call = { ran: false }
  const ending = watch(
    breaker.call(() => {
      call.ran = true
      return work.promise
    }),
  )
  await flush(60)
  return {
    ran: call.ran,
    done: ending.done,
    async succeed() {
      work.resolve('fine')
      return await ending.done
    },
    async fail(error: unknown = down) {
      work.reject(error)
      return await ending.done
    },
  }
}
