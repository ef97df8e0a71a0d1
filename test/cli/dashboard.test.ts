// `dashboard`: the page of a storage, for whoever has the address that it prints.

import { request } from 'node:http'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { WireCircuits } from '../../src/admin/wire.ts'
import { Fleet } from '../support/processes.ts'
import { RedisServer } from '../support/redis-server.ts'
import { BUSY, compile, type Running, Shell } from './shell.ts'
import { signIn } from './visitor.ts'

let redis: RedisServer
let fleet: Fleet
let shell: Shell

beforeAll(async () => {
  redis = await RedisServer.start()
  shell = new Shell(await compile('dashboard'), ['--redis', redis.url, '--namespace', 'prod'])
  fleet = new Fleet(shell.library, 1)
  const options = { namespace: 'prod' }
  await fleet.each((peer) => peer.storage('redis', { kind: 'redis', client: 'redis-6', port: redis.port, options }))
  await fleet.breakers('payments', { storage: 'redis', failMax: 3 })
}, BUSY)

afterAll(async () => {
  shell?.[Symbol.dispose]()
  await fleet?.[Symbol.asyncDispose]()
  await redis?.[Symbol.asyncDispose]()
})

async function address(running: Running): Promise<string> {
  const text = await running.says(/http:\S+\?token=\S+/)
  return /http:\S+/.exec(text)?.[0] ?? ''
}

describe('dashboard', { timeout: BUSY }, () => {
  it('prints the address alone; the token in it is good once, and what is done there reaches other processes', async () => {
    const running = shell.start(['dashboard', '--by', 'ana'])
    const url = await address(running)
    expect(running.out).toBe(`${url}\n`)
    expect(url).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/\?token=[\w-]+$/)
    const visitor = await signIn(url)
    expect((await fetch(url, { redirect: 'manual' })).status).toBe(401)
    expect((await fetch(new URL('/circuits', url))).status).toBe(401)

    const { circuits, actor, namespace, shellCommand } = (await visitor.get('/circuits')) as WireCircuits
    expect(circuits.map(({ name, state }) => [name, state])).toEqual([['payments', 'closed']])
    expect({ actor, namespace }).toEqual({ actor: 'ana', namespace: 'prod' })
    expect(shellCommand).toMatch(/^infuse force \{name\} open .*--namespace prod$/)
    expect(await visitor.text('/')).toMatch(/^<!doctype html>/i)

    await visitor.post('/circuits/payments/force', { state: 'open', reason: 'their maintenance' })
    await fleet.all('payments', 'open')
    expect((await fleet.looks('payments'))[0]?.forced).toMatchObject({ by: 'ana', reason: 'their maintenance' })
    await visitor.post('/circuits/payments/release', { reason: 'they are done' })
    await fleet.all('payments', 'half-open')

    running.process.kill('SIGINT')
    const { status, err } = await running.ended
    expect(status).toBe(0)
    expect(err).toBe(
      `Redis at 127.0.0.1:${redis.port}. The address is good once, on this machine alone. Ctrl-C ends.\n`,
    )
    await expect(fetch(new URL('/circuits', url))).rejects.toThrow()
  })

  it('ends with an open stream of events, at Ctrl-C in a terminal', async () => {
    const running = shell.inTerminal(['dashboard'])
    const url = await address(running)
    const { cookie } = await signIn(url)
    const stream = request(new URL('/events', url), { headers: { cookie } }).on('error', () => undefined)
    const answered = new Promise<void>((resolve) => {
      stream.on('response', (response) => response.on('error', () => undefined).once('data', () => resolve()))
    })
    stream.end()
    await answered
    running.type('\u0003')
    expect((await running.ended).status).toBe(0)
    stream.destroy()
  })

  it('--json is the address as JSON; a port that is taken is 1', async () => {
    const running = shell.start(['dashboard', '--json'])
    const { url } = JSON.parse(await running.says(/\}\n/)) as { url: string }
    const { port } = new URL(url)
    expect(await shell.run('dashboard', '--port', port)).toEqual({
      status: 1,
      out: '',
      err: `infuse: Port ${port} is taken; without --port a free one is.\n`,
    })
    running.process.kill('SIGTERM')
    expect((await running.ended).status).toBe(0)
  })
})
