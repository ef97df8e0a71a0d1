// What processes reported, as the columns of a plot: 60 steps of 5 s that end where all of them have reported.

import type { CircuitReport, ReportStep } from '../fleet/storage.ts'
import type { WireSteps } from './wire.ts'

const STEP = 5_000
const COUNT = 60

/** `lag` in ms: how long a process may take to tell. */
export function stepsOf({ at, steps }: CircuitReport, lag: number): WireSteps {
  const end = Math.floor((at - Math.min(lag, STEP * COUNT)) / STEP) * STEP
  const byStart = new Map(steps.map((step) => [step.start, step]))
  const row = Array.from({ length: COUNT }, (_, index) => byStart.get(end - (COUNT - index) * STEP))
  const column = (key: keyof ReportStep): (number | null)[] => row.map((step) => step?.[key] ?? null)
  return {
    behind: at - end,
    calls: column('calls'),
    successes: column('successes'),
    failures: column('failures'),
    rejected: column('rejected'),
    slow: column('slow'),
  }
}
