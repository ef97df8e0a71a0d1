// Compiles the application as `nest build` would, and plays: payments is not there, and the mail server is down.
import { NestFactory } from '@nestjs/core'
import { execFileSync } from 'node:child_process'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Payments } from '../support/payments.mjs'

const here = dirname(fileURLToPath(import.meta.url))
const compiler = join(dirname(createRequire(import.meta.url).resolve('typescript/package.json')), 'bin', 'tsc')
execFileSync(process.execPath, [compiler, '-p', here], { stdio: 'inherit' })

const service = new Payments()
process.env['PAYMENTS_URL'] = await service.start()
await service.stop()
const compiled = '../../build/examples/nestjs/app.js'
/** @type {typeof import('./app.ts')} */
const { App, Mailer } = await import(compiled)
const app = await NestFactory.create(App, { logger: false })
await app.listen(0, '127.0.0.1')
const shop = await app.getUrl()

/** Customers live in this process too, and are not to be guarded. @param {string} path */
const post = (path) => fetch(`${shop}/${path}`, { method: 'POST', skipBreaker: true })

for (let turn = 1; turn <= 4; turn++) {
  const answer = await post('orders')
  console.log(`order ${turn}: ${answer.status}, retry-after ${answer.headers.get('retry-after')}`)
}
app.get(Mailer).isDown = true
for (let turn = 1; turn <= 3; turn++) console.log(`mail ${turn}: ${(await post('mails')).status}`)

await service.start()
await service.untilSold(async () => (await post('orders')).ok)
console.log(`payments is back; charged ${service.charged} time(s)`)

await app.close()
await service.stop()
