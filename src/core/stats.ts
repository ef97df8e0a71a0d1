// How a breaker's calls ended, counted since it was made.

import type { Effect } from './circuit.ts'
import type { Verdict } from './verdict.ts'

/** Totals since the breaker was made: `calls` admitted = successes + failures + ignored + late + still in flight. */
export interface Stats {
  /** Calls admitted. */
  readonly calls: number
  readonly successes: number
  readonly failures: number
  readonly ignored: number
  /** Calls not made; in `shadow` those that would not have been. */
  readonly rejected: number
  /** Calls longer than `slowCall`, whatever their verdict. */
  readonly slow: number
  /** Verdicts that came after their period, or their trial's time, was over; they changed nothing. */
  readonly late: number
  /** Trials granted. */
  readonly trials: number
}

export type MutableStats = { -readonly [K in keyof Stats]: number }

export function newStats(): MutableStats {
  return { calls: 0, successes: 0, failures: 0, ignored: 0, rejected: 0, slow: 0, late: 0, trials: 0 }
}

/** Counts a verdict by what it did; a late one is nothing but late. */
export function countVerdict(stats: MutableStats, effect: Effect, verdict: Verdict, slow: boolean): void {
  if (effect === 'late') {
    stats.late++
    return
  }
  if (slow) stats.slow++
  if (verdict === 'success') stats.successes++
  else if (verdict === 'failure') stats.failures++
  else stats.ignored++
}
