// Where a command writes: colours on a terminal only, and no text of a storage that a terminal could take for orders.

import { styleText } from 'node:util'

type Style = Parameters<typeof styleText>[0]

export interface Terminal {
  readonly isTerminal: boolean
  /** Columns; `Infinity` in a pipe. */
  readonly width: number
  write(text: string): void
  paint(style: Style, text: string): string
}

export function terminalOn(stream: NodeJS.WriteStream, env: NodeJS.ProcessEnv): Terminal {
  const isTerminal = stream.isTTY && env['TERM'] !== 'dumb'
  const isColoured = isTerminal && !env['NO_COLOR']
  return {
    isTerminal,
    get width() {
      return isTerminal ? (stream.columns ?? 80) : Number.POSITIVE_INFINITY
    },
    write: (text) => void stream.write(text),
    paint: (style, text) => (isColoured ? styleText(style, text) : text),
  }
}

/** Without control characters: what names and reasons hold comes from others. */
export function plain(text: string): string {
  return text.replace(/[\p{Cc}\p{Zl}\p{Zp}\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu, '\uFFFD')
}
