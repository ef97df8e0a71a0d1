// What processes tell with their reads, as Redis keeps it. That it adds up is in the contract suite.

import { afterAll, afterEach, beforeAll, expect, it } from 'vitest'
import type { Presence } from '../../src/index.ts'
import { RedisStorage } from '../../src/redis/index.ts'
import { families, type Connected } from '../support/redis-clients.ts'
import { RedisServer } from '../support/redis-server.ts'

let server: RedisServer
let connected: Connected
let storage: RedisStorage
beforeAll(async () => {
  server = await RedisServer.start()
  connected = await families[0]!.single(server.port)
  storage = new RedisStorage(connected.client, { namespace: 'prod' })
})
afterAll(async () => {
  await storage.dispose()
  await connected.end()
  await server[Symbol.asyncDispose]()
})
afterEach(() => server.flush())

const steps = 'infuse:steps:{prod:payments}'
const processes = 'infuse:processes:{prod:payments}'
const standing = 'infuse:alone:{prod:payments}'
const seen = { calls: 9, successes: 6, failures: 2, rejected: 1, slow: 3 }
const from = (process: string, parts: Partial<Presence> = {}): Presence => ({
  process,
  circuits: { payments: seen },
  ...parts,
})

async function tell(presence: Presence, names: readonly string[] = ['payments']): Promise<void> {
  await storage.read(names, presence)
}

it('a circuit has two keys for it, which any number of reports leave as small as they are', async () => {
  for (let turn = 0; turn < 30; turn++) await tell(from('p', { span: 400_000 }))
  expect(await server.command('HLEN', steps)).toBe(60)
  expect(await server.command('ZCARD', processes)).toBe(1)
  const values = (await server.command('HVALS', steps)) as string[]
  for (const value of values) expect(value).toMatch(/^1\d{12}(:\d{1,3}){5}$/)
})

it('a process that says it saw nothing writes no step that is there', async () => {
  const circuits = { payments: { calls: 0, failures: 0, rejected: 0, slow: 0 } }
  await tell(from('p', { circuits }))
  const monitor = await server.monitor()
  await tell(from('p', { circuits }))
  monitor.end()
  // The clock may have begun another step just now.
  expect(monitor.lines.filter((line) => line.includes('"HSET"')).length).toBeLessThanOrEqual(1)
})

it.each([
  [
    'a text',
    [
      ['SET', steps, 'x'],
      ['SET', processes, 'x'],
      ['SET', standing, 'x'],
    ],
  ],
  [
    'a list',
    [
      ['RPUSH', steps, 'x'],
      ['RPUSH', processes, 'x'],
      ['RPUSH', standing, 'x'],
    ],
  ],
])('D20 what is kept as %s is none of ours, and made anew', async (_, commands) => {
  for (const command of commands) await server.command(...command)
  expect(await storage.reports(['payments'])).toEqual([undefined])
  await tell(from('p'))
  await tell(from('p'))
  const [report] = await storage.reports(['payments'])
  expect(report?.processes).toEqual(['p'])
  expect(report?.steps.at(-1)).toMatchObject({ calls: 9, slow: 3 })
})

it('what processes decided alone is a key more, while there is any', async () => {
  const alone = { payments: { state: 'open', since: { in: -1 }, until: { in: 60_000 }, why: 'x'.repeat(900) } } as const
  await tell(from('p'))
  expect(await server.command('EXISTS', standing)).toBe(0)
  await tell(from('p', { alone }))
  expect(Number(await server.command('PTTL', standing))).toBeGreaterThan(80_000_000)
  expect(String(await server.command('HGET', standing, 'p'))).toMatch(/"why":"x{200}"/)
  await tell(from('p'))
  expect(await server.command('EXISTS', standing)).toBe(0)
})

it('D20 what stands there and is none of ours is left out', async () => {
  const alone = { payments: { state: 'open', since: { in: -1 }, until: { in: 60_000 } } } as const
  const there = ['a', 'b', 'c', 'd', 'e', 'p']
  for (const process of there) await tell(from(process, { alone }))
  const garbled = ['', '[]', '{"state":"closed","since":"1","until":"2"}', '{"state":"open"}', 'x'.repeat(9_999)]
  for (const [index, text] of garbled.entries()) await server.command('HSET', standing, there[index] ?? '', text)
  const [report] = await storage.reports(['payments'])
  expect(report?.processes).toHaveLength(6)
  expect(report?.alone?.map(({ process }) => process)).toEqual(['p'])
})

it('a reason that is cut, or written, in the middle of a character is told all the same', async () => {
  const why = `${'x'.repeat(199)}😀`
  const alone = { payments: { state: 'open', since: { in: -1 }, until: { in: 60_000 }, why } } as const
  await tell(from('p', { alone }))
  expect((await storage.reports(['payments']))[0]?.alone).toMatchObject([{ why: `${'x'.repeat(199)}\ufffd` }])
  const said = { by: 'a\ud83d', why: `${'y'.repeat(499)}😀` }
  const next = {
    until: 0,
    relapses: 0,
    successes: 0,
    leases: [],
    period: 'new',
    move: 'm',
    mover: 'p',
    policy: '\ude00',
  } as const
  await storage.replace('payments', undefined, { state: 'open', ...next, ...said, said })
  const [stored] = await storage.read(['payments'])
  expect(stored).toMatchObject({ by: 'a\ufffd', why: `${'y'.repeat(499)}\ufffd`, policy: '\ufffd' })
})

it('those that went while they stood alone do not pile up', async () => {
  const alone = { payments: { state: 'open', since: { in: -1 }, until: { in: 60_000 } } } as const
  const gone = Array.from({ length: 10_001 }, (_, index) => [`p-${index}`, '{}']).flat()
  await server.command('HSET', standing, ...gone)
  await tell(from('p', { alone }))
  expect(await server.command('HLEN', standing)).toBe(1)
})

it('D20 steps that are none are left out, and written over', async () => {
  await tell(from('p'))
  const fields = (await server.command('HKEYS', steps)) as string[]
  const garbled = ['x', '1:2', `${Date.now()}:x`, '9'.repeat(300), '', ':::::', '-1:-1:-1:-1:-1:-1']
  for (let field = 0; field < 60; field++)
    if (!fields.includes(String(field))) await server.command('HSET', steps, String(field), garbled[field % 7] ?? '')
  expect((await storage.reports(['payments']))[0]?.steps).toMatchObject([seen])
  await tell(from('p', { span: 400_000 }))
  const [report] = await storage.reports(['payments'])
  expect(report?.steps.length).toBeGreaterThanOrEqual(59)
  expect(report?.steps.reduce((sum, { calls }) => sum + calls, 0)).toBe(18)
})

it('counts processes up to 10 000, tells of 1 000, and clears those that are gone', async () => {
  await tell(from('gone', { every: 1 }))
  const far = String(Date.now() + 60_000)
  for (let batch = 0; batch < 12; batch++) {
    const members = Array.from({ length: 1_000 }, (_, index) => [far, `p-${batch}-${index}`]).flat()
    await server.command('ZADD', processes, ...members)
  }
  await tell(from('p', { every: 60_000 }))
  expect(await server.command('ZCARD', processes)).toBe(10_000)
  expect(await server.command('ZSCORE', processes, 'gone')).toBeNull()
  const [report] = await storage.reports(['payments'])
  expect(report?.processes).toHaveLength(1_000)
  expect(report?.processes).toContain('p')
})

it('whoever only looks is not there, and keeps no name and no circuit in use', async () => {
  await storage.add('payments', { epoch: 0, period: 0, keep: {} })
  await server.command('PEXPIRE', 'infuse:{prod:payments}', '60000')
  await tell({ process: 'onlooker', circuits: {} })
  expect(await storage.list()).toEqual([])
  expect(await storage.reports(['payments'])).toEqual([undefined])
  expect(Number(await server.command('PTTL', 'infuse:{prod:payments}'))).toBeLessThanOrEqual(60_000)
  await tell(from('p'))
  expect(await storage.list()).toEqual(['payments'])
  expect(Number(await server.command('PTTL', 'infuse:{prod:payments}'))).toBeGreaterThan(60_000)
})

it('reports of more circuits than a run takes come in the order asked', async () => {
  const names = Array.from({ length: 120 }, (_, index) => `circuit-${index}`)
  const circuits = Object.fromEntries(names.map((name, index) => [name, { ...seen, calls: index }]))
  await tell({ process: 'p', circuits }, names)
  const told = await storage.reports(names)
  expect(told.map((report) => report?.steps.reduce((sum, { calls }) => sum + calls, 0))).toEqual(
    names.map((_, index) => index),
  )
})
