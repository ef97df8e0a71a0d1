// A person's hand on circuits of a shared storage, where no breaker of this process is on them: reads the record, makes of
// it what the machine makes of a command, and sets it if it is still the same. It knows no application's options: an
// opened circuit stays open as long as the last time, or as long as an override says.

import { DEFAULT_RESET_TIMEOUT } from '../core/backoff.ts'
import { checkObject, checkPositive } from '../core/check.ts'
import { type Clock, type FullClock, fullClock } from '../core/clock.ts'
import {
  type Command,
  type CommandOptions,
  closeCommand,
  forceCommand,
  halfOpenCommand,
  openCommand,
  originOf,
  releaseCommand,
  retimeCommand,
} from '../core/commands.ts'
import { type ForceOptions, resolveHold } from '../core/force.ts'
import { checkUpdate, readOverrides, type Update, withUpdate } from '../core/overrides.ts'
import type { Snapshot } from '../core/snapshot.ts'
import { bounded } from './deadline.ts'
import { Mirror, type Revision, seenAt, toMove } from './mirror.ts'
import type { CircuitStorage, MaybePromise, Presence, StoredCircuit } from './storage.ts'

/** What rides with the read of who only looks: it keeps nothing in use. */
export const ONLOOKER: Presence = Object.freeze({ process: 'operator', circuits: Object.freeze({}) })

/** What a circuit becomes, and what its overrides. */
interface Order {
  readonly make: (stored: StoredCircuit | undefined) => Command
  readonly revise?: (stored: StoredCircuit | undefined) => Revision
}

const PATIENCE = 2_000
const MOST_TRIES = 20

/**
 * Commands for circuits of a storage by name. Each resolves with the record as it is then, with `undefined` for a circuit
 * that nobody knows, and rejects where the storage fails, or the circuit goes on changing.
 */
export class Operator {
  readonly #storage: CircuitStorage
  readonly #clock: FullClock
  readonly #timeout: number
  readonly #id: string
  #moves = 0

  /** `timeout`: ms to wait for an answer of the storage. @default 2_000 */
  constructor(storage: CircuitStorage, options: { clock?: Clock | undefined; timeout?: number | undefined } = {}) {
    const { clock, timeout } = checkObject('options', options)
    this.#storage = storage
    this.#clock = fullClock(clock ?? storage.clock)
    this.#timeout = checkPositive('timeout', timeout ?? PATIENCE)
    this.#id = `operator-${Math.floor((storage.random ?? Math.random)() * 2 ** 48).toString(36)}`
  }

  open(name: string, said?: CommandOptions): Promise<StoredCircuit | undefined> {
    const origin = originOf('open', said)
    return this.#carryOut(name, {
      make: (stored) => (at, now, wall) =>
        openCommand({ resetTimeout: openTimeOf(at, stored) }, undefined, origin)(at, now, wall),
    })
  }

  halfOpen(name: string, said?: CommandOptions): Promise<StoredCircuit | undefined> {
    return this.#command(name, halfOpenCommand(originOf('halfOpen', said)))
  }

  close(name: string, said?: CommandOptions): Promise<StoredCircuit | undefined> {
    // The ramp of an application's options is its own matter, in each of its processes.
    return this.#command(name, closeCommand({ rampUp: 0 }, originOf('close', said)))
  }

  force(name: string, state: 'open' | 'closed', hold: ForceOptions = {}): Promise<StoredCircuit | undefined> {
    return this.#command(name, forceCommand(resolveHold(state, hold, this.#clock)))
  }

  release(name: string, said?: CommandOptions): Promise<StoredCircuit | undefined> {
    return this.#command(name, releaseCommand(originOf('release', said)))
  }

  /** Changes thresholds for all who share the circuit, until `null` undoes it. */
  update(name: string, update: Update, said?: CommandOptions): Promise<StoredCircuit | undefined> {
    const { resetTimeout } = checkUpdate(update)
    const origin = originOf('update', said)
    return this.#carryOut(name, {
      make: () => (typeof resetTimeout === 'number' ? retimeCommand(resetTimeout) : (at) => at),
      revise: (stored) => ({ overrides: withUpdate(readOverrides(stored?.overrides), update), said: origin }),
    })
  }

  #command(name: string, command: Command): Promise<StoredCircuit | undefined> {
    return this.#carryOut(name, { make: () => command })
  }

  async #carryOut(name: string, order: Order): Promise<StoredCircuit | undefined> {
    const [found] = await this.#ask(() => this.#storage.read([name], ONLOOKER))
    if (found === undefined && !(await this.#isListed(name))) return undefined
    let stored = found
    for (let tries = 0; tries < MOST_TRIES; tries++) {
      const answer = await this.#attempt(name, stored, order)
      if (answer === undefined) return stored
      if (answer.replaced) return answer.current
      stored = answer.current
    }
    throw new Error(`Circuit "${name}" went on changing; what was asked of it is not stored`)
  }

  /** One compare and set; `undefined` where there is nothing to change. */
  async #attempt(
    name: string,
    stored: StoredCircuit | undefined,
    { make, revise }: Order,
  ): Promise<{ readonly replaced: boolean; readonly current: StoredCircuit | undefined } | undefined> {
    const mirror = new Mirror()
    const now = this.#clock.now()
    if (stored !== undefined) mirror.take(stored, now, 0)
    const at = seenAt(mirror.record, now, this.#clock)
    const next = make(stored)(at, now, this.#clock.wallNow())
    const update = revise?.(stored)
    if (next === at && update === undefined) return undefined
    const move = toMove(next, update && mirror.record, stored, now, {
      move: `${this.#id}.${++this.#moves}`,
      mover: this.#id,
      policy: stored?.policy,
      update,
    })
    return this.#ask(() => this.#storage.replace(name, stored, move))
  }

  /** A circuit without a record is known if somebody used it lately. */
  async #isListed(name: string): Promise<boolean> {
    const names = await this.#ask(() => this.#storage.list?.() ?? [])
    return names.includes(name)
  }

  #ask<T>(run: () => MaybePromise<T>): Promise<T> {
    return bounded(this.#clock, run, this.#timeout)
  }
}

/** ms that a circuit opened by hand stays open. */
function openTimeOf({ state, forced, since, until }: Snapshot, stored: StoredCircuit | undefined): number {
  const { resetTimeout } = readOverrides(stored?.overrides) ?? {}
  if (resetTimeout !== undefined) return resetTimeout
  const last = state === 'closed' || forced !== undefined ? 0 : until - since
  return last > 0 ? last : DEFAULT_RESET_TIMEOUT
}
