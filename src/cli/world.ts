// What a command has to do with: streams, settings, an end; and what a command is.

import type { Connection } from './connection.ts'
import type { Terminal } from './terminal.ts'
import type { Warnings } from './warnings.ts'

/** What a run has of the world. */
export interface World {
  readonly out: Terminal
  readonly err: Terminal
  readonly env: NodeJS.ProcessEnv
  /** Ctrl-C, a polite kill, a closed pipe. */
  readonly end: AbortSignal
  readonly warnings: Warnings
}

/** What a command does once there is a storage. Making one throws where the request is not understood. */
export type Deed = (connection: Connection, world: World) => Promise<void>
