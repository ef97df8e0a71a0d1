// The traps of a shared store that concern the storage alone. What a fleet makes of them is tested with the fleet.

import fc from 'fast-check'
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest'
import type { CircuitStorage, StoredCircuit, Watcher } from '../../src/index.ts'
import { RedisStorage, type RedisStorageOptions } from '../../src/redis/index.ts'
import { moveOf } from '../../src/testing/conformance/subject.ts'
import { families, type Connected } from '../support/redis-clients.ts'
import { type Reply, RedisServer, until } from '../support/redis-server.ts'

let server: RedisServer
let connected: Connected
const storages: RedisStorage[] = []
beforeAll(async () => {
  server = await RedisServer.start()
  connected = await families[0]!.single(server.port)
})
afterAll(async () => {
  await connected.end()
  await server[Symbol.asyncDispose]()
})
afterEach(async () => {
  for (const storage of storages.splice(0)) await storage.dispose()
  await server.flush()
})

function make(options: RedisStorageOptions = { namespace: 'prod' }): RedisStorage {
  const storage = new RedisStorage(connected.client, options)
  storages.push(storage)
  return storage
}

const deaf: Watcher = { changed: () => undefined, noted: () => undefined, reconnected: () => undefined }
const tally = { epoch: 0, period: 0, keep: { fails: 5 } }
const key = 'infuse:{prod:payments}'
const seen = { calls: 9, successes: 7, failures: 2, rejected: 1, slow: 0 }

async function read(storage: CircuitStorage, name = 'payments'): Promise<StoredCircuit | undefined> {
  const [circuit] = await storage.read([name])
  return circuit
}

/** Warnings of the library while `run` runs. */
async function warnings(run: () => Promise<void>): Promise<string[]> {
  const emit = vi.spyOn(process, 'emitWarning').mockImplementation(() => undefined)
  await run()
  const heard = emit.mock.calls.map(([warning]) => String(warning))
  emit.mockRestore()
  return heard
}

async function keys(): Promise<string[]> {
  return ((await server.command('KEYS', '*')) as string[]).toSorted()
}

describe('a record in Redis', () => {
  it('D3 changes state and times in one step', async () => {
    const [writer, reader] = [make(), make()]
    let last: StoredCircuit = await writer.add('payments', tally)
    const seen: StoredCircuit[] = []
    for (let turn = 0; turn < 200; turn++) {
      const open = turn % 2 === 0
      const state = open ? ({ state: 'open', until: 7_000 + turn } as const) : ({ state: 'closed', until: 0 } as const)
      const reads = [1, 2, 3].map(async () => seen.push((await read(reader)) ?? last))
      const { current } = await writer.replace('payments', last, moveOf({ ...state, relapses: turn }))
      await Promise.all(reads)
      if (current !== undefined) last = current
    }
    expect(seen.length).toBeGreaterThan(10)
    for (const { state, until: end, relapses, epoch } of seen) {
      if (epoch > 0) expect([state, end]).toEqual(relapses % 2 === 0 ? ['open', 7_000 + relapses] : ['closed', 0])
    }
  })

  it('is readable by a person', async () => {
    const storage = make()
    const before = await storage.add('payments', tally)
    await storage.replace(
      'payments',
      before,
      moveOf({
        state: 'open',
        until: { in: 30_000 },
        relapses: 2,
        why: '5 calls in a row failed',
        leases: [{ id: 'a', until: 9 }],
      }),
    )
    const flat = (await server.command('HGETALL', key)) as string[]
    const shown = Object.fromEntries(flat.flatMap((text, index) => (index % 2 === 0 ? [[text, flat[index + 1]]] : [])))
    expect(shown).toMatchObject({
      v: '1',
      state: 'open',
      relapses: '2',
      why: '5 calls in a row failed',
      leases: 'a=9',
      mover: 'mover-1',
    })
    for (const time of ['epoch', 'period', 'until']) expect(shown[time]).toMatch(/^1\d{12}$/)
  })

  it('D5 has an expiry at all times, like every other key of ours', async () => {
    const storage = make()
    const commands = fc.array(
      fc.record({
        name: fc.constantFrom('a', 'b', 'c'),
        verb: fc.constantFrom(
          'read',
          'add',
          'ask',
          'open',
          'force',
          'override',
          'close',
          'forever',
          'persist',
          'del',
          'flush',
        ),
      }),
      { minLength: 1, maxLength: 25 },
    )
    await fc.assert(
      fc.asyncProperty(commands, async (steps) => {
        for (const { name, verb } of steps) {
          const current = await read(storage, name)
          const move = (parts: Parameters<typeof moveOf>[0]) => storage.replace(name, current, moveOf(parts))
          const hash = `infuse:{prod:${name}}`
          if (verb === 'add') await storage.add(name, { ...tally, epoch: current?.epoch ?? 0, fails: [1] })
          if (verb === 'ask') await storage.add(name, { ...tally, ask: { id: 'x', since: 0, every: 0 } })
          if (verb === 'open') await move({ state: 'open', until: { in: 1_000 } })
          if (verb === 'force') await move({ state: 'open', forced: { state: 'open', until: { in: 3_600_000 } } })
          if (verb === 'override') await move({ overrides: { failMax: 2 } })
          if (verb === 'forever') await move({ state: 'open', until: Number.POSITIVE_INFINITY })
          if (verb === 'close') await move({ state: 'closed' })
          // What others do to our keys is put right by the next read.
          if (verb === 'persist') {
            for (const each of [hash, `infuse:steps:{prod:${name}}`, `infuse:processes:{prod:${name}}`])
              await server.command('PERSIST', each)
          }
          if (verb === 'del') await server.command('DEL', hash)
          if (verb === 'flush') await server.flush()
          await storage.read(['a', 'b', 'c'], { process: verb, circuits: { a: seen, b: seen, c: seen }, span: 7_000 })
          for (const each of await keys())
            expect(Number(await server.command('PTTL', each)), each).toBeGreaterThan(80_000_000)
        }
      }),
      { numRuns: 20 },
    )
  })

  it('D5 expires a day after it ends, or after 30 days where it has no end', async () => {
    const storage = make()
    const day = 86_400_000
    const ttl = async (move: Parameters<typeof moveOf>[0]): Promise<number> => {
      await storage.replace('payments', await read(storage), moveOf(move))
      return Number(await server.command('PTTL', key))
    }
    const near = (ms: number) => ({ asymmetricMatch: (value: number) => value <= ms && value > ms - 60_000 })
    expect(await ttl({ state: 'closed' })).toEqual(near(day))
    expect(await ttl({ state: 'open', until: { in: 3_600_000 } })).toEqual(near(day + 3_600_000))
    expect(await ttl({ state: 'open', forced: { state: 'open', until: { in: 5 * day } } })).toEqual(near(6 * day))
    expect(await ttl({ state: 'open', until: Number.POSITIVE_INFINITY })).toEqual(near(30 * day))
    expect(await ttl({ overrides: { failMax: 1 } })).toEqual(near(30 * day))
    expect(await ttl({ state: 'closed' })).toEqual(near(day))
  })

  it('D14 is written by servers that do not know the script', async () => {
    const storage = make()
    await storage.add('payments', tally)
    await server.command('SCRIPT', 'FLUSH')
    expect((await storage.replace('payments', undefined, moveOf({ state: 'open' }))).replaced).toBe(true)
    await server.command('SCRIPT', 'FLUSH')
    expect((await read(storage))?.state).toBe('open')
  })

  it('D14, D16 sends no command but those that docs/redis.md allows', async () => {
    const storage = make()
    const before = await storage.add('payments', tally)
    const stop = storage.watch('payments', deaf)
    await until(async () => (await read(storage))?.listeners === 1)
    const monitor = await server.monitor()
    await storage.read(['payments', 'orders'], { process: 'p', circuits: { payments: seen } })
    await storage.reports(['payments', 'orders'])
    await storage.add('payments', { ...tally, fails: [before.at], ask: { id: 'x', since: 0, every: 0 } })
    await storage.add('payments', { ...tally, hush: true })
    await storage.replace('payments', before, moveOf({ state: 'open' }))
    await storage.transitions({ limit: 10 })
    await storage.list()
    storage.watch('orders', deaf)()
    stop()
    await until(() => monitor.lines.some((line) => line.includes('"unsubscribe"')))
    monitor.end()
    const sent = new Set(monitor.lines.map((line) => /\] "(\w+)"/.exec(line)?.[1]?.toLowerCase()))
    const allowed = [
      'evalsha',
      'eval',
      'subscribe',
      'unsubscribe',
      'time',
      'hmget',
      'exists',
      'hset',
      'hdel',
      'hlen',
      'pttl',
      'pexpire',
      'del',
      'pubsub',
      'publish',
      'xadd',
      'xrevrange',
      'zscore',
      'zadd',
      'zremrangebyscore',
      'zremrangebyrank',
      'zrevrange',
    ]
    expect([...sent].filter((command) => !allowed.includes(String(command)))).toEqual([])
    expect(sent).toContain('xadd')
  })

  it('D17 belongs to its namespace and its name', async () => {
    const [prod, test] = [make({ namespace: 'prod' }), make({ namespace: 'test' })]
    await prod.replace('payments', undefined, moveOf({ state: 'open' }))
    await prod.replace('orders', undefined, moveOf({ state: 'half-open' }))
    await test.add('payments', tally)
    const states = async (storage: RedisStorage) =>
      (await storage.read(['payments', 'orders'])).map((circuit) => circuit?.state)
    expect(await states(prod)).toEqual(['open', 'half-open'])
    expect(await states(test)).toEqual(['closed', undefined])
    expect(await keys()).toEqual([
      'infuse:names:{prod}',
      'infuse:names:{test}',
      'infuse:transitions:{prod:orders}',
      'infuse:transitions:{prod:payments}',
      'infuse:{prod:orders}',
      'infuse:{prod:payments}',
      'infuse:{test:payments}',
    ])
    expect(await prod.list()).toEqual(['orders', 'payments'])
    expect((await test.transitions({ limit: 9 })).length).toBe(0)
  })

  const garbage: readonly (readonly [what: string, commands: readonly (readonly string[])[]])[] = [
    ['a text', [['SET', key, 'open']]],
    ['a list', [['RPUSH', key, 'open']]],
    ['a hash of somebody else', [['HSET', key, 'colour', 'red']]],
    ['a state nobody knows', [['HSET', key, 'state', 'ajar']]],
    ['an epoch that is no number', [['HSET', key, 'epoch', 'NaN']]],
    ['an epoch beyond all numbers', [['HSET', key, 'epoch', '9999999999999999']]],
    ['a time below zero', [['HSET', key, 'until', '-5']]],
    ['no epoch', [['HDEL', key, 'epoch']]],
    ['a version that is no number', [['HSET', key, 'v', 'two']]],
    ['a megabyte of reason', [['HSET', key, 'why', 'x'.repeat(1_000_000)]]],
  ]
  it.each(garbage)('D20 is ignored, with one warning, and written anew where it holds %s', async (_, commands) => {
    const storage = make()
    await storage.replace('payments', undefined, moveOf({ state: 'open' }))
    if (commands[0]?.[0] === 'SET' || commands[0]?.[0] === 'RPUSH' || commands[0]?.[2] === 'colour')
      await server.command('DEL', key)
    for (const command of commands) await server.command(...command)
    const heard = await warnings(async () => {
      expect(await read(storage)).toBeUndefined()
      expect(await read(storage)).toBeUndefined()
      const { replaced, current } = await storage.replace('payments', undefined, moveOf({ state: 'half-open' }))
      expect([replaced, current?.state]).toEqual([true, 'half-open'])
    })
    expect(heard).toEqual([
      'InfuseWarning: What Redis holds for the circuit payments is no circuit of ours and is ignored',
    ])
    expect((await read(storage))?.state).toBe('half-open')
    expect(Number(await server.command('PTTL', key))).toBeGreaterThan(0)
  })

  it('D20 gives what it can of a record whose small print is spoilt', async () => {
    const storage = make()
    await storage.replace('payments', undefined, moveOf({ state: 'open', leases: [{ id: 'a', until: 5 }] }))
    await server.command(
      'HSET',
      key,
      'leases',
      'a=5,b,%=7,=,c=x',
      'fails',
      '1,two,,3',
      'slots',
      '1:2,3:4:5:6,x',
      'overrides',
      '{"failMax":-1,"resetTimeout":"soon"',
      'forced',
      'ajar',
      'asked',
      '0',
      'ok_at',
      'never',
    )
    const circuit = await read(storage)
    expect(circuit).toMatchObject({
      state: 'open',
      leases: [{ id: 'a', until: 5 }],
      forced: undefined,
      overrides: undefined,
    })
    expect(circuit?.counts).toEqual({ fails: [1, 3], slots: [{ start: 3, ok: 4, bad: 5, slow: 6 }] })
    const added = await storage.add('payments', { ...tally, epoch: circuit?.epoch ?? 0, fails: [9] })
    expect(added.counts.fails).toEqual([9, 3, 1])
  })

  it('D20 is written where its transitions hold something else', async () => {
    const storage = make()
    await server.command('SET', 'infuse:transitions:{prod:payments}', 'x')
    expect((await storage.replace('payments', undefined, moveOf({ state: 'open' }))).replaced).toBe(true)
    expect((await read(storage))?.state).toBe('open')
  })

  it('D23 of a newer version is ignored and left alone, with one warning', async () => {
    const storage = make()
    await storage.replace('payments', undefined, moveOf({ state: 'open' }))
    await server.command('HSET', key, 'v', '2', 'state', 'resting')
    const before = await server.command('HGETALL', key)
    const heard = await warnings(async () => {
      expect(await read(storage)).toBeUndefined()
      expect(await storage.add('payments', { ...tally, fails: [1] })).toMatchObject({ state: 'closed', epoch: 0 })
      expect(await storage.replace('payments', undefined, moveOf({ state: 'open' }))).toEqual({
        replaced: false,
        current: undefined,
      })
    })
    expect(heard).toEqual([
      'InfuseWarning: What Redis holds for the circuit payments was written by a newer version and is left alone',
    ])
    expect(await server.command('HGETALL', key)).toEqual(before)
  })

  it('D23 keeps the counts of processes with another policy', async () => {
    const [old, young] = [make(), make()]
    const { at } = await old.add('payments', tally)
    await young.add('payments', {
      epoch: 0,
      period: 0,
      slots: [{ start: at, ok: 3, bad: 4, slow: 0 }],
      keep: { slotWidth: 1_000, slots: 10 },
    })
    await old.add('payments', { ...tally, fails: [at] })
    expect((await read(young))?.counts).toMatchObject({ fails: [at], slots: [{ ok: 3, bad: 4, slow: 0 }] })
  })

  it('D13 refuses a move that a client kept back and sends late', async () => {
    const storage = make()
    const before = (await storage.replace('payments', undefined, moveOf({ state: 'open' }))).current
    const after = (await storage.replace('payments', before, moveOf({ state: 'half-open' }))).current
    const late = await storage.replace('payments', before, moveOf({ state: 'closed' }))
    expect([late.replaced, late.current?.epoch]).toEqual([false, after?.epoch])
  })

  it('D11 is whole after a write that a server without memory refused', async () => {
    const storage = make()
    const before = (await storage.replace('payments', undefined, moveOf({ state: 'open', why: 'kept' }))).current
    await server.refuseMemory(true)
    await expect(storage.replace('payments', before, moveOf({ state: 'closed' }))).rejects.toThrow('OOM')
    await expect(storage.add('payments', { ...tally, epoch: before?.epoch ?? 0, fails: [1] })).rejects.toThrow('OOM')
    await expect(read(storage), 'a storage that cannot write is down').rejects.toThrow('OOM')
    await server.refuseMemory(false)
    expect(await read(storage)).toMatchObject({ state: 'open', why: 'kept', epoch: before?.epoch })
    expect((await storage.replace('payments', before, moveOf({ state: 'closed' }))).replaced).toBe(true)
  })

  it('D11 passes on what a replica or a loading server says', async () => {
    const storage = make()
    await storage.add('payments', tally)
    await server.command('REPLICAOF', '127.0.0.1', '1')
    await expect(read(storage)).rejects.toThrow('READONLY')
    await expect(storage.replace('payments', undefined, moveOf({ state: 'open' }))).rejects.toThrow('READONLY')
    await server.command('REPLICAOF', 'NO', 'ONE')
  })
})

it('D16 keeps names in use, newest first, and no more than it can carry', async () => {
  const storage = make()
  const names = Array.from({ length: 120 }, (_, index) => `circuit-${index}`)
  await storage.read(names)
  expect(await storage.list()).toEqual(names.toSorted())
  const stored: Reply = await server.command('ZCARD', 'infuse:names:{prod}')
  expect(stored).toBe(120)
  const old = Date.now() - 31 * 86_400_000
  await server.command('ZADD', 'infuse:names:{prod}', String(old), 'forgotten')
  await storage.read(['circuit-1'])
  expect(await storage.list()).not.toContain('forgotten')
})
