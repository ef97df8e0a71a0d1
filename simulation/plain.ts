// A fleet without faults but those of the dependency, for figures: how long, how many calls, how many commands.

import type { CircuitBreakerOptions, Move, StoredCircuit } from '../src/index.ts'
import { SimulatedStorage, type SimulatedTraffic } from '../src/testing/index.ts'
import { type Answer, type Call, type CallWatcher, CIRCUIT, SimNode } from './node.ts'
import { SimRandom } from './random.ts'
import { VirtualTime } from './time.ts'

export interface PlainOptions {
  readonly seed: number
  readonly nodes: number
  /** Calls per second and process. */
  readonly rate: number
  readonly rules: CircuitBreakerOptions
  readonly confirm?: number
  readonly loss?: number
}

const LATENCY = 0.3
/** ms a command keeps the server busy: assumed, about what a script of this size takes. */
const COMMAND_TIME = 0.015
const MOST_SKEW = 300_000
const MOST_DRIFT = 1e-4

/** What happened in so many ms. */
export interface Slice {
  let: number
  failed: number
  rejected: number
  commands: number
}

/** ms within which all processes start, and after which each has read twice. */
const BOOTED = 5_000
const REFRESHED = 11_000

export const SLICE = 10

export class PlainFleet {
  readonly time = new VirtualTime()
  readonly nodes: SimNode[] = []
  readonly storage: SimulatedStorage
  /** Share of calls that fail. */
  error = 0
  /** The processes whose calls all fail. */
  sick = 0
  /** ms; `undefined`: 5 to 25 */
  duration: number | undefined
  /** Processes that do not reject. */
  closed = 0
  letThrough = 0
  failed = 0
  rejected = 0
  trials = 0
  running = 0
  mostRunning = 0
  /** Commands carried out, by what they are. */
  readonly commands = { read: 0, add: 0, replace: 0, refused: 0, answers: 0 }
  readonly moves: { readonly at: number; readonly stored: StoredCircuit }[] = []
  readonly slices: Slice[] = []
  onTrial: ((node: SimNode) => void) | undefined
  readonly #options: PlainOptions
  readonly #starts: (() => void)[] = []

  constructor(options: PlainOptions) {
    this.#options = options
    const { seed, nodes, confirm, loss } = options
    this.storage = new SimulatedStorage({
      clock: this.time,
      seed,
      latency: LATENCY,
      commandTime: COMMAND_TIME,
      onTraffic: (traffic) => this.#traffic(traffic),
      ...(confirm !== undefined && { confirm }),
      ...(loss !== undefined && { loss }),
    })
    const chance = new SimRandom(seed, 3)
    // Not all at once, or they would refresh all at once too.
    for (let count = 0; count < nodes; count++) this.time.after(BOOTED * chance.unit(), () => this.#boot(count))
  }

  get state(): string {
    return this.storage.server.peek(CIRCUIT)?.state ?? 'closed'
  }

  /** All have read the storage once; then calls begin, and go on for `ms`. */
  async warmUp(ms: number): Promise<void> {
    await this.run(REFRESHED)
    for (const start of this.#starts) start()
    await this.run(ms)
  }

  run(ms: number, done?: () => boolean): Promise<void> {
    return this.time.runUntil(this.time.now() + ms, done)
  }

  #admitted(node: SimNode, call: Call): void {
    this.letThrough++
    this.slice.let++
    if (!call.trial) return
    this.trials++
    this.mostRunning = Math.max(this.mostRunning, ++this.running)
    this.onTrial?.(node)
  }

  #reject(): void {
    this.rejected++
    this.slice.rejected++
  }

  #ending(call: Call): void {
    if (call.trial) this.running--
    if (call.answer.ok) return
    this.failed++
    this.slice.failed++
  }

  get slice(): Slice {
    const index = Math.floor(this.time.now() / SLICE)
    let slice = this.slices[index]
    if (slice === undefined) {
      while (this.slices.length <= index) this.slices.push({ let: 0, failed: 0, rejected: 0, commands: 0 })
      slice = this.slices[index] as Slice
    }
    return slice
  }

  /** The most commands in any second from `since` on, per second. */
  peak(since: number): number {
    const width = 1_000 / SLICE
    let [sum, most] = [0, 0]
    const first = Math.floor(since / SLICE)
    for (let at = first; at < this.slices.length; at++) {
      sum += this.slices[at]?.commands ?? 0
      if (at - width >= first) sum -= this.slices[at - width]?.commands ?? 0
      most = Math.max(most, sum)
    }
    return most
  }

  #boot(count: number): void {
    const { rules, rate, seed } = this.#options
    const chance = new SimRandom(seed, 10 + count)
    const line = { skew: MOST_SKEW * (2 * chance.unit() - 1), drift: MOST_DRIFT * (2 * chance.unit() - 1) }
    const storage = this.nodes.length === 0 ? this.storage : this.storage.connect(line)
    const node = new SimNode(storage, rules, this.time, this.#watcher())
    this.nodes.push(node)
    this.closed++
    let wasClosed = true
    node.breaker.on('stateChange', (_, __, to) => {
      const isClosed = to === 'closed'
      if (isClosed !== wasClosed) this.closed += isClosed ? 1 : -1
      wasClosed = isClosed
    })
    const arrive = (): void => {
      if (!node.alive) return
      this.time.after(chance.gap(rate), arrive)
      // An arrival at a closed circuit settles no promise.
      const form = wasClosed ? 'acquireSync' : 'call'
      this.time.quiet = wasClosed
      node.call(this.#answer(count, chance), form)
    }
    this.#starts.push(() => this.time.after(chance.gap(rate), arrive))
  }

  #watcher(): CallWatcher {
    return {
      asks: () => undefined,
      admitted: (node, call) => this.#admitted(node, call),
      rejected: () => this.#reject(),
      ending: (_, call) => this.#ending(call),
      ended: () => undefined,
    }
  }

  #answer(count: number, chance: SimRandom): Answer {
    const ok = count >= this.sick && (this.error === 0 || chance.unit() >= this.error)
    return { ok, duration: this.duration ?? 5 + 20 * chance.unit() }
  }

  #traffic({ what, verb, detail, answer }: SimulatedTraffic): void {
    if (what !== 'done') return
    this.slice.commands++
    if (verb === 'read') this.commands.read++
    if (verb === 'add') this.commands.add++
    if (verb !== 'replace') return
    this.commands.replace++
    const { replaced, current } = answer as { replaced: boolean; current: StoredCircuit }
    if (!replaced) this.commands.refused++
    else if ((detail as Move).epoch === undefined) this.moves.push({ at: this.time.now(), stored: current })
  }
}
