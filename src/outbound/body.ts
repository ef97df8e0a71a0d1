// The body of an answer that its reader gets as a stream of Node.js: how it ended. Nothing is read here, and nobody
// listens for errors, so a stream that nobody reads or hears stays so.

import type { Readable } from 'node:stream'
import type { Exchange } from './exchange.ts'

/** Whether a body is a stream of Node.js; others say nothing about their end. */
export function isNodeStream(body: unknown): body is Readable {
  const stream = body as Partial<Readable> | null | undefined
  return typeof stream?.once === 'function' && typeof stream.pipe === 'function' && 'readableEnded' in stream
}

/** Tells the exchange how the stream ends: whole, broken off, or not wanted any more. */
export function watchBody(stream: Readable, exchange: Exchange, signal: unknown): void {
  stream.once('close', () => {
    const { readableEnded } = stream
    const errored: NodeJS.ErrnoException | null = stream.errored
    if (readableEnded || (stream as { complete?: boolean }).complete === true) exchange.completed()
    else if (isAborted(signal)) exchange.failed(signal.reason, true)
    // An error with a code is one of Node.js'; those of readers who give up have none.
    else if (typeof errored?.code === 'string') exchange.failed(errored)
    else exchange.abandoned(errored ?? new DOMException('The body was not read to its end', 'AbortError'))
  })
}

/** A client may take signals of others than Node.js. */
export function isAborted(signal: unknown): signal is AbortSignal {
  return (signal as AbortSignal | null | undefined)?.aborted === true
}
