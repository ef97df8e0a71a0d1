// Ten mails to send, and a mail service that is down for the first three attempts.
import { PGlite } from '@electric-sql/pglite'
import { CircuitBreaker } from 'infuse-breaker'
import { once } from 'node:events'
import { createServer } from 'node:http'
import { work } from './worker.mjs'

const database = await PGlite.create()
await database.exec(
  'CREATE TABLE jobs (id serial PRIMARY KEY, address text NOT NULL, done boolean NOT NULL DEFAULT false)',
)
await database.exec(
  "INSERT INTO jobs (address) SELECT 'customer-' || n || '@example.org' FROM generate_series(1, 10) AS n",
)

let attempts = 0
/** @type {string[]} */
const sent = []
const mail = createServer((request, response) => {
  attempts += 1
  if (attempts <= 3) return response.writeHead(503).end()
  sent.push(String(request.headers['x-to']))
  return response.writeHead(202).end()
}).listen(0, '127.0.0.1')
await once(mail, 'listening')
const address = mail.address()
const url = `http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}`

const breaker = new CircuitBreaker({ name: 'mail', failMax: 3, resetTimeout: 200 })
breaker.on('stateChange', (_breaker, from, to) => console.log(`${from} -> ${to}`))
const stop = new AbortController()
const working = work({
  database,
  breaker,
  signal: stop.signal,
  log: (line) => console.log(line),
  async send(job, signal) {
    const response = await fetch(url, { method: 'POST', headers: { 'x-to': job.address }, signal })
    await response.arrayBuffer()
    if (!response.ok) throw new Error(`HTTP ${response.status}`)
    if (sent.length === 10) stop.abort()
  },
})
await working
const { rows } = await database.query('SELECT count(*)::int AS left FROM jobs WHERE NOT done')
console.log(
  `${sent.length} sent, each once: ${new Set(sent).size === sent.length}, in order: ${sent.join() === [...sent].sort(byNumber).join()}`,
)
console.log(`${attempts} attempts; left over: ${JSON.stringify(rows[0])}`)
await database.close()
mail.close()

/** @param {string} one @param {string} other */
function byNumber(one, other) {
  return Number(one.replace(/\D/g, '')) - Number(other.replace(/\D/g, ''))
}
