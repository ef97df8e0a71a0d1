// Hearing what an emitter says without being one of its listeners: Node.js and its clients go by whether somebody
// listens (an `error` nobody listens to crashes, a `response` nobody listens to is thrown away), and a guard must not
// change that.

import type { EventEmitter } from 'node:events'

/** Tells of each event of one emitter, before its listeners hear it. `hear` must not throw. */
export function overhear(
  emitter: EventEmitter,
  hear: (event: string | symbol, args: readonly unknown[]) => void,
): void {
  const { emit } = emitter
  const value = function (this: EventEmitter, event: string | symbol, ...args: unknown[]): boolean {
    hear(event, args)
    return emit.call(this, event, ...args)
  }
  Object.defineProperty(emitter, 'emit', { value, writable: true, configurable: true })
}
