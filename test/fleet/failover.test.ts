// Processes whose Redis is more than one server: a master that sentinels replace, a cluster that loses a node.

import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { clients, compiled, Fleet, mostAtOnce, runsOf } from '../support/processes.ts'
import { RedisCluster, RedisServer, until } from '../support/redis-server.ts'
import { changes, outcomes } from './ground.ts'

const REFRESH = 400
const options = { refreshInterval: REFRESH, timeout: 400 }
const long = 600_000

let fleet: Fleet
const servers: AsyncDisposable[] = []
beforeAll(() => {
  fleet = new Fleet(compiled('fleet-failover'), clients.length)
})
afterAll(async () => {
  await fleet[Symbol.asyncDispose]()
  for (const server of servers.toReversed()) await server[Symbol.asyncDispose]()
})

function keep<T extends AsyncDisposable>(server: T): T {
  servers.push(server)
  return server
}

async function connect(id: string, port: number, how: 'sentinel' | 'cluster'): Promise<void> {
  await fleet.each((peer, index) =>
    peer.storage(id, { kind: 'redis', client: clients[index] ?? 'redis-6', port, [how]: true, options }),
  )
}

/** Trips it by failures of all, tries once, closes it. */
async function roundTrip(name: string): Promise<void> {
  // Counts on their way to a server that dies are lost with it: who goes on failing is heard.
  await until(async () => {
    await fleet.each((peer) => peer.call(name, 'fail'))
    return (await fleet.looks(name)).every(({ scope, state }) => scope === 'fleet' && state === 'open')
  })
  await fleet.each((peer) => peer.traffic(name, 5))
  await fleet.all(name, 'closed', 15_000)
  await fleet.each((peer) => peer.rest(name))
}

describe('processes on a Redis that sentinels watch', { timeout: 60_000 }, () => {
  it('keep an open circuit through a fail-over, and go on with the new master', async () => {
    const master = keep(await RedisServer.start())
    const replica = keep(await RedisServer.start('--replicaof', `127.0.0.1 ${master.port}`))
    await until(async () => String(await replica.command('INFO', 'replication')).includes('master_link_status:up'))
    const sentinel = keep(await RedisServer.sentinel(master))
    await until(async () => String(await sentinel.command('INFO', 'sentinel')).includes('slaves=1'))
    await connect('sentinel', sentinel.port, 'sentinel')
    await fleet.breakers('kept', { storage: 'sentinel', failMax: 3, resetTimeout: long })
    await fleet.breakers('used', { storage: 'sentinel', failMax: 3, resetTimeout: 300 })
    await fleet.peers[0]?.does('kept', 'open')
    await fleet.all('kept', 'open')
    await roundTrip('used')

    await master.kill()
    await until(async () => String(await replica.command('INFO', 'replication')).includes('role:master'))
    // Meanwhile nobody waits, and who fails stops by itself.
    const refused = await fleet.each((peer) => peer.call('kept', 'ok'))
    expect(refused.flat()).toEqual(refused.map(() => 'open'))

    await until(async () =>
      (await fleet.looks('kept')).every(({ scope, state }) => scope === 'fleet' && state === 'open'),
    )
    await roundTrip('used')
    await fleet.peers[1]?.does('kept', 'close')
    await fleet.all('kept', 'closed')
    const looks = await fleet.looks('kept')
    for (const look of looks) {
      expect(look.thrown).toEqual([])
      expect(changes(look).filter((text) => text.includes('->'))).toEqual(['closed->open', 'open->closed'])
      // Down and up in turn, each once.
      const told = changes(look).filter((text) => !text.includes('->'))
      expect(told).toEqual(told.map((_, index) => (index % 2 === 0 ? 'down' : 'up')))
    }
    const runs = runsOf(await fleet.looks('used'))
    expect(mostAtOnce(runs.filter(({ scope, state }) => scope === 'fleet' && state === 'half-open'))).toBe(1)
  })
})

describe('processes on a cluster of three', { timeout: 60_000 }, () => {
  const names = ['alpha', 'beta', 'gamma', 'delta', 'epsilon', 'zeta']
  let cluster: RedisCluster

  it('share circuits on all of its nodes', async () => {
    cluster = keep(await RedisCluster.start())
    await connect('cluster', Number(cluster.nodes[0]?.port), 'cluster')
    for (const name of names) await fleet.breakers(name, { storage: 'cluster', failMax: 3, resetTimeout: 300 })
    await Promise.all(names.map(roundTrip))
    for (const name of names) {
      const looks = await fleet.looks(name)
      expect(looks.map(outcomes)).toEqual(looks.map(() => ['closed->open', 'open->closed']))
      expect(looks.flatMap(({ thrown }) => thrown)).toEqual([])
    }
    const keys = await Promise.all(cluster.nodes.map((node) => node.command('KEYS', 'infuse:{*')))
    for (const each of keys) expect((each as string[]).length).toBeGreaterThan(0)
  })

  it('keep open circuits open while a node is away, and agree when it is back', async () => {
    for (const name of names) await fleet.breakers(name, { storage: 'cluster', failMax: 3, resetTimeout: long })
    await Promise.all(names.map((name, index) => fleet.peers[index % 5]?.does(name, 'open')))
    for (const name of names) await fleet.all(name, 'open')
    await cluster.nodes[1]?.kill()
    await until(async () => (await fleet.looks('alpha')).every(({ events }) => events.at(-1)?.text === 'down'))
    for (const name of names) {
      const answers = await fleet.each((peer) => peer.call(name, 'ok'))
      expect(answers.flat()).toEqual(answers.map(() => 'open'))
    }
    await cluster.nodes[1]?.start()
    for (const name of names)
      await until(
        async () => (await fleet.looks(name)).every(({ scope, state }) => scope === 'fleet' && state === 'open'),
        30_000,
      )
    await Promise.all(names.map((name, index) => fleet.peers[(index + 1) % 5]?.does(name, 'close')))
    for (const name of names) await fleet.all(name, 'closed')
  })
})

it('they caused no unhandled rejection', async () => {
  const faults = await fleet.each((peer) => peer.faults())
  expect(faults).toEqual(faults.map(() => ({ unhandled: 0, warnings: [] })))
})
