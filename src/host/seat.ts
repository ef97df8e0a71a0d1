// A process's place in the group: it serves the others, or is connected to the one that does. The verbs are the same.

import type { CircuitStorage, Note, StoredCircuit } from '../fleet/storage.ts'

type Verbs = Required<Pick<CircuitStorage, 'read' | 'add' | 'replace' | 'list' | 'transitions' | 'reports'>>

export interface Seat extends Verbs {
  readonly ended: boolean
  watch(name: string): void
  unwatch(name: string): void
  /** Gives the place up. What was sent still goes out. */
  leave(): void
}

/** Hears what comes in at a seat. Nothing of it throws. */
export interface Ears {
  changed(name: string, circuit: StoredCircuit): void
  noted(name: string, note: Note): void
  /** The time on the serving process's clock, just now or a little ago. */
  clock(at: number): void
  /** The seat ended by itself. */
  lost(seat: Seat, error: Error): void
}
