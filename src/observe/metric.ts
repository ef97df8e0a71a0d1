// The metrics there are: their names in both worlds, what they say, and their series in a reading. Every series of a
// breaker is there from the start, at 0: one that began at 1 would hide its first event from a rate.

import type { BreakerReading, Reading } from './ledger.ts'
import type { Counts } from './tallies.ts'

/** A value and its labels: `breaker` first, in the order of the metric's `labels`. */
export type Series = readonly [value: number, ...labels: string[]]

export interface Metric {
  readonly prometheus: string
  readonly opentelemetry: string
  readonly help: string
  /** OpenTelemetry's unit. */
  readonly unit: string
  /** What only grows; what is in a state or is not, 0 or 1; any other value. */
  readonly kind: 'counter' | 'state' | 'gauge'
  readonly labels: readonly ('breaker' | 'state' | 'verdict' | 'reason' | 'from' | 'to')[]
  /** How processes of one cluster add up. */
  readonly over: 'sum' | 'max' | 'min'
  readonly series: (reading: Reading) => readonly Series[]
  /** What a breaker that is gone leaves, where its last values would be wrong. */
  readonly ended?: (breaker: string) => readonly Series[]
}

const STATES = ['closed', 'open', 'half-open'] as const
const HOLDS = ['open', 'closed'] as const

export const METRICS: readonly Metric[] = [
  {
    prometheus: 'infuse_breaker_state',
    opentelemetry: 'infuse.breaker.state',
    help: 'Whether the circuit is in this state: 0 or 1.',
    unit: '{breaker}',
    kind: 'state',
    labels: ['breaker', 'state'],
    over: 'max',
    series: each(({ name, state }) => STATES.map((one) => [Number(one === state), name, one])),
    ended: (name) => STATES.map((one) => [0, name, one]),
  },
  {
    prometheus: 'infuse_breaker_calls_total',
    opentelemetry: 'infuse.breaker.calls',
    help: 'Calls that were made and have ended, by verdict.',
    unit: '{call}',
    kind: 'counter',
    labels: ['breaker', 'verdict'],
    over: 'sum',
    series: each(({ name, totals }) => counted(name, totals.calls)),
  },
  {
    prometheus: 'infuse_breaker_rejected_total',
    opentelemetry: 'infuse.breaker.rejected',
    help: 'Calls that were not made, by reason.',
    unit: '{call}',
    kind: 'counter',
    labels: ['breaker', 'reason'],
    over: 'sum',
    series: each(({ name, totals }) => counted(name, totals.rejected)),
  },
  {
    prometheus: 'infuse_breaker_transitions_total',
    opentelemetry: 'infuse.breaker.transitions',
    help: 'Changes of state that this process made or was told of.',
    unit: '{transition}',
    kind: 'counter',
    labels: ['breaker', 'from', 'to'],
    over: 'sum',
    series: each(({ name, totals }) => counted(name, totals.transitions)),
  },
  {
    prometheus: 'infuse_breaker_forced',
    opentelemetry: 'infuse.breaker.forced',
    help: 'Whether somebody holds the circuit in this state: 0 or 1.',
    unit: '{breaker}',
    kind: 'state',
    labels: ['breaker', 'state'],
    over: 'max',
    series: each(({ name, forced }) => HOLDS.map((one) => [Number(forced.has(one)), name, one])),
    ended: (name) => HOLDS.map((one) => [0, name, one]),
  },
  {
    prometheus: 'infuse_storage_up',
    opentelemetry: 'infuse.storage.up',
    help: 'Whether every shared storage in use answers this process: 0 or 1.',
    unit: '',
    kind: 'gauge',
    labels: [],
    over: 'min',
    series: ({ storageUp }) => [[Number(storageUp)]],
  },
]

function each(series: (breaker: BreakerReading) => readonly Series[]): Metric['series'] {
  return ({ breakers }) => breakers.flatMap(series)
}

function counted(name: string, counts: Counts): readonly Series[] {
  return Object.entries(counts).map(([key, count]) => [count, name, ...key.split(' ')])
}
