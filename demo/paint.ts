/** Colours where the terminal has them, plain text elsewhere; and widths that do not count the colours. */
import { stripVTControlCharacters, styleText } from 'node:util'

export type Style = Parameters<typeof styleText>[0]
export type Paint = (style: Style, text: string) => string

/** `hasColors` knows NO_COLOR, FORCE_COLOR and TERM; a pipe does not have it. */
export function painter(stream: { readonly isTTY?: boolean; hasColors?(): boolean }): Paint {
  return stream.isTTY === true && stream.hasColors?.() === true ? styleText : (_style, text) => text
}

/** Every character used here is one column wide. */
export function width(text: string): number {
  return stripVTControlCharacters(text).length
}

export function pad(text: string, columns: number): string {
  return text + ' '.repeat(Math.max(0, columns - width(text)))
}

/** `left` and `right` at the two ends of a line. */
export function ends(left: string, right: string, columns: number): string {
  return pad(left, columns - width(right)) + right
}

/** Breaks plain text into lines at spaces. */
export function wrap(text: string, columns: number): readonly string[] {
  const lines: string[] = []
  for (const word of text.split(/\s+/)) {
    const last = lines.at(-1)
    if (last !== undefined && last.length + 1 + word.length <= columns) lines[lines.length - 1] = `${last} ${word}`
    else lines.push(word.slice(0, columns))
  }
  return lines
}
