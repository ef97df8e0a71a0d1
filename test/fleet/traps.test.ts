// The traps of a shared store, with eight real processes, on Redis and on the socket of one machine.

import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Look, mostAtOnce, now, type Peer, runsOf } from '../support/processes.ts'
import { until } from '../support/redis-server.ts'
import { changes, Ground, type Kind, outcomes, shown, WITHIN } from './ground.ts'

const options = { refreshInterval: 500, timeout: 1_000 }
const long = 600_000

let ground: Ground
const storages = {} as Record<Kind, string>
beforeAll(async () => {
  ground = await Ground.start('fleet-traps')
  storages.redis = await ground.storage('redis', options)
  storages.host = await ground.storage('host', options)
}, 30_000)
afterAll(() => ground[Symbol.asyncDispose]())

/** The process of this number. */
function peer(index: number): Peer {
  const found = ground.fleet.alive[index]
  if (found === undefined) throw new Error(`There is no process ${index}`)
  return found
}

function total(looks: readonly Look[], which: 'trials' | 'late'): number {
  return looks.reduce((sum, { stats }) => sum + stats[which], 0)
}

describe.each(['redis', 'host'] as const)('processes that share circuits (%s)', { timeout: 30_000 }, (kind) => {
  const storage = (): string => storages[kind]
  const named = (name: string): string => `${kind}-${name}`

  it('D1 a process that starts while a circuit is open finds it open, and leaves it so', async () => {
    const { fleet } = ground
    const name = named('d1')
    await fleet.breakers(name, { storage: storage(), resetTimeout: long })
    await peer(0).does(name, 'open')
    await fleet.all(name, 'open')
    const fresh = fleet.start()
    await fresh.storage('fresh', ground.plan(kind, options))
    await fresh.breaker(name, { storage: 'fresh', resetTimeout: long })
    expect(await fresh.state(name)).toBe('open')
    expect(await fresh.call(name, 'ok')).toEqual(['open'])
    const looks = await fleet.looks(name)
    expect(looks.map(changes)).toEqual(looks.map(() => ['closed->open']))
    await fresh.kill()
  })

  it('D2 all processes have one open time, and the circuit becomes half-open once, when it is over', async () => {
    const { fleet } = ground
    const name = named('d2')
    await fleet.breakers(name, { storage: storage(), resetTimeout: 600 })
    await peer(0).does(name, 'open')
    await fleet.all(name, 'open')
    const opened = await fleet.looks(name)
    expect(new Set(opened.map(({ openedAt }) => openedAt?.getTime())).size).toBe(1)
    const started = Math.min(...opened.flatMap(({ events }) => events.map(({ at }) => at)))
    await fleet.each((each) => each.mode(name, 'hang'))
    await fleet.each((each) => each.traffic(name, 10))
    await fleet.all(name, 'half-open')
    const looks = await fleet.looks(name)
    expect(looks.map(changes)).toEqual(looks.map(() => ['closed->open', 'open->half-open']))
    const halfOpened = looks.flatMap(({ events }) => events.slice(1).map(({ at }) => at))
    // A push takes a moment each way, so its own first event may be later than the true time.
    expect(Math.min(...halfOpened) - started).toBeGreaterThan(550)
    expect(runsOf(looks)).toHaveLength(1)
    await fleet.each((each) => each.rest(name))
    await fleet.each((each) => each.release(name, 'ok'))
    await fleet.all(name, 'closed')
  })

  it('D6 a call that takes long keeps no other process from calling, tripping or trying', async () => {
    const { fleet } = ground
    const name = named('d6')
    await fleet.breakers(name, { storage: storage(), failMax: 3, resetTimeout: 100, trialTimeout: 300 })
    expect(await peer(0).hold(name)).toBe('runs')
    expect(await peer(1).call(name, 'ok')).toEqual(['ok'])
    await peer(1).does(name, 'open')
    await fleet.all(name, 'open')
    // The next long call is the trial, and the one after its lease another.
    await until(async () => (await peer(2).hold(name)) === 'runs')
    expect(await peer(3).call(name, 'ok')).toEqual(['trial-in-flight'])
    await until(async () => (await peer(3).call(name, 'ok'))[0] === 'ok')
    await fleet.all(name, 'closed')
    await fleet.each((each) => each.release(name, 'fail'))
    await fleet.each((each) => each.tell('settled', name))
    const looks = await fleet.looks(name)
    expect(looks.map(({ state }) => state)).toEqual(looks.map(() => 'closed'))
    expect(total(looks, 'late')).toBe(2)
  })

  it('D7 failures of all processes at the same moment are all counted', async () => {
    const { fleet } = ground
    const name = named('d7')
    await fleet.breakers(name, { storage: storage(), failMax: 16, resetTimeout: long })
    await fleet.each((each) => each.burst(name, 'fail', 2))
    await fleet.all(name, 'open')
    const looks = await fleet.looks(name)
    expect(looks.map(changes)).toEqual(looks.map(() => ['closed->open']))
    expect(looks[0]?.reason).toContain('16 calls in a row failed')
  })

  it('D8, D24 of fifty nodes one makes the trial, and all of them recover', async () => {
    const name = named('d8')
    const plan = { resetTimeout: 250, trialTimeout: long }
    // Each node has a storage and a connection of its own; a process has six or seven of them.
    const nodes = Array.from({ length: 50 }, (_, index) => ({ peer: peer(index % 8), id: `${name}-${index}` }))
    await Promise.all(
      nodes.map(async (node, index) => {
        await node.peer.storage(node.id, ground.plan(kind, options, index % 2))
        await node.peer.tell('breaker', name, { ...plan, storage: node.id, as: node.id })
      }),
    )
    const looks = (): Promise<Look[]> => Promise.all(nodes.map((node) => node.peer.look(node.id)))
    await nodes[0]?.peer.does(nodes[0].id, 'open')
    await until(async () => (await looks()).every(({ state }) => state === 'open'))
    await Promise.all(nodes.map((node) => node.peer.mode(node.id, 'hang')))
    await Promise.all(nodes.map((node) => node.peer.traffic(node.id, 20)))
    await until(async () => (await looks()).every(({ state }) => state === 'half-open'))
    const before = await looks()
    await until(async () =>
      (await looks()).every(({ rejections }, index) => rejections > Number(before[index]?.rejections)),
    )
    expect(runsOf(await looks())).toHaveLength(1)
    await Promise.all(nodes.map((node) => node.peer.rest(node.id)))
    await Promise.all(nodes.map((node) => node.peer.release(node.id, 'ok')))
    await until(async () => (await looks()).every(({ state }) => state === 'closed'))
    const all = await looks()
    expect(total(all, 'trials')).toBe(1)
    expect(all.map(changes)).toEqual(all.map(() => ['closed->open', 'open->half-open', 'half-open->closed']))
    await Promise.all(nodes.map((node) => node.peer.tell('dispose', node.id)))
  })

  it('D9 when the process that makes the trial is killed, another makes the next after its lease', async () => {
    const { fleet } = ground
    const name = named('d9')
    const lease = 700
    await fleet.breakers(name, { storage: storage(), resetTimeout: 100, trialTimeout: lease })
    const holder = fleet.start()
    await holder.storage('own', ground.plan(kind, options, 1))
    await holder.breaker(name, { storage: 'own', resetTimeout: 100, trialTimeout: lease })
    await holder.does(name, 'halfOpen')
    await fleet.all(name, 'half-open')
    const asked = now()
    expect(await holder.hold(name)).toBe('runs')
    await everybodyBut(holder, name, 'trial-in-flight')
    await holder.kill()
    await fleet.each((each) => each.traffic(name, 5))
    await fleet.all(name, 'closed')
    await fleet.each((each) => each.rest(name))
    const looks = await fleet.looks(name)
    const next = runsOf(looks)[0]
    // Promised: within the lease and 100 ms.
    expect(Number(next?.start) - asked).toBeGreaterThanOrEqual(lease - 5)
    expect(Number(next?.start) - asked).toBeLessThan(lease + 1_000)
    expect(total(looks, 'trials')).toBe(1)
  })

  it('D10 what a trial says after its lease is void, when another process has taken over', async () => {
    const { fleet } = ground
    const name = named('d10')
    await fleet.breakers(name, { storage: storage(), resetTimeout: 50, trialTimeout: 200 })
    await peer(0).does(name, 'halfOpen')
    await fleet.all(name, 'half-open')
    expect(await peer(0).hold(name)).toBe('runs')
    await until(async () => (await peer(1).hold(name)) === 'runs')
    await peer(0).release(name, 'ok')
    await peer(0).tell('settled', name)
    // The second trial decides alone.
    expect(await fleet.states(name)).toEqual(fleet.alive.map(() => 'half-open'))
    await peer(1).release(name, 'fail')
    await fleet.all(name, 'open')
    const looks = await fleet.looks(name)
    expect(total(looks, 'late')).toBe(1)
    expect(looks.map(changes)).toEqual(looks.map(() => ['closed->half-open', 'half-open->open']))
  })

  it('D21 of a change that all processes want at once there is one, told once by each', async () => {
    const { fleet } = ground
    const name = named('d21')
    await fleet.breakers(name, { storage: storage(), failMax: 8, resetTimeout: 200 })
    for (let turn = 0; turn < 3; turn++) {
      await fleet.each((each) => each.burst(name, 'fail', 3))
      await fleet.all(name, 'open')
      await until(async () => (await fleet.each((each) => each.call(name, 'ok'))).flat().includes('ok'))
      await fleet.all(name, 'closed')
    }
    const looks = await fleet.looks(name)
    const round = ['closed->open', 'open->closed']
    expect(looks.map(outcomes)).toEqual(looks.map(() => [...round, ...round, ...round]))
    // Each change has one author.
    const local = looks.flatMap(({ events }) => events.filter(({ text }) => text.endsWith('local')))
    expect(local).toHaveLength(9)
  })

  it('D22 a fleet that is open while the dependency is well closes again; one whose minority is ill does not open', async () => {
    const { fleet } = ground
    const name = named('d22')
    await fleet.breakers(name, { storage: storage(), failMax: 5, resetTimeout: 300 })
    await peer(0).does(name, 'open')
    await fleet.all(name, 'open')
    await fleet.each((each) => each.traffic(name, 5))
    await fleet.all(name, 'closed')
    await until(async () => (await fleet.looks(name)).every(({ runs }) => runs.length > 5))
    await fleet.each((each) => each.forget(name))
    const ill = [peer(0), peer(1)]
    await Promise.all(ill.map((each) => each.mode(name, 'fail')))
    await until(async () =>
      (await Promise.all(ill.map((each) => each.look(name)))).every(({ rejections }) => rejections > 20),
    )
    const looks = await fleet.looks(name)
    for (const { state, rejections, events } of looks.slice(2))
      expect([state, rejections, events]).toEqual(['closed', 0, []])
    await fleet.each((each) => each.rest(name))
  })

  it('D23 processes with other settings, as in a rolling deploy, share a circuit that none of them spoils', async () => {
    const { fleet } = ground
    const name = named('d23')
    const rate = { threshold: 0.5, window: 10_000, minimumCalls: 6 }
    await fleet.each((each, index) =>
      each.breaker(name, {
        storage: storage(),
        resetTimeout: 300,
        ...(index % 2 === 0 ? { failMax: 12 } : { trip: { rate } }),
      }),
    )
    // Each of those with a rate sees too little, all of them enough.
    const young = [1, 3, 5, 7].map(peer)
    const old = [0, 2, 4, 6].map(peer)
    await Promise.all(young.map((each) => each.call(name, 'fail', 2)))
    await fleet.all(name, 'open')
    await everybodyOnce(name)
    await fleet.all(name, 'closed')
    await Promise.all(old.map((each) => each.call(name, 'fail', 4)))
    await fleet.all(name, 'open')
    const looks = await fleet.looks(name)
    const told = ['closed->open', 'open->closed', 'closed->open']
    expect(looks.map(outcomes)).toEqual(looks.map(() => told))
    expect(looks.flatMap(({ thrown }) => thrown)).toEqual([])
  })

  it('N12 machines whose clocks are minutes apart, and drift, make one trial, on time', async () => {
    const { fleet } = ground
    const name = named('n12')
    const skews = [0, 300_000, -300_000, 60_000, -60_000, 299_999, 1, -300_000]
    const drifts = [0, 1e-4, -1e-4, 0, 1e-3, -1e-3, 0, 0]
    await fleet.each(async (each, index) => {
      // A line goes by the clock of its first breaker, so each has a line of its own.
      await each.storage(name, ground.plan(kind, options, index))
      const clock = { ahead: skews[index] ?? 0, drift: drifts[index] ?? 0 }
      await each.breaker(name, { storage: name, resetTimeout: 600, trialTimeout: long, clock })
    })
    await peer(1).does(name, 'open')
    await fleet.all(name, 'open')
    const opened = await fleet.looks(name)
    const started = Math.min(...opened.flatMap(({ events }) => events.map(({ at }) => at)))
    await fleet.each((each) => each.mode(name, 'hang'))
    await fleet.each((each) => each.traffic(name, 5))
    await fleet.all(name, 'half-open')
    const looks = await fleet.looks(name)
    const runs = runsOf(looks)
    expect(runs).toHaveLength(1)
    const waited = Number(runs[0]?.start) - started
    expect(waited).toBeGreaterThan(550)
    expect(waited).toBeLessThan(600 + 1_000)
    expect(new Set(opened.map(({ openedAt }) => openedAt?.getTime())).size).toBe(1)
    await fleet.each((each) => each.rest(name))
    await fleet.each((each) => each.release(name, 'ok'))
    await fleet.all(name, 'closed')
    await fleet.each((each) => each.tell('dispose', name))
  })

  it('N13 at most `trials` calls are in flight, over all processes and however many ask at once', async () => {
    const { fleet } = ground
    const name = named('n13')
    const plan = { storage: storage(), trials: 3, successThreshold: 6, resetTimeout: 100, trialTimeout: long }
    await fleet.breakers(name, plan)
    await peer(0).does(name, 'halfOpen')
    await fleet.all(name, 'half-open')
    await fleet.each((each) => each.mode(name, 'hang'))
    await fleet.each((each) => each.traffic(name, 3))
    for (const done of [0, 3]) {
      await until(async () => runsOf(await fleet.looks(name)).length === done + 3)
      const before = await fleet.looks(name)
      await until(async () =>
        (await fleet.looks(name)).every(({ rejections }, index) => rejections > Number(before[index]?.rejections) + 10),
      )
      expect(runsOf(await fleet.looks(name))).toHaveLength(done + 3)
      if (done === 3) await fleet.each((each) => each.rest(name))
      // Only those that are in flight now: others take their places at once.
      const running = (await fleet.looks(name)).map(({ runs }) => runs.filter(({ end }) => end === 0).length)
      await fleet.each((each, index) => each.release(name, 'ok', running[index]))
    }
    await fleet.all(name, 'closed')
    const looks = await fleet.looks(name)
    expect(mostAtOnce(runsOf(looks))).toBe(3)
    expect(looks.map(changes)).toEqual(looks.map(() => ['closed->half-open', 'half-open->closed']))
  })

  it('a caller that cannot wait asks, and the next one here is the trial', async () => {
    const { fleet } = ground
    const name = named('sync')
    await fleet.breakers(name, { storage: storage(), resetTimeout: 100, trialTimeout: long })
    await peer(0).does(name, 'halfOpen')
    await fleet.all(name, 'half-open')
    expect(await peer(1).callSync(name)).toBe('trial-in-flight')
    await until(async () => (await peer(1).callSync(name)) === 'ok')
    await fleet.all(name, 'closed')
    expect(total(await fleet.looks(name), 'trials')).toBe(1)
  })
})

async function everybodyBut(one: Peer, name: string, answer: string): Promise<void> {
  await until(async () => {
    const others = ground.fleet.alive.filter((each) => each !== one)
    const answers = await Promise.all(others.map((each) => each.call(name, 'ok')))
    return answers.flat().every((each) => each === answer)
  })
}

async function everybodyOnce(name: string): Promise<void> {
  await until(async () => (await ground.fleet.each((each) => each.call(name, 'ok'))).flat().includes('ok'))
}

describe('processes that share circuits through Redis', { timeout: 30_000 }, () => {
  it('D4 a key that is lost is no opinion: the circuit stays as it was, and is put back', async () => {
    const { fleet, server } = ground
    await fleet.breakers('d4', { storage: storages.redis, resetTimeout: long })
    await peer(0).does('d4', 'open')
    await fleet.all('d4', 'open')
    await server.command('DEL', 'infuse:{d4}')
    expect(await peer(3).call('d4', 'ok')).toEqual(['open'])
    await until(async () => (await shown(server, 'infuse:{d4}'))['state'] === 'open', WITHIN)
    const looks = await fleet.looks('d4')
    expect(looks.map(changes)).toEqual(looks.map(() => ['closed->open']))
    expect(Number(await server.command('PTTL', 'infuse:{d4}'))).toBeGreaterThan(0)
  })

  it('D13 a move that a client kept back while it was cut off changes nothing when it arrives', async () => {
    const { fleet, proxy, server } = ground
    await fleet.breakers('d13', { storage: storages.redis, resetTimeout: long })
    const cut = peer(0)
    // ioredis queues what it cannot send, and replays it.
    const plan = {
      kind: 'redis',
      client: 'ioredis-5',
      port: proxy.port,
      options: { ...options, timeout: 100 },
    } as const
    await cut.storage('cut', plan)
    await cut.tell('breaker', 'd13', { storage: 'cut', resetTimeout: long, as: 'cut' })
    await peer(1).does('d13', 'open')
    await until(async () => (await cut.state('cut')) === 'open')
    proxy.swallow()
    await expect(cut.does('cut', 'close')).rejects.toThrow('did not answer within 100 ms')
    await peer(1).does('d13', 'halfOpen')
    await peer(1).does('d13', 'open')
    await fleet.all('d13', 'open')
    const before = await shown(server, 'infuse:{d13}')
    proxy.heal()
    await until(async () => (await cut.look('cut')).scope === 'fleet', WITHIN)
    expect(await cut.state('cut')).toBe('open')
    await cut.tell('settled', 'cut')
    expect(await shown(server, 'infuse:{d13}')).toEqual(before)
    expect(await fleet.states('d13')).toEqual(fleet.alive.map(() => 'open'))
    await cut.tell('dispose', 'cut')
  })

  it('D19 a push that is lost is made good by the next refresh, and one that is old changes nothing', async () => {
    const { fleet, server } = ground
    await fleet.breakers('d19', { storage: storages.redis, resetTimeout: long })
    const heard: string[] = []
    const monitor = await server.monitor()
    await peer(0).does('d19', 'open')
    await fleet.all('d19', 'open')
    await peer(0).does('d19', 'close')
    await fleet.all('d19', 'closed')
    monitor.end()
    for (const line of monitor.lines) {
      const [, message] = /"publish" "infuse:\{d19\}" "(.*)"$/i.exec(line) ?? []
      if (message !== undefined) heard.push(message.replaceAll('\\"', '"'))
    }
    expect(heard).toHaveLength(2)
    // The push of the open state once more, after that of the closed one.
    await server.command('PUBLISH', 'infuse:{d19}', heard[0] ?? '')
    // A change that nobody was told of.
    const epoch = String(Date.now() + 60_000)
    const lost = ['state', 'open', 'epoch', epoch, 'period', epoch, 'until', String(Date.now() + long)]
    expect(await fleet.states('d19')).toEqual(fleet.alive.map(() => 'closed'))
    await server.command('HSET', 'infuse:{d19}', ...lost)
    await fleet.all('d19', 'open')
    const looks = await fleet.looks('d19')
    expect(looks.map(changes)).toEqual(looks.map(() => ['closed->open', 'open->closed', 'closed->open']))
  })

  it('D20, D23 what a newer version wrote is left alone; each process protects itself', async () => {
    const { fleet, server } = ground
    const epoch = String(Date.now() + 60_000)
    await server.command('HSET', 'infuse:{d23n}', 'v', '9', 'state', 'ajar', 'epoch', epoch)
    const before = await shown(server, 'infuse:{d23n}')
    const fresh = fleet.start()
    await fresh.storage('own', ground.plan('redis', options))
    await fresh.breaker('d23n', { storage: 'own', failMax: 3, resetTimeout: long })
    expect(await fresh.call('d23n', 'ok')).toEqual(['ok'])
    expect(await fresh.call('d23n', 'fail', 4)).toEqual(['failed', 'failed', 'tripped', 'open'])
    expect((await fresh.look('d23n')).scope).toBe('local')
    await fresh.tell('settled', 'd23n')
    expect(await shown(server, 'infuse:{d23n}')).toEqual(before)
    const { warnings, unhandled } = await fresh.faults()
    expect([warnings.length, unhandled]).toEqual([1, 0])
    expect(fresh.output.match(/Warning/g)).toHaveLength(1)
    fresh.output = ''
    await fresh.kill()
  })
})

describe('processes of one machine', { timeout: 30_000 }, () => {
  it('D4, D9 whose serving process is killed keep their circuits, and go on', async () => {
    const { fleet } = ground
    const plan = { storage: 'served', resetTimeout: long, failMax: 4 }
    // A socket of their own, so that the first to come is known to serve.
    const place = ground.plan('host', options)
    const path = 'path' in place ? `${place.path}.served` : ''
    const server = fleet.start()
    const join = async (each: Peer): Promise<void> => {
      await each.storage('served', { kind: 'host', path, options })
      await each.breaker('owner', plan)
      await each.breaker('trips', plan)
    }
    await join(server)
    await fleet.each((each) => (each === server ? Promise.resolve() : join(each)))
    await peer(0).does('owner', 'open')
    await fleet.all('owner', 'open')
    await server.kill()
    await Promise.all([0, 1, 2, 3].map((index) => peer(index).call('trips', 'fail')))
    expect((await fleet.each((each) => each.call('owner', 'ok'))).flat()).toEqual(fleet.alive.map(() => 'open'))
    await until(async () => (await fleet.looks('owner')).every(({ scope }) => scope === 'fleet'))
    const looks = await fleet.looks('owner')
    for (const look of looks) expect(changes(look).filter((text) => text.includes('->'))).toEqual(['closed->open'])
    await peer(5).does('owner', 'close')
    await fleet.all('owner', 'closed')
    await until(async () => {
      await Promise.all([0, 1, 2, 3].map((index) => peer(index).call('trips', 'fail')))
      return (await fleet.states('trips')).every((state) => state === 'open')
    })
  })
})

it('D12 eight processes caused no unhandled rejection and no line of output', () => ground.quiet())
