// Pushes over each client: they come back after whatever happens to the connection, and nobody else hears of it.

import { readFileSync } from 'node:fs'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { StoredCircuit, Watcher } from '../../src/index.ts'
import { RedisStorage } from '../../src/redis/index.ts'
import { slotOf } from '../../src/redis/keys.ts'
import { moveOf } from '../../src/testing/conformance/subject.ts'
import { families } from '../support/redis-clients.ts'
import { RedisCluster, RedisServer, until } from '../support/redis-server.ts'
import { compiled, run } from '../traps/child.ts'

const tally = { epoch: 0, period: 0, keep: {} }

class Ears implements Watcher {
  readonly heard: (StoredCircuit | undefined)[] = []
  reconnects = 0
  changed(_: string, circuit: StoredCircuit | undefined): void {
    this.heard.push(circuit)
  }
  noted(): void {}
  reconnected(): void {
    this.reconnects++
  }
}

const unhandled: unknown[] = []
const note = (error: unknown): void => void unhandled.push(error)
beforeEach(() => {
  unhandled.length = 0
  process.on('unhandledRejection', note)
})
afterEach(() => {
  process.off('unhandledRejection', note)
  expect(unhandled).toEqual([])
})

/** Moves until the watcher hears of one: commands may fail while a client connects again. */
async function heardAgain(storage: RedisStorage, ears: Ears): Promise<void> {
  const before = ears.heard.length
  await until(async () => {
    // A client may keep a command for ever that it sent to a server now gone.
    await Promise.race([
      storage.read(['payments']).then(([current]) => storage.replace('payments', current, moveOf())),
      new Promise((_, reject) => setTimeout(() => reject(new Error('no answer')), 500)),
    ])
    return ears.heard.length > before
  })
}

describe.each(families)('pushes with $name', (family) => {
  it('D19 go on after the connection was cut, the server restarted, killed or frozen', async () => {
    await using server = await RedisServer.start()
    const connected = await family.single(server.port)
    const storage = new RedisStorage(connected.client, { namespace: 'prod' })
    const ears = new Ears()
    storage.watch('payments', ears)
    await storage.add('payments', tally)
    await until(() => ears.reconnects === 1)
    await heardAgain(storage, ears)

    await server.command('CLIENT', 'KILL', 'TYPE', 'pubsub')
    await until(() => ears.reconnects === 2)
    await heardAgain(storage, ears)

    await server.restart()
    await until(() => ears.reconnects === 3)
    await heardAgain(storage, ears)

    await server.kill()
    await new Promise((resolve) => setTimeout(resolve, 300))
    await server.start()
    await until(() => ears.reconnects === 4)
    await heardAgain(storage, ears)

    server.freeze()
    server.thaw()
    await heardAgain(storage, ears)
    await storage.dispose()
    await until(async () => String(await server.command('PUBSUB', 'NUMSUB', 'infuse:{prod:payments}')).endsWith(',0'))
    await connected.end()
  }, 40_000)

  it('D17 stay within a database and a key prefix', async () => {
    await using server = await RedisServer.start()
    const prefixed = family.name === 'redis 5' ? {} : { keyPrefix: 'app:' }
    const places = [{}, { database: 3 }, prefixed, { database: 3, ...prefixed }]
    const clients = await Promise.all(places.map((place) => family.single(server.port, place)))
    const all = clients.map(({ client }) => {
      const storage = new RedisStorage(client, { namespace: 'prod' })
      const ears = new Ears()
      storage.watch('payments', ears)
      return { storage, ears }
    })
    await until(() => all.every(({ ears }) => ears.reconnects === 1))
    for (const { storage, ears } of all) await heardAgain(storage, ears)
    const whys = all.map((_, index) => `why ${index}`)
    for (const [index, { storage }] of all.entries()) {
      const [current] = await storage.read(['payments'])
      expect(current?.listeners).toBe(family.name === 'redis 5' ? 2 : 1)
      await storage.replace('payments', current, moveOf({ why: whys[index] }))
    }
    await until(() => all.every(({ ears }, index) => ears.heard.some((circuit) => circuit?.why === whys[index])))
    const own = family.name === 'redis 5' ? 2 : 1
    for (const { ears } of all) expect(ears.heard.filter((circuit) => circuit?.why !== undefined)).toHaveLength(own)
    for (const { storage } of all) await storage.dispose()
    for (const { end } of clients) await end()
  }, 20_000)

  it('come once the server that was away at first is there', async () => {
    await using server = await RedisServer.start()
    const connected = await family.single(server.port)
    await server.stop()
    const storage = new RedisStorage(connected.client, { namespace: 'prod' })
    const ears = new Ears()
    storage.watch('payments', ears)
    await new Promise((resolve) => setTimeout(resolve, 200))
    expect(ears.reconnects).toBe(0)
    await server.start()
    await until(() => ears.reconnects === 1)
    await heardAgain(storage, ears)
    await storage.dispose()
    await connected.end()
  }, 40_000)

  it('follow a slot that moves to another node of a cluster', async () => {
    await using cluster = await RedisCluster.start()
    const connected = await family.cluster(cluster.nodes[0]?.port ?? 0)
    const storage = new RedisStorage(connected.client, { namespace: 'prod' })
    const ears = new Ears()
    storage.watch('payments', ears)
    await heardAgain(storage, ears)
    const slot = slotOf('infuse:{prod:payments}')
    const owner = cluster.owner(slot)
    const target = cluster.nodes.find((node) => node !== owner) ?? owner
    await cluster.moveSlot(slot, owner, target)
    await heardAgain(storage, ears)
    expect(String(await target.command('PUBSUB', 'SHARDNUMSUB', 'infuse:{prod:payments}'))).toMatch(/,1$/)
    await storage.dispose()
    await connected.end()
  }, 60_000)
})

it('D19 pushes go on after a fail-over behind sentinels', async () => {
  await using master = await RedisServer.start()
  await using replica = await RedisServer.start('--replicaof', '127.0.0.1', String(master.port))
  await until(async () => String(await replica.command('INFO', 'replication')).includes('master_link_status:up'))
  await using sentinel = await RedisServer.sentinel(master)
  await until(async () => String(await sentinel.command('INFO', 'sentinel')).includes('slaves=1'), 20_000)
  const all = await Promise.all(
    families.map(async (family) => {
      const connected = await family.sentinel(sentinel.port)
      const storage = new RedisStorage(connected.client, { namespace: family.name.replace(' ', '-') })
      const ears = new Ears()
      storage.watch('payments', ears)
      await heardAgain(storage, ears)
      return { connected, storage, ears }
    }),
  )
  await master.kill()
  await until(async () => String(await replica.command('ROLE')).startsWith('master'), 20_000)
  await Promise.all(all.map(({ storage, ears }) => heardAgain(storage, ears)))
  for (const { connected, storage } of all) {
    await storage.dispose()
    await connected.end()
  }
}, 60_000)

it.each(families)(
  'D12 says once that it may not subscribe, and goes on without pushes ($name)',
  async (family) => {
    await using server = await RedisServer.start()
    await server.command('ACL', 'SETUSER', 'infuse', 'on', '>secret', '~*', 'resetchannels', '+@all')
    const connected = await family.single(server.port, { username: 'infuse', password: 'secret' })
    const emit = vi.spyOn(process, 'emitWarning').mockImplementation(() => undefined)
    const storage = new RedisStorage(connected.client, { namespace: 'prod' })
    for (const name of ['payments', 'orders']) storage.watch(name, new Ears())
    await until(async () => ((await server.command('ACL', 'LOG')) as string[]).length > 0)
    await server.command('ACL', 'LOG', 'RESET')
    await until(async () => ((await server.command('ACL', 'LOG')) as string[]).length > 0)
    expect(emit.mock.calls.map(([warning]) => String(warning))).toEqual([
      expect.stringMatching(/^InfuseWarning: Redis gives no connection for pushes: .*NOPERM/),
    ])
    expect(await storage.read(['payments'])).toEqual([undefined])
    await storage.dispose()
    await connected.end()
  },
  20_000,
)

it('R1 a storage that nobody disposed of keeps no process alive', async () => {
  await using server = await RedisServer.start()
  const library = compiled('redis').replace('index.js', 'redis/index.js')
  for (const name of ['redis-6', 'ioredis-6']) {
    const script = `
      import * as clients from '${name}'
      import { RedisStorage } from '${library}'
      const node = 'createClient' in clients
      const client = node ? clients.createClient({ url: '${server.url}' }) : new clients.Redis(${server.port}, '127.0.0.1')
      client.on('error', () => undefined)
      if (node) await client.connect()
      const storage = new RedisStorage(client, { namespace: 'prod' })
      await storage.add('payments', { epoch: 0, period: 0, keep: {} })
      await new Promise((reconnected) => storage.watch('payments', { changed() {}, noted() {}, reconnected }))
      if (node) client.destroy()
      else client.disconnect()
      console.log('done')`
    expect(await run(script, { guard: 10_000 })).toEqual({ code: 0, killed: false, out: 'done\n', err: '' })
  }
}, 60_000)

it('D14 needs no more rights than docs/redis.md gives it', async () => {
  await using server = await RedisServer.start()
  const page = readFileSync(new URL('../../docs/redis.md', import.meta.url), 'utf8')
  const [, rule = ''] = /^(ACL SETUSER infuse [^`]*)```/m.exec(page) ?? []
  await server.command(...rule.replaceAll('\\\n', ' ').trim().split(/\s+/))
  for (const family of families) {
    const connected = await family.single(server.port, { username: 'infuse', password: 'secret' })
    const storage = new RedisStorage(connected.client, { namespace: 'prod' })
    const ears = new Ears()
    storage.watch('payments', ears)
    await until(() => ears.reconnects === 1)
    await heardAgain(storage, ears)
    const [current] = await storage.read(['payments'])
    expect(current?.listeners).toBe(1)
    await storage.add('payments', { ...tally, epoch: current?.epoch ?? 0, ask: { id: 'a', since: 0, every: 0 } })
    await storage.replace('payments', current, moveOf({ state: 'open' }))
    expect((await storage.transitions({ limit: 1 })).length).toBe(1)
    expect(await storage.list()).toEqual(['payments'])
    await storage.dispose()
    await connected.end()
    await server.flush()
  }
  const log = (await server.command('ACL', 'LOG')) as string[][]
  const denied = log.map((entry) => entry[entry.indexOf('object') + 1] ?? '')
  // What clients ask about themselves is not ours.
  expect(denied.filter((command) => !command.startsWith('client'))).toEqual([])
}, 30_000)
