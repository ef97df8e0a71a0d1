// `watch`, and colours: in a pipe, and in a terminal with a person at it.

import { readFileSync } from 'node:fs'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { WireTransition } from '../../src/admin/wire.ts'
import { Fleet } from '../support/processes.ts'
import { RedisServer, until } from '../support/redis-server.ts'
import { BUSY, compile, Shell } from './shell.ts'

const long = `payments-of-${'a-very-'.repeat(12)}long-name`
const ENTER = '\u001B[?1049h'
const LEAVE = '\u001B[?25h\u001B[?1049l'
const CTRL_C = '\u0003'

let redis: RedisServer
let fleet: Fleet
let shell: Shell

beforeAll(async () => {
  redis = await RedisServer.start()
  const folder = await compile('watch')
  shell = new Shell(folder, ['--redis', redis.url])
  fleet = new Fleet(shell.library, 1)
  await fleet.each((peer) => peer.storage('redis', { kind: 'redis', client: 'redis-6', port: redis.port }))
  for (const name of ['search', long])
    await fleet.breakers(name, { storage: 'redis', failMax: 2, resetTimeout: 600_000 })
}, BUSY)

afterAll(async () => {
  shell?.[Symbol.dispose]()
  await fleet?.[Symbol.asyncDispose]()
  await redis?.[Symbol.asyncDispose]()
})

beforeEach(async () => {
  await fleet.peers[0]?.does('search', 'close')
})

/** Until the fleet has it, which asks its other processes first. */
async function trip(): Promise<void> {
  const [peer] = fleet.peers
  await peer?.call('search', 'fail', 2)
  await until(async () => (await peer?.look('search'))?.scope === 'fleet', BUSY)
}

describe('watch in a pipe', { timeout: BUSY }, () => {
  it('is the list, then a line per change, until Ctrl-C', async () => {
    const watching = shell.start(['watch'])
    await watching.says(/2 closed/)
    await trip()
    await watching.says(/Z {2}search {2}closed → open, by itself: 2 calls in a row failed/)
    watching.process.kill('SIGINT')
    const { status, out, err } = await watching.ended
    expect([status, err]).toEqual([0, ''])
    expect(out).not.toContain('\u001B')
    expect(out.match(/closed → open/g)).toHaveLength(1)
  })

  it('--json is a line of JSON per change, and nothing else', async () => {
    const watching = shell.start(['watch', '--json'])
    const trips = async (): Promise<boolean> => {
      // It says nothing until something changes.
      await fleet.peers[0]?.does('search', 'close')
      await trip()
      return watching.out.includes('\n')
    }
    await until(trips, BUSY)
    watching.process.kill('SIGTERM')
    const { status, out, err } = await watching.ended
    expect([status, err]).toEqual([0, ''])
    const entries = out
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as WireTransition)
    for (const entry of entries) expect(entry).toMatchObject({ circuit: 'search', kind: 'moved', scope: 'fleet' })
    expect(new Set(entries.map(({ id }) => id)).size).toBe(entries.length)
  })

  it('ends with whoever reads it, without a word', async () => {
    const watching = shell.start(['watch'])
    await watching.says(/2 closed/)
    watching.process.stdout?.destroy()
    let isOver = false
    void watching.ended.then(() => (isOver = true))
    await until(async () => {
      await trip()
      await fleet.peers[0]?.does('search', 'close')
      return isOver
    }, BUSY)
    expect(await watching.ended).toMatchObject({ status: 0, err: '' })
  })

  it('says on standard error that the storage is away, and goes on when it is back', async () => {
    await using own = await RedisServer.start()
    using infuse = new Shell(new URL(shell.library).pathname)
    const watching = infuse.start(['watch', '--redis', own.url])
    await watching.says('No circuit is known here.')
    await own.stop()
    const place = `Redis at 127.0.0.1:${own.port}`
    await until(() => watching.err.includes(`infuse: ${place} does not answer.\n`), BUSY)
    await own.start()
    await until(() => watching.err.includes(`infuse: ${place} answers again.\n`), BUSY)
    watching.process.kill('SIGINT')
    expect((await watching.ended).status).toBe(0)
  })
})

describe('watch in a terminal', { timeout: BUSY }, () => {
  it('stands in place, fits, and gives the screen back at Ctrl-C', async () => {
    await trip()
    const watching = shell.inTerminal(['watch'], { columns: 60, rows: 12 })
    await watching.says(/search +open +trial in/)
    await fleet.peers[0]?.does('search', 'close', { by: 'ana', reason: 'seen' })
    await watching.says(/search {2}open → closed, by ana: seen/)
    watching.type(CTRL_C)
    const { status, out } = await watching.ended
    expect(status).toBe(0)
    expect(out.startsWith(ENTER)).toBe(true)
    expect(out.trimEnd().replace(/\^C/, '').endsWith(LEAVE)).toBe(true)
    // Overwritten, not wiped: that would flicker.
    expect(out).not.toContain('\u001B[2J')
    expect(out).not.toContain('\u001B[H\u001B[J')
    const frames = watching.text.split('infuse  Redis at').slice(1)
    expect(frames.length).toBeGreaterThan(1)
    for (const frame of frames) {
      const lines = `infuse  Redis at${frame}`.replace(/\^C/, '').split('\n')
      expect(lines.length).toBeLessThanOrEqual(12)
      for (const line of lines) expect(line.length).toBeLessThanOrEqual(60)
    }
    expect(watching.text).toContain('…')
  })

  it('gives the screen back when it is ended politely', async () => {
    const watching = shell.inTerminal(['watch'])
    await watching.says(/search +closed/)
    process.kill(childOf(watching.process.pid), 'SIGTERM')
    const { status, out } = await watching.ended
    expect(status).toBe(0)
    expect(out.trimEnd().endsWith(LEAVE)).toBe(true)
  })

  it('says on the screen that the storage is away', async () => {
    await using own = await RedisServer.start()
    using infuse = new Shell(new URL(shell.library).pathname)
    const watching = infuse.inTerminal(['watch', '--redis', own.url])
    await watching.says('No circuit is known here.')
    await own.kill()
    await watching.says(`Redis at 127.0.0.1:${own.port} does not answer`)
    watching.type(CTRL_C)
    const { status, out } = await watching.ended
    expect(status).toBe(0)
    expect(out).not.toContain('InfuseWarning')
  })
})

describe('a terminal', { timeout: BUSY }, () => {
  it('has colours, and none with NO_COLOR or where it is dumb', async () => {
    await trip()
    const shown = (env: Readonly<Record<string, string>>): Promise<{ status: number | string; out: string }> =>
      shell.inTerminal(['list'], { env }).ended
    const [coloured, plain, dumb] = await Promise.all([shown({}), shown({ NO_COLOR: '1' }), shown({ TERM: 'dumb' })])
    expect(coloured?.out).toContain('\u001B[31m')
    for (const one of [plain, dumb]) {
      expect(one?.status).toBe(0)
      expect(one?.out).not.toContain('\u001B[')
      expect(one?.out).toMatch(/search +open/)
    }
  })

  it('that is narrow cuts names and reasons, not the state', async () => {
    await trip()
    const { out } = await shell.inTerminal(['list'], { columns: 40, env: { NO_COLOR: '1' } }).ended
    const lines = out.trimEnd().split('\r\n')
    for (const line of lines) expect(line.length).toBeLessThanOrEqual(40)
    expect(lines[0]).toMatch(/^search +open +trial in/)
    expect(lines[1]).toMatch(/^payments-of-a-v…  closed/)
  })

  it('is where a person is asked why', async () => {
    const asked = shell.inTerminal(['force', 'search', 'open', '--for', '5m'])
    await asked.says('force search: why?')
    asked.type('their maintenance\r')
    const { status } = await asked.ended
    expect(asked.text).toContain('search is held open, 5 min left.')
    expect(status).toBe(0)
    expect((await shell.json<WireTransition[]>('history', '--limit', '1'))[0]?.why).toBe('their maintenance')
  })

  it.each([
    ['nothing', '\r'],
    ['Ctrl-C', CTRL_C],
    ['Ctrl-D', '\u0004'],
  ])('where %s is no reason, and nothing is done', async (_, answer) => {
    const asked = shell.inTerminal(['open', 'search'])
    await asked.says('why?')
    asked.type(answer)
    expect((await asked.ended).status).toBe(1)
    expect(asked.text).toContain('Nothing was done: it needs a reason.')
    expect(await fleet.peers[0]?.state('search')).toBe('closed')
  })
})

/** The process that it started. */
function childOf(parent: number | undefined): number {
  return Number(readFileSync(`/proc/${parent}/task/${parent}/children`, 'utf8').trim().split(' ')[0])
}
