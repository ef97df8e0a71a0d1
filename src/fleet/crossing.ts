// A trip policy over what a whole fleet counted: what storage must keep for it, and whether the sum crosses it. The
// rule itself is the one that a single process goes by.

import { crosses, describeCrossing, type Part } from '../core/trip.ts'
import type { Sums } from '../core/window.ts'
import type { Counts, Slot, Tally } from './storage.ts'

/** Slots per time window, as in one process. */
const SLOTS = 10

/** Count windows are kept as slots of this many ms: the newest whose calls reach the count. */
const COUNT_SLOT = 1_000
const MOST_SLOTS = 64

/** A crossed part, and since when a success would refute it (storage ms). */
export interface Crossing {
  readonly why: string
  readonly since: number
}

/** How much of the fleet's counts a policy needs kept. */
export function keepFor(parts: readonly Part[]): Tally['keep'] {
  const fails = Math.max(0, ...parts.map((part) => (part.kind === 'consecutive' ? part.failures : 0)))
  const widths = parts.flatMap((part) => (part.kind === 'rate' ? [slotWidth(part.window)] : []))
  if (widths.length === 0) return { fails }
  const width = Math.min(...widths)
  const slots = Math.max(...parts.map((part) => (part.kind === 'rate' ? slotsOf(part.window, width) : 0)))
  return { ...(fails > 0 && { fails }), slotWidth: width, slots }
}

/** Whether a policy is crossed by these counts at storage time `at`. */
export function crossing(parts: readonly Part[], counts: Counts, at: number): Crossing | undefined {
  const { fails = [], slots = [] } = counts
  const failures = failuresInARow(counts)
  for (const part of parts) {
    const sums = part.kind === 'rate' ? sumOf(part.window, slots, at) : undefined
    if (!crosses(part, failures, sums)) continue
    const since = part.kind === 'consecutive' ? (fails[part.failures - 1] ?? 0) : at - slotSpan(part.window, at)
    return { why: `${describeCrossing(part, failures, sums)}, in the whole fleet`, since }
  }
  return undefined
}

/** The fleet's counts by name, for people. */
export function fleetCounts(parts: readonly Part[], counts: Counts, at: number): Record<string, number> {
  const named: Record<string, number> = { fleetFailures: failuresInARow(counts) }
  for (const part of parts) {
    if (part.kind !== 'rate') continue
    const { ok, bad, slow } = sumOf(part.window, counts.slots ?? [], at)
    Object.assign(named, { fleetCalls: ok + bad, fleetFailures: bad, fleetSlow: slow })
  }
  return named
}

function failuresInARow({ okAt = Number.NEGATIVE_INFINITY, fails = [] }: Counts): number {
  return fails.filter((time) => time > okAt).length
}

type WindowSize = { readonly unit: 'ms' | 'calls'; readonly size: number }

function slotWidth({ unit, size }: WindowSize): number {
  return unit === 'ms' ? Math.max(1, Math.ceil(size / SLOTS)) : COUNT_SLOT
}

function slotsOf({ unit, size }: WindowSize, width: number): number {
  return unit === 'ms' ? Math.ceil(size / width) + 1 : MOST_SLOTS
}

function slotSpan({ unit, size }: WindowSize, at: number): number {
  return unit === 'ms' ? size : at
}

function sumOf({ unit, size }: WindowSize, slots: readonly Slot[], at: number): Sums {
  const sums = { ok: 0, bad: 0, slow: 0 }
  for (const { start, ok, bad, slow } of slots) {
    const over = unit === 'ms' ? start <= at - size : sums.ok + sums.bad >= size
    if (over) continue
    sums.ok += ok
    sums.bad += bad
    sums.slow += slow
  }
  return sums
}
