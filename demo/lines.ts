/** The view of a pipe: a line a second, a line for each act and each transition, no escape codes. */
import { clock, count, duration } from './figures.ts'
import { type Ledger, quantile, type ShopLedger } from './ledger.ts'
import type { View } from './outage.ts'
import { describeLoad } from './warmup.ts'

const heading = `
              with breakers (3 shops)                      without
  time        circuit    ok/s fast/s slow/s wait      p99    ok/s slow/s wait      p99
`

export function newLines(write: (text: string) => void, addresses: string): View {
  let said = 0
  return {
    began(ledger) {
      said = 0
      write(
        `Three shops with one circuit, and one without: ${describeLoad(ledger.rate)}. All call payments and wait a second at most.\n${addresses}\n${heading}`,
      )
    },
    act(ledger) {
      write(`${time(ledger)}  -- ${ledger.act.caption}\n`)
    },
    transition(ledger, { shop, from, to, origin, reason }) {
      const why = reason === undefined || origin === 'remote' ? '' : `: ${reason}`
      write(`${time(ledger)}  ${shop}: circuit ${from} → ${to}, ${origin === 'local' ? 'by itself' : 'told'}${why}\n`)
    },
    tick(ledger) {
      const second = Math.floor(ledger.time)
      if (second === said) return
      said = second
      write(
        `${time(ledger)}        ${stateOf(ledger).padEnd(9)} ${figures(ledger.guarded, true)}   ${figures(ledger.bare, false)}\n`,
      )
    },
    end() {},
  }
}

/** The state that all shops are in, where they are in one. */
function stateOf({ breakers }: Ledger): string {
  const [state = 'none', ...others] = new Set(breakers.map((breaker) => breaker?.state ?? 'none'))
  return others.length === 0 ? state : 'changing'
}

function time(ledger: Ledger): string {
  return `  ${clock(ledger.time)}`
}

function figures(shop: ShopLedger, withFast: boolean): string {
  const { tally, seconds } = shop.lately()
  const perSecond = (n: number, columns: number): string => (n / seconds).toFixed(0).padStart(columns)
  return [
    perSecond(tally.served, 5),
    ...(withFast ? [perSecond(tally.failedFast, 6)] : []),
    perSecond(tally.failedSlow, 6),
    count(shop.waiting).padStart(4),
    duration(quantile(0.99, tally.latencies)).padStart(8),
  ].join(' ')
}
