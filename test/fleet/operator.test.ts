// Persons and processes: what somebody without a breaker sees and does, what survives a restart of all applications, and
// that it ends in time. Real processes on a real Redis, and on a socket.

import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { ONLOOKER, Operator } from '../../src/fleet/operator.ts'
import type { CircuitStorage } from '../../src/fleet/storage.ts'
import { HostStorage } from '../../src/host/index.ts'
import { RedisStorage } from '../../src/redis/index.ts'
import type { Peer } from '../support/processes.ts'
import { type Connected, families } from '../support/redis-clients.ts'
import { until } from '../support/redis-server.ts'
import { type Kind, Ground, shown } from './ground.ts'

const options = { refreshInterval: 300, timeout: 2_000 }
const long = 600_000
let ground: Ground
let connected: Connected
const storages = {} as Record<Kind, string>
const eyes = {} as Record<Kind, CircuitStorage>
beforeAll(async () => {
  ground = await Ground.start('fleet-operator', 3)
  connected = await families[0]!.single(ground.server.port)
  for (const kind of ['redis', 'host'] as const) storages[kind] = await ground.storage(kind, options)
  const plan = ground.plan('host')
  eyes.redis = new RedisStorage(connected.client)
  eyes.host = new HostStorage(plan.kind === 'host' ? { path: plan.path } : {})
}, 30_000)
afterAll(async () => {
  for (const storage of Object.values(eyes)) await storage.dispose?.()
  await connected.end()
  await ground[Symbol.asyncDispose]()
})

const peer = (index: number): Peer => ground.fleet.alive[index] as Peer
const said = { by: 'ana', reason: 'repairs' }

describe.each(['host', 'redis'] as const)('somebody without a breaker (%s)', { timeout: 30_000 }, (kind) => {
  it('sees circuits, healthy ones too, what was seen of them, and who changed what', async () => {
    const { fleet } = ground
    const [well, sick] = [`${kind}-well`, `${kind}-sick`]
    for (const name of [well, sick])
      await fleet.breakers(name, { storage: storages[kind], failMax: 2, resetTimeout: long })
    for (const each of [0, 1, 2]) await peer(each).call(well, 'ok', 4)
    await peer(0).call(sick, 'fail', 2)
    await fleet.all(sick, 'open')
    await peer(1).call(sick, 'ok', 3)
    await peer(1).does(sick, 'close')
    await peer(1).does(sick, 'force', 'open', { for: long, ...said })
    await peer(2).tell('does', sick, 'update', { failMax: 9 }, { by: 'bob', reason: 'touchy' })
    await peer(2).tell('does', sick, 'release', { by: 'cy' })

    const storage = eyes[kind]
    await until(async () => {
      const listed = (await storage.list?.()) ?? []
      return [well, sick].every((name) => listed.includes(name))
    })
    expect(await storage.list?.()).toEqual(expect.arrayContaining([well, sick]))
    const told = (await storage.transitions?.({ circuit: sick, limit: 10 })) ?? []
    expect(told.map(({ from, to, act, by, why }) => [from, to, act, by, why])).toEqual([
      ['open', 'half-open', 'released', 'cy', 'release() was called'],
      ['open', 'open', 'updated', 'bob', 'touchy'],
      ['closed', 'open', 'forced', 'ana', 'repairs'],
      ['open', 'closed', undefined, undefined, 'close() was called'],
      ['closed', 'open', undefined, undefined, expect.stringContaining('in a row failed')],
    ])
    expect(told[1]?.overrides).toEqual({ failMax: 9 })
    expect(told.at(-1)?.counts.fails).toHaveLength(2)
    const sums = async () => {
      const reports = (await storage.reports?.([well, sick])) ?? []
      return reports.map((report) => {
        const sum = (key: 'calls' | 'failures' | 'rejected'): number =>
          (report?.steps ?? []).reduce((total, step) => total + step[key], 0)
        return [report?.processes.length, sum('calls'), sum('failures'), sum('rejected')]
      })
    }
    const expected = JSON.stringify([
      [3, 12, 0, 0],
      [3, 2, 2, 3],
    ])
    await until(async () => JSON.stringify(await sums()) === expected)
    expect(await storage.read(['nobody'], ONLOOKER)).toEqual([undefined])
  })

  it('acts on what processes do, and on nothing that nobody knows', async () => {
    const { fleet } = ground
    const name = `${kind}-acted`
    await fleet.breakers(name, { storage: storages[kind], resetTimeout: long })
    const operator = new Operator(eyes[kind])
    expect(await operator.force(`${kind}-unknown`, 'open')).toBeUndefined()
    await until(async () => ((await eyes[kind].list?.()) ?? []).includes(name))
    await operator.force(name, 'open', { for: long, ...said })
    await fleet.all(name, 'open')
    for (const { forced } of await fleet.looks(name)) expect(forced).toMatchObject(said)
    expect(await peer(0).call(name, 'ok')).toEqual(['forced'])
    await operator.release(name, said)
    await fleet.all(name, 'half-open')
    await operator.close(name, said)
    await fleet.all(name, 'closed')
    await operator.update(name, { failMax: 2 }, said)
    await until(async () =>
      (await fleet.looks(name)).every(({ text }) => text.includes('opens at 2 failures in a row')),
    )
    await peer(1).call(name, 'fail', 2)
    await fleet.all(name, 'open')
  })
})

describe('a restart of all applications', { timeout: 60_000 }, () => {
  const restart = async (): Promise<void> => {
    const { fleet } = ground
    await Promise.all(fleet.alive.map((each) => each.kill()))
    for (let index = 0; index < 3; index++) fleet.start()
    await fleet.each((each, index) => each.storage('again', ground.plan('redis', options, index)))
  }

  it('ends no hold and no update; a hold ends in time in every process', async () => {
    const { fleet, server } = ground
    const [held, brief] = ['held', 'brief']
    for (const name of [held, brief]) await fleet.breakers(name, { storage: storages.redis, resetTimeout: long })
    await peer(0).does(held, 'force', 'open', { for: long, ...said })
    await peer(0).tell('does', held, 'update', { failMax: 3 }, said)
    await peer(1).does(brief, 'force', 'open', { for: 4_000, ...said })
    await restart()
    for (const name of [held, brief]) await fleet.breakers(name, { storage: 'again', resetTimeout: long })

    for (const look of await fleet.looks(held)) {
      expect(look).toMatchObject({ state: 'open', scope: 'fleet', forced: { state: 'open', ...said } })
      expect(look.text).toContain('opens at 3 failures in a row')
    }
    expect(await peer(2).call(held, 'ok')).toEqual(['forced'])

    const ends = Number((await shown(server, 'infuse:{brief}'))['forced_until'])
    await fleet.each(async (each) => {
      let last: { readonly state: string; readonly by: number } | undefined
      await until(async () => {
        const { state } = await each.look(brief)
        last = { state, by: Date.now() }
        return state === 'half-open'
      }, 20_000)
      expect(last?.by, 'not before its time').toBeGreaterThanOrEqual(ends - 50)
    })
    expect(await peer(0).call(brief, 'ok')).toEqual(['ok'])
    await fleet.all(brief, 'closed')
  })

  it('leaves the circuits to an operator meanwhile', async () => {
    const { fleet } = ground
    const name = 'between'
    await fleet.breakers(name, { storage: 'again', resetTimeout: long })
    await until(async () => ((await eyes.redis.list?.()) ?? []).includes(name))
    await Promise.all(fleet.alive.map((each) => each.kill()))
    const operator = new Operator(eyes.redis)
    await operator.force(name, 'closed', { for: long, ...said })
    await operator.update(name, { successThreshold: 2 }, said)
    await restart()
    await fleet.breakers(name, { storage: 'again', failMax: 1, resetTimeout: long })
    expect(await peer(0).call(name, 'fail', 3)).toEqual(['failed', 'failed', 'failed'])
    await operator.close(name, said)
    // Held closed or closed: the end of the hold tells one from the other.
    await until(async () => (await fleet.looks(name)).every(({ forced }) => forced === undefined))
    expect(await fleet.states(name)).toEqual(['closed', 'closed', 'closed'])
  })

  it('caused no unhandled rejection and no line of output', () => ground.quiet())
})
