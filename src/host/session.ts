// One connected process, at the end of the one that serves. It sees to it that nothing the other side sends can do more
// than end the connection.

import type { Socket } from 'node:net'
import { systemClock } from '../core/clock.ts'
import { describeError } from '../core/describe.ts'
import type { StoredCircuit, Watcher } from '../fleet/storage.ts'
import type { Desk } from './desk.ts'
import { Line } from './line.ts'
import { count, fields } from './read.ts'
import { GREETING, isGreeting, MOST_CIRCUITS, readVerb, type Verb } from './wire.ts'

/** ms in which whoever connects has to say what it is. */
const GREETING_WAIT = 5_000

export class Session {
  readonly #desk: Desk
  readonly #line: Line
  readonly #watched = new Map<string, () => void>()
  readonly #watcher: Watcher
  #cancelWait: (() => void) | undefined

  constructor(socket: Socket, desk: Desk, ended: (session: Session) => void) {
    this.#desk = desk
    this.#line = new Line(socket, {
      message: (value) => this.#hear(value),
      ended: () => {
        this.#cancelWait?.()
        for (const stop of this.#watched.values()) stop()
        ended(this)
      },
    })
    this.#cancelWait = systemClock.after(GREETING_WAIT, () => this.#line.drop(new Error('No greeting')))
    this.#watcher = {
      changed: (name, changed) => this.#push({ name, changed }),
      noted: (name, note) => this.#push({ name, note }),
      reconnected: () => {},
    }
  }

  end(): void {
    this.#line.end()
  }

  #hear(message: unknown): void {
    if (this.#cancelWait === undefined) return this.#serve(fields(message))
    this.#cancelWait()
    this.#cancelWait = undefined
    // Whoever is of another version is told which one this is, and no more.
    this.#line.send(GREETING)
    if (!isGreeting(message)) this.#line.end()
  }

  #serve(message: Readonly<Record<string, unknown>>): void {
    const id = count(message['id'])
    let answer: object
    try {
      answer = { id, answer: this.#answer(readVerb(message)) }
    } catch (error) {
      answer = { id, error: describeError(error) }
    }
    this.#reply(id, answer)
  }

  #reply(id: number, answer: object): void {
    try {
      this.#line.send(answer)
    } catch (error) {
      if (!(error instanceof RangeError)) throw error
      this.#line.send({ id, error: error.message })
    }
  }

  #answer(asked: Verb): unknown {
    switch (asked.verb) {
      case 'read':
        return this.#desk.read(asked.names, asked.presence).map((circuit) => circuit ?? null)
      case 'add':
        return this.#desk.add(asked.name, asked.tally)
      case 'replace':
        // Only the epoch of what is expected is compared.
        return this.#desk.replace(asked.name, { epoch: asked.expected } as StoredCircuit, asked.next)
      case 'watch':
        return this.#watch(asked.name)
      case 'unwatch':
        this.#watched.get(asked.name)?.()
        return this.#watched.delete(asked.name)
      case 'transitions':
        return this.#desk.transitions(asked)
      case 'reports':
        return this.#desk.reports(asked.names).map((report) => report ?? null)
      default:
        return this.#desk.list()
    }
  }

  #watch(name: string): boolean {
    if (this.#watched.size >= MOST_CIRCUITS) throw new Error(`There are ${MOST_CIRCUITS} circuits already`)
    if (!this.#watched.has(name)) this.#watched.set(name, this.#desk.watch(name, this.#watcher))
    return true
  }

  /** At most once: one that is too long is lost, and found by the next read. */
  #push(message: object): void {
    try {
      this.#line.send(message)
    } catch (error) {
      this.#line.drop(error as Error)
    }
  }
}
