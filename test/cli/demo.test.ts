// `demo`: three processes that share a circuit, and nothing left of them.

import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { WireCircuits } from '../../src/admin/wire.ts'
import { until } from '../support/redis-server.ts'
import { BUSY, compile, type Running, Shell } from './shell.ts'
import { signIn } from './visitor.ts'

let folder: string
let scratch: string
let shell: Shell

beforeAll(async () => {
  folder = await compile('demo')
}, BUSY)

beforeEach(() => {
  scratch = mkdtempSync(join(tmpdir(), 'infuse-cli-'))
  shell = new Shell(folder)
})

afterEach(() => {
  shell[Symbol.dispose]()
  rmSync(scratch, { recursive: true, force: true })
})

function play(...flags: readonly string[]): Running {
  return shell.start(['demo', ...flags], { env: { TMPDIR: scratch } })
}

/** The processes that it started. */
function shopsOf({ process }: Running): readonly string[] {
  return readFileSync(`/proc/${process.pid}/task/${process.pid}/children`, 'utf8').trim().split(' ').filter(Boolean)
}

/** One that has ended, and that nobody has asked for yet, has no command line. */
function isAlive(pid: string): boolean {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8') !== ''
  } catch {
    // It is gone altogether.
    return false
  }
}

describe('demo', { timeout: BUSY }, () => {
  it('shows three processes on one circuit, that trips and recovers; the page and a shell see it; Ctrl-C ends all', async () => {
    const running = play()
    const text = await running.says(/closed → open, by itself/)
    expect(text).toMatch(/^\S+ \S+Z {2}payments is ill$/m)
    const shops = shopsOf(running)
    expect(shops).toHaveLength(3)

    const [, url = ''] = /(http:\S+)/.exec(text) ?? []
    const visitor = await signIn(url)
    await until(async () => ((await visitor.get('/circuits')) as WireCircuits).processes === 3, BUSY)
    await visitor.post('/circuits/payments/force', { state: 'closed', reason: 'to see what happens' })
    await running.says(/held closed for 15 min, by .+: to see what happens/)
    await visitor.post('/circuits/payments/release', { reason: 'seen' })

    const [, path = ''] = /--host-socket (\S+)/.exec(text) ?? []
    const listed = await shell.run('list', '--host-socket', path)
    expect(listed).toMatchObject({
      status: 0,
      err: '',
      out: expect.stringMatching(/^payments .*; 3 processes\n$/s) as string,
    })

    running.process.kill('SIGINT')
    const { status, err } = await running.ended
    expect([status, err]).toEqual([0, ''])
    expect(shops.filter(isAlive)).toEqual([])
    expect(readdirSync(scratch)).toEqual([])
  })

  it('leaves nothing when it is killed', async () => {
    const running = play()
    await running.says('Ctrl-C ends.')
    await until(() => shopsOf(running).length === 3, BUSY)
    const shops = shopsOf(running)
    running.process.kill('SIGKILL')
    await until(() => shops.every((pid) => !isAlive(pid)), BUSY)
    await until(() => readdirSync(scratch).length === 0, BUSY)
  })

  it('goes on where one of the three is killed', async () => {
    const running = play()
    await running.says('Ctrl-C ends.')
    await until(() => shopsOf(running).length === 3, BUSY)
    process.kill(Number(shopsOf(running)[0]), 'SIGKILL')
    await running.says(/shop \d has ended; the others go on/)
    await running.says(/closed → open, by itself/)
    running.process.kill('SIGTERM')
    expect((await running.ended).status).toBe(0)
    expect(readdirSync(scratch)).toEqual([])
  })
})
