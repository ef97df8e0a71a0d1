// The circuits of this process that live on a storage: breakers on one storage under one name share one. The maps hang
// on the storage, so all go together.

import { bad } from '../core/check.ts'
import { Circuit } from '../core/circuit.ts'
import type { FullClock } from '../core/clock.ts'
import type { Rules } from '../core/options.ts'
import type { FleetWatcher } from './audience.ts'
import { FleetCircuit } from './circuit.ts'
import { Link } from './link.ts'
import type { CircuitStorage, PeerRules } from './storage.ts'

interface Local {
  readonly circuits: Map<string, Circuit>
  readonly fleets: Map<string, FleetCircuit>
  link: Link | undefined
}

const LOCAL = new WeakMap<CircuitStorage, Local>()

/** This process's circuit of that name; a circuit of its own where there is no storage. */
export function circuitOn(storage: CircuitStorage | undefined, name: string): Circuit {
  if (storage === undefined) return new Circuit()
  const { circuits } = localOn(storage)
  let circuit = circuits.get(name)
  if (circuit === undefined) circuits.set(name, (circuit = new Circuit()))
  return circuit
}

/** The fleet's circuit of that name, where the storage is shared with other processes. */
export function fleetOn(
  storage: CircuitStorage,
  name: string,
  rules: Rules,
  own: Circuit,
  clock: FullClock,
): FleetCircuit {
  const local = localOn(storage)
  local.link ??= new Link(storage, clock)
  if (storage.mirror !== undefined) storage.peerRules?.(name, peerRules(storage.mirror, rules))
  let fleet = local.fleets.get(name)
  if (fleet === undefined) local.fleets.set(name, (fleet = new FleetCircuit(name, rules, own, local.link)))
  return fleet
}

/** A breaker on it is done with it. */
export function leaveFleet(storage: CircuitStorage, fleet: FleetCircuit, watcher: FleetWatcher): void {
  if (fleet.leave(watcher)) localOn(storage).fleets.delete(fleet.name)
}

/**
 * What the processes of another library, on mirrored keys, go by.
 * @throws TypeError for rules that its keys cannot say.
 */
export function peerRules(mirror: string, { parts, resetTimeout, trialTimeout }: Rules): PeerRules {
  const [only, ...more] = parts
  if (only?.kind !== 'consecutive' || more.length > 0) {
    throw new TypeError(`Expected \`trip\` to be consecutive(n) where the storage mirrors ${mirror}`)
  }
  if (typeof resetTimeout !== 'number') {
    throw bad('resetTimeout', `a number where the storage mirrors ${mirror}`, resetTimeout, 'number')
  }
  return { failMax: only.failures, resetTimeout, trialTimeout }
}

function localOn(storage: CircuitStorage): Local {
  let local = LOCAL.get(storage)
  if (local === undefined) LOCAL.set(storage, (local = { circuits: new Map(), fleets: new Map(), link: undefined }))
  return local
}
