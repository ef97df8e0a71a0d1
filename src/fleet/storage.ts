// The port: what a circuit needs of a store. Counts are added and never conflict; moves are compared and set, so a
// circuit can live in anything that has both. Times are ms of the storage's own clock, or so many ms from the moment
// it writes, so that machines whose clocks disagree agree on what it says.

import { bad } from '../core/check.ts'
import type { Clock } from '../core/clock.ts'
import type { Overrides } from '../core/overrides.ts'
import type { CircuitState } from '../core/snapshot.ts'

/** A value, now or later. */
export type MaybePromise<T> = T | PromiseLike<T>

/** The state a process's own circuit takes when the storage stops answering. */
export type WhenDown = 'last-known' | 'closed' | 'open' | 'half-open'

/** What every storage that other processes use as well takes. Durations in ms. */
export interface SharedOptions {
  /** Longest wait for an answer. @default 100 */
  timeout?: number | undefined
  /** How long the others have to object before the fleet trips; 0 trips without asking. @default 50 */
  confirm?: number | undefined
  /** How often a process reads what it uses, whatever it was told in between. @default 5_000 */
  refreshInterval?: number | undefined
  /** @default 'last-known' */
  whenDown?: WhenDown | undefined
}

/** ms of the storage's clock, or so many ms from the moment the storage writes. */
export type StorageTime = number | { readonly in: number }

/** A trial's place. */
export interface StoredLease<T = number> {
  readonly id: string
  readonly until: T
}

/** What a storage keeps of a circuit. */
export interface CircuitRecord<T = StorageTime> {
  readonly state: CircuitState
  readonly until: T
  readonly relapses: number
  readonly successes: number
  readonly leases: readonly StoredLease<T>[]
  readonly forced?: { readonly state: 'open' | 'closed'; readonly until: T } | undefined
  /** What counts instead of the processes' own options. */
  readonly overrides?: Overrides | undefined
  readonly policy?: string | undefined
  readonly by?: string | undefined
  readonly why?: string | undefined
}

/** A change, compared and set on the epoch. */
export interface Move extends CircuitRecord {
  /** Given when a newer record is put back; otherwise the storage makes one. */
  readonly epoch?: number
  /** The period it belongs to, or a new one. */
  readonly period: number | 'new'
  /** Refused before this (storage ms). */
  readonly notBefore?: number
  /** Whose change of overrides it is: for the history alone, since `by` and `why` go on to say how it came to the state. */
  readonly said?: { readonly by?: string | undefined; readonly why?: string | undefined } | undefined
  /** Who moved, and which of its moves this is. */
  readonly move: string
  readonly mover: string
}

/** Counts of one stretch of storage time. */
export interface Slot {
  readonly start: number
  readonly ok: number
  readonly bad: number
  readonly slow: number
}

/** What a trip policy looks at; merging two is commutative. Times in storage ms. */
export interface Counts {
  /** The newest success. */
  readonly okAt?: number
  /** The newest failures. */
  readonly fails?: readonly number[]
  readonly slots?: readonly Slot[]
}

/** What a process has seen and not yet said. */
export interface Tally extends Counts {
  readonly epoch: number
  readonly period: number
  readonly keep: { readonly fails?: number; readonly slotWidth?: number; readonly slots?: number }
  readonly ask?: { readonly id: string; readonly since: number; readonly every: number }
  readonly hush?: true
}

/** A circuit as a storage answers it. `at` is the storage's time of the answer. */
export interface StoredCircuit extends CircuitRecord<number> {
  readonly epoch: number
  readonly period: number
  readonly at: number
  readonly listeners: number
  readonly counts: Counts
  readonly asked: number
  readonly asker: string | undefined
  readonly move: string
  readonly mover: string
}

/** Something said in passing: it changes no record. */
export type Note =
  | {
      readonly kind: 'ask'
      readonly epoch: number
      readonly asked: number
      readonly asker: string
      readonly since: number
      readonly listeners: number
    }
  | { readonly kind: 'hush'; readonly epoch: number; readonly asked: number }

/** Hears of one circuit, at most once each time, in no order. */
export interface Watcher {
  changed(name: string, circuit: StoredCircuit | undefined): void
  noted(name: string, note: Note): void
  /** Pushes may have been missed: read again. */
  reconnected(): void
}

/** One change of state, or of what a person can change besides, for operators. */
export interface StoredTransition {
  readonly circuit: string
  readonly from: CircuitState
  readonly to: CircuitState
  readonly at: Date
  readonly by: string | undefined
  readonly why: string | undefined
  readonly counts: Counts
  /** What else it was than a change of state; `from` and `to` may be the same then. */
  readonly act?: 'forced' | 'released' | 'updated' | undefined
  /** How it was held from then on; no `until`: without end. */
  readonly forced?: { readonly state: 'open' | 'closed'; readonly until: Date | undefined } | undefined
  /** What was overridden from then on. */
  readonly overrides?: Overrides | undefined
}

/** What one process saw of a circuit since it last said so. */
export interface Seen {
  /** Calls admitted. */
  readonly calls: number
  /** @default `calls` less `failures` */
  readonly successes?: number
  readonly failures: number
  readonly rejected: number
  readonly slow: number
}

/** What a process decided alone: its own circuit keeps calls back, though the fleet's is closed. */
export interface LocalCircuit<T = StorageTime> {
  readonly state: 'open' | 'half-open'
  readonly since: T
  /** Open: from when a trial may go. Half-open: when the answer of one is due. */
  readonly until: T
  /** In words. */
  readonly why?: string | undefined
}

/** Who reads, and what it saw since it last did. It rides with the refresh: a call costs no command. */
export interface Presence {
  readonly process: string
  /** By name; those that were asked for and are not here were only read. */
  readonly circuits: Readonly<Record<string, Seen>>
  /** By name, those of them that it keeps calls back from alone. @default none */
  readonly alone?: Readonly<Record<string, LocalCircuit>> | undefined
  /** ms that the counts cover, up to now. @default 0 */
  readonly span?: number
  /** ms until this process reads again, at most. @default 5_000 */
  readonly every?: number
}

/** What all processes saw in 5 s of storage time. */
export interface ReportStep extends Required<Seen> {
  /** Storage ms; a multiple of 5 000. */
  readonly start: number
}

/** What one process decided alone, by the storage's clock. */
export interface LocalReport extends LocalCircuit<number> {
  readonly process: string
}

/** What processes told of a circuit, for operators. */
export interface CircuitReport {
  /** The storage's time of the answer. */
  readonly at: number
  /**
   * The last 5 minutes in steps of 5 s, oldest first; a step that nobody told of is missing. The newest are not complete:
   * each process tells once per `refreshInterval`.
   */
  readonly steps: readonly ReportStep[]
  /** Those that told of it within their last three refreshes; 1 000 at most. */
  readonly processes: readonly string[]
  /**
   * Those of them that keep calls back alone, as they last told; a storage may leave out those beyond 100. Absent: it does
   * not keep them.
   */
  readonly alone?: readonly LocalReport[] | undefined
}

/** What other libraries' processes on mirrored keys go by; their keys do not say. ms. */
export interface PeerRules {
  readonly failMax: number
  readonly resetTimeout: number
  readonly trialTimeout: number
}

/** Where circuits live. */
export interface CircuitStorage {
  /** Present: other processes use it too. */
  readonly shared?: SharedOptions
  /** The clock that breakers on this storage go by unless they bring their own. */
  readonly clock?: Clock | undefined
  /** 0 to below 1, for what a fleet leaves to chance; for tests and simulations. @default Math.random */
  readonly random?: (() => number) | undefined
  /** Whose keys are kept beside a circuit's own; needs `consecutive` and a `resetTimeout` that is a number. */
  readonly mirror?: string | undefined
  /** Is told what those who mirror go by. */
  peerRules?(name: string, rules: PeerRules): void
  read(names: readonly string[], presence?: Presence): MaybePromise<readonly (StoredCircuit | undefined)[]>
  /** Adds counts of the record's own epoch and period; others are dropped. Makes a record where there is none. */
  add(name: string, tally: Tally): MaybePromise<StoredCircuit>
  /** Sets the record if it is still the expected one. */
  replace(
    name: string,
    expected: StoredCircuit | undefined,
    next: Move,
  ): MaybePromise<{ readonly replaced: boolean; readonly current: StoredCircuit | undefined }>
  watch(name: string, watcher: Watcher): () => void
  /** Names seen lately, healthy ones too. */
  list?(): MaybePromise<readonly string[]>
  /** Newest first. */
  transitions?(options: { circuit?: string; limit: number }): MaybePromise<readonly StoredTransition[]>
  /** What processes told with their reads; `undefined` where nobody did lately. */
  reports?(names: readonly string[]): MaybePromise<readonly (CircuitReport | undefined)[]>
  dispose?(): MaybePromise<void>
}

/** A storage's time as ms of its clock, `at` being now. */
export function absolute(time: StorageTime, at: number): number {
  return typeof time === 'number' ? time : at + time.in
}

/** @throws TypeError for what is no storage. */
export function checkStorage(storage: CircuitStorage): CircuitStorage {
  const verbs = ['read', 'add', 'replace', 'watch'] as const
  if (typeof storage === 'object' && verbs.every((verb) => typeof storage[verb] === 'function')) return storage
  throw bad('storage', `a storage with ${verbs.join(', ')}`, storage, 'storage')
}
