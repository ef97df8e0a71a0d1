// The list and the last changes, drawn in place. The screen is one that the terminal keeps aside, and it is given back
// whatever ends the run; lines are overwritten, not wiped first, so that nothing flickers.

import type { Survey } from '../admin/source.ts'
import type { WireTransition } from '../admin/wire.ts'
import { listOf } from './list.ts'
import { cut, type Terminal, widthOf } from './terminal.ts'
import { entryOf } from './words.ts'

const ENTER = '\u001B[?1049h\u001B[?25l'
const LEAVE = '\u001B[?25h\u001B[?1049l'
const HOME = '\u001B[H'
const CLEAR_LINE = '\u001B[K'
const CLEAR_BELOW = '\u001B[J'
/** Rows that changes have at least, where there are any. */
const LEAST_CHANGES = 4

export class Screen {
  readonly #terminal: Terminal
  readonly #place: string
  readonly #forget: () => void
  #shown: (() => readonly string[]) | undefined

  constructor(terminal: Terminal, place: string) {
    this.#terminal = terminal
    this.#place = place
    this.#forget = terminal.onResize(() => this.#draw())
    // Where something throws that nobody awaits.
    process.once('exit', this.#leave)
    terminal.write(ENTER)
  }

  show(survey: Survey, latest: readonly WireTransition[]): void {
    this.#shown = () => this.#lines(survey, latest)
    this.#draw()
  }

  [Symbol.dispose](): void {
    this.#forget()
    process.off('exit', this.#leave)
    this.#leave()
  }

  readonly #leave = (): void => this.#terminal.write(LEAVE)

  #draw(): void {
    if (this.#shown === undefined) return
    const lines = this.#shown().map((line) => `${line}${CLEAR_LINE}`)
    this.#terminal.write(`${HOME}${lines.join('\n')}${CLEAR_BELOW}`)
  }

  #lines(survey: Survey, latest: readonly WireTransition[]): readonly string[] {
    const { height } = this.#terminal
    // In the last column a terminal waits to wrap, and would wipe what was written there.
    const terminal = { ...this.#terminal, width: this.#terminal.width - 1 }
    const { width } = terminal
    const list = listOf(survey, terminal).trimEnd().split('\n')
    const circuits = list.slice(0, -1)
    // Painted already where there are circuits, and as wide as there is room.
    const summary = circuits.length === 0 ? cut(list[0] ?? '', width) : (list.at(-1) ?? '')
    // The head, the summary, and a line between each two parts.
    const room = height - 4
    const most = Math.max(1, latest.length === 0 ? room : room - Math.min(LEAST_CHANGES, latest.length))
    const shown = circuits.slice(0, circuits.length > most ? most - 1 : most)
    const hidden = circuits.length - shown.length
    const more = hidden === 0 ? [] : [cut(`… and ${hidden} more`, width)]
    const changes = latest.slice(0, Math.max(0, room - shown.length - more.length))
    const rows = [
      headOf(survey, this.#place, terminal),
      '',
      ...shown,
      ...more,
      summary,
      '',
      ...changes.map((entry) => entryOf(entry, terminal, width)),
    ]
    return rows.slice(0, Math.max(1, height))
  }
}

function headOf({ storage }: Survey, place: string, { paint, width }: Terminal): string {
  const [name, end] = ['infuse', 'Ctrl-C ends']
  const text = cut(storage.up ? place : `${place} does not answer`, width - name.length - 2)
  const start = `${paint('bold', name)}  ${storage.up ? text : paint(['red', 'bold'], text)}`
  const gap = width - name.length - 2 - widthOf(text) - end.length
  return gap < 2 ? start : `${start}${' '.repeat(gap)}${paint('dim', end)}`
}
