// The commands against a real Redis, with real other processes that have breakers on it.

import { userInfo } from 'node:os'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { WireCircuit, WireTransition } from '../../src/admin/wire.ts'
import { Fleet } from '../support/processes.ts'
import { RedisServer, until } from '../support/redis-server.ts'
import { BUSY, compile, Shell } from './shell.ts'

const long = `http://${'very-'.repeat(20)}long:8000`
let redis: RedisServer
let fleet: Fleet
let shell: Shell
let flags: readonly string[]

beforeAll(async () => {
  redis = await RedisServer.start()
  const folder = await compile('commands')
  flags = ['--redis', redis.url, '--namespace', 'prod:shop']
  shell = new Shell(folder, flags)
  fleet = new Fleet(shell.library, 2)
  const options = { namespace: 'prod:shop' }
  await fleet.each((peer) => peer.storage('redis', { kind: 'redis', client: 'redis-6', port: redis.port, options }))
  for (const name of ['payments', 'search', '-odd', long])
    await fleet.breakers(name, { storage: 'redis', failMax: 3, resetTimeout: 600_000 })
  const [first] = fleet.peers
  await first?.call('payments', 'fail', 3)
  await fleet.all('payments', 'open')
}, BUSY)

afterAll(async () => {
  shell?.[Symbol.dispose]()
  await fleet?.[Symbol.asyncDispose]()
  await redis?.[Symbol.asyncDispose]()
})

const quiet = { status: 0, err: '' }

describe('what is read', { timeout: BUSY }, () => {
  it('list: a line per circuit, the sick ones first, without colour in a pipe', async () => {
    const { out, ...ended } = await shell.run('list')
    expect(ended).toEqual(quiet)
    const [first, ...others] = out.trimEnd().split('\n')
    expect(first).toMatch(/^payments +open +trial in (9|10) min\S* .*3 calls in a row failed.*the dependency is sick$/)
    expect(others.slice(0, -1).map((line) => line.replace(/ +/, ' '))).toEqual([
      '-odd closed',
      `${long} closed`,
      'search closed',
    ])
    expect(others.at(-1)).toMatch(/^1 open, 3 closed|3 closed, 1 open/)
    expect(out).not.toContain('\u001B')
  })

  it('list --json: circuits as the admin API says them', async () => {
    const circuits = await shell.json<WireCircuit[]>('list')
    expect(circuits.map(({ name, state }) => [name, state])).toEqual([
      ['payments', 'open'],
      ['-odd', 'closed'],
      [long, 'closed'],
      ['search', 'closed'],
    ])
    expect(circuits[0]).toMatchObject({ scope: 'fleet', forced: null, policy: '3 failures in a row' })
    expect(circuits[0]?.retryAfter).toBeGreaterThan(0)
    expect(circuits[0]).not.toHaveProperty('steps')
  })

  it('show: one circuit, a line for each thing that is known', async () => {
    const { out, ...ended } = await shell.run('show', 'payments')
    expect(ended).toEqual(quiet)
    for (const line of [/^payments$/m, /^ {2}state +open for \d+ s/m, /^ {2}next +trial in /m, /^ {2}why +3 calls/m])
      expect(out).toMatch(line)
    expect(out).toMatch(/^ {2}policy +3 failures in a row$/m)
    expect(out).toMatch(/^ {2}opened +\d{4}-\d\d-\d\d \d\d:\d\d:\d\dZ$/m)
    const json = await shell.json<WireCircuit>('show', 'payments')
    expect(json).toMatchObject({ name: 'payments', state: 'open', scope: 'fleet' })
    expect(json).toHaveProperty('steps')
  })

  it('explain: a paragraph', async () => {
    const { out, ...ended } = await shell.run('explain', 'payments')
    expect(ended).toEqual(quiet)
    expect(out).toMatch(/^Circuit "payments" has been open for .*Calls are rejected.*\n$/)
    const json = await shell.json<{ name: string; text: string }>('explain', 'payments')
    expect(Object.keys(json)).toEqual(['name', 'text'])
    expect(json.text).toMatch(/^Circuit "payments" has been open/)
  })

  it('history: who and why, the newest first, of one or of all', async () => {
    const { out, ...ended } = await shell.run('history', 'payments')
    expect(ended).toEqual(quiet)
    expect(out).toMatch(/Z {2}payments {2}closed → open, by itself: 3 calls in a row failed.*\n$/)
    expect(await shell.run('history', 'search')).toEqual({ ...quiet, out: 'Nothing has changed yet.\n' })
    const [entry] = await shell.json<WireTransition[]>('history', '--limit', '1')
    expect(entry).toMatchObject({ circuit: 'payments', kind: 'moved', from: 'closed', to: 'open', by: null })
    expect(Object.keys(entry ?? {}).toSorted()).toEqual([
      'ago',
      'at',
      'by',
      'change',
      'circuit',
      'for',
      'from',
      'id',
      'kind',
      'process',
      'scope',
      'to',
      'why',
    ])
  })

  it('a name that begins with - stands behind --', async () => {
    const { out, ...ended } = await shell.run('show', '--', '-odd')
    expect(ended).toEqual(quiet)
    expect(out).toMatch(/^-odd\n/)
  })

  it('a circuit that there is not is 1, and so is its history', async () => {
    const err = 'infuse: There is no circuit "nix" here. `infuse list` has those there are.\n'
    for (const command of ['show', 'explain', 'history'])
      expect(await shell.run(command, 'nix')).toEqual({ status: 1, out: '', err })
    const force = ['force', 'nix', 'open', '--reason', 'why not']
    expect(await shell.run(...force)).toEqual({ status: 1, out: '', err })
    expect(await shell.json<WireCircuit[]>('list')).toHaveLength(4)
  })

  it('INFUSE_REDIS_URL names the Redis where no flag does', async () => {
    using bare = new Shell(new URL(shell.library).pathname)
    const env = { INFUSE_REDIS_URL: redis.url }
    const { status, out } = await bare.start(['list', '--namespace', 'prod:shop'], { env }).ended
    expect([status, out.split(' ', 1)]).toEqual([0, ['payments']])
    expect((await bare.start(['list', '--namespace', 'other'], { env }).ended).out).toMatch(
      /^No circuit is known here\./,
    )
  })
})

describe('what is done', { timeout: BUSY }, () => {
  const me = userInfo().username

  it('force and release take effect in other processes; the history has author and reason', async () => {
    const forced = await shell.run(
      'force',
      'search',
      'open',
      '--for',
      '5m',
      '--reason',
      'their maintenance',
      '--by',
      'ana',
    )
    expect(forced).toEqual({ ...quiet, out: 'search is held open, 5 min left.\n' })
    await fleet.all('search', 'open')
    const [one] = await fleet.looks('search')
    expect(one?.forced).toMatchObject({ state: 'open', by: 'ana', reason: 'their maintenance' })
    expect(await fleet.peers[0]?.call('search', 'ok')).toEqual(['forced'])

    const [entry] = await shell.json<WireTransition[]>('history', 'search')
    expect(entry).toMatchObject({ kind: 'forced', to: 'open', by: 'ana', why: 'their maintenance' })
    expect((await shell.run('history', 'search')).out).toMatch(/ held open for 5 min, by ana: their maintenance\n/)
    expect((await shell.run('list')).out).toMatch(/^search +held open +\S.* left +ana: "their maintenance"$/m)

    const released = await shell.run('release', 'search', '--reason', 'they are done')
    expect(released).toEqual({ ...quiet, out: 'search is half-open, next call is the trial.\n' })
    await fleet.all('search', 'half-open')
    const [last] = await shell.json<WireTransition[]>('history', 'search')
    expect(last).toMatchObject({ kind: 'released', by: me, why: 'they are done' })
  })

  it('a hold is 15 minutes where nobody says how long, and never without end', async () => {
    const forced = await shell.json<WireCircuit>(
      'force',
      'search',
      'closed',
      '--reason',
      'it is our alarm that is wrong',
    )
    expect(forced.forced).toMatchObject({ state: 'closed', by: me })
    expect(Math.round((forced.forced?.left ?? 0) / 60_000)).toBe(15)
    const endless = await shell.run('force', 'search', 'closed', '--for', '31d', '--reason', 'x')
    expect(endless).toMatchObject({ status: 2, out: '' })
    await shell.json('release', 'search', '--reason', 'back to normal')
  })

  it('open, half-open and close say what is true then', async () => {
    const reason = ['--reason', 'tried out']
    const opened = await shell.run('open', 'search', ...reason)
    expect(opened).toEqual({ ...quiet, out: expect.stringMatching(/^search is open, trial in .*\.\n$/) as string })
    await fleet.all('search', 'open')
    expect((await shell.run('half-open', 'search', ...reason)).out).toBe(
      'search is half-open, next call is the trial.\n',
    )
    expect((await shell.run('close', 'search', ...reason)).out).toBe('search is closed.\n')
    await fleet.all('search', 'closed')
    const entries = await shell.json<WireTransition[]>('history', 'search', '--limit', '3')
    expect(entries.map(({ to, by, why }) => [to, by, why])).toEqual([
      ['closed', me, 'tried out'],
      ['half-open', me, 'tried out'],
      ['open', me, 'tried out'],
    ])
  })

  it('update shows each change, shows it later, and is followed by other processes', async () => {
    const update = (...args: readonly string[]) => shell.run('update', 'search', '--reason', 'a slow week', ...args)
    expect((await update('--fail-max', '5')).out).toBe('search: failMax as in code → 5.\n')
    expect((await update('--fail-max', '9', '--reset-timeout', '45s')).out).toBe(
      'search: failMax 5 → 9, resetTimeout as in code → 45 s.\n',
    )
    expect((await update('--fail-max', '9')).out).toBe('search: nothing is other than it was.\n')
    const { out } = await shell.run('show', 'search')
    expect(out).toMatch(/^ {2}failMax +9, changed$/m)
    expect(out).toMatch(/^ {2}resetTimeout +45 s, changed$/m)
    expect(out).toMatch(new RegExp(`^ {2}changed +by ${me}, `, 'm'))
    const [second] = fleet.peers.slice(1)
    // Three in a row are no longer enough.
    await second?.call('search', 'fail', 4)
    expect(await second?.state('search')).toBe('closed')
    expect((await update('--fail-max', 'none', '--reset-timeout', 'none')).out).toBe(
      'search: failMax 9 → as in code, resetTimeout 45 s → as in code.\n',
    )
    await second?.call('search', 'ok')
    await until(async () => (await second?.state('search')) === 'closed')
  })

  it('a name that begins with - is handled too, and one that is long', async () => {
    for (const name of ['-odd', long]) {
      expect((await shell.run('close', '--reason', '--', '--', name)).status).toBe(2)
      const closed = await shell.run('close', '--reason=-', '--', name)
      expect(closed).toEqual({ ...quiet, out: `${name} is closed.\n` })
    }
  })
})
