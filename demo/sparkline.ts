/** A row of bars, newest on the right. */
import type { Paint } from './paint.ts'

const bars = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█']

/** The last `columns` values on a scale from 0 to `top`; `undefined` leaves a gap. */
export function sparkline(values: readonly (number | undefined)[], top: number, columns: number, paint: Paint): string {
  const shown = values.slice(-columns)
  const drawn = shown.map((value) => {
    if (value === undefined) return ' '
    const share = Math.min(1, Math.max(0, value / top))
    const bar = bars[Math.round(share * (bars.length - 1))] ?? ' '
    return paint(share > 0.6 ? 'red' : share > 0.15 ? 'yellow' : 'green', bar)
  })
  return ' '.repeat(columns - shown.length) + drawn.join('')
}
