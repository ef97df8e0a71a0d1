// RedisStorage on a cluster of three, and behind a sentinel, with every client.
import { afterAll, beforeAll, describe, it } from 'vitest'
import { RedisStorage } from '../../src/redis/index.ts'
import { storageConformance } from '../../src/testing/conformance.ts'
import { type Connected, families } from '../support/redis-clients.ts'
import { RedisCluster, RedisServer } from '../support/redis-server.ts'

describe('on a cluster', () => {
  let cluster: RedisCluster
  beforeAll(async () => {
    cluster = await RedisCluster.start()
  }, 30_000)
  afterAll(() => cluster[Symbol.asyncDispose]())

  describe.each(families)('D15 RedisStorage with $name', (family) => {
    let connected: Connected
    beforeAll(async () => {
      connected = await family.cluster(cluster.nodes[0]?.port ?? 0)
    })
    afterAll(() => connected.end())

    const make = () => new RedisStorage(connected.client, { namespace: `on:${family.name.replace(' ', '-')}` })
    for (const { name, run } of storageConformance(make)) it(name, run)
  })
})

describe('behind a sentinel', () => {
  let master: RedisServer
  let sentinel: RedisServer
  beforeAll(async () => {
    master = await RedisServer.start()
    sentinel = await RedisServer.sentinel(master)
  }, 30_000)
  afterAll(async () => {
    await sentinel[Symbol.asyncDispose]()
    await master[Symbol.asyncDispose]()
  })

  describe.each(families)('RedisStorage with $name', (family) => {
    let connected: Connected
    beforeAll(async () => {
      connected = await family.sentinel(sentinel.port)
    })
    afterAll(() => connected.end())

    const make = () => new RedisStorage(connected.client, { namespace: `behind:${family.name.replace(' ', '-')}` })
    for (const { name, run } of storageConformance(make)) it(name, run)
  })
})
