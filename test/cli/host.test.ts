// The commands on the socket of a machine, with and without processes that share through it.

import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { WireCircuit, WireTransition } from '../../src/admin/wire.ts'
import { HostStorage } from '../../src/host/index.ts'
import { Fleet } from '../support/processes.ts'
import { until } from '../support/redis-server.ts'
import { BUSY, compile, Shell } from './shell.ts'

const name = 'payments'
let folder: string
let scratch: string
let path: string
let shell: Shell

beforeAll(async () => {
  folder = await compile('host')
}, BUSY)

beforeEach(() => {
  scratch = mkdtempSync(join(tmpdir(), 'infuse-cli-'))
  path = join(scratch, 'infuse.sock')
  shell = new Shell(folder, ['--host-socket', path])
})

afterEach(() => {
  shell[Symbol.dispose]()
  rmSync(scratch, { recursive: true, force: true })
})

async function fleetOf(size: number): Promise<Fleet> {
  const fleet = new Fleet(shell.library, size)
  await fleet.each((peer) => peer.storage('host', { kind: 'host', path, options: { timeout: 2_000 } }))
  await fleet.breakers(name, { storage: 'host', failMax: 3, resetTimeout: 600_000 })
  return fleet
}

describe('on the socket of a machine', { timeout: BUSY }, () => {
  it('circuits are seen and handled as on a Redis', async () => {
    await using fleet = await fleetOf(2)
    await fleet.peers[0]?.call(name, 'fail', 3)
    await fleet.all(name, 'open')
    const [circuit] = await shell.json<WireCircuit[]>('list')
    expect(circuit).toMatchObject({ name, state: 'open', scope: 'fleet', processes: 2 })
    const held = await shell.run(
      'force',
      name,
      'closed',
      '--for',
      '90s',
      '--reason',
      'they say it works',
      '--by',
      'ana',
    )
    expect(held).toEqual({ status: 0, out: `${name} is held closed, 1 min 30 s left.\n`, err: '' })
    await fleet.all(name, 'closed')
    const [look] = await fleet.looks(name)
    expect(look?.forced).toMatchObject({ state: 'closed', by: 'ana', reason: 'they say it works' })
    const [entry] = await shell.json<WireTransition[]>('history')
    expect(entry).toMatchObject({ kind: 'forced', to: 'closed', by: 'ana', why: 'they say it works' })
  })

  it('a namespace has a socket of its own, and who looks elsewhere is told of it', async () => {
    using bare = new Shell(folder)
    const env = { TMPDIR: scratch }
    const storage = new HostStorage({ path: join(scratch, `infuse-${process.geteuid?.()}`, 'infuse-prod.sock') })
    mkdirSync(join(scratch, `infuse-${process.geteuid?.()}`), { mode: 0o700 })
    await storage.add(name, { epoch: 0, period: 0, keep: {} })
    const list = (...flags: string[]) => bare.start(['list', ...flags], { env }).ended
    expect(await list()).toEqual({
      status: 0,
      out: expect.stringMatching(/^No circuit is known here\./) as string,
      err: 'There are sockets of other namespaces on this machine: prod (--namespace).\n',
    })
    for (const namespace of ['prod', 'prod:{name}'])
      expect(await list('--namespace', namespace)).toMatchObject({
        status: 0,
        out: expect.stringMatching(/^payments /),
        err: '',
      })
    expect(await list('--namespace', 'test')).toMatchObject({
      status: 0,
      err: expect.stringContaining('machine: prod (--namespace).'),
    })
    await storage.dispose()
  })

  it('where nobody is there a command ends at once, and leaves nothing', async () => {
    const ran = await shell.run('list')
    expect(ran).toEqual({ status: 0, out: expect.stringMatching(/^No circuit is known here\./) as string, err: '' })
    expect(readdirSync(scratch)).toEqual([])
  })

  it('one that served the others is missed by nobody: they go on with what they knew', async () => {
    const watching = shell.start(['watch'])
    await watching.says('No circuit is known here.')
    expect(existsSync(path)).toBe(true)
    await using fleet = await fleetOf(2)
    await fleet.peers[0]?.call(name, 'fail', 3)
    await fleet.all(name, 'open')
    await watching.says(/payments {2}closed → open/)
    watching.process.kill('SIGINT')
    expect(await watching.ended).toMatchObject({ status: 0, err: '' })
    // Another process has taken over, and was told by the others.
    await until(async () => {
      const circuits = await shell.json<WireCircuit[]>('list')
      return circuits.some((circuit) => circuit.name === name && circuit.state === 'open')
    }, BUSY)
    expect(await fleet.states(name)).toEqual(['open', 'open'])
    expect(await fleet.peers[1]?.call(name, 'ok')).toEqual(['open'])
  })

  it('one that was killed leaves a socket that the next takes over', async () => {
    const watching = shell.start(['watch'])
    await watching.says('No circuit is known here.')
    watching.process.kill('SIGKILL')
    await watching.ended
    expect(existsSync(path)).toBe(true)
    expect((await shell.run('list')).status).toBe(0)
    expect(readdirSync(scratch)).toEqual([])
  })
})
