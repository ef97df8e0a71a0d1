// One shop of the demo, as a process: calls payments for as long as the process that started it is there. This is all
// that a service has to do to share its circuits with the others of its machine.

import { rmSync } from 'node:fs'
import { HostStorage } from '../../host/index.ts'
import { Infuse } from '../../infuse.ts'
import type { Meeting } from './shops.ts'

/** ms between two calls. */
const EVERY = 150

const { url, folder, path, timeout } = JSON.parse(process.argv[2] ?? '{}') as Meeting

process.once('disconnect', leave)
if (!process.connected) leave()
// Ctrl-C reaches every process of the terminal; the first decides when it is over.
for (const signal of ['SIGINT', 'SIGHUP'] as const) process.on(signal, () => undefined)

const infuse = new Infuse({
  service: 'shop',
  env: 'demo',
  storage: new HostStorage({ path, timeout }),
  circuits: { payments: { failMax: 5, resetTimeout: 3_000 } },
})
const payments = infuse.service('payments', url)
setInterval(() => void payments.fetch('/charge', { method: 'POST' }).catch(() => undefined), EVERY)

/** Whoever started it was killed, and could not clean up; the other shops do it too. */
function leave(): void {
  rmSync(folder, { recursive: true, force: true, maxRetries: 5 })
  process.exit()
}
