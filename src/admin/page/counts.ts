// Sums over the last steps. A step of which nothing is known is in no sum; where none is known there is no number.

import { failedShare } from './format.ts'
import type { WireSteps } from '../wire.ts'

export const STEPS = 60
export const STEP_MS = 5_000
export const SPAN_MS = STEPS * STEP_MS
/** The last minute. */
export const MINUTE = 12

/** One step, or several of them. */
export interface Sum {
  /** How long it lasted: steps that are unknown do not count. */
  readonly seconds: number
  /** Calls that were let through. */
  readonly calls: number
  readonly answered: number
  readonly failed: number
  readonly rejected: number
}

const none: Sum = { seconds: 0, calls: 0, answered: 0, failed: 0, rejected: 0 }

/** Step `i`; null where nothing is known of it. */
export function stepAt(steps: WireSteps | null, i: number): Sum | null {
  const calls = steps?.calls[i] ?? null
  if (steps === null || calls === null) return null
  const failed = steps.failures[i] ?? 0
  const answered = steps.successes === null ? Math.max(0, calls - failed) : (steps.successes[i] ?? 0)
  return { seconds: STEP_MS / 1_000, calls, answered, failed, rejected: steps.rejected[i] ?? 0 }
}

/** The last `n` steps; null where none of them is known. */
export function sumOf(steps: WireSteps | null, n: number = STEPS): Sum | null {
  let sum = none
  for (let i = STEPS - n; i < STEPS; i++) {
    const step = stepAt(steps, i)
    if (step === null) continue
    sum = {
      seconds: sum.seconds + step.seconds,
      calls: sum.calls + step.calls,
      answered: sum.answered + step.answered,
      failed: sum.failed + step.failed,
      rejected: sum.rejected + step.rejected,
    }
  }
  return sum.seconds > 0 ? sum : null
}

/** failures ÷ (successes + failures), as a cell says it. */
export function shareOf({ answered, failed }: Sum): string {
  return failedShare(failed, answered + failed)
}

/** Whether that share is worth a colour: 5 % and up. */
export function isBad({ answered, failed }: Sum): boolean {
  return failed > 0 && failed / (answered + failed) >= 0.05
}

/** Calls per second that would have come through if nothing stood in their way. */
export function demandOf(steps: WireSteps | null): number | null {
  const sum = sumOf(steps, MINUTE)
  return sum === null ? null : (sum.calls + sum.rejected) / sum.seconds
}
