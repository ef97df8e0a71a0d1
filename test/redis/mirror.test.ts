// One circuit for Python processes and for this library: each sees what the other does, through Python's own keys.

import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { Operator } from '../../src/fleet/operator.ts'
import { RedisStorage } from '../../src/redis/index.ts'
import type { Move, StoredCircuit } from '../../src/index.ts'
import { moveOf } from '../../src/testing/conformance/subject.ts'
import { PythonPeer } from '../support/python-peer.ts'
import { type Connected, families } from '../support/redis-clients.ts'
import { RedisCluster, RedisServer, until } from '../support/redis-server.ts'

const [family] = families.filter(({ name }) => name === 'redis 6')
const rules = { failMax: 5, resetTimeout: 30_000, trialTimeout: 10_000 }
const keep = { fails: 5 }

let server: RedisServer
let connected: Connected
const storages: RedisStorage[] = []
beforeAll(async () => {
  server = await RedisServer.start()
  connected = await single()
})
afterAll(async () => {
  await connected.end()
  await server[Symbol.asyncDispose]()
})
afterEach(async () => {
  for (const storage of storages.splice(0)) await storage.dispose()
  await server.flush()
})

function single(): Promise<Connected> {
  if (family === undefined) throw new Error('No such client')
  return family.single(server.port)
}

function shared(mirror: 'pybreaker' | 'infuse', namespace?: string): RedisStorage {
  const storage = new RedisStorage(connected.client, { namespace, mirror })
  storage.peerRules('payments', rules)
  storages.push(storage)
  return storage
}

async function read(storage: RedisStorage): Promise<StoredCircuit | undefined> {
  const [circuit] = await storage.read(['payments'])
  return circuit
}

async function moved(storage: RedisStorage, move: Partial<Move>): Promise<StoredCircuit> {
  const { replaced, current } = await storage.replace('payments', await read(storage), moveOf(move))
  expect(replaced).toBe(true)
  return current as StoredCircuit
}

const mirrors = [
  { mirror: 'pybreaker', prefix: 'shop:payments:pybreaker:', tests: 'PyBreaker 30' },
  { mirror: 'infuse', prefix: 'infuse:shop:payments:', tests: 'Infuse 14' },
] as const

describe.each(mirrors)('$tests: one circuit with a Python process ($mirror)', ({ mirror, prefix }) => {
  const setup = async () => {
    const python = new PythonPeer(server, mirror, prefix)
    await python.start()
    return { python, storage: shared(mirror, 'shop') }
  }

  it('shows Python what an operator does who keeps no mirror', async () => {
    const { python, storage } = await setup()
    await moved(storage, { state: 'closed' })
    const plain = new RedisStorage(connected.client, { namespace: 'shop' })
    storages.push(plain)
    const operator = new Operator(plain)
    await operator.open('payments', { by: 'ana', reason: 'repairs' })
    expect(await read(storage)).toMatchObject({ state: 'open', by: 'ana' })
    expect(await server.command('GET', `${prefix}state`)).toBe('open')
    await operator.force('payments', 'closed', { by: 'ana', for: 60_000 })
    expect(await read(storage)).toMatchObject({ state: 'closed', by: 'ana', forced: { state: 'closed' } })
    expect(await server.command('GET', `${prefix}state`)).toBe('closed')
    await operator.release('payments', { by: 'bob' })
    await python.trip()
    expect(await read(storage), 'Python goes on').toMatchObject({ state: 'open', by: 'python' })
  })

  it('opens here when Python trips', async () => {
    const { python, storage } = await setup()
    const before = Math.floor(Date.now() / 1000) * 1000
    await python.trip()
    const circuit = await read(storage)
    expect(circuit).toMatchObject({ state: 'open', by: 'python', mover: 'python' })
    expect(circuit?.epoch).toBe(circuit?.period)
    expect(circuit?.until).toBeGreaterThanOrEqual(before + rules.resetTimeout)
    expect(circuit?.until).toBeLessThanOrEqual((circuit?.at ?? 0) + rules.resetTimeout)
    expect((await storage.transitions({ circuit: 'payments', limit: 5 })).map(({ from, to }) => [from, to])).toEqual([
      ['closed', 'open'],
    ])
    expect((await read(storage))?.epoch, 'it is adopted once').toBe(circuit?.epoch)
  })

  it('opens in Python when it opens here', async () => {
    const { python, storage } = await setup()
    const open = await moved(storage, { state: 'open', until: { in: 5_000 } })
    expect(await python.sees()).toMatchObject({ state: 'open', opened_at: String(Math.floor(open.period / 1000)) })
    expect((await read(storage))?.epoch, 'our own writing is no move').toBe(open.epoch)
  })

  it('counts the failures of Python, and its success', async () => {
    const { python, storage } = await setup()
    const before = await storage.add('payments', { epoch: 0, period: 0, keep })
    await python.failure()
    await python.failure()
    const failing = await read(storage)
    expect(failing?.counts.fails).toEqual([failing?.at, failing?.at])
    expect(failing?.epoch, 'counts make no epoch').toBe(before.epoch)
    await python.success()
    const fine = await read(storage)
    expect(fine?.counts.okAt).toBe(fine?.at)
    await python.failure()
    const { counts } = await storage.add('payments', { epoch: 0, period: 0, keep })
    expect(counts.fails).toHaveLength(3)
  })

  it('counts for Python what failed and succeeded here', async () => {
    const { python, storage } = await setup()
    const { at } = await storage.add('payments', { epoch: 0, period: 0, keep })
    await storage.add('payments', { epoch: 0, period: 0, fails: [at, at - 1, at - 2], keep })
    expect(await python.sees()).toMatchObject({ state: 'closed', fail_counter: '3' })
    await python.failure()
    expect((await read(storage))?.counts.fails, 'only the one more is new').toHaveLength(4)
    await storage.add('payments', { epoch: 0, period: 0, okAt: at + 60_000, keep })
    expect(await python.sees()).toMatchObject({ fail_counter: '0' })
  })

  it('takes a half-open circuit of Python for a trial that runs there', async () => {
    const { python, storage } = await setup()
    await python.trip(60)
    const open = await read(storage)
    await python.halfOpen()
    const trying = await read(storage)
    expect(trying).toMatchObject({
      state: 'half-open',
      leases: [{ id: 'python', until: (trying?.at ?? 0) + rules.trialTimeout }],
    })
    expect(trying?.period).toBeGreaterThan(open?.period ?? 0)
    await python.close()
    expect(await read(storage)).toMatchObject({ state: 'closed', leases: [], counts: {} })
  })

  it('opens again here when the trial of Python fails', async () => {
    const { python, storage } = await setup()
    await python.trip(60)
    await read(storage)
    await python.halfOpen()
    await read(storage)
    await python.trip()
    expect(await read(storage)).toMatchObject({ state: 'open', relapses: 1 })
  })

  it('shows Python the trial and the close from here', async () => {
    const { python, storage } = await setup()
    await moved(storage, { state: 'open', until: { in: 0 } })
    const { opened_at } = await python.sees()
    const trying = await moved(storage, { state: 'half-open', leases: [{ id: 'mine', until: { in: 1_000 } }] })
    expect(await python.sees()).toMatchObject({ state: 'half-open', opened_at })
    await moved(storage, { state: 'closed', period: 'new' })
    expect(await python.sees()).toMatchObject({ state: 'closed', fail_counter: '0', opened_at })
    expect(trying.leases).toHaveLength(1)
  })

  it('refuses a move made before it knew of one by Python', async () => {
    const { python, storage } = await setup()
    const before = await moved(storage, { state: 'closed' })
    await python.trip()
    const { replaced, current } = await storage.replace('payments', before, moveOf({ state: 'half-open' }))
    expect([replaced, current?.state, current?.mover]).toEqual([false, 'open', 'python'])
    expect(await python.sees()).toMatchObject({ state: 'open' })
  })

  it('tells other processes what Python did, as soon as one of them notices', async () => {
    const { python, storage } = await setup()
    const other = shared(mirror, 'shop')
    const heard: (StoredCircuit | undefined)[] = []
    await storage.add('payments', { epoch: 0, period: 0, keep })
    other.watch('payments', {
      changed: (_, circuit) => void heard.push(circuit),
      noted: () => undefined,
      reconnected: () => undefined,
    })
    await until(async () => (await read(storage))?.listeners === 1)
    await python.trip()
    await read(storage)
    await until(() => heard.length > 0)
    expect(heard.map((circuit) => [circuit?.state, circuit?.mover])).toEqual([['open', 'python']])
  })

  it('takes over a circuit that Python opened before anybody here started', async () => {
    const python = new PythonPeer(server, mirror, prefix)
    await python.trip(10)
    const circuit = await read(shared(mirror, 'shop'))
    expect(circuit?.state).toBe('open')
    expect(circuit?.until).toBeLessThanOrEqual((circuit?.at ?? 0) + rules.resetTimeout - 9_000)
    expect((await python.sees())['state']).toBe('open')
  })

  it('makes missing keys anew', async () => {
    const { python, storage } = await setup()
    const open = await moved(storage, { state: 'open', until: { in: 5_000 } })
    await server.command(
      'DEL',
      `${prefix}state`,
      `${prefix}fail_counter`,
      `${prefix}opened_at`,
      `${prefix}success_counter`,
    )
    expect((await read(storage))?.epoch).toBe(open.epoch)
    expect(await python.sees()).toMatchObject({
      state: 'open',
      fail_counter: '0',
      opened_at: String(Math.floor(open.period / 1000)),
    })
  })

  it('moves opened_at forward only', async () => {
    const { python, storage } = await setup()
    const later = Math.floor(Date.now() / 1000) + 3_600
    await server.command('SET', `${prefix}opened_at`, String(later))
    await moved(storage, { state: 'open', until: { in: 5_000 } })
    expect(await python.sees()).toMatchObject({ state: 'open', opened_at: String(later) })
  })

  it('D3 takes an open state whose time is not there yet for one of now', async () => {
    const { python, storage } = await setup()
    await python.trip(3_600)
    await read(storage)
    await python.close()
    await read(storage)
    await python.send(['SET state open'])
    const circuit = await read(storage)
    expect(circuit?.state).toBe('open')
    expect(circuit?.until).toBe((circuit?.at ?? 0) + rules.resetTimeout)
  })

  it('D20 ignores keys that hold nothing of Python', async () => {
    const { python, storage } = await setup()
    const open = await moved(storage, { state: 'open', until: { in: 5_000 } })
    await python.send(['SET state banana', 'SET fail_counter -7', 'SET opened_at soon'])
    expect((await read(storage))?.epoch).toBe(open.epoch)
    await server.command('DEL', `${prefix}state`)
    await server.command('RPUSH', `${prefix}state`, 'closed')
    expect((await read(storage))?.epoch).toBe(open.epoch)
    expect(await python.sees()).toMatchObject({ state: 'open' })
  })

  it('keeps what a person forced', async () => {
    const { python, storage } = await setup()
    const forced = await moved(storage, {
      state: 'open',
      until: { in: 5_000 },
      forced: { state: 'open', until: { in: 60_000 } },
    })
    await python.close()
    expect((await read(storage))?.epoch).toBe(forced.epoch)
    expect(await python.sees()).toMatchObject({ state: 'open' })
  })
})

describe('the keys of a mirror', () => {
  const keys = async (): Promise<string[]> =>
    ((await server.command('KEYS', '*')) as string[]).filter((key) => key.endsWith('state'))
  it.each([
    { mirror: 'pybreaker', namespace: undefined, key: 'pybreaker:state' },
    { mirror: 'pybreaker', namespace: 'shop', key: 'shop:payments:pybreaker:state' },
    { mirror: 'pybreaker', namespace: 'prod:{name}', key: 'prod:payments:pybreaker:state' },
    { mirror: 'pybreaker', namespace: '{name}', key: 'payments:pybreaker:state' },
    { mirror: 'infuse', namespace: undefined, key: 'infuse:state' },
    { mirror: 'infuse', namespace: 'test', key: 'infuse:test:payments:state' },
    { mirror: 'infuse', namespace: 'test:{name}', key: 'infuse:test:payments:state' },
  ] as const)('are $key for $mirror with namespace $namespace', async ({ mirror, namespace, key }) => {
    await moved(shared(mirror, namespace), { state: 'open' })
    expect(await keys()).toEqual([key])
  })

  it('hold one circuit where there is no namespace', async () => {
    const storage = shared('pybreaker')
    await storage.read(['payments'])
    await expect(storage.read(['orders'])).rejects.toThrow('Without `namespace` a mirror has one circuit, `payments`')
  })

  it('D15 are refused on a cluster unless they share a slot', async () => {
    await using cluster = await RedisCluster.start()
    const client = await family?.cluster(cluster.nodes[0]?.port ?? 0)
    if (client === undefined) throw new Error('No such client')
    const apart = new RedisStorage(client.client, { namespace: 'shop', mirror: 'pybreaker' })
    await expect(apart.read(['payments'])).rejects.toThrow('must share a slot')
    const together = new RedisStorage(client.client, { namespace: '{shop}', mirror: 'pybreaker' })
    const { replaced } = await together.replace('payments', undefined, moveOf({ state: 'open' }))
    expect(replaced).toBe(true)
    await client.end()
  }, 30_000)

  it('are looked at every second unless told otherwise', () => {
    expect(shared('infuse').shared.refreshInterval).toBe(1_000)
    expect(new RedisStorage(connected.client, { mirror: 'infuse', refreshInterval: 300 }).shared.refreshInterval).toBe(
      300,
    )
    expect(new RedisStorage(connected.client).shared.refreshInterval).toBe(5_000)
  })
})
