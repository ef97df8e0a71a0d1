// Who hears what, and in which order. A listener is told after the change was made; what happens while it is told
// waits until all have heard, so each hears events in the order in which they happened. What one throws, or rejects
// with, becomes a process warning and reaches nobody else.

import type { CircuitBreaker } from '../breaker.ts'
import { bad, checkArray, checkFunction } from './check.ts'
import type { CircuitBreakerError } from './errors.ts'
import type { CircuitState } from './snapshot.ts'
import { warn } from './warning.ts'

/** What is known of a change of state. */
export interface Change {
  /** Whether this process made it, or it was learnt from shared storage. */
  readonly origin: 'local' | 'remote'
  readonly reason: string | undefined
  /** Who did it, where a person did. */
  readonly by: string | undefined
  readonly at: Date
}

type Told = void | PromiseLike<void>

/** Hears what a breaker does; every method is optional (PyBreaker's `CircuitBreakerListener`). */
export interface Listener {
  /** A call was admitted and is about to be made; `fn` is undefined for a permit. */
  beforeCall?(breaker: CircuitBreaker, fn: ((...args: never) => unknown) | undefined, ...args: unknown[]): Told
  /** A call counted as success. */
  success?(breaker: CircuitBreaker): Told
  /** A call counted as failure. */
  failure?(breaker: CircuitBreaker, error: unknown): Told
  /** A call said nothing about the dependency. */
  ignored?(breaker: CircuitBreaker, error: unknown): Told
  /** A call was not made. */
  rejected?(breaker: CircuitBreaker, error: CircuitBreakerError): Told
  /** The state changed; once per real change. */
  stateChange?(breaker: CircuitBreaker, from: CircuitState, to: CircuitState, change: Change): Told
  /** Shared storage stopped answering; the breaker goes on by itself. */
  storageDown?(breaker: CircuitBreaker, error: unknown): Told
  /** Shared storage answers again. */
  storageUp?(breaker: CircuitBreaker): Told
}

export const EVENTS = [
  'beforeCall',
  'success',
  'failure',
  'ignored',
  'rejected',
  'stateChange',
  'storageDown',
  'storageUp',
] as const

type Event = (typeof EVENTS)[number]
type Arguments<E extends Event> = Parameters<NonNullable<Listener[E]>>

type Hearing = Readonly<Record<Event, boolean>>

/** Always of one shape, so that looking at it stays cheap. */
function hearing(hears: (event: Event) => boolean): Hearing {
  return {
    beforeCall: hears('beforeCall'),
    success: hears('success'),
    failure: hears('failure'),
    ignored: hears('ignored'),
    rejected: hears('rejected'),
    stateChange: hears('stateChange'),
    storageDown: hears('storageDown'),
    storageUp: hears('storageUp'),
  }
}

// Most breakers have no listeners: they share these.
const NOTHING: Hearing = hearing(() => false)
const NOBODY: readonly Listener[] = Object.freeze([])

/** The listeners of one breaker. */
export class Listeners {
  /** Per event, whether somebody listens: work for observers is done only then. */
  hear: Hearing = NOTHING
  #all: readonly Listener[] = NOBODY
  #waiting: (() => void)[] | undefined

  constructor(listeners: readonly Listener[]) {
    if (checkArray('listeners', listeners).length > 0) this.add(listeners)
  }

  get all(): readonly Listener[] {
    return this.#all
  }

  add(listeners: readonly Listener[]): void {
    for (const listener of listeners) checkListener(listener)
    this.#set([...this.#all, ...listeners])
  }

  /** Removes a listener, once if it was added twice. */
  remove(listener: Listener): void {
    const index = this.#all.indexOf(listener)
    if (index >= 0) this.#set(this.#all.filter((_, at) => at !== index))
  }

  /** Listens to one event until the returned object is disposed of. */
  on<E extends Event>(event: E, fn: NonNullable<Listener[E]>): Disposable {
    if (!EVENTS.includes(event)) throw bad('event', `one of ${EVENTS.join(', ')}`, event, 'string')
    const listener: Listener = { [event]: checkFunction(event, fn) }
    this.add([listener])
    return { [Symbol.dispose]: () => this.remove(listener) }
  }

  tell<E extends Event>(event: E, ...args: Arguments<E>): void {
    if (!this.hear[event]) return
    const deliver = (): void => this.#deliver(event, args)
    if (this.#waiting !== undefined) {
      this.#waiting.push(deliver)
      return
    }
    this.#waiting = []
    deliver()
    for (let next = this.#waiting.shift(); next !== undefined; next = this.#waiting.shift()) next()
    this.#waiting = undefined
  }

  #deliver<E extends Event>(event: E, args: Arguments<E>): void {
    for (const listener of this.#all) {
      try {
        const told = (listener[event] as ((...args: Arguments<E>) => Told) | undefined)?.call(listener, ...args)
        if (typeof told?.then === 'function')
          told.then(undefined, (thrown) => warn(`A listener rejected in ${event}`, thrown))
      } catch (thrown) {
        warn(`A listener threw in ${event}`, thrown)
      }
    }
  }

  #set(all: readonly Listener[]): void {
    this.#all = Object.freeze(all)
    this.hear = hearing((event) => all.some((listener) => typeof listener[event] === 'function'))
  }
}

function checkListener(listener: Listener): void {
  if (typeof listener !== 'object' || listener === null)
    throw bad('listeners', 'a list of objects with methods', listener, 'listener')
}
