/**
 * Orders before anybody counts: the first ones wait for code to be loaded and compiled, and from the later ones one sees
 * how many orders this machine can carry just now. A machine that has other things to do gets a smaller load, since a load it
 * cannot carry would show its own queues and not those of payments.
 */
import { performance } from 'node:perf_hooks'
import type { Stage } from './stage.ts'

/** orders a second, for each shop, where the machine can carry them */
const mostOrders = 150
const fewestOrders = 20
/** Of what a shop did at most, so much is asked of it: the outage costs it more than good days do. */
const share = 1 / 2

/** Orders a second that each of the shops can well carry. */
export async function warmUp({ guarded, bare }: Stage): Promise<number> {
  const shops = [guarded.url, bare.url]
  await Promise.all(shops.map((shop) => carriedBy(shop, 16, 750)))
  const carried = await Promise.all(shops.map((shop) => carriedBy(shop, 64, 1_250)))
  // Where the machine could not even do that, calls may have timed out: the play begins with a closed circuit.
  const latest = performance.now() + 3_000
  while (performance.now() < latest && ((await guarded.ask(null))?.state ?? 'closed') !== 'closed') {
    await carriedBy(guarded.url, 1, 100)
  }
  return Math.round(Math.min(mostOrders, Math.max(fewestOrders, Math.min(...carried) * share)))
}

export function describeLoad(rate: number): string {
  return `${rate} orders/s each${rate < mostOrders ? ' (busy machine)' : ''}`
}

/** Orders a second sold while so many customers order again and again, for so many ms. */
async function carriedBy(shop: string, customers: number, ms: number): Promise<number> {
  const start = performance.now()
  let sold = 0
  const orderOnAndOn = async (): Promise<void> => {
    while (performance.now() - start < ms) {
      const answer = await fetch(`${shop}/orders`, { method: 'POST' })
      await answer.arrayBuffer()
      if (answer.ok) sold += 1
    }
  }
  await Promise.all(Array.from({ length: customers }, orderOnAndOn))
  return (sold / (performance.now() - start)) * 1_000
}
