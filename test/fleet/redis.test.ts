// Eight processes and one Redis that is well: what a healthy call costs, a trip, one trial, one sick process.

import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { mostAtOnce, runsOf } from '../support/processes.ts'
import { until } from '../support/redis-server.ts'
import { changes, commandsRun, Ground, outcomes, shown, WITHIN } from './ground.ts'

let ground: Ground
let storage: string
beforeAll(async () => {
  ground = await Ground.start('fleet-redis')
  // A refresh that never comes: what is told here is pushed.
  storage = await ground.storage('redis', { refreshInterval: 600_000, timeout: 1_000 })
}, 30_000)
afterAll(() => ground[Symbol.asyncDispose]())

describe('eight processes on one Redis', { timeout: 30_000 }, () => {
  it('send no storage command for healthy calls', async () => {
    const { fleet, server } = ground
    await fleet.breakers('healthy', { storage })
    let before = await commandsRun(server)
    await until(async () => {
      // Subscriptions bring a last read with them.
      await new Promise((resolve) => setTimeout(resolve, 150))
      const again = await commandsRun(server)
      const still = JSON.stringify(again) === JSON.stringify(before)
      before = again
      return still
    })
    await fleet.each((peer) => peer.measure('healthy', 2_000))
    await fleet.each((peer) => peer.tell('settled', 'healthy'))
    expect(await commandsRun(server)).toEqual(before)
    const looks = await fleet.looks('healthy')
    expect(looks.map(({ stats }) => stats.successes)).toEqual(looks.map(() => 2_000))
  })

  it('stop together, on failures of which each process saw too few, after asking the others; each tells it once', async () => {
    const { fleet, server } = ground
    await fleet.breakers('shared', { storage, failMax: 5, resetTimeout: 60_000 })
    await fleet.each((peer) => peer.call('shared', 'ok'))
    const monitor = await server.monitor()
    for (let turn = 0; turn < 2; turn++)
      await Promise.all(fleet.peers.slice(0, 4).map((peer) => peer.call('shared', 'fail')))
    await fleet.all('shared', 'open')
    monitor.end()
    const looks = await fleet.looks('shared')
    expect(looks.map(changes)).toEqual(looks.map(() => ['closed->open']))
    const mover = looks.filter(({ events }) => events.some(({ text }) => text.endsWith('local')))
    expect(mover).toHaveLength(1)
    for (const { scope, reason } of looks)
      expect([scope, reason]).toEqual([
        'fleet',
        expect.stringMatching(/^\d+ calls in a row failed, in the whole fleet/),
      ])
    const published = monitor.lines.filter((line) => /"publish" "infuse:\{shared\}"/i.test(line))
    const kinds = published.map((line) => /\\"kind\\":\\"(\w+)\\"/.exec(line)?.[1])
    expect(kinds.indexOf('ask')).toBeGreaterThanOrEqual(0)
    expect(kinds.lastIndexOf('record')).toBeGreaterThan(kinds.indexOf('ask'))
    expect(kinds.filter((kind) => kind === 'record')).toHaveLength(1)
    // From the last failure that let it happen to the last process that rejects: promised below 100 ms.
    const last = Math.max(...looks.flatMap(({ runs }) => runs.map(({ end }) => end)))
    const told = Math.max(...looks.flatMap(({ events }) => events.map(({ at }) => at)))
    expect(told - last).toBeLessThan(1_000)
    const answers = await fleet.each((peer) => peer.call('shared', 'ok'))
    expect(answers.flat()).toEqual(answers.map(() => 'open'))
  })

  it('stop together without asking where confirm is 0', async () => {
    const { fleet, server } = ground
    const curt = await ground.storage('redis', { refreshInterval: 600_000, timeout: 1_000, confirm: 0 })
    await fleet.breakers('curt', { storage: curt, failMax: 4, resetTimeout: 60_000 })
    const monitor = await server.monitor()
    await Promise.all(fleet.peers.slice(0, 4).map((peer) => peer.call('curt', 'fail')))
    await fleet.all('curt', 'open')
    monitor.end()
    expect(monitor.lines.some((line) => line.includes('\\"kind\\":\\"ask\\"'))).toBe(false)
    const looks = await fleet.looks('curt')
    expect(looks.map(changes)).toEqual(looks.map(() => ['closed->open']))
  })

  it('let one trial go out at a time, whoever fails it, and close together after one that succeeds', async () => {
    const { fleet } = ground
    await fleet.breakers('trial', { storage, failMax: 5, resetTimeout: 250, trialTimeout: 60_000 })
    await fleet.peers[0]?.does('trial', 'open')
    await fleet.all('trial', 'open')
    await fleet.each((peer) => peer.mode('trial', 'hang'))
    await fleet.each((peer) => peer.traffic('trial', 3))
    for (const [turn, outcome] of (['fail', 'fail', 'ok'] as const).entries()) {
      await until(async () => runsOf(await fleet.looks('trial')).length > turn, WITHIN)
      // Everybody goes on calling, and is refused.
      const before = await fleet.looks('trial')
      await until(async () => {
        const looks = await fleet.looks('trial')
        return looks.every(({ rejections }, index) => rejections > (before[index]?.rejections ?? 0) + 20)
      })
      const looks = await fleet.looks('trial')
      expect(runsOf(looks)).toHaveLength(turn + 1)
      expect(new Set(looks.map(({ state }) => state))).toEqual(new Set(['half-open']))
      if (outcome === 'ok') await fleet.each((peer) => peer.rest('trial'))
      await fleet.each((peer) => peer.release('trial', outcome))
    }
    await fleet.all('trial', 'closed')
    const looks = await fleet.looks('trial')
    expect(mostAtOnce(runsOf(looks))).toBe(1)
    const round = ['open->half-open', 'half-open->open']
    const told = ['closed->open', ...round, ...round, 'open->half-open', 'half-open->closed']
    expect(looks.map(changes)).toEqual(looks.map(() => told))
    const trials = looks.map(({ stats }) => stats.trials)
    expect(trials.reduce((sum, each) => sum + each)).toBe(3)
  })

  it('are not stopped by one sick process, which stops by itself', async () => {
    const { fleet, server } = ground
    const [sick, ...well] = fleet.peers
    await fleet.breakers('sick', { storage, failMax: 5, resetTimeout: 150 })
    await fleet.each((peer) => peer.traffic('sick', 5))
    await until(async () => (await fleet.looks('sick')).every(({ stats }) => stats.successes > 10))
    await sick?.mode('sick', 'fail')
    // It opens, and its trials fail, again and again.
    await until(async () => Number((await sick?.look('sick'))?.stats.trials) >= 4)
    const looks = await Promise.all(well.map((peer) => peer.look('sick')))
    expect(looks.map(({ state, events }) => [state, events])).toEqual(looks.map(() => ['closed', []]))
    expect(looks.map(({ rejections }) => rejections)).toEqual(looks.map(() => 0))
    const look = await sick?.look('sick')
    expect(look?.scope).toBe('local')
    // 5 failures (or a few more that were under way), then one per trial.
    expect(look?.stats.failures).toBeLessThanOrEqual(5 + Number(look?.stats.trials))
    expect(look?.rejections).toBeGreaterThan(Number(look?.stats.failures))
    expect(await server.command('EXISTS', 'infuse:transitions:{sick}')).toBe(0)
    await sick?.mode('sick', 'ok')
    await until(async () => (await sick?.state('sick')) === 'closed')
    await fleet.each((peer) => peer.rest('sick'))
  })

  it('leave a record that a person can read, and nothing that outlives its use by more than a day', async () => {
    const { fleet, server } = ground
    await fleet.breakers('payments', { storage, failMax: 3, resetTimeout: 3_600_000 })
    await fleet.peers[3]?.call('payments', 'fail', 3)
    await fleet.peers[3]?.does('payments', 'force', 'open', { for: 60_000, by: 'anna', reason: 'maintenance' })
    const record = await shown(server, 'infuse:{payments}')
    expect(record).toMatchObject({ state: 'open', forced: 'open', by: 'anna', why: 'maintenance' })
    expect(record['policy']).toBe('3 failures in a row')
    const openedAt = new Date(Number(record['period']))
    expect(Math.abs(openedAt.getTime() - Date.now())).toBeLessThan(60_000)
    const hour = 3_600_000
    for (const key of (await server.command('KEYS', '*')) as string[]) {
      const left = Number(await server.command('PTTL', key))
      expect(left, key).toBeGreaterThan(23 * hour)
      if (key !== 'infuse:names') expect(left, key).toBeLessThanOrEqual(25 * hour)
    }
  })

  it('go on when the server has forgotten the script', async () => {
    const { fleet, server } = ground
    await fleet.breakers('forgotten', { storage, failMax: 4, resetTimeout: 200 })
    await server.command('SCRIPT', 'FLUSH')
    await Promise.all(fleet.peers.slice(0, 4).map((peer) => peer.call('forgotten', 'fail')))
    await fleet.all('forgotten', 'open')
    await server.command('SCRIPT', 'FLUSH')
    await fleet.each((peer) => peer.traffic('forgotten', 5))
    await fleet.all('forgotten', 'closed')
    await fleet.each((peer) => peer.rest('forgotten'))
    const looks = await fleet.looks('forgotten')
    expect(looks.map(outcomes)).toEqual(looks.map(() => ['closed->open', 'open->closed']))
  })

  it('send no command but those that the page on Redis allows', async () => {
    const { fleet, server } = ground
    const monitor = await server.monitor()
    const fresh = await ground.storage('redis', { refreshInterval: 200, timeout: 1_000 })
    await fleet.breakers('watched', { storage: fresh, failMax: 4, resetTimeout: 200 })
    await Promise.all(fleet.peers.slice(0, 4).map((peer) => peer.call('watched', 'fail')))
    await fleet.all('watched', 'open')
    await fleet.each((peer) => peer.traffic('watched', 5))
    await fleet.all('watched', 'closed')
    await fleet.each((peer) => peer.rest('watched'))
    await fleet.each((peer) => peer.tell('dispose', 'watched'))
    await until(() => monitor.lines.filter((line) => line.includes('"unsubscribe"')).length >= 8)
    monitor.end()
    // Those of the library and its script, then those with which clients greet a server.
    const allowed = `evalsha eval time exists hmget hset hdel hlen del pttl pexpire xadd xrevrange zadd zscore zrevrange
      zremrangebyscore zremrangebyrank publish pubsub subscribe unsubscribe hello ping info client select`.split(/\s+/)
    const sent = new Set(
      monitor.lines
        .filter((line) => !/"(HGETALL|INFO|KEYS|PTTL|EXISTS)" ?$/.test(line))
        .map((line) => /\] "(\w+)"/.exec(line)?.[1]?.toLowerCase()),
    )
    expect([...sent].filter((command) => !allowed.includes(String(command)))).toEqual([])
    for (const command of ['evalsha', 'publish', 'subscribe', 'xadd']) expect(sent).toContain(command)
  })

  it('caused no unhandled rejection and no line of output', () => ground.quiet())
})
