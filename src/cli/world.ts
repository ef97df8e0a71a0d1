// What a command has to do with: streams, settings, an end.

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
