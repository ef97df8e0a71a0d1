// The library's warnings, heard instead of node, which prints them with a process number and a hint at its own flags.
// They say why a storage does not answer.

import { describeError } from '../core/describe.ts'
import type { Terminal } from './terminal.ts'

const MOST = 20

export class Warnings {
  readonly #heard: Error[] = []
  #relay: ((text: string) => void) | undefined

  /** Warnings of others go where they went. */
  static listen(): Warnings {
    const warnings = new Warnings()
    const others = process.listeners('warning')
    process.removeAllListeners('warning')
    process.on('warning', (warning) => {
      if (warning.name === 'InfuseWarning') warnings.hear(warning)
      else for (const other of others) other.call(process, warning)
    })
    return warnings
  }

  hear(warning: Error): void {
    if (this.#heard.length < MOST) this.#heard.push(warning)
    this.#relay?.(warning.message)
  }

  /** What was at the bottom of the first, in a few words: `ECONNREFUSED`. */
  get cause(): string | undefined {
    const first = this.#heard.find(({ cause }) => cause !== undefined)
    return first && describeError(first.cause)
  }

  /** Those to come are lines there, until the answer is called. */
  relayTo({ write, paint }: Terminal): () => void {
    this.#relay = (text) => write(`${paint('yellow', 'infuse:')} ${text}\n`)
    return () => {
      this.#relay = undefined
    }
  }
}
