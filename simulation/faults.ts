// What goes wrong in a run, and when: made from the seed before the run begins, so that a failing run can be played
// again with less of it.

import type { SimRandom } from './random.ts'

export type FaultKind =
  | 'sick' // the dependency fails all calls, of everybody
  | 'flaky' // it fails a share of them
  | 'lonely' // one process fails alone
  | 'slow' // its answers take longer than a trial may
  | 'stop' // the storage refuses everything
  | 'freeze' // the storage takes commands, and carries them out late
  | 'flush'
  | 'failover'
  | 'crash' // a process dies, another starts
  | 'start'
  | 'cut' // a process is cut off
  | 'pause' // a process stands still
  | 'cutall'
  | 'deaf' // a process misses pushes
  | 'loss' // messages of everybody are lost
  | 'lag' // the network is slow
  | 'command' // a person does something

export interface Fault {
  readonly at: number
  readonly kind: FaultKind
  /** ms it lasts */
  readonly lasts: number
  /** Which process, of those there are. */
  readonly who: number
  /** How bad, 0 to below 1. */
  readonly much: number
}

/** Weights; what moves the circuit itself must be common, or the rest meets only closed circuits. */
const WEIGHTS: Readonly<Record<FaultKind, number>> = {
  sick: 8,
  flaky: 3,
  lonely: 2,
  slow: 2,
  stop: 3,
  freeze: 3,
  flush: 3,
  failover: 3,
  crash: 3,
  start: 1,
  cut: 4,
  pause: 3,
  cutall: 1,
  deaf: 3,
  loss: 2,
  lag: 2,
  command: 3,
}

export function makeFaults(
  random: SimRandom,
  count: number,
  until: number,
  without: readonly FaultKind[] = [],
): Fault[] {
  const weights = Object.entries(WEIGHTS).filter(([kind]) => !without.includes(kind as FaultKind)) as [
    FaultKind,
    number,
  ][]
  const faults = Array.from({ length: count }, () => ({
    at: Math.round(random.unit() * until),
    kind: random.weighted(weights),
    lasts: Math.round(20 * 100 ** random.unit()),
    who: random.upTo(1_000),
    much: random.unit(),
  }))
  return faults.sort((a, b) => a.at - b.at)
}

export function describeFault({ at, kind, lasts, who, much }: Fault): string {
  return `${String(at).padStart(7)} ms  ${kind} for ${lasts} ms, process ${who}, ${much.toFixed(2)}`
}
