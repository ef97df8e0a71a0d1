// A Python service and a Node service call the same payments, and hold one circuit through the day of migration: Python
// opens it, Node's next call is not made, Node's trial closes it for both.
import { CircuitBreaker, isCircuitBreakerError } from 'infuse-breaker'
import { RedisStorage } from 'infuse-breaker/redis'
import { createClient } from 'redis'
import { PythonPeer } from './python-peer.mjs'

const url = process.env['REDIS_URL']
if (url === undefined) {
  console.error('Set REDIS_URL, to redis://localhost:6379 say.')
  process.exit(2)
}

const client = createClient({ url })
await client.connect()
const storage = new RedisStorage(client, {
  namespace: 'shop',
  mirror: 'pybreaker',
  refreshInterval: 50,
  timeout: 1_000,
})
const payments = new CircuitBreaker({ name: 'payments', failMax: 3, resetTimeout: 1_000, storage })
await payments.ready()
const python = new PythonPeer(url)
await python.start()

const opened = told('open')
for (let call = 1; call <= 4; call++) console.log(`python call ${call}: ${await python.fail()}`)
await opened
console.log(`node: ${payments.state}`)

const charge = async () => 'charged'
const closed = told('closed')
for (;;) {
  try {
    console.log(`node's trial: ${await payments.call(charge)}`)
    break
  } catch (error) {
    if (!isCircuitBreakerError(error)) throw error
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}
await closed
await payments.settled()
console.log(`python reads: ${await python.state()}`)

python.stop()
await payments.dispose()
await storage.dispose()
client.destroy()

/** @param {string} state */
function told(state) {
  return new Promise((resolve) => {
    const listening = payments.on('stateChange', (_breaker, _from, to) => {
      if (to !== state) return
      listening[Symbol.dispose]()
      resolve(undefined)
    })
  })
}
