// payments is overloaded for three calls; the fourth is not sent; then it is well again.
import grpc from '@grpc/grpc-js'
import { findCircuitBreakerError, Infuse } from 'infuse-breaker'
import { setTimeout as wait } from 'node:timers/promises'
import { charge, newClient, Payments } from './client.mjs'

let isWell = false
let asked = 0
const server = new grpc.Server()
server.addService(Payments.service, {
  /** @param {any} call @param {any} done */
  Charge(call, done) {
    asked += 1
    if (isWell) done(null, { text: `charged ${call.request.id}` })
    else done({ code: grpc.status.UNAVAILABLE, details: 'overloaded' })
  },
  /** @param {any} call */
  Receipts(call) {
    for (const text of ['one', 'two', 'three']) call.write({ text })
    call.end()
  },
})
const port = await new Promise((resolve, reject) =>
  server.bindAsync('127.0.0.1:0', grpc.ServerCredentials.createInsecure(), (error, bound) =>
    error === null ? resolve(bound) : reject(error),
  ),
)

const infuse = new Infuse({
  services: { payments: `grpc://127.0.0.1:${port}` },
  circuits: { payments: { failMax: 3, resetTimeout: 300 } },
})
const client = newClient(`127.0.0.1:${port}`, infuse)

for (let turn = 1; turn <= 4; turn++) {
  await charge(client, `order ${turn}`).catch((error) => {
    const rejection = findCircuitBreakerError(error)
    console.log(`call ${turn}: ${grpc.status[error.code]}, ${rejection === undefined ? 'by payments' : 'not sent'}`)
  })
}
console.log(`payments was asked ${asked} times; the circuit is ${infuse.breaker('payments').state}`)

isWell = true
await wait(300)
console.log((await charge(client, 'order 5')).text)
/** @type {string[]} */
const receipts = []
for await (const { text } of client.Receipts({ name: 'Ada' })) receipts.push(text)
console.log(`receipts: ${receipts.join(', ')}; the circuit is ${infuse.breaker('payments').state}`)

client.close()
server.forceShutdown()
await infuse.dispose()
