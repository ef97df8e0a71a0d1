/**
 * Orders before anybody counts: the first ones wait for code to be loaded and compiled, and from the later ones one sees
 * how many orders this machine can carry just now. A machine that has other things to do gets a smaller load, since a load it
 * cannot carry would show its own queues and not those of payments.
 */
import { performance } from 'node:perf_hooks'
import type { Shop, Stage } from './stage.ts'

/** orders a second, for each side, where the machine can carry them */
const mostOrders = 150
const fewestOrders = 20
/** Of what a shop did at most, so much is asked of it: the outage costs it more than good days do. */
const share = 1 / 2

/** Orders a second that the three shops together, and the one without a breaker, can well carry. */
export async function warmUp({ fleet, bare }: Stage): Promise<number> {
  const sides = [fleet.map((shop) => shop.url), [bare.url]]
  await Promise.all(sides.map((shops) => carriedBy(shops, 16, 750)))
  const carried = await Promise.all(sides.map((shops) => carriedBy(shops, 64, 1_250)))
  // Where the machine could not even do that, calls may have timed out: the play begins with a closed circuit.
  const latest = performance.now() + 3_000
  while (performance.now() < latest && !(await allClosed(fleet))) {
    await carriedBy(sides.flat(), 4, 100)
  }
  return Math.round(Math.min(mostOrders, Math.max(fewestOrders, Math.min(...carried) * share)))
}

export function describeLoad(rate: number): string {
  return `${rate} orders/s each way${rate < mostOrders ? ' (busy machine)' : ''}`
}

async function allClosed(fleet: readonly Shop[]): Promise<boolean> {
  const reports = await Promise.all(fleet.map((shop) => shop.ask(null)))
  return reports.every((report) => report === undefined || report.state === 'closed')
}

/** Orders a second sold while so many customers order again and again, for so many ms. */
async function carriedBy(shops: readonly string[], customers: number, ms: number): Promise<number> {
  const start = performance.now()
  let sold = 0
  const orderOnAndOn = async (_: unknown, customer: number): Promise<void> => {
    const shop = shops[customer % shops.length]
    while (performance.now() - start < ms) {
      const answer = await fetch(`${shop}/orders`, { method: 'POST' })
      await answer.arrayBuffer()
      if (answer.ok) sold += 1
    }
  }
  await Promise.all(Array.from({ length: customers }, orderOnAndOn))
  return (sold / (performance.now() - start)) * 1_000
}
