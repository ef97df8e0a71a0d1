// RedisStorage on a real server, with every client.
import { afterAll, beforeAll, describe, it } from 'vitest'
import { RedisStorage } from '../../src/redis/index.ts'
import { storageConformance } from '../../src/testing/conformance.ts'
import { type Connected, families } from '../support/redis-clients.ts'
import { RedisServer } from '../support/redis-server.ts'

let server: RedisServer
beforeAll(async () => {
  server = await RedisServer.start()
})
afterAll(() => server[Symbol.asyncDispose]())

describe.each(families)('RedisStorage with $name', ({ name: family, single }) => {
  let connected: Connected
  beforeAll(async () => {
    connected = await single(server.port)
  })
  afterAll(() => connected.end())

  const make = () => new RedisStorage(connected.client, { namespace: `conformance:${family.replace(' ', '-')}` })
  for (const { name, run } of storageConformance(make)) it(name, run)
})
