/** A round in figures, the two sides beside each other, and what was expected of it with its check. */
import { type FleetChange, isTrip, makerOf, spreadOf } from './changes.ts'
import type { Expectation } from './expectations.ts'
import { count, duration } from './figures.ts'
import { type Ledger, quantile, type ShopLedger } from './ledger.ts'
import { type Paint, pad } from './paint.ts'

export function figures(ledger: Ledger, paint: Paint): string {
  const sick = ledger.acts.filter((act) => act.health !== 'healthy').map((act) => act.name)
  const total = (shop: ShopLedger) => shop.during()
  const waited = (share: number, shop: ShopLedger) => duration(quantile(share, shop.during(...sick).latencies))
  const rows: readonly (readonly [string, (shop: ShopLedger, name: string) => string])[] = [
    ['orders', (shop) => count(total(shop).came)],
    ['served', (shop) => count(total(shop).served)],
    ['failed fast (turned away at once)', (shop) => count(total(shop).failedFast)],
    ['failed slow (waited for payments)', (shop) => count(total(shop).failedSlow)],
    ['calls that reached sick payments', (_shop, name) => count(ledger.payments[name]?.whileSick ?? 0)],
    ['latency in the outage, median', (shop) => waited(0.5, shop)],
    ['latency in the outage, p99', (shop) => waited(0.99, shop)],
    ['time wasted on orders that failed', (shop) => duration(total(shop).wasted)],
  ]
  const lines = rows.map(([label, figure], index) => {
    const line =
      pad(`  ${label}`, 38) + figure(ledger.guarded, 'guarded').padStart(16) + figure(ledger.bare, 'bare').padStart(16)
    return index === rows.length - 1 ? paint('bold', line) : line
  })
  const past = ledger.guarded.walkedPasts + ledger.bare.walkedPasts
  if (past > 0) lines.push(paint('dim', `  ${count(past)} more customers saw the queue and walked past`))
  return [
    '',
    paint('bold', `${pad('Summary', 38)}${'three, sharing'.padStart(16)}${'one without'.padStart(16)}`),
    ...lines,
    ...together(ledger).map((line) => paint('bold', `  ${line}`)),
    '',
  ].join('\n')
}

/** What the three shops did as one. */
function together({ changes, payments, aloneTimes }: Ledger): readonly string[] {
  const after = (change: FleetChange): string => `within ${spreadOf(change).toFixed(1)} ms`
  const lines = changes
    .filter(isTrip)
    .map((trip) => `${makerOf(trip).shop} tripped, and all ${trip.told.length} stopped ${after(trip)}`)
  const { trials, trialsAtOnce } = payments['guarded'] ?? { trials: 0, trialsAtOnce: 0 }
  if (trials > 0) lines.push(`${trials} trials in the fleet, at most ${trialsAtOnce} at a time`)
  const closing = changes.findLast((change) => change.to === 'closed')
  if (closing)
    lines.push(`the trial of ${makerOf(closing).shop} went well, and ${closing.told.length} resumed ${after(closing)}`)
  if (aloneTimes > 0) lines.push(`${count(aloneTimes)} times a shop could not reach the others, and went on alone`)
  return lines
}

export function verdict(checks: readonly Expectation[], paint: Paint): string {
  const met = checks.filter((check) => check.met).length
  return [
    '',
    paint('bold', 'Expectations'),
    ...checks.map((check) => checkLine(check, paint)),
    '',
    met === checks.length
      ? paint(['bold', 'green'], `All ${met} expectations hold.`)
      : paint(['bold', 'red'], `${checks.length - met} of ${checks.length} expectations failed.`),
    '',
  ].join('\n')
}

function checkLine({ met, text, seen }: Expectation, paint: Paint): string {
  const mark = met ? paint('green', '  ok    ') : paint('red', '  FAILED')
  return `${mark}  ${text}\n            ${paint('dim', seen)}`
}
