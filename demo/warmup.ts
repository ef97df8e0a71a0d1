/**
 * Orders before anybody counts: the first ones wait for code to be loaded and compiled, and from the later ones one sees
 * how many orders this machine can carry just now. A machine that has other things to do gets a smaller load, since a load it
 * cannot carry would show its own queues and not those of payments.
 */
import { performance } from 'node:perf_hooks'

/** orders a second, for each shop, where the machine can carry them */
const mostOrders = 150
const fewestOrders = 20
/** Of what a shop did at most, so much is asked of it: the outage costs it more than good days do. */
const share = 1 / 2
const ordersAtOnce = 16
/** ms */
const cold = 500
const whole = 1_500

/** Orders a second that each of these shops can well carry. */
export async function warmUp(...shops: readonly string[]): Promise<number> {
  const carried = await Promise.all(shops.map(carriedBy))
  return Math.round(Math.min(mostOrders, Math.max(fewestOrders, Math.min(...carried) * share)))
}

export function describeLoad(rate: number): string {
  return `${rate} orders a second each${rate < mostOrders ? ' (busy machine)' : ''}`
}

async function carriedBy(shop: string): Promise<number> {
  const start = performance.now()
  let sold = 0
  const orderOnAndOn = async (): Promise<void> => {
    for (;;) {
      const answer = await fetch(`${shop}/orders`, { method: 'POST' })
      await answer.arrayBuffer()
      const time = performance.now() - start
      if (time > whole) return
      if (time > cold && answer.ok) sold += 1
    }
  }
  await Promise.all(Array.from({ length: ordersAtOnce }, orderOnAndOn))
  return (sold / (whole - cold)) * 1_000
}
