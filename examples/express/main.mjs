// payments is not there: three orders fail as fetch fails; then the shop answers for itself.
import { MemoryStorage } from 'infuse-breaker'
import { once } from 'node:events'
import { Payments } from '../support/payments.mjs'
import { newShop } from './app.mjs'

const payments = new Payments()
const url = await payments.start()
await payments.stop()
// Without a storage the shop would share its circuits with all processes of this machine.
const { app, infuse } = await newShop({ payments: url, storage: new MemoryStorage() })
const server = app.listen(0, '127.0.0.1')
await once(server, 'listening')
const address = server.address()
const shop = `http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}`

/** A customer lives in this process too, and is not to be guarded. */
const order = () => fetch(`${shop}/orders`, { method: 'POST', skipBreaker: true })

for (let turn = 1; turn <= 4; turn++) {
  const answer = await order()
  console.log(`order ${turn}: ${answer.status}, retry-after ${answer.headers.get('retry-after')}`)
}
console.log(infuse.breaker('payments').explain().reason)

await payments.start()
await payments.untilSold(async () => (await order()).ok)
console.log(`payments is back; charged ${payments.charged} time(s)`)

const closed = once(server, 'close')
server.close()
server.closeAllConnections()
await closed
await infuse.dispose()
await payments.stop()
