/** The whole screen as lines, a function of the ledger and the terminal's size. */
import { clock } from './figures.ts'
import type { Ledger, Told } from './ledger.ts'
import { ends, type Paint, pad, type Style, wrap } from './paint.ts'
import { panel } from './panel.ts'
import type { Health } from './script.ts'
import { describeLoad } from './warmup.ts'

export const fewestColumns = 78

const colours = { healthy: 'green', failing: 'red', hanging: 'magenta' } as const satisfies Record<Health, Style>

export function frame(
  ledger: Ledger,
  note: string,
  size: { columns: number; rows: number },
  paint: Paint,
): readonly string[] {
  const columns = Math.min(size.columns, 120) - 2
  if (columns + 2 < fewestColumns) return [`This screen needs ${fewestColumns} columns. Try --plain.`]
  const half = Math.floor((columns - 1) / 2)
  const mostWaiting = Math.max(ledger.rate, ...ledger.bare.moments.map((moment) => moment.waiting))
  const shared = { columns: half, mostWaiting, paint }
  const left = panel({ title: 'shop with a breaker', shop: ledger.guarded, breaker: ledger.breaker, ...shared })
  const right = panel({ title: 'shop without', shop: ledger.bare, breaker: undefined, ...shared })
  const head = [
    ends(`${paint('bold', 'infuse')}  two shops, ${describeLoad(ledger.rate)}`, paint('dim', note), columns),
    '',
    ...timeline(ledger, columns, paint),
    `now ${clock(ledger.time)}  ${paint(['bold', colours[ledger.act.health]], ledger.act.caption)}`,
    ...left.map((line, index) => `${line} ${right[index] ?? ''}`),
  ]
  const says = wrap(ledger.breaker?.text ?? '', columns).slice(0, 3)
  const air = size.rows > 26 ? [''] : []
  const above = [...head, ...air, ...says.map((line) => paint('italic', line)), ...air]
  const room = Math.max(1, Math.min(10, size.rows - 1 - above.length))
  const changes = ledger.transitions.slice(-room).map((told) => change(told, columns, paint))
  return [...above, ...changes].slice(0, size.rows - 1).map((line) => ` ${line}`)
}

/** The acts, each as wide as it is long, and how far the round is. */
function timeline(ledger: Ledger, columns: number, paint: Paint): readonly [string, string] {
  const length = ledger.acts.reduce((total, act) => total + act.seconds, 0)
  let names = ''
  let bar = ''
  let before = 0
  for (const act of ledger.acts) {
    const from = Math.round((before / length) * columns)
    const to = Math.round(((before + act.seconds) / length) * columns)
    const done = Math.round(Math.min(1, Math.max(0, (ledger.time - before) / act.seconds)) * (to - from))
    const now = act.name === ledger.act.name
    names += pad(paint(now ? ['bold', colours[act.health]] : 'dim', act.name), to - from)
    bar += paint(colours[act.health], '━'.repeat(done)) + paint('dim', '─'.repeat(to - from - done))
    before += act.seconds
  }
  return [names, bar]
}

function change(told: Told, columns: number, paint: Paint): string {
  const style = told.to === 'open' ? 'red' : told.to === 'closed' ? 'green' : 'yellow'
  const head = `${told.at.toFixed(1).padStart(6)} s  `
  const states = `${told.from} → ${told.to}`
  const room = columns - head.length - 21 - 1
  return `${paint('dim', head)}${pad(paint(style, states), 21)} ${paint('dim', (told.reason ?? '').slice(0, room))}`
}
