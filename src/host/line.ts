// A socket that carries messages: JSON, one per line, of limited length in both directions. Whoever sends what is none,
// or too much, or does not read what it is sent, is dropped. It never keeps the process alive and never throws.

import type { Socket } from 'node:net'
import { systemClock } from '../core/clock.ts'

/** What is at this end of a line. */
export interface LineEnd {
  message(value: unknown): void
  /** Once, after the last message. */
  ended(error: Error): void
}

/** Bytes of one message, and of all that wait to be sent. */
const LONGEST_MESSAGE = 1_000_000
/** ms the other side may leave what it is sent unread. */
const UNREAD = 2_000
const NEWLINE = 0x0a

/** JSON knows no Infinity; `wire.ts` reads this back where a time is expected. */
export const ENDLESS = 'Infinity'

export class Line {
  readonly #socket: Socket
  readonly #end: LineEnd
  #partial: Buffer[] = []
  #length = 0
  #fault: Error | undefined
  #ending = false
  #cancelWait: (() => void) | undefined

  constructor(socket: Socket, end: LineEnd) {
    this.#socket = socket
    this.#end = end
    socket.unref()
    socket.on('data', (chunk: Buffer) => this.#take(chunk))
    socket.on('error', (error) => {
      this.#fault ??= error
    })
    socket.on('close', () => {
      this.#cancelWait?.()
      end.ended(this.#fault ?? withCode('ECONNRESET', 'The other process closed the connection'))
    })
  }

  /** @throws RangeError for a message that is too long. */
  send(message: object): void {
    const text = `${JSON.stringify(message, endless)}\n`
    if (Buffer.byteLength(text) > LONGEST_MESSAGE) throw new RangeError('The message is too long for the connection')
    if (this.#ending || !this.#socket.writable) return
    this.#socket.write(text)
    if (this.#socket.writableLength > LONGEST_MESSAGE) this.drop(new Error('The other process does not read'))
    else if (this.#socket.writableLength > 0 && this.#cancelWait === undefined) this.#wait()
  }

  /** Ends once what was sent is written. Nothing is heard any more. */
  end(): void {
    this.#ending = true
    this.#socket.destroySoon()
  }

  drop(fault: Error): void {
    this.#fault ??= fault
    this.#socket.destroy()
  }

  /** What waits to be written keeps a process alive: not for ever. */
  #wait(): void {
    const written = this.#written()
    this.#cancelWait = systemClock.after(UNREAD, () => {
      this.#cancelWait = undefined
      if (this.#socket.writableLength === 0) return
      if (this.#written() > written) this.#wait()
      else this.drop(new Error('The other process does not read'))
    })
  }

  #written(): number {
    return this.#socket.bytesWritten - this.#socket.writableLength
  }

  #take(chunk: Buffer): void {
    let start = 0
    for (let end = chunk.indexOf(NEWLINE); end >= 0; end = chunk.indexOf(NEWLINE, start)) {
      const message = Buffer.concat([...this.#partial, chunk.subarray(start, end)])
      this.#partial = []
      this.#length = 0
      start = end + 1
      this.#deliver(message)
      if (this.#socket.destroyed) return
    }
    this.#length += chunk.length - start
    if (this.#length > LONGEST_MESSAGE) return this.drop(new Error('The other process sent a message that is too long'))
    if (start < chunk.length) this.#partial.push(chunk.subarray(start))
  }

  /** A fault of whoever wrote it, or in reading it, ends this line and nothing else. */
  #deliver(message: Buffer): void {
    if (this.#ending) return
    try {
      this.#end.message(JSON.parse(message.toString()))
    } catch (error) {
      this.drop(new Error('The other process sent what cannot be read', { cause: error }))
    }
  }
}

/** An error that is told by its code. */
export function withCode(code: string, message: string): Error {
  return Object.assign(new Error(message), { code })
}

function endless(_key: string, value: unknown): unknown {
  return value === Number.POSITIVE_INFINITY ? ENDLESS : value
}
