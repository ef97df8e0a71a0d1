// The seat of the process that serves the others. It uses what it keeps directly, and looks from time to time whether
// the path still is its own: another may have taken over while this process was stopped, or at the very same moment.

import type { Socket } from 'node:net'
import { type Clock, systemClock } from '../core/clock.ts'
import type { CircuitReport, Move, Presence, StoredCircuit, StoredTransition, Tally } from '../fleet/storage.ts'
import { abandon, type Claim, holds } from './claim.ts'
import { Desk } from './desk.ts'
import type { Ears, Seat } from './seat.ts'
import { Session } from './session.ts'

/** ms from one look at the path to the next; the last one repeats. */
const LOOKS = [20, 100, 500, 2_000]

export class Owner implements Seat {
  readonly #claim: Claim
  readonly #desk: Desk
  readonly #ears: Ears
  readonly #sessions = new Set<Session>()
  readonly #watched = new Map<string, () => void>()
  ended = false
  #cancelLook: (() => void) | undefined

  constructor(claimed: Claim, clock: Clock, ears: Ears) {
    this.#claim = claimed
    this.#desk = new Desk(clock)
    this.#ears = ears
    claimed.server.on('connection', (socket) => this.#admit(socket))
    // A connection that could not be accepted is the other side's to try again.
    claimed.server.on('error', () => {})
    this.#look(0)
  }

  read(names: readonly string[], presence?: Presence): readonly (StoredCircuit | undefined)[] {
    return this.#desk.read(names, presence)
  }

  add(name: string, tally: Tally): StoredCircuit {
    return this.#desk.add(name, tally)
  }

  replace(name: string, expected: StoredCircuit | undefined, next: Move): ReturnType<Desk['replace']> {
    return this.#desk.replace(name, expected, next)
  }

  list(): readonly string[] {
    return this.#desk.list()
  }

  transitions(options: { circuit?: string; limit: number }): readonly StoredTransition[] {
    return this.#desk.transitions(options)
  }

  reports(names: readonly string[]): readonly (CircuitReport | undefined)[] {
    return this.#desk.reports(names)
  }

  watch(name: string): void {
    if (this.ended || this.#watched.has(name)) return
    // Heard after the verb that caused it has returned, as with every other process.
    const stop = this.#desk.watch(name, {
      changed: (_, circuit) => queueMicrotask(() => circuit && this.#ears.changed(name, circuit)),
      noted: (_, note) => queueMicrotask(() => this.#ears.noted(name, note)),
      reconnected: () => {},
    })
    this.#watched.set(name, stop)
  }

  unwatch(name: string): void {
    this.#watched.get(name)?.()
    this.#watched.delete(name)
  }

  /** The path goes first, so that whoever loses its connection finds nobody there. */
  leave(): void {
    if (this.ended) return
    this.ended = true
    this.#cancelLook?.()
    abandon(this.#claim)
    for (const session of this.#sessions) session.end()
    for (const stop of this.#watched.values()) stop()
  }

  #admit(socket: Socket): void {
    if (this.ended) return void socket.destroy()
    this.#sessions.add(new Session(socket, this.#desk, (session) => this.#sessions.delete(session)))
  }

  #look(times: number): void {
    this.#cancelLook = systemClock.after(LOOKS[Math.min(times, LOOKS.length - 1)] as number, () => {
      if (holds(this.#claim)) return this.#look(times + 1)
      this.leave()
      this.#ears.lost(this, new Error('Another process serves the circuits of this machine now'))
    })
  }
}
