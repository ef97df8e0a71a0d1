// The bars of a plot as four paths, whatever their number: answered with gaps between them, failed without gaps and a
// hair above, rejected pale with an edge on top. A shape each, as well as a colour.

import { STEPS, stepAt } from './counts.ts'
import type { WireSteps } from '../wire.ts'

export interface Bars {
  readonly answered: string
  readonly failed: string
  readonly rejected: string
  readonly edge: string
}

export interface Frame {
  readonly width: number
  readonly height: number
  readonly gap: number
  /** Calls per step at full height. */
  readonly peak: number
  /** Failures under 1 % of a step are drawn with the answered ones. */
  readonly quiet: boolean
}

/** The highest step: admitted and rejected; at least one call a second, so that a lone call stays small. */
export function peakOf(steps: WireSteps | null): number {
  let peak = 5
  for (let i = 0; i < STEPS; i++) {
    const step = stepAt(steps, i)
    if (step !== null) peak = Math.max(peak, step.answered + step.failed + step.rejected)
  }
  return peak
}

export function barsOf(steps: WireSteps | null, { width, height, gap, peak, quiet }: Frame): Bars {
  const slot = width / STEPS
  let answered = ''
  let failed = ''
  let rejected = ''
  let edge = ''
  for (let i = 0; i < STEPS; i++) {
    const step = stepAt(steps, i)
    if (step === null) continue
    const x = i * slot
    let y = height
    const bar = (value: number, wide: number): string => {
      const high = Math.max(1.5, (value / peak) * height)
      y -= high
      return `M${n(x)} ${n(y)}h${n(wide)}v${n(high)}h${n(-wide)}z`
    }
    const small = quiet && step.failed < 0.01 * (step.answered + step.failed)
    const good = step.answered + (small ? step.failed : 0)
    if (good > 0) answered += bar(good, slot - gap)
    if (step.failed > 0 && !small) {
      if (good > 0) y -= 0.8
      failed += bar(step.failed, slot)
    }
    if (step.rejected > 0) {
      rejected += bar(step.rejected, slot - gap)
      edge += `M${n(x)} ${n(y)}h${n(slot - gap)}`
    }
  }
  return { answered, failed, rejected, edge }
}

function n(value: number): string {
  return String(Math.round(value * 10) / 10)
}
