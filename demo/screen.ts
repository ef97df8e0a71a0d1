/** The live view of a terminal: redraws one frame in place, and gives the terminal back as it was. */
import { frame } from './frame.ts'
import type { Ledger } from './ledger.ts'
import type { View } from './outage.ts'
import type { Paint } from './paint.ts'

/** As much of `tty.WriteStream` as it takes. */
export interface Terminal {
  readonly columns: number
  readonly rows: number
  write(text: string): boolean
}

// The alternate screen keeps what the user had; a hidden cursor does not flicker.
const enter = '\x1b[?1049h\x1b[?25l\x1b[H\x1b[J'
const leave = '\x1b[?25h\x1b[?1049l'
const home = '\x1b[H'
const clearLine = '\x1b[K'
const clearBelow = '\x1b[J'

/** `address`: of the dashboard, for who watches. */
export function newScreen(stream: Terminal, note: () => string, paint: Paint, address = ''): View {
  let entered = false
  const draw = (ledger: Ledger): void => {
    const lines = frame(ledger, note(), { columns: stream.columns, rows: stream.rows }, paint, address)
    stream.write(home + lines.map((line) => `${line}${clearLine}`).join('\r\n') + clearLine + clearBelow)
  }
  return {
    began(ledger) {
      if (!entered) stream.write(enter)
      entered = true
      draw(ledger)
    },
    act: draw,
    transition: draw,
    tick: draw,
    end() {
      if (entered) stream.write(leave)
      entered = false
    },
  }
}
