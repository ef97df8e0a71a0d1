// What the handler asks of whatever it administers: an application's own breakers, or a storage that many share. Reading
// moves nothing: no hold ends and no trial begins because somebody looked.

import type { Order } from './order.ts'
import type { WireCircuit, WireStorage, WireTransition } from './wire.ts'

/** All there is to see at one moment. */
export interface Survey {
  readonly circuits: readonly WireCircuit[]
  readonly storage: WireStorage
  /** Distinct ones that reported lately; null: nobody knows. */
  readonly processes: number | null
}

/** One circuit, and what is so besides. */
export interface Found extends Omit<Survey, 'circuits'> {
  readonly circuit: WireCircuit
}

/** What is the same at all times. */
export interface Place {
  readonly namespace: string | null
  readonly env: string | null
  readonly service: string | null
  readonly shellCommand: string | null
}

export interface AdminSource {
  readonly place: Place
  /** Every circuit; `steps` too where asked for, which costs a command more. Never rejects: what is down says so. */
  survey(withSteps: boolean): Promise<Survey>
  /** One, with its steps; `undefined`: there is none. @throws Refusal where storage does not answer. */
  circuit(name: string): Promise<Found | undefined>
  /** Newest first. @throws Refusal where storage does not answer. */
  transitions(circuit: string | undefined, limit: number): Promise<readonly WireTransition[]>
  /** Resolves when the change is made, where many share it when storage holds it. @throws Refusal */
  carryOut(circuit: string, order: Order): Promise<void>
  /** Is told when something may have changed, sooner than by asking again; until the answer is called. */
  onHint(hear: () => void): () => void
  dispose(): void
}
