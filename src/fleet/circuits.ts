// The circuits of this process that live on a storage: breakers on one storage under one name share one. The map hangs
// on the storage, so both go together.

import { Circuit } from '../core/circuit.ts'
import type { CircuitStorage } from './storage.ts'

const CIRCUITS = new WeakMap<CircuitStorage, Map<string, Circuit>>()

/** This process's circuit of that name; a circuit of its own where there is no storage. */
export function circuitOn(storage: CircuitStorage | undefined, name: string): Circuit {
  if (storage === undefined) return new Circuit()
  let circuits = CIRCUITS.get(storage)
  if (circuits === undefined) CIRCUITS.set(storage, (circuits = new Map()))
  let circuit = circuits.get(name)
  if (circuit === undefined) circuits.set(name, (circuit = new Circuit()))
  return circuit
}
