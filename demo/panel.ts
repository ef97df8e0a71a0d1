/** One side on the screen: its circuit, what its customers got, how long they waited. */
import { count, duration } from './figures.ts'
import { quantile, type ShopLedger, type Tally } from './ledger.ts'
import type { BreakerReport } from './messages.ts'
import { ends, type Paint, pad, type Style } from './paint.ts'
import { callTimeout } from './script.ts'
import { sparkline } from './sparkline.ts'

export const looks = {
  closed: ['green', '● CLOSED'],
  open: ['red', '● OPEN'],
  'half-open': ['yellow', '◐ HALF-OPEN'],
} as const satisfies Record<BreakerReport['state'], readonly [Style, string]>

export interface PanelOptions {
  readonly title: string
  readonly shop: ShopLedger
  readonly breaker: BreakerReport | undefined
  /** most orders in flight that the sparkline can show */
  readonly mostWaiting: number
  /** columns, frame included */
  readonly columns: number
  readonly paint: Paint
}

export function panel({ title, shop, breaker, mostWaiting, columns, paint }: PanelOptions): readonly string[] {
  const inner = columns - 4
  const edge: Style = breaker ? looks[breaker.state][0] : 'gray'
  const { tally, seconds } = shop.lately()
  const total = shop.during()
  const row = (label: string, figure: (of: Tally) => number, style: Style): string =>
    ends(
      `${pad(label, 12)}${paint(style, count(figure(total)).padStart(8))}`,
      `${(figure(tally) / seconds).toFixed(0)}/s`,
      inner,
    )
  const p50 = shop.moments.map((moment) => quantile(0.5, moment.tally.latencies))
  const waiting = shop.moments.map((moment) => moment.waiting)

  const lines = [
    badge(breaker, paint),
    row('served', (of) => of.served, 'green'),
    row('failed fast', (of) => of.failedFast, 'yellow'),
    row('failed slow', (of) => of.failedSlow, 'red'),
    ends(
      'latency',
      `p50 ${duration(quantile(0.5, tally.latencies)).padStart(6)}   p99 ${duration(quantile(0.99, tally.latencies)).padStart(6)}`,
      inner,
    ),
    sparkline(p50, callTimeout, inner, paint),
    ends('waiting', count(shop.waiting), inner),
    sparkline(waiting, mostWaiting, inner, paint),
    ends('wasted', paint('bold', duration(total.wasted)), inner),
  ]
  const side = paint(edge, '│')
  return [
    paint(edge, '╭─ ') + paint('bold', title) + paint(edge, ` ${'─'.repeat(columns - 5 - title.length)}╮`),
    ...lines.map((line) => `${side} ${pad(line, inner)} ${side}`),
    paint(edge, `╰${'─'.repeat(columns - 2)}╯`),
  ]
}

function badge(breaker: BreakerReport | undefined, paint: Paint): string {
  if (!breaker) return paint('gray', '○ no breaker')
  const [style, text] = looks[breaker.state]
  return paint(['bold', style], text)
}
