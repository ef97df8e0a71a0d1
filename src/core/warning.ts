// Faults of code that the library was given (listeners, classifiers, reset functions). They reach the process's
// warnings and nobody else: no caller's result may depend on an observer.

import { describeError } from './describe.ts'

interface Warner {
  emitWarning?(warning: Error): void
}

/** Emits a process warning named `InfuseWarning`, with the error that was thrown as `cause`. */
export function warn(what: string, cause?: unknown): void {
  const text = cause === undefined ? what : `${what}: ${describeError(cause)}`
  const warning = new Error(text, { cause })
  warning.name = 'InfuseWarning'
  const { process } = globalThis as { process?: Warner }
  process?.emitWarning?.(warning)
}
