// A shared storage for tests: what one process sees of it, over a network that is slow, loses things and falls apart
// when it is told to. Other processes connect to the same server. Everything follows from the clock and the seed.

import { checkKnown, checkDuration, checkBetween } from '../core/check.ts'
import { type Clock, type FullClock, fullClock } from '../core/clock.ts'
import { resolveShared } from '../fleet/link.ts'
import type { MemoryStorage } from '../fleet/memory.ts'
import type {
  CircuitReport,
  CircuitStorage,
  Move,
  Note,
  Presence,
  SharedOptions,
  StoredCircuit,
  StoredTransition,
  Tally,
  Watcher,
} from '../fleet/storage.ts'
import { latencyOf, seeded } from './seeded.ts'
import { SimulatedServer } from './simulated-server.ts'
import { SimulatedClock } from './simulated-clock.ts'

/** One process's line to a simulated storage. */
export interface SimulatedLineOptions {
  /** ms that the process's clock is ahead of the storage's. @default 0 */
  skew?: number | undefined
  /** How much faster than the storage's it goes: 0.01 gains 10 ms a second. @default 0 */
  drift?: number | undefined
  /** Typical ms that a message is on its way, in each direction; few take much longer. 0: answers at once. @default 0 */
  latency?: number | undefined
  /** Share of the messages that are lost, 0 to 1: commands, answers and pushes. @default 0 */
  loss?: number | undefined
}

/** A simulated storage, and the line of its first process. */
export interface SimulatedStorageOptions extends SimulatedLineOptions, SharedOptions {
  /** Time as it is: a `ManualClock` in tests. @default the system's */
  clock?: Clock | undefined
  /** What chance goes by. @default 1 */
  seed?: number | undefined
  /** ms that a command keeps the server from the next. @default 0 */
  commandTime?: number | undefined
  /** Told of each message, when it is sent and when it arrives. */
  onTraffic?: ((traffic: SimulatedTraffic) => void) | undefined
}

/** One message between a process and the storage. */
export interface SimulatedTraffic {
  /** Which process, from 1. */
  readonly process: number
  readonly what: 'sent' | 'lost' | 'done' | 'answered' | 'refused' | 'pushed'
  readonly verb: 'read' | 'add' | 'replace' | 'changed' | 'noted' | 'reconnected'
  /** The command's argument (names, tally or move), or what is pushed. */
  readonly detail: unknown
  /** What the storage answers. */
  readonly answer?: unknown
}

interface Shared {
  readonly options: SimulatedStorageOptions
  readonly base: FullClock
  readonly server: SimulatedServer
  readonly settings: Required<SharedOptions>
  processes: number
}

const SHARED = ['timeout', 'confirm', 'refreshInterval', 'whenDown'] as const
const LINE = ['skew', 'drift', 'latency', 'loss'] as const
const KNOWN = [...SHARED, ...LINE, 'clock', 'seed', 'commandTime', 'onTraffic']

/**
 * A shared storage in memory, as one process sees it, whose network and server do what a test tells them to.
 * @example new SimulatedStorage({ clock: new ManualClock(), seed: 7 })
 */
export class SimulatedStorage implements CircuitStorage {
  readonly shared: Required<SharedOptions>
  /** This process's clock: what breakers on this storage go by. */
  readonly clock: SimulatedClock
  /** What a fleet leaves to chance, from the seed. */
  readonly random: () => number
  /** Which process it is, from 1. */
  readonly process: number
  /** Typical ms on the way. */
  latency: number
  /** Share of messages that are lost. */
  loss: number
  /** Whether pushes are lost, and only they. */
  deaf = false
  readonly #shared: Shared
  readonly #network: () => number
  readonly #stops = new Set<() => void>()
  readonly #watchers = new Set<Watcher>()
  #cut = false
  #gone = false

  /** @throws TypeError or RangeError for an option of the wrong type or range. */
  constructor(options: SimulatedStorageOptions = {}) {
    const shared = SHARE.get(options) ?? share(options)
    const { skew = 0, drift = 0, latency = 0, loss = 0, seed = 1 } = options
    this.#shared = shared
    this.shared = shared.settings
    this.process = ++shared.processes
    this.clock = new SimulatedClock(shared.base, skew, checkBetween('drift', drift, -0.5, 0.5))
    this.latency = checkDuration('latency', latency)
    this.loss = checkBetween('loss', loss, 0, 1)
    this.random = seeded(seed, 2 * this.process)
    this.#network = seeded(seed, 2 * this.process + 1)
  }

  /** The server behind it, the same for all processes: for faults, and for what it was asked. */
  get server(): SimulatedServer {
    return this.#shared.server
  }

  /** The storage as another process sees it. */
  connect(line: SimulatedLineOptions = {}): SimulatedStorage {
    checkKnown('connect', line, LINE)
    const options = { ...this.#shared.options, ...line }
    SHARE.set(options, this.#shared)
    return new SimulatedStorage(options)
  }

  /** Nothing gets through any more, in either direction. */
  cut(): void {
    this.#cut = true
  }

  /** Messages get through again; who watches is told to read. */
  heal(): void {
    if (!this.#cut || this.#gone) return
    this.#cut = false
    for (const watcher of this.#watchers) this.#push('reconnected', undefined, () => watcher.reconnected())
  }

  /** The process is gone, without a word: no timer of its clock fires, nothing reaches it. */
  crash(): void {
    this.#cut = this.#gone = true
    this.clock.stop()
    for (const stop of [...this.#stops]) stop()
  }

  read(names: readonly string[], presence?: Presence): Promise<readonly (StoredCircuit | undefined)[]> {
    return this.#send('read', names, (store) => {
      this.server.reports.see(names, presence)
      return store.read(names)
    })
  }

  add(name: string, tally: Tally): Promise<StoredCircuit> {
    return this.#send('add', tally, (store) => {
      const stored = store.add(name, tally)
      this.server.wrote(name, stored)
      return stored
    })
  }

  replace(
    name: string,
    expected: StoredCircuit | undefined,
    next: Move,
  ): Promise<{ replaced: boolean; current: StoredCircuit | undefined }> {
    return this.#send('replace', next, (store) => {
      const answer = store.replace(name, expected, next)
      this.server.wrote(name, answer.current)
      return answer
    })
  }

  watch(name: string, watcher: Watcher): () => void {
    const stop = this.server.watch(name, {
      changed: (_, circuit) => this.#push('changed', circuit, () => watcher.changed(name, circuit)),
      noted: (_, note: Note) => this.#push('noted', note, () => watcher.noted(name, note)),
      reconnected: () => this.#push('reconnected', undefined, () => watcher.reconnected()),
    })
    const end = (): void => {
      stop()
      this.#stops.delete(end)
      this.#watchers.delete(watcher)
    }
    this.#stops.add(end)
    this.#watchers.add(watcher)
    return end
  }

  list(): Promise<readonly string[]> {
    return this.#send('read', [], (store) => store.list())
  }

  transitions(options: { circuit?: string; limit: number }): Promise<readonly StoredTransition[]> {
    return this.#send('read', [], (store) => store.transitions(options))
  }

  reports(names: readonly string[]): Promise<readonly (CircuitReport | undefined)[]> {
    return this.#send('read', names, () => this.server.reports.read(names))
  }

  /** A command on its way there, and its answer on the way back; what is lost never settles. */
  #send<T>(verb: 'read' | 'add' | 'replace', detail: unknown, run: (store: MemoryStorage) => T): Promise<T> {
    this.#tell('sent', verb, detail)
    return new Promise((resolve, reject) => {
      const refuse = (error: Error): void => {
        this.#carry(verb, detail, () => {
          this.#tell('refused', verb, detail)
          this.clock.turn(() => reject(error))
        })
      }
      const carryOut = (store: MemoryStorage): void => {
        this.server.commands[verb]++
        const answer = run(store)
        this.#tell('done', verb, detail, answer)
        this.#carry(verb, detail, () => {
          this.#tell('answered', verb, detail, answer)
          this.clock.turn(() => resolve(answer))
        })
      }
      this.#carry(verb, detail, () => this.server.receive({ run: carryOut, refuse }))
    })
  }

  #push(verb: 'changed' | 'noted' | 'reconnected', detail: unknown, run: () => void): void {
    if (this.deaf && verb !== 'reconnected') {
      this.#tell('lost', verb, detail)
      return
    }
    this.#carry(verb, detail, () => {
      this.#tell('pushed', verb, detail)
      this.clock.turn(run)
    })
  }

  /** One message, one way. */
  #carry(verb: SimulatedTraffic['verb'], detail: unknown, arrive: () => void): void {
    if (this.#cut || (this.loss > 0 && this.#network() < this.loss)) {
      this.#tell('lost', verb, detail)
      return
    }
    if (this.latency === 0) {
      queueMicrotask(arrive)
      return
    }
    this.#shared.base.after(latencyOf(this.latency, this.#network), () => {
      if (this.#cut) this.#tell('lost', verb, detail)
      else arrive()
    })
  }

  #tell(what: SimulatedTraffic['what'], verb: SimulatedTraffic['verb'], detail: unknown, answer?: unknown): void {
    this.#shared.options.onTraffic?.({ process: this.process, what, verb, detail, answer })
  }
}

/** The server that a storage made by `connect` is to share. */
const SHARE = new WeakMap<SimulatedStorageOptions, Shared>()

function share(options: SimulatedStorageOptions): Shared {
  checkKnown('SimulatedStorage', options, KNOWN)
  const { timeout, confirm, refreshInterval, whenDown, commandTime = 0 } = options
  const base = fullClock(options.clock)
  const server = new SimulatedServer(base, checkDuration('commandTime', commandTime))
  return {
    options,
    base,
    server,
    settings: resolveShared({ timeout, confirm, refreshInterval, whenDown }),
    processes: 0,
  }
}
