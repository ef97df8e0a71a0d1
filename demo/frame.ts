/** The whole screen as lines, a function of the ledger and the terminal's size. */
import { type FleetChange, makerOf } from './changes.ts'
import { clock } from './figures.ts'
import type { Ledger } from './ledger.ts'
import { ends, type Paint, pad, type Style, wrap } from './paint.ts'
import { looks, panel } from './panel.ts'
import type { Health } from './script.ts'
import { shopNames } from './stage.ts'
import { describeLoad } from './warmup.ts'

export const fewestColumns = 78

const colours = { healthy: 'green', failing: 'red', hanging: 'magenta' } as const satisfies Record<Health, Style>

export function frame(
  ledger: Ledger,
  note: string,
  size: { columns: number; rows: number },
  paint: Paint,
  address = '',
): readonly string[] {
  const columns = Math.min(size.columns, 120) - 2
  if (columns + 2 < fewestColumns) return [`This screen needs ${fewestColumns} columns. Try --plain.`]
  const half = Math.floor((columns - 1) / 2)
  const mostWaiting = Math.max(ledger.rate, ...ledger.bare.moments.map((moment) => moment.waiting))
  const shared = { columns: half, mostWaiting, paint }
  const [breaker] = ledger.breakers
  const left = panel({ title: 'three shops, one circuit', shop: ledger.guarded, breaker, ...shared })
  const right = panel({ title: 'one shop without', shop: ledger.bare, breaker: undefined, ...shared })
  const head = [
    ends(`${paint('bold', 'infuse')}  ${describeLoad(ledger.rate)}`, paint('dim', note), columns),
    // The dashboard's fits as it is: it has to be opened with all its characters.
    paint('dim', address),
    ...timeline(ledger, columns, paint),
    `now ${clock(ledger.time)}  ${paint(['bold', colours[ledger.act.health]], ledger.act.caption)}`,
    fleetLine(ledger, columns, paint),
    ...left.map((line, index) => `${line} ${right[index] ?? ''}`),
  ]
  const says = wrap(breaker?.text ?? '', columns).slice(0, 3)
  const air = size.rows > 26 ? [''] : []
  const above = [...head, ...air, ...says.map((line) => paint('italic', line)), ...air]
  const room = Math.max(1, Math.min(10, size.rows - 1 - above.length))
  const changes = ledger.changes.slice(-room).map((change) => changeLine(change, columns, paint))
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

/** The three circuits that are one, and what comes next. */
function fleetLine(ledger: Ledger, columns: number, paint: Paint): string {
  const shops = shopNames.map((name, index) => {
    const breaker = ledger.breakers[index]
    const [style, text] = breaker ? looks[breaker.state] : (['gray', '○'] as const)
    return `${name} ${paint(['bold', style], text)}`
  })
  return ends(shops.join('   '), nextIn(ledger), columns)
}

function nextIn({ breakers, changes }: Ledger): string {
  const [breaker] = breakers
  const last = changes.at(-1)
  if (breaker?.state === 'half-open' && last?.to === 'half-open') return `trial of ${makerOf(last).shop}`
  if (breaker?.state !== 'open' || breaker.nextTrialAt === undefined) return ''
  return `next trial in ${(Math.max(0, breaker.nextTrialAt - Date.now()) / 1_000).toFixed(1)} s`
}

/** One line for all shops: who made the change, and how many ms later the others had it. */
function changeLine(change: FleetChange, columns: number, paint: Paint): string {
  const { to, told } = change
  const maker = makerOf(change)
  const style = to === 'open' ? 'red' : to === 'closed' ? 'green' : 'yellow'
  const head = `${maker.at.toFixed(1).padStart(6)} s  `
  const others = told
    .filter((one) => one !== maker)
    .map(({ shop, stamp }) => `${shop.replace('shop ', '')} ${signed(stamp - maker.stamp)}`)
  const who = [maker.shop, ...others].join(', ')
  const line = `${pad(who, 31)} ${maker.reason ?? ''}`.slice(0, Math.max(0, columns - head.length - 12))
  return `${paint('dim', head)}${pad(paint(style, `→ ${to}`), 12)}${paint('dim', line)}`
}

function signed(ms: number): string {
  return `${ms < 0 ? '-' : '+'}${Math.abs(ms) < 9.95 ? Math.abs(ms).toFixed(1) : Math.abs(ms).toFixed(0)} ms`
}
