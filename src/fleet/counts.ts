// Counts that many processes add to: a lattice, so that the order of arrival does not matter. The newest success wins,
// the newest failures stay, slots of the same start add up. Counts that a tally has no use for stay as they are: while a
// new policy is rolled out, the processes on the old one must not wipe out what the others count.

import type { Counts, Slot, Tally } from './storage.ts'

/** Both together, no longer than `keep` says. */
export function mergeCounts(one: Counts, other: Counts, keep: Tally['keep']): Counts {
  const okAt = newest(one.okAt, other.okAt)
  const fails = mergeFails(one.fails, other.fails, keep.fails)
  const slots = mergeSlots(one.slots, other.slots, keep)
  return Object.freeze({ ...(okAt !== undefined && { okAt }), ...(fails && { fails }), ...(slots && { slots }) })
}

function newest(one: number | undefined, other: number | undefined): number | undefined {
  if (one === undefined || other === undefined) return one ?? other
  return Math.max(one, other)
}

/** Newest first. */
function mergeFails(
  one: readonly number[] | undefined,
  other: readonly number[] = [],
  most: number | undefined,
): readonly number[] | undefined {
  if (most === undefined) return one
  if (most === 0) return undefined
  return [...(one ?? []), ...other].sort((a, b) => b - a).slice(0, most)
}

/** Newest first; starts are multiples of the slot's width. */
function mergeSlots(
  one: readonly Slot[] | undefined,
  other: readonly Slot[] = [],
  { slotWidth, slots: most }: Tally['keep'],
): readonly Slot[] | undefined {
  if (most === undefined || slotWidth === undefined) return one
  if (most === 0 || slotWidth === 0) return undefined
  const byStart = new Map<number, Slot>()
  for (const { start: at, ok, bad, slow } of [...(one ?? []), ...other]) {
    const start = Math.floor(at / slotWidth) * slotWidth
    const { ok: ok0, bad: bad0, slow: slow0 } = byStart.get(start) ?? { ok: 0, bad: 0, slow: 0 }
    byStart.set(start, { start, ok: ok0 + ok, bad: bad0 + bad, slow: slow0 + slow })
  }
  return [...byStart.values()].sort((a, b) => b.start - a.start).slice(0, most)
}
