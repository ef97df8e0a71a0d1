// Many processes that want to serve at the same path at the same moment. A claim is synchronous from its look at the path
// to its end, so only real processes can come between.

import { fork } from 'node:child_process'
import { linkSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from 'vitest'
import { Folder, hostModule } from './processes.ts'

const racer = fileURLToPath(new URL('racer.mjs', import.meta.url))
const RACERS = 4
const ROUNDS = 150

let module: string
let folder: Folder
beforeAll(() => {
  module = hostModule('host-claim')
}, 60_000)
beforeEach(() => {
  folder = new Folder()
})
afterEach(() => folder[Symbol.dispose]())
afterAll(() => rmSync(fileURLToPath(new URL('..', module)), { recursive: true, force: true }))

/** How many claimed each path, by its number. */
async function race(): Promise<readonly number[]> {
  const racers = Array.from({ length: RACERS }, () => fork(racer, [module, folder.path, String(ROUNDS)]))
  await Promise.all(racers.map((child) => new Promise((resolve) => child.once('message', resolve))))
  const start = Date.now() + 50
  const claims = racers.map(
    (child) => new Promise<readonly number[]>((resolve) => child.once('message', (won) => resolve(won as number[]))),
  )
  for (const child of racers) child.send(start)
  const won = (await Promise.all(claims)).flat()
  for (const child of racers) child.kill('SIGKILL')
  return Array.from({ length: ROUNDS }, (_, round) => won.filter((one) => one === round).length)
}

/** Sockets that nobody listens to, as owners that were killed leave them. */
async function leaveBehind(): Promise<void> {
  const server = createServer()
  const from = join(folder.path, 'from')
  await new Promise<void>((resolve) => server.listen(from, resolve))
  for (let round = 0; round < ROUNDS; round++) linkSync(from, join(folder.path, `${round}`))
  await new Promise((resolve) => server.close(resolve))
}

const once = Array.from({ length: ROUNDS }, () => 1)

it('a path where nothing stands is claimed by one of them', { timeout: 60_000 }, async () => {
  expect(await race()).toEqual(once)
})

it('a path where a dead owner’s socket stands is claimed by one of them', { timeout: 60_000 }, async () => {
  await leaveBehind()
  expect(await race()).toEqual(once)
})
