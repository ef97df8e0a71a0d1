// One process of the simulated fleet: a real breaker on its own line to the storage, with its own clock, and the calls
// that it makes. What happens to each call is told to whoever watches.

import { CircuitBreaker, type CircuitBreakerOptions, isCircuitBreakerError } from '../src/index.ts'
import type { Lease, Snapshot } from '../src/core/snapshot.ts'
import type { FleetCircuit } from '../src/fleet/circuit.ts'
import { fleetOn } from '../src/fleet/circuits.ts'
import type { SimulatedStorage } from '../src/testing/index.ts'
import type { VirtualTime } from './time.ts'

export const CIRCUIT = 'dependency'

/** How the dependency will answer one call. */
export interface Answer {
  readonly ok: boolean
  /** ms */
  readonly duration: number
}

/** One call that was let in. */
export interface Call {
  readonly number: number
  readonly answer: Answer
  /** What let it in: the process's own circuit, and the fleet's period. */
  readonly own: Snapshot
  readonly period: number
  readonly trial: boolean
  /** Its place, where the fleet let it in as a trial. */
  readonly lease: string | undefined
  /** Let in by the fleet, which is held closed. */
  readonly held: boolean
}

/** Told of what becomes of calls. */
export interface CallWatcher {
  asks(node: SimNode): void
  admitted(node: SimNode, call: Call, waited: number): void
  rejected(node: SimNode, error: unknown, waited: number): void
  /** Just before the verdict is given. */
  ending(node: SimNode, call: Call): void
  /** The caller has it. */
  ended(node: SimNode, call: Call, result: { ok: boolean; value: unknown }): void
}

export type Form = 'acquireSync' | 'call'

export class SimNode {
  readonly name: string
  readonly storage: SimulatedStorage
  readonly breaker: CircuitBreaker
  readonly fleet: FleetCircuit
  readonly bornAt: number
  alive = true
  /** When it last stood still, ms. */
  pausedAt = Number.NEGATIVE_INFINITY
  /** The name it has in the fleet, once it was seen. */
  id = ''
  sick = false
  readonly #time: VirtualTime
  readonly #watcher: CallWatcher
  readonly #used = new Set<string>()
  readonly #ownLeases = new WeakSet<Lease>()
  #calls = 0

  constructor(storage: SimulatedStorage, options: CircuitBreakerOptions, time: VirtualTime, watcher: CallWatcher) {
    this.name = `n${storage.process}`
    this.storage = storage
    this.#time = time
    this.#watcher = watcher
    this.bornAt = time.now()
    this.breaker = new CircuitBreaker({ ...options, name: CIRCUIT, storage })
    this.fleet = fleetOn(storage, CIRCUIT, undefined as never, undefined as never, undefined as never)
  }

  /** The newest record that this process knows. */
  get known(): Snapshot {
    return this.fleet.record
  }

  /** Makes a call; the answer is known beforehand, not to the breaker. */
  call(answer: Answer, form: Form): void {
    const asked = this.#time.now()
    this.#watcher.asks(this)
    if (form === 'acquireSync') this.#callSync(answer, asked)
    else this.#callAsync(answer, asked)
  }

  crash(): void {
    this.alive = false
    this.storage.crash()
  }

  #callSync(answer: Answer, asked: number): void {
    const before = this.breaker.stats.trials
    let permit: ReturnType<CircuitBreaker['acquireSync']>
    try {
      permit = this.breaker.acquireSync()
    } catch (error) {
      this.#watcher.rejected(this, error, 0)
      return
    }
    const call = this.#admitted(answer, this.breaker.stats.trials > before, asked)
    const error = answer.ok ? undefined : new Error(`call ${call.number} of ${this.name}`)
    this.#later(answer.duration, () => {
      this.#watcher.ending(this, call)
      if (answer.ok) permit.success()
      else permit.failure(error)
      this.#time.quiet = answer.ok && !call.trial
      this.#watcher.ended(this, call, { ok: answer.ok, value: error })
    })
  }

  #callAsync(answer: Answer, asked: number): void {
    const before = this.breaker.stats.trials
    let call: Call | undefined
    const value = answer.ok ? { answer: this.#calls } : new Error(`call ${this.#calls} of ${this.name}`)
    const dependency = (): Promise<unknown> => {
      const mine = (call = this.#admitted(answer, this.breaker.stats.trials > before, asked))
      return new Promise((resolve, reject) => {
        this.#later(answer.duration, () => {
          this.#watcher.ending(this, mine)
          if (answer.ok) resolve(value)
          else reject(value)
        })
      })
    }
    const end = (ok: boolean, got: unknown): void => {
      if (!this.alive) return
      if (call !== undefined) this.#watcher.ended(this, call, { ok, value: unwrap(got, value) })
      else this.#watcher.rejected(this, got, this.#time.now() - asked)
    }
    this.breaker.call(dependency).then(
      (got) => end(true, got),
      (error: unknown) => end(false, error),
    )
  }

  #admitted(answer: Answer, trial: boolean, asked: number): Call {
    const { fleet } = this
    const governed = fleet.governs
    // The own circuit lets a trial in with a new lease of its own.
    const ownLease = fleet.own.snapshot.leases.at(-1)
    const byItself = ownLease !== undefined && !this.#ownLeases.has(ownLease)
    if (trial && byItself) this.#ownLeases.add(ownLease)
    const mine = trial && !byItself ? this.known.leases.findLast(({ id }) => this.#isFree(id)) : undefined
    if (mine !== undefined) this.#used.add(mine.id)
    const call: Call = {
      number: ++this.#calls,
      answer,
      own: fleet.own.snapshot,
      period: fleet.period,
      trial,
      lease: mine?.id,
      held: governed && !trial,
    }
    this.#watcher.admitted(this, call, this.#time.now() - asked)
    return call
  }

  /** Something outside of the process ends. */
  #later(ms: number, run: () => void): void {
    this.#time.after(ms, () => {
      if (this.alive) this.storage.clock.turn(run)
    })
  }

  #isFree(lease: string): boolean {
    return lease.startsWith(`${this.id}.`) && !this.#used.has(lease)
  }
}

/** What the call came to: its own error also where the breaker wrapped it. */
function unwrap(got: unknown, own: unknown): unknown {
  return got !== own && isCircuitBreakerError(got) && (got as Error).cause === own ? own : got
}
