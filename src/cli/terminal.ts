// Where a command writes: colours on a terminal only, and no text of a storage that a terminal could take for orders.

import { styleText } from 'node:util'

type Style = Parameters<typeof styleText>[0]

export interface Terminal {
  readonly isTerminal: boolean
  /** Columns; `Infinity` in a pipe. */
  readonly width: number
  /** Rows; `Infinity` in a pipe. */
  readonly height: number
  write(text: string): void
  paint(style: Style, text: string): string
  /** Until the answer is called. */
  onResize(hear: () => void): () => void
}

// What a terminal obeys, or what turns the direction of the text after it.
const ORDERS = /[\p{Cc}\p{Zl}\p{Zp}\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu
const NO_WIDTH = /[\p{Mn}\p{Me}\p{Cf}]/u
const WIDE =
  /[\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6]|\p{Emoji_Presentation}/u

export function terminalOn(stream: NodeJS.WriteStream, env: NodeJS.ProcessEnv): Terminal {
  const isTerminal = stream.isTTY && env['TERM'] !== 'dumb'
  const isColoured = isTerminal && !env['NO_COLOR']
  return {
    isTerminal,
    get width() {
      return isTerminal ? stream.columns || 80 : Number.POSITIVE_INFINITY
    },
    get height() {
      return isTerminal ? stream.rows || 24 : Number.POSITIVE_INFINITY
    },
    write: (text) => void stream.write(text),
    // Of the streams this one counts, whatever node thinks of standard output.
    paint: (style, text) => (isColoured ? styleText(style, text, { validateStream: false }) : text),
    onResize: (hear) => {
      stream.on('resize', hear)
      return () => void stream.off('resize', hear)
    },
  }
}

/** Without control characters: what names and reasons hold comes from others. */
export function plain(text: string): string {
  return text.replace(ORDERS, '\uFFFD')
}

/** JSON of which the same is true. */
export function json(value: unknown, indent?: number): string {
  const text = JSON.stringify(value, undefined, indent)
  const escaped = (char: string): string => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`
  return text.replace(ORDERS, (char) => (char === '\n' ? char : escaped(char)))
}

/** Columns that it takes. */
export function widthOf(text: string): number {
  let width = 0
  for (const char of text) width += charWidth(char)
  return width
}

/** What fits into so many columns, with `…` in place of the rest. */
export function cut(text: string, width: number): string {
  if (widthOf(text) <= width) return text
  let left = width - 1
  let kept = ''
  for (const char of text) {
    left -= charWidth(char)
    if (left < 0) break
    kept += char
  }
  return width < 1 ? '' : `${kept}…`
}

/** Cut, or filled up with spaces. */
export function column(text: string, width: number): string {
  const shown = cut(text, width)
  return shown + ' '.repeat(Math.max(0, width - widthOf(shown)))
}

function charWidth(char: string): number {
  if (NO_WIDTH.test(char)) return 0
  return WIDE.test(char) ? 2 : 1
}
