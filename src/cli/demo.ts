// A fleet to look at: three shops, each a process of its own, that call a service which falls ill and recovers, and share
// one circuit over a socket in a folder of their own. None of it outlives this process, whatever ends it.

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Dashboard } from '../admin/standalone.ts'
import { HostStorage } from '../host/index.ts'
import { authorOf } from './author.ts'
import { connectionTo } from './connection.ts'
import { portOf, serve } from './dashboard.ts'
import { openPayments } from './demo/payments.ts'
import { openShops } from './demo/shops.ts'
import type { Request } from './request.ts'
import type { World } from './world.ts'
import { follow } from './watch.ts'
import { entryOf, moment } from './words.ts'

/** ms a process waits for the socket: a machine that starts five processes at once must not make them part. */
const PATIENCE = 1_000

/** @throws Fault for flags that are no good, or a port that is taken. */
export async function playDemo(request: Request, world: World): Promise<void> {
  const { out, err, warnings } = world
  const port = portOf(request)
  const actor = authorOf(request)
  const say = (text: string): void => out.write(`${out.paint('dim', moment(Date.now()))}  ${text}\n`)
  // Ended in the opposite order.
  using folder = temporaryFolder()
  const path = join(folder.path, 'shops.sock')
  const storage = new HostStorage({ path, timeout: PATIENCE })
  await using connection = connectionTo(storage, 'The socket of the demo', () => storage.dispose())
  // Whoever reads first serves the others.
  await connection.source.survey(false)
  await using dashboard = ending(await serve(storage, port, actor))
  using _relay = { [Symbol.dispose]: warnings.relayTo(err) }
  out.write(
    [
      'Three shops, each a process, call payments, which falls ill from time to time. They share one circuit.',
      `Watch it and handle it here (the address is good once): ${dashboard.url}`,
      `Or in another shell: infuse watch --host-socket ${path}`,
      'Ctrl-C ends.',
      '',
      '',
    ].join('\n'),
  )
  await using payments = await openPayments((isWell) => say(`payments ${isWell ? 'is well again' : 'is ill'}`))
  await using _shops = openShops({ url: payments.url, folder: folder.path, path, timeout: PATIENCE }, say)
  await follow(connection, world, (entry) => out.write(`${entryOf(entry, out)}\n`))
}

function temporaryFolder(): Disposable & { readonly path: string } {
  const path = mkdtempSync(join(tmpdir(), 'infuse-demo-'))
  return { path, [Symbol.dispose]: () => rmSync(path, { recursive: true, force: true }) }
}

function ending(dashboard: Dashboard): AsyncDisposable & { readonly url: string } {
  return { url: dashboard.url, [Symbol.asyncDispose]: () => dashboard.close() }
}
