// payments is not there: three orders fail slowly or quickly, as fetch fails; then the shop answers for itself.
import { MemoryStorage } from 'infuse-breaker'
import { Payments } from '../support/payments.mjs'
import { newShop } from './app.mjs'

const payments = new Payments()
const url = await payments.start()
await payments.stop()
// Without a storage the shop would share its circuits with all processes of this machine.
const shop = await newShop({ payments: url, storage: new MemoryStorage() })
const address = await shop.listen({ port: 0, host: '127.0.0.1' })

/** A customer lives in this process too, and is not to be guarded. @param {string} path */
const order = (path) => fetch(`${address}${path}`, { method: 'POST', skipBreaker: true })

for (let turn = 1; turn <= 4; turn++) {
  const answer = await order('/orders')
  console.log(`order ${turn}: ${answer.status}, retry-after ${answer.headers.get('retry-after')}`)
}
console.log(await (await fetch(`${address}/health`, { skipBreaker: true })).text())

await payments.start()
await payments.untilSold(async () => (await order('/orders')).ok)
console.log(`payments is back; charged ${payments.charged} time(s)`)

await shop.close()
await payments.stop()
