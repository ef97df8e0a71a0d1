// The demo's shops: processes that end with the one that started them, however it ends.

import { type ChildProcess, fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'

/** What a shop is told: whom to call, and where to share. */
export interface Meeting {
  readonly url: string
  readonly folder: string
  readonly path: string
  /** ms */
  readonly timeout: number
}

const SHOPS = 3

/** Starts them. One that ends before the others is told of, and stays away. */
export function openShops(meeting: Meeting, tell: (text: string) => void): AsyncDisposable {
  let isOver = false
  const shops = Array.from({ length: SHOPS }, (_, index) => {
    const shop = start(meeting)
    shop.once('error', (error) => tell(`shop ${index + 1} did not start: ${error.message}`))
    shop.once('exit', () => isOver || tell(`shop ${index + 1} has ended; the others go on`))
    return shop
  })
  return {
    [Symbol.asyncDispose]: async () => {
      isOver = true
      await Promise.all(shops.map(end))
    },
  }
}

function start(meeting: Meeting): ChildProcess {
  const file = fileURLToPath(new URL('./shop.js', import.meta.url))
  return fork(file, [JSON.stringify(meeting)], { stdio: ['ignore', 'ignore', 'inherit', 'ipc'], execArgv: [] })
}

function end(shop: ChildProcess): Promise<void> {
  if (shop.pid === undefined || shop.exitCode !== null || shop.signalCode !== null) return Promise.resolve()
  return new Promise((resolve) => {
    shop.once('exit', () => resolve())
    // Nothing of it has to be saved.
    shop.kill('SIGKILL')
  })
}
