// Eight processes whose Redis fails in every way there is: callers notice nothing, each process protects itself and
// recovers by itself, one event tells of it, and when Redis is back all agree again.

import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { until } from '../support/redis-server.ts'
import { changes, Ground, shown, WITHIN } from './ground.ts'

const REFRESH = 400
// Longer than the default, so that a loaded machine is not taken for a slow Redis.
const options = { refreshInterval: REFRESH, timeout: 400 }
const held = { failMax: 3, resetTimeout: 600_000 }

let ground: Ground
let storage: string
beforeAll(async () => {
  ground = await Ground.start('fleet-faults')
  storage = await ground.storage('redis', options, ground.proxy.port)
}, 30_000)
afterAll(() => ground[Symbol.asyncDispose]())

interface Fault {
  readonly what: string
  begin(ground: Ground): Promise<void> | void
  end(ground: Ground): Promise<void> | void
  /** What it held is gone when it is back. */
  readonly empties?: boolean
}

const faults: readonly Fault[] = [
  {
    what: 'is killed and started again, empty',
    begin: ({ server }) => server.kill(),
    end: ({ server }) => server.start(),
    empties: true,
  },
  { what: 'is frozen', begin: ({ server }) => server.freeze(), end: ({ server }) => server.thaw() },
  {
    what: 'is out of memory',
    begin: ({ server }) => server.refuseMemory(true),
    end: ({ server }) => server.refuseMemory(false),
  },
  {
    what: 'is a replica',
    begin: async ({ server }) => void (await server.command('REPLICAOF', '127.0.0.1', '1')),
    end: async ({ server }) => void (await server.command('REPLICAOF', 'NO', 'ONE')),
  },
  {
    what: 'cannot be reached, and answers with resets',
    begin: ({ proxy }) => proxy.refuse(),
    end: ({ proxy }) => proxy.heal(),
  },
  { what: 'is behind a black hole', begin: ({ proxy }) => proxy.swallow(), end: ({ proxy }) => proxy.heal() },
  { what: 'takes a second to answer', begin: ({ proxy }) => proxy.delay(600), end: ({ proxy }) => proxy.heal() },
]

describe.each(faults)('eight processes whose Redis $what', { timeout: 40_000 }, ({ what, begin, end, empties }) => {
  const name = what.replace(/\W+/g, '-')
  const kept = `${name}.kept`

  it(`D11 go on by themselves, and agree again when it is well`, async () => {
    const { fleet, server } = ground
    await fleet.breakers(name, { storage, failMax: 3, resetTimeout: 300 })
    await fleet.breakers(kept, { storage, ...held })
    await fleet.peers[1]?.does(kept, 'open')
    await fleet.all(kept, 'open')
    await fleet.each((peer) => peer.call(name, 'ok', 3))
    await fleet.each((peer) => peer.tell('settled', name))

    await begin(ground)
    await until(async () => (await fleet.looks(name)).every(({ events }) => events.at(-1)?.text === 'down'))

    // Callers wait for nothing. Promised: less than 1 ms; a loaded machine stops processes for longer than that, so
    // it is the median that is looked at.
    const added = await fleet.each(async (peer) => {
      const answers = await peer.timed(name, 'ok', 200)
      expect(new Set(answers.map(({ answer }) => answer))).toEqual(new Set(['ok']))
      return answers.map((answer) => answer.added).toSorted((a, b) => a - b)
    })
    for (const sorted of added) expect(sorted[100]).toBeLessThan(10)

    // What was open stays open; nobody tries at a trial that nobody could grant.
    const refused = await fleet.each((peer) => peer.call(kept, 'ok'))
    expect(refused.flat()).toEqual(refused.map(() => 'open'))

    // Who has trouble protects itself, alone, and finds its way back by itself.
    const [sick, ...well] = fleet.peers
    expect(await sick?.call(name, 'fail', 4)).toEqual(['failed', 'failed', 'tripped', 'open'])
    const others = await Promise.all(well.map((peer) => peer.call(name, 'ok')))
    expect(others.flat()).toEqual(others.map(() => 'ok'))
    expect((await sick?.look(name))?.scope).toBe('local')
    await until(async () => (await sick?.call(name, 'ok'))?.[0] === 'ok')
    expect(await sick?.state(name)).toBe('closed')

    await end(ground)
    await until(async () => (await fleet.looks(name)).every(({ events }) => events.at(-1)?.text === 'up'), WITHIN)
    await fleet.all(name, 'closed')
    await fleet.all(kept, 'open')
    // What a server forgot, those who know it put back.
    await until(async () => (await shown(server, `infuse:{${kept}}`))['state'] === 'open', WITHIN)
    if (empties) await until(async () => Number(await server.command('PTTL', `infuse:{${kept}}`)) > 0)

    const looks = await fleet.looks(name)
    const own = ['down', 'closed->open', 'open->half-open', 'half-open->closed', 'up']
    expect(looks.map(changes)).toEqual(looks.map((_, index) => (index === 0 ? own : ['down', 'up'])))
    expect(looks.flatMap(({ thrown }) => thrown)).toEqual([])
    const keptLooks = await fleet.looks(kept)
    expect(keptLooks.map(changes)).toEqual(keptLooks.map(() => ['closed->open', 'down', 'up']))

    // The fleet decides again.
    await fleet.peers[2]?.does(kept, 'close')
    await fleet.all(kept, 'closed')
  })
})

describe('eight processes whose Redis is emptied', { timeout: 40_000 }, () => {
  it('D4 keep what is open open, put it back, and go on counting', async () => {
    const { fleet, server } = ground
    await fleet.breakers('emptied', { storage, ...held })
    await fleet.breakers('counting', { storage, failMax: 4, resetTimeout: 600_000 })
    await fleet.peers[1]?.does('emptied', 'open')
    await fleet.all('emptied', 'open')
    await Promise.all(fleet.peers.slice(0, 2).map((peer) => peer.call('counting', 'fail')))
    await fleet.each((peer) => peer.tell('settled', 'counting'))
    await server.flush()
    await until(async () => (await shown(server, 'infuse:{emptied}'))['state'] === 'open', WITHIN)
    await Promise.all(fleet.peers.slice(0, 4).map((peer) => peer.call('counting', 'fail')))
    await fleet.all('counting', 'open')
    const looks = await fleet.looks('emptied')
    expect(looks.map(changes)).toEqual(looks.map(() => ['closed->open']))
  })

  it('D4 keep a trial in flight the only one', async () => {
    const { fleet, server } = ground
    await fleet.breakers('lease', { storage, failMax: 3, resetTimeout: 100, trialTimeout: 600_000 })
    const [holder, ...rest] = fleet.peers
    await holder?.does('lease', 'halfOpen')
    await fleet.all('lease', 'half-open')
    expect(await holder?.hold('lease')).toBe('runs')
    await until(async () =>
      (await Promise.all(rest.map((peer) => peer.call('lease', 'ok'))))
        .flat()
        .every((answer) => answer === 'trial-in-flight'),
    )
    await server.flush()
    await until(async () => (await shown(server, 'infuse:{lease}'))['state'] === 'half-open', WITHIN)
    const answers = await Promise.all(rest.map((peer) => peer.call('lease', 'ok')))
    expect(answers.flat()).toEqual(answers.map(() => 'trial-in-flight'))
    await holder?.release('lease', 'ok')
    await fleet.all('lease', 'closed')
  })
})

describe('eight processes whose connections are cut again and again', { timeout: 40_000 }, () => {
  it('D12 tell each change once, and do not come back all at once', async () => {
    const { fleet, proxy } = ground
    await fleet.breakers('cuts', { storage, ...held })
    for (let turn = 0; turn < 4; turn++) {
      proxy.refuse()
      await until(async () => (await fleet.looks('cuts')).every(({ events }) => events.at(-1)?.text === 'down'))
      proxy.heal()
      await until(async () => (await fleet.looks('cuts')).every(({ events }) => events.at(-1)?.text === 'up'))
    }
    const looks = await fleet.looks('cuts')
    const told = ['down', 'up']
    expect(looks.map(changes)).toEqual(looks.map(() => [...told, ...told, ...told, ...told]))
    // Refreshes are jittered: eight processes never read at one moment.
    const ups = looks.map(({ events }) => Number(events.at(-1)?.at)).toSorted((a, b) => a - b)
    expect(new Set(ups.map((at) => Math.floor(at / 2))).size).toBeGreaterThan(2)
  })

  it('D11 hear of changes again', async () => {
    const { fleet, proxy } = ground
    await fleet.breakers('after', { storage, ...held })
    proxy.cut()
    // A command that the cut takes with it is refused; a person gives it again.
    await until(async () => {
      await fleet.peers[0]?.does('after', 'open')
      return true
    })
    await fleet.all('after', 'open')
  })
})

describe('a process that is busy', { timeout: 40_000 }, () => {
  it('for longer than the deadline does not take its own delay for that of Redis', async () => {
    const { fleet } = ground
    await fleet.breakers('busy', { storage, ...held })
    await fleet.peers[0]?.tell('busy', 'busy', 2 * options.timeout)
    const look = await fleet.peers[0]?.look('busy')
    expect(look && changes(look)).toEqual(['closed->open'])
    await fleet.all('busy', 'open')
  })
})

describe('a process that starts', { timeout: 40_000 }, () => {
  it.each(['refuse', 'swallow'] as const)(
    'D11 while Redis is away (%s) is ready after its deadline, protects, and joins the rest later',
    async (how) => {
      const { fleet, proxy } = ground
      const name = `boot-${how}`
      await fleet.breakers(name, { storage, ...held })
      // It is not long since Redis was away.
      await until(
        async () =>
          (await fleet.peers[0]?.does(name, 'open').then(
            () => true,
            () => false,
          )) === true,
      )
      await fleet.all(name, 'open')
      proxy[how]()
      const fresh = fleet.start()
      await fresh.storage('late', { ...ground.plan('redis', options, 0, proxy.port), wait: false } as never)
      const ready = await fresh.breaker(name, { storage: 'late', ...held })
      expect(ready).toBeLessThan(options.timeout + 1_000)
      // It cannot know better yet.
      expect(await fresh.call(name, 'fail', 4)).toEqual(['failed', 'failed', 'tripped', 'open'])
      proxy.heal()
      await until(async () => (await fresh.look(name)).scope === 'fleet', WITHIN)
      expect(await fresh.state(name)).toBe('open')
      expect((await fresh.look(name)).thrown).toEqual([])
      await fresh.kill()
    },
  )
})

describe('eight processes that went through all of it', () => {
  it('D12 caused no unhandled rejection and no line of output', () => ground.quiet())
})
