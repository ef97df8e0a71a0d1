// The seat of a process that another one serves: requests with numbers, answers, and what watchers hear.

import { connect } from 'node:net'
import { systemClock } from '../core/clock.ts'
import type { CircuitReport, Move, Presence, StoredCircuit, StoredTransition, Tally } from '../fleet/storage.ts'
import { Line, withCode } from './line.ts'
import { count, fields, MOST_NAMES, text } from './read.ts'
import { readReports } from './reports.ts'
import type { Ears, Seat } from './seat.ts'
import {
  GREETING,
  isGreeting,
  readCircuit,
  readCircuits,
  readNames,
  readPush,
  readReplaced,
  readTransitions,
  type Verb,
} from './wire.ts'

/** ms until a process that says nothing counts as hung. */
const GREETING_WAIT = 1_000
const ANSWER_WAIT = 2_000

/** Nobody listens there; somebody did and went; somebody does and is silent. */
export type Nobody = 'none' | 'gone' | 'silent'

interface Pending {
  readonly take: (answer: unknown) => void
  readonly fail: (error: Error) => void
}

const NOBODY: Readonly<Record<string, Nobody>> = {
  ENOENT: 'none',
  ECONNREFUSED: 'none',
  ECONNRESET: 'gone',
  EPIPE: 'gone',
  EAGAIN: 'silent',
  ETIMEDOUT: 'silent',
}

/** @throws Error where something answers that is no process of this version. */
export function connectTo(path: string, ears: Ears): Promise<Connection | Nobody> {
  return new Promise((resolve, reject) => {
    const connection = new Connection(path, ears, {
      take: () => resolve(connection),
      fail: (error) => {
        const nobody = NOBODY[(error as NodeJS.ErrnoException).code ?? '']
        if (nobody === undefined) reject(error)
        else resolve(nobody)
      },
    })
  })
}

export class Connection implements Seat {
  readonly #line: Line
  readonly #ears: Ears
  readonly #pending = new Map<number, Pending>()
  #greeting: Pending | undefined
  #requests = 0
  #heard = 0
  ended = false
  #cancelWait: (() => void) | undefined

  constructor(path: string, ears: Ears, greeting: Pending) {
    this.#ears = ears
    this.#greeting = greeting
    this.#line = new Line(connect(path), { message: (value) => this.#hear(value), ended: (error) => this.#end(error) })
    this.#line.send(GREETING)
    this.#wait(GREETING_WAIT)
  }

  /** As many as there are: a read of more than fits into a message is several. */
  async read(names: readonly string[], presence?: Presence): Promise<readonly (StoredCircuit | undefined)[]> {
    const circuits = await inParts(names, (some) =>
      this.#ask({ verb: 'read', names: some, ...(presence && { presence: of(presence, some) }) }, (answer) =>
        readCircuits(answer, some.length),
      ),
    )
    for (const circuit of circuits) this.#time(circuit)
    return circuits
  }

  async add(name: string, tally: Tally): Promise<StoredCircuit> {
    return this.#time(await this.#ask({ verb: 'add', name, tally }, readCircuit))
  }

  async replace(
    name: string,
    expected: StoredCircuit | undefined,
    next: Move,
  ): Promise<ReturnType<typeof readReplaced>> {
    const answer = await this.#ask({ verb: 'replace', name, expected: expected?.epoch ?? 0, next }, readReplaced)
    this.#time(answer.current)
    return answer
  }

  list(): Promise<readonly string[]> {
    return this.#ask({ verb: 'list' }, readNames)
  }

  transitions(options: { circuit?: string; limit: number }): Promise<readonly StoredTransition[]> {
    return this.#ask({ verb: 'transitions', ...options }, readTransitions)
  }

  reports(names: readonly string[]): Promise<readonly (CircuitReport | undefined)[]> {
    return inParts(names, (some) =>
      this.#ask({ verb: 'reports', names: some }, (answer) => readReports(answer, some.length)),
    )
  }

  watch(name: string): void {
    this.#tell({ verb: 'watch', name })
  }

  unwatch(name: string): void {
    this.#tell({ verb: 'unwatch', name })
  }

  leave(): void {
    this.ended = true
    this.#fail(new Error('The storage was disposed'))
    this.#line.end()
  }

  #tell(verb: Verb): void {
    // Where it fails the connection does, and all of this is said again on the next; or there are circuits too many, and
    // this process is left with what it reads from time to time.
    this.#ask(verb, () => undefined).catch(() => {})
  }

  #ask<T>(verb: Verb, read: (answer: unknown) => T): Promise<T> {
    return new Promise((resolve, reject) => {
      if (this.ended) throw new Error('The connection has ended')
      const id = ++this.#requests
      this.#line.send({ id, ...verb })
      this.#pending.set(id, { take: (answer) => resolve(read(answer)), fail: reject })
      if (this.#cancelWait === undefined) this.#wait(ANSWER_WAIT)
    })
  }

  /** Whoever says nothing at all for so long, while something was asked, is hung. */
  #wait(ms: number): void {
    const heard = this.#heard
    this.#cancelWait = systemClock.after(ms, () => {
      // It may be this process that was busy: what came in meanwhile is read first.
      setImmediate(() => {
        this.#cancelWait = undefined
        if (this.ended || (this.#greeting === undefined && this.#pending.size === 0)) return
        if (this.#heard === heard)
          this.#line.drop(withCode('ETIMEDOUT', `The process that serves the circuits said nothing for ${ms} ms`))
        else this.#wait(ANSWER_WAIT)
      })
    })
  }

  #hear(message: unknown): void {
    this.#heard++
    if (this.#greeting !== undefined) return this.#greeted(message)
    const from = fields(message)
    if (from['id'] === undefined) return this.#pushed(from)
    const id = count(from['id'])
    const pending = this.#pending.get(id)
    this.#pending.delete(id)
    if (pending === undefined) return
    if (from['error'] !== undefined) return pending.fail(new Error(text(from['error'])))
    try {
      pending.take(from['answer'])
    } catch (error) {
      pending.fail(error as Error)
    }
  }

  #greeted(message: unknown): void {
    const known = isGreeting(message)
    const greeting = this.#greeting
    this.#greeting = undefined
    if (known) return greeting?.take(undefined)
    this.ended = true
    this.#line.end()
    greeting?.fail(new Error('The process that serves the circuits is of another version'))
  }

  #pushed(message: Readonly<Record<string, unknown>>): void {
    const push = readPush(message)
    if ('note' in push) this.#ears.noted(push.name, push.note)
    else {
      this.#time(push.changed)
      this.#ears.changed(push.name, push.changed)
    }
  }

  #time<T extends StoredCircuit | undefined>(circuit: T): T {
    if (circuit !== undefined) this.#ears.clock(circuit.at)
    return circuit
  }

  #end(error: Error): void {
    this.#cancelWait?.()
    const greeting = this.#greeting
    this.#greeting = undefined
    greeting?.fail(error)
    this.#fail(error)
    if (this.ended) return
    this.ended = true
    if (greeting === undefined) this.#ears.lost(this, error)
  }

  #fail(error: Error): void {
    const pending = [...this.#pending.values()]
    this.#pending.clear()
    for (const one of pending) one.fail(error)
  }
}

async function inParts<T>(
  names: readonly string[],
  ask: (some: readonly string[]) => Promise<readonly T[]>,
): Promise<readonly T[]> {
  const parts = Array.from({ length: Math.ceil(names.length / MOST_NAMES) }, (_, part) =>
    ask(names.slice(part * MOST_NAMES, (part + 1) * MOST_NAMES)),
  )
  return (await Promise.all(parts)).flat()
}

/** What a presence tells of these. */
function of(presence: Presence, names: readonly string[]): Presence {
  return { ...presence, circuits: some(presence.circuits, names), alone: some(presence.alone ?? {}, names) }
}

function some<T>(all: Readonly<Record<string, T>>, names: readonly string[]): Readonly<Record<string, T>> {
  return Object.fromEntries(names.flatMap((name) => (Object.hasOwn(all, name) ? [[name, all[name] as T]] : [])))
}
