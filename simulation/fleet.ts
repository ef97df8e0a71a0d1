// A fleet in virtual time: processes, their calls, the dependency, the storage, and what goes wrong with them. It
// checks at every step what must always hold, and stops at the first breach.

import { sameOverrides } from '../src/core/overrides.ts'
import type { CircuitBreakerOptions, SharedOptions, StoredCircuit } from '../src/index.ts'
import { SimulatedStorage, type SimulatedTraffic } from '../src/testing/index.ts'
import { CallChecks } from './calls.ts'
import { describeFault, type Fault } from './faults.ts'
import { CIRCUIT, type Answer, SimNode } from './node.ts'
import { SimRandom } from './random.ts'
import { RecordChecks } from './records.ts'
import { VirtualTime } from './time.ts'
import { short, Trace } from './trace.ts'
import { type PromiseNumber, Violation } from './violation.ts'

export interface FleetOptions {
  readonly seed: number
  readonly nodes: number
  readonly rules: CircuitBreakerOptions
  /** Calls per second and process. */
  readonly rate: number
  readonly trace: boolean
  readonly storage: SharedOptions
  /** When every fault is over (ms). */
  readonly until: number
}

const LATENCY = 0.3
const TIMEOUT = 100
const REFRESH = 1_000
/** A push takes no longer, nothing lost (ms). */
const ONE_PUSH = 60
const MOST_PROCESSES = 12
const MOST_SKEW = 300_000
const MOST_DRIFT = 0.01

/** Since when nothing of a kind was wrong. */
class Calm {
  readonly #now: () => number
  #active = 0
  #endedAt = Number.NEGATIVE_INFINITY

  constructor(now: () => number) {
    this.#now = now
  }

  begin(): void {
    this.#active++
  }

  end(): void {
    this.#active--
    this.#endedAt = this.#now()
  }

  blink(): void {
    this.begin()
    this.end()
  }

  get since(): number {
    return this.#active > 0 ? Number.POSITIVE_INFINITY : this.#endedAt
  }
}

export class Fleet {
  readonly time = new VirtualTime()
  readonly trace: Trace
  nodes: SimNode[] = []
  violation: Violation | undefined
  #commits = 0
  readonly #options: FleetOptions
  readonly #storage: SimulatedStorage
  readonly #records: RecordChecks
  readonly #calls: CallChecks
  /** The storage and the network of all; the line of one process; pushes. */
  readonly #storageCalm: Calm
  readonly #pushCalm: Calm
  readonly #lineCalm = new Map<SimNode, Calm>()
  readonly #periods = new Map<SimNode, number>()
  readonly #byProcess = new Map<number, SimNode>()
  #sick = 0
  #flaky = 0
  #slow = 0
  #idle = false
  #forgot = false

  constructor(options: FleetOptions) {
    this.#options = options
    const now = (): number => this.time.now()
    this.trace = new Trace(options.trace, now)
    this.#storageCalm = new Calm(now)
    this.#pushCalm = new Calm(now)
    const { trials = 1, successThreshold = 1, failMax } = options.rules
    const fail = (violation: Violation): void => this.#fail(violation)
    this.#records = new RecordChecks({ trials, successThreshold }, (record) => this.#committed(record), fail)
    this.#calls = new CallChecks({ failMax, timeout: TIMEOUT }, now, (period) => this.#records.succeeded(period), fail)
    this.#storage = new SimulatedStorage({
      clock: this.time,
      seed: options.seed,
      latency: LATENCY,
      ...options.storage,
      timeout: TIMEOUT,
      refreshInterval: REFRESH,
      onTraffic: (traffic) => this.#traffic(traffic),
    })
    for (let count = 0; count < options.nodes; count++) this.#boot()
  }

  /** Goes on for `ms`, or to the first breach. */
  async run(ms: number, done: () => boolean = () => false): Promise<boolean> {
    let reached = false
    await this.time.runUntil(this.time.now() + ms, () => {
      this.#step()
      reached = done()
      return reached || this.violation !== undefined
    })
    return reached
  }

  /** All is healed; the circuit must open once more for everybody, and close. */
  async finish(): Promise<void> {
    if (this.violation !== undefined) return
    this.trace.say('', 'everything is healed')
    await this.run(2 * (REFRESH + TIMEOUT) + 100)
    this.#agree()
    if (this.violation !== undefined) return
    const [first] = this.nodes as [SimNode]
    void first.breaker.release().catch(() => undefined)
    await this.run(500)
    this.#sick++
    this.trace.say('', 'the dependency fails')
    const opened = await this.run(20_000, () => this.#server?.state !== 'closed' && this.nodes.every(rejects))
    this.#insist(13, opened, () => `not open for everybody after 20 s: ${this.#states()}`)
    if (this.violation !== undefined) return
    this.#sick--
    this.trace.say('', 'the dependency is well')
    const closed = await this.run(30_000, () => this.#server?.state === 'closed' && this.nodes.every(passes))
    this.#insist(13, closed, () => `not closed for everybody after 30 s: ${this.#states()}`)
    if (this.violation !== undefined) return
    await this.#letGo()
  }

  suffer(fault: Fault): void {
    const node = this.nodes[fault.who % this.nodes.length] as SimNode
    this.trace.say('!', `${describeFault(fault)} (${node.name})`)
    const later = (end: () => void): void => {
      this.time.after(Math.min(fault.lasts, this.#options.until - this.time.now()), () => {
        this.trace.say('!', `${fault.kind} is over`)
        end()
      })
    }
    const { server } = this.#storage
    const storage = this.#storageCalm
    switch (fault.kind) {
      case 'sick':
        this.#sick++
        return later(() => this.#sick--)
      case 'flaky':
        this.#flaky++
        return later(() => this.#flaky--)
      case 'slow':
        this.#slow++
        return later(() => this.#slow--)
      case 'lonely':
        node.sick = true
        return later(() => (node.sick = false))
      case 'stop':
        storage.begin()
        server.stop()
        return later(() => {
          server.start()
          storage.end()
        })
      case 'freeze':
        storage.begin()
        server.freeze()
        return later(() => {
          server.thaw()
          storage.end()
        })
      case 'flush':
        storage.begin()
        server.flush()
        this.#forgot = true
        this.#records.lost(server.peek(CIRCUIT))
        return storage.end()
      case 'failover':
        storage.begin()
        server.failOver({ lost: 3_000 * fault.much ** 2, shift: 600 * (((fault.much * 7) % 1) - 0.5) })
        this.#forgot = true
        this.#records.lost(server.peek(CIRCUIT))
        return storage.end()
      case 'crash':
        if (this.nodes.length < 2) return
        node.crash()
        this.nodes = this.nodes.filter((one) => one !== node)
        return later(() => this.#boot())
      case 'start':
        return this.nodes.length < MOST_PROCESSES ? this.#boot() : undefined
      case 'cut': {
        const line = this.#lineCalm.get(node) as Calm
        line.begin()
        node.storage.cut()
        return later(() => {
          node.storage.heal()
          line.end()
        })
      }
      case 'pause': {
        const line = this.#lineCalm.get(node) as Calm
        const { clock } = node.storage
        if (clock.paused) return
        line.begin()
        clock.pause()
        return later(() => {
          node.pausedAt = this.time.now()
          clock.resume()
          line.end()
        })
      }
      case 'cutall':
        storage.begin()
        for (const one of this.nodes) one.storage.cut()
        return later(() => {
          for (const one of this.nodes) one.storage.heal()
          storage.end()
        })
      case 'deaf':
        this.#pushCalm.begin()
        node.storage.deaf = true
        return later(() => {
          node.storage.deaf = false
          this.#pushCalm.end()
        })
      case 'loss':
        storage.begin()
        for (const one of this.nodes) one.storage.loss = 0.4 * fault.much
        return later(() => {
          for (const one of this.nodes) one.storage.loss = 0
          storage.end()
        })
      case 'lag':
        storage.begin()
        for (const one of this.nodes) one.storage.latency = 60 * fault.much
        return later(() => {
          for (const one of this.nodes) one.storage.latency = LATENCY
          storage.end()
        })
      case 'command':
        return this.#command(node, fault)
    }
  }

  get totals(): { calls: number; commits: number; trials: number } {
    const all = [...this.#byProcess.values()].map(({ breaker }) => breaker.stats)
    const sum = (of: 'calls' | 'trials'): number => all.reduce((total, stats) => total + stats[of], 0)
    return { calls: sum('calls'), trials: sum('trials'), commits: this.#commits }
  }

  get #server(): StoredCircuit | undefined {
    return this.#records.current
  }

  #command({ breaker, name }: SimNode, { much, lasts }: Fault): void {
    const commands = [
      () => breaker.open(),
      () => breaker.close(),
      () => breaker.halfOpen(),
      () => breaker.force('open', { for: lasts, by: 'ops' }),
      () => breaker.force('closed', { for: lasts, by: 'ops' }),
      () => breaker.release(),
      () => breaker.update({ resetTimeout: lasts }, { by: 'ops' }),
      () => breaker.update({ resetTimeout: null }, { by: 'ops' }),
    ]
    const words = ['open', 'close', 'halfOpen', 'force open', 'force closed', 'release', 'update', 'undo update']
    const which = Math.floor(much * commands.length)
    this.trace.say(name, `${words[which]}()`)
    void commands[which]?.().catch(() => undefined)
  }

  #boot(): void {
    const { seed, rules, rate } = this.#options
    const chance = new SimRandom(seed, 10 + this.#byProcess.size)
    const skew = MOST_SKEW * (2 * chance.unit() - 1)
    const drift = MOST_DRIFT * (2 * chance.unit() - 1)
    const storage = this.#byProcess.size === 0 ? this.#storage : this.#storage.connect({ skew, drift })
    const loss = this.nodes[0]?.storage.loss ?? 0
    const node = new SimNode(storage, rules, this.time, this.#calls)
    storage.loss = loss
    this.#byProcess.set(storage.process, node)
    this.#lineCalm.set(node, new Calm(() => this.time.now()))
    this.#lineCalm.get(node)?.blink()
    this.nodes = [...this.nodes, node]
    this.trace.say(node.name, `starts, clock ${Math.round(skew / 1_000)} s off`)
    // Whatever a listener does, the caller must not notice.
    node.breaker.on('failure', () => {
      if (storage.process % 3 === 0) throw new Error('a listener that throws')
    })
    if (this.trace.wanted) this.#listen(node)
    const arrive = (): void => {
      if (!node.alive || this.#idle) return
      this.time.after(chance.gap(rate), arrive)
      if (storage.clock.paused) return
      const closed = node.breaker.state === 'closed'
      this.time.quiet = closed
      const form = chance.chance(closed ? 0.8 : 0.2) ? 'acquireSync' : 'call'
      if (form === 'call') this.time.quiet = false
      node.call(this.#answer(node, chance), form)
    }
    this.time.after(chance.gap(rate), arrive)
  }

  #answer(node: SimNode, chance: SimRandom): Answer {
    const luck = chance.unit()
    const ok = !(node.sick || this.#sick > 0 || (this.#flaky > 0 && luck < 0.5))
    const duration = this.#slow > 0 && chance.chance(0.3) ? chance.between(200, 3_000) : 5 + chance.gap(50)
    return { ok, duration }
  }

  #listen(node: SimNode): void {
    node.breaker.on('stateChange', (_, from, to, { origin, reason, by }) =>
      this.trace.say(node.name, `${from} -> ${to}, ${origin}${by === undefined ? '' : ` by ${by}`}: ${reason}`),
    )
    node.breaker.on('storageDown', (_, error) => this.trace.say(node.name, `storage down: ${(error as Error).message}`))
    node.breaker.on('storageUp', () => this.trace.say(node.name, 'storage up'))
  }

  #traffic(traffic: SimulatedTraffic): void {
    const { process, what, verb, detail } = traffic
    this.trace.traffic(traffic)
    const node = this.#byProcess.get(process)
    if (node !== undefined && what === 'sent') {
      this.#calls.sent(node)
      if (verb === 'replace') node.id = (detail as { move: string }).move.split('.')[0] as string
    }
    this.#records.traffic(traffic, () => this.#storage.server.peek(CIRCUIT))
  }

  /** At every step, in every process. */
  #step(): void {
    for (const node of this.nodes) {
      this.#calls.step(node)
      const { period } = node.fleet
      const before = this.#periods.get(node) ?? 0
      if (period === before) continue
      this.#periods.set(node, period)
      const { state } = node.known
      // Where storage has forgotten the newest period, somebody who never heard of it may go on with the one before.
      const mayGoBack = this.#forgot && state !== 'closed'
      this.#insist(
        4,
        period > before || mayGoBack,
        () => `${node.name} went from period ${short(before)} to ${short(period)}, ${state}`,
      )
      // Each period begins with a record of its own.
      const stored = this.#records.known.get(period)?.state
      this.#insist(
        7,
        state === stored,
        () => `${node.name} knows period ${short(period)} as ${state}, it was ${stored}`,
      )
    }
  }

  /** A change was stored: whoever is connected must learn of it. */
  #committed(record: StoredCircuit): void {
    this.#commits++
    const at = this.time.now()
    const reach = (within: number, pushes: boolean): void => {
      this.time.after(within, () => {
        this.time.quiet = true
        if (this.#storageCalm.since >= at || (pushes && this.#pushCalm.since >= at)) return
        for (const node of this.nodes) {
          const line = this.#lineCalm.get(node) as Calm
          if (line.since >= at) continue
          this.#insist(
            6,
            node.fleet.period >= record.period,
            () => `${node.name} has not heard of period ${short(record.period)} in ${within} ms`,
          )
        }
      })
    }
    reach(ONE_PUSH, true)
    reach(REFRESH + TIMEOUT + ONE_PUSH, false)
  }

  #agree(): void {
    const period = this.#server?.period ?? 0
    for (const { name, fleet } of this.nodes) {
      const agrees = fleet.period >= period || this.#busy()
      this.#insist(7, agrees, () => `${name} is in period ${short(fleet.period)}, storage in ${short(period)}`)
      const follows = sameOverrides(fleet.overrides, this.#server?.overrides) || this.#busy()
      this.#insist(
        7,
        follows,
        () => `${name} goes by ${JSON.stringify(fleet.overrides)}, not by what storage overrides`,
      )
    }
    const newest = Math.max(...this.nodes.map(({ fleet }) => fleet.period))
    this.#insist(7, period >= newest, () => `storage is in period ${short(period)}, a process in ${short(newest)}`)
  }

  /** A change is on its way just now. */
  #busy(): boolean {
    return (this.#server?.at ?? 0) > this.time.wallNow() - ONE_PUSH
  }

  #states(): string {
    const states = this.nodes.map((node) => `${node.name} ${node.breaker.state}`).join(', ')
    return `storage ${this.#server?.state}, ${states}`
  }

  async #letGo(): Promise<void> {
    this.#idle = true
    await this.run(3_500)
    for (const node of this.nodes) {
      const { pending } = node.storage.clock
      this.#insist(12, pending <= 1, () => `${node.name} is idle and has ${pending} timers`)
    }
    await Promise.all(this.nodes.map((node) => node.breaker.dispose()))
    // A read may be on its way.
    await this.run(2 * TIMEOUT)
    for (const node of this.nodes) {
      const { pending } = node.storage.clock
      this.#insist(12, pending === 0, () => `${node.name} was let go of and has ${pending} timers`)
    }
  }

  #insist(promise: PromiseNumber, holds: boolean, what: () => string): void {
    if (!holds) this.#fail(new Violation(promise, what()))
  }

  #fail(violation: Violation): void {
    if (this.violation !== undefined) return
    this.violation = violation
    violation.at = this.time.now()
    this.trace.say('', `BROKEN ${violation.message}`)
  }
}

function rejects(node: SimNode): boolean {
  return node.breaker.state !== 'closed'
}

function passes(node: SimNode): boolean {
  return node.breaker.state === 'closed'
}
