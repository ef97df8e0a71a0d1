// Rejections by their reason and transitions by their states, counted from the process's channels while somebody
// exports metrics. They are kept beside breakers and circuits and go with them. Breakers that share one circuit all
// tell each of its transitions; it is counted once.

import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { CircuitBreaker } from '../breaker.ts'
import { gateOf } from '../calls/gates.ts'
import { rejectedChannel, transitionChannel } from '../calls/channels.ts'
import type { Circuit } from '../core/circuit.ts'
import type { CircuitBreakerError, RejectionReason } from '../core/errors.ts'
import type { Change } from '../core/listeners.ts'
import type { CircuitState } from '../core/snapshot.ts'

/** Totals by label value; where there are two they stand in one key, a blank between. */
export type Counts = Record<string, number>

interface Rejected {
  readonly breaker: unknown
  readonly error: CircuitBreakerError
}

interface Moved {
  readonly breaker: unknown
  readonly from: CircuitState
  readonly to: CircuitState
  readonly change: Change
}

/** A circuit's transitions, and which breakers have told the newest. */
interface Told {
  readonly counts: Counts
  newest: string
  by: WeakSet<CircuitBreaker>
}

/** Why a call is not made. The other reasons of an error, `tripped` and `trial-failed`, are of calls that were made. */
const REASONS: readonly RejectionReason[] = ['open', 'trial-in-flight', 'forced', 'ramp-up']
const MOVES: readonly string[] = [
  'closed open',
  'closed half-open',
  'open half-open',
  'open closed',
  'half-open open',
  'half-open closed',
]

const REJECTIONS = new WeakMap<CircuitBreaker, Counts>()
const TRANSITIONS = new WeakMap<Circuit, Told>()
let watchers = 0

/** Counts from now on, until the returned function is called, once. */
export function watchChannels(): () => void {
  if (watchers++ === 0) {
    subscribe(rejectedChannel.name, onRejected)
    subscribe(transitionChannel.name, onMoved)
  }
  return () => {
    if (--watchers > 0) return
    unsubscribe(rejectedChannel.name, onRejected)
    unsubscribe(transitionChannel.name, onMoved)
  }
}

/** A breaker's rejections by reason; the object stays the same. */
export function rejectionsOf(breaker: CircuitBreaker): Counts {
  let counts = REJECTIONS.get(breaker)
  if (counts === undefined) REJECTIONS.set(breaker, (counts = zeros(REASONS)))
  return counts
}

/** A circuit's transitions by the states, `from to`; the object stays the same. */
export function transitionsOf(circuit: Circuit): Counts {
  return toldOf(circuit).counts
}

/** Nothing of anything yet: a series that begins at 1 would hide its first event from `rate()`. */
export function noTransitions(): Counts {
  return zeros(MOVES)
}

export function noRejections(): Counts {
  return zeros(REASONS)
}

// What a subscriber throws ends the process, and another copy of the package may publish here too.
function onRejected(message: unknown): void {
  const { breaker, error } = message as Rejected
  if (breaker instanceof CircuitBreaker) count(rejectionsOf(breaker), error.reason)
}

function onMoved(message: unknown): void {
  const { breaker, from, to, change } = message as Moved
  if (!(breaker instanceof CircuitBreaker)) return
  const told = toldOf(gateOf(breaker).circuit)
  const move = `${from} ${to}`
  const name = `${move} ${change.at.getTime()}`
  // A breaker tells each transition once: what it tells again is a new one.
  if (name !== told.newest || told.by.has(breaker)) {
    told.newest = name
    told.by = new WeakSet()
    count(told.counts, move)
  }
  told.by.add(breaker)
}

function toldOf(circuit: Circuit): Told {
  let told = TRANSITIONS.get(circuit)
  if (told === undefined) TRANSITIONS.set(circuit, (told = { counts: noTransitions(), newest: '', by: new WeakSet() }))
  return told
}

function count(counts: Counts, key: string): void {
  counts[key] = (counts[key] ?? 0) + 1
}

function zeros(keys: readonly string[]): Counts {
  return Object.fromEntries(keys.map((key) => [key, 0]))
}
