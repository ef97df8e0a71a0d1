/**
 * What the shops tell of their circuit, put together: one change of the fleet is told by each shop. News come over a
 * channel of each shop's own, so that of one change may come after that of the next.
 */
import type { CircuitState } from 'infuse-breaker'
import type { Transition } from './messages.ts'

export interface Told extends Transition {
  readonly shop: string
  /** seconds since the round began */
  readonly at: number
  readonly act: string
}

/** A change of the whole fleet: what each shop told of it, in the order of their clocks. */
export interface FleetChange {
  readonly to: CircuitState
  told: readonly [Told, ...Told[]]
}

/** ms after which a shop tells of another change. */
const apart = 1_000

/** Adds what a shop told to the change it belongs to, or begins a new one. */
export function addTo(changes: FleetChange[], told: Told): void {
  const since = changes.findLastIndex((change) => change.told.some(({ shop }) => shop === told.shop))
  const same = changes.find(
    (change, index) => index > since && change.to === told.to && Math.abs(told.stamp - change.told[0].stamp) < apart,
  )
  if (same) same.told = inOrder(same.told, told)
  else changes.push({ to: told.to, told: [told] })
}

/** Who made the change; where several did, each by itself, the first. */
export function makerOf({ told }: FleetChange): Told {
  return told.find(({ origin }) => origin === 'local') ?? told[0]
}

/** ms from the first shop's change to the last's. */
export function spreadOf({ told }: FleetChange): number {
  return (told.at(-1) ?? told[0]).stamp - told[0].stamp
}

/** Whether the fleet stopped: from a circuit that was closed. */
export function isTrip({ to, told }: FleetChange): boolean {
  return to === 'open' && told.some(({ from }) => from === 'closed')
}

function inOrder(earlier: FleetChange['told'], told: Told): FleetChange['told'] {
  return [...earlier, told].toSorted((a, b) => a.stamp - b.stamp) as [Told, ...Told[]]
}
