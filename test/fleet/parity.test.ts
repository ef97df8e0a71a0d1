// PyBreaker 1.4 and Infuse 0.4 on Redis, row by row. The number in a name is the row of docs/parity.md. Each storage
// here is a process of its own as far as Redis can tell; where that is not enough there are real ones.

import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { CircuitBreaker, type CircuitBreakerOptions, isCircuitBreakerError } from '../../src/index.ts'
import { RedisStorage, type RedisStorageOptions } from '../../src/redis/index.ts'
import { compiled, Fleet, runsOf } from '../support/processes.ts'
import { PythonPeer } from '../support/python-peer.ts'
import { type Connected, families } from '../support/redis-clients.ts'
import { RedisServer, until } from '../support/redis-server.ts'

let server: RedisServer
const connections: Connected[] = []
const breakers: CircuitBreaker[] = []
const storages: RedisStorage[] = []
beforeAll(async () => {
  server = await RedisServer.start()
})
afterAll(() => server[Symbol.asyncDispose]())
afterEach(async () => {
  for (const breaker of breakers.splice(0)) await breaker.dispose()
  for (const storage of storages.splice(0)) await storage.dispose()
  for (const connection of connections.splice(0)) await connection.end()
  await server.flush()
})

/** As another process would: a connection, a storage, a breaker. */
async function make(options: CircuitBreakerOptions = {}, shared: RedisStorageOptions = {}): Promise<CircuitBreaker> {
  const family = families[connections.length % families.length]
  if (family === undefined) throw new Error('There are no clients')
  const connection = await family.single(server.port)
  connections.push(connection)
  const storage = new RedisStorage(connection.client, { timeout: 1_000, ...shared })
  storages.push(storage)
  const breaker = new CircuitBreaker({ name: 'payments', storage, ...options })
  breakers.push(breaker)
  await breaker.ready()
  return breaker
}

/** `ok`, `failed`, or why it was rejected. */
async function call(breaker: CircuitBreaker, outcome: 'ok' | 'fail' = 'ok'): Promise<string> {
  try {
    await breaker.call(async () => {
      if (outcome === 'fail') throw new Error('sick')
    })
    return 'ok'
  } catch (error) {
    return isCircuitBreakerError(error) ? (error as { reason: string }).reason : 'failed'
  }
}

async function calls(breaker: CircuitBreaker, outcome: 'ok' | 'fail', times: number): Promise<string[]> {
  const answers: string[] = []
  for (let left = times; left > 0; left--) answers.push(await call(breaker, outcome))
  return answers
}

/** The first call that is let in, for a circuit whose time is nearly over. */
async function trial(breaker: CircuitBreaker, outcome: 'ok' | 'fail'): Promise<string> {
  let answer = ''
  await until(async () => {
    answer = await call(breaker, outcome)
    return answer !== 'open' && answer !== 'trial-in-flight'
  })
  return answer
}

const all = (state: string): Promise<void> => until(() => breakers.every((breaker) => breaker.state === state))

describe('PyBreaker: storage in Redis', () => {
  it('PyBreaker 29: breakers of one name and namespace hold one circuit, others do not', async () => {
    const [here, there, elsewhere] = [
      await make({}, { namespace: 'shop' }),
      await make({}, { namespace: 'shop' }),
      await make({}, { namespace: 'bank' }),
    ]
    await here.open()
    await until(() => there.state === 'open')
    expect([await call(there), await call(elsewhere)]).toEqual(['open', 'ok'])
    expect(await server.command('EXISTS', 'infuse:{shop:payments}')).toBe(1)
    expect(elsewhere.state).toBe('closed')
  })

  it('PyBreaker 29: a key that is missing is made again, and the circuit stays as it was', async () => {
    const breaker = await make({}, { refreshInterval: 100 })
    await breaker.open()
    await server.command('DEL', 'infuse:{payments}')
    expect(await call(breaker)).toBe('open')
    await until(async () => (await server.command('HGET', 'infuse:{payments}', 'state')) === 'open')
  })

  it('PyBreaker 29: whenDown is the state while Redis does not answer, and the circuit goes on from there', async () => {
    const states = ['last-known', 'closed', 'open', 'half-open'] as const
    for (const whenDown of states)
      await make({ name: whenDown, failMax: 2, resetTimeout: 60_000 }, { whenDown, refreshInterval: 100, timeout: 100 })
    await breakers[0]?.open()
    await server.kill()
    await until(() => breakers[1]?.explain().text !== '' && breakers.slice(2).every(({ state }) => state !== 'closed'))
    expect(breakers.map(({ state }) => state)).toEqual(['open', 'closed', 'open', 'half-open'])
    // Protection goes on, and so does recovery.
    const [lastKnown, closed, open, halfOpen] = breakers as [
      CircuitBreaker,
      CircuitBreaker,
      CircuitBreaker,
      CircuitBreaker,
    ]
    expect([await call(lastKnown), await call(open)]).toEqual(['open', 'open'])
    expect(await calls(closed, 'fail', 3)).toEqual(['failed', 'tripped', 'open'])
    expect([await call(halfOpen), halfOpen.state]).toEqual(['ok', 'closed'])
    await server.start()
  })

  it('PyBreaker 30: a trip here opens the circuit of a Python process, and its close there closes it here', async () => {
    const breaker = await make(
      { failMax: 2, resetTimeout: 60_000 },
      { namespace: 'shop', mirror: 'pybreaker', refreshInterval: 50 },
    )
    const python = new PythonPeer(server, 'pybreaker', 'shop:payments:pybreaker:')
    await python.start()
    await calls(breaker, 'fail', 2)
    await until(async () => (await python.sees())['state'] === 'open')
    const sees = await python.sees()
    expect(sees['opened_at']).toMatch(/^\d{10}$/)
    await python.halfOpen()
    await python.close()
    await until(() => breaker.state === 'closed')
    expect(await call(breaker)).toBe('ok')
  })

  it('PyBreaker 30: a trip of a Python process opens the circuit here, and the trial from here closes it there', async () => {
    const breaker = await make(
      { failMax: 2, resetTimeout: 1_000 },
      { namespace: 'shop', mirror: 'pybreaker', refreshInterval: 50 },
    )
    const python = new PythonPeer(server, 'pybreaker', 'shop:payments:pybreaker:')
    await python.start()
    await call(breaker)
    await python.failure()
    await python.trip()
    await until(() => breaker.state === 'open')
    expect(await call(breaker)).toBe('open')
    expect(breaker.explain().scope).toBe('fleet')
    expect(await trial(breaker, 'ok')).toBe('ok')
    await until(async () => (await python.sees())['state'] === 'closed')
    expect(await python.sees()).toMatchObject({ state: 'closed', fail_counter: '0' })
  })

  it('PyBreaker 30: failures here and in a Python process are counted together', async () => {
    const breaker = await make(
      { failMax: 4, resetTimeout: 60_000 },
      { namespace: 'shop', mirror: 'pybreaker', confirm: 0, refreshInterval: 50 },
    )
    const python = new PythonPeer(server, 'pybreaker', 'shop:payments:pybreaker:')
    await python.start()
    await calls(breaker, 'fail', 1)
    await until(async () => (await python.sees())['fail_counter'] === '1')
    await python.failure()
    await python.failure()
    await calls(breaker, 'fail', 1)
    await until(() => breaker.state === 'open')
    expect((await python.sees())['state']).toBe('open')
  })

  it('PyBreaker 31: a thousand concurrent failures of processes on one Redis are a thousand', {
    timeout: 30_000,
  }, async () => {
    await using fleet = new Fleet(compiled('fleet-parity'), 4)
    await fleet.each((peer, index) =>
      peer.storage('redis', {
        kind: 'redis',
        client: index % 2 ? 'redis-6' : 'ioredis-6',
        port: server.port,
        options: { timeout: 2_000 },
      }),
    )
    await fleet.breakers('thousand', { storage: 'redis', failMax: 1_000, resetTimeout: 300, trialTimeout: 600_000 })
    await Promise.all(fleet.peers.map((peer, index) => peer.burst('thousand', 'fail', index === 0 ? 249 : 250)))
    await fleet.each((peer) => peer.tell('settled', 'thousand'))
    expect(await fleet.states('thousand')).toEqual(fleet.peers.map(() => 'closed'))
    const fails = String(await server.command('HGET', 'infuse:{thousand}', 'fails'))
    expect(fails.split(',')).toHaveLength(999)
    // The thousandth opens it for all.
    await fleet.peers[0]?.call('thousand', 'fail')
    await fleet.all('thousand', 'open')
    // Of a thousand concurrent calls on the circuit that is due one is the trial.
    await until(async () =>
      (await fleet.looks('thousand')).every(({ nextTrialAt }) => Number(nextTrialAt) <= Date.now()),
    )
    await fleet.each((peer) => peer.mode('thousand', 'hang'))
    const bursts = fleet.peers.map((peer) => peer.burst('thousand', 'hang', 250))
    await until(async () => (await fleet.looks('thousand')).reduce((sum, { rejections }) => sum + rejections, 0) >= 999)
    const trials = runsOf(await fleet.looks('thousand')).filter(({ outcome }) => outcome === 'hang')
    expect(trials).toHaveLength(1)
    await fleet.each((peer) => peer.release('thousand', 'ok'))
    const answers = (await Promise.all(bursts)).flat().map(({ answer }) => answer)
    expect(answers.filter((answer) => answer === 'ok')).toHaveLength(1)
    await fleet.all('thousand', 'closed')
  })

  it('PyBreaker 32: in Redis the trial successes of all processes count together', async () => {
    const options = { successThreshold: 3, resetTimeout: 100, failMax: 1 }
    const [one, two] = [await make(options), await make(options)]
    await one.halfOpen()
    await all('half-open')
    expect(await trial(one, 'ok')).toBe('ok')
    await until(() => two.successCounter === 1)
    expect(await trial(two, 'ok')).toBe('ok')
    await until(() => one.successCounter === 2)
    expect([one.state, two.state]).toEqual(['half-open', 'half-open'])
    expect(await trial(one, 'ok')).toBe('ok')
    await all('closed')
    expect([one.successCounter, two.successCounter]).toEqual([0, 0])
  })

  it('PyBreaker 32: in Redis a failed trial of any process takes the successes back', async () => {
    const options = { successThreshold: 2, resetTimeout: 100, failMax: 1 }
    const [one, two] = [await make(options), await make(options)]
    await one.halfOpen()
    await all('half-open')
    expect(await trial(one, 'ok')).toBe('ok')
    await until(() => two.successCounter === 1)
    expect(await trial(two, 'fail')).toBe('trial-failed')
    await all('open')
    expect([one.successCounter, two.successCounter]).toEqual([0, 0])
    expect(await trial(one, 'ok')).toBe('ok')
    await until(() => two.successCounter === 1)
    expect(one.state).toBe('half-open')
  })

  it('PyBreaker 32: in Redis successThreshold is 1 unless told, and a change of it counts at once', async () => {
    const [one, two] = [await make({ resetTimeout: 100 }), await make({ resetTimeout: 100 })]
    expect(one.successThreshold).toBe(1)
    await one.halfOpen()
    await all('half-open')
    expect(await trial(two, 'ok')).toBe('ok')
    await all('closed')
    one.successThreshold = 2
    await one.halfOpen()
    await all('half-open')
    expect(await trial(one, 'ok')).toBe('ok')
    await one.settled()
    expect(one.state).toBe('half-open')
    expect(await trial(one, 'ok')).toBe('ok')
    await all('closed')
  })
})

describe('Infuse: storage in Redis', () => {
  it('Infuse 4: the fallback state holds with Redis stopped, and protection goes on in the process', async () => {
    for (const whenDown of ['closed', 'open', 'half-open'] as const)
      await make({ name: whenDown, failMax: 3, resetTimeout: 60_000 }, { whenDown, refreshInterval: 100, timeout: 100 })
    const [closed, open, halfOpen] = breakers as [CircuitBreaker, CircuitBreaker, CircuitBreaker]
    await closed.open()
    await server.stop()
    await until(() => breakers.map(({ state }) => state).join() === 'closed,open,half-open')
    expect(await calls(closed, 'fail', 4)).toEqual(['failed', 'failed', 'tripped', 'open'])
    expect(await call(open)).toBe('open')
    expect(await call(halfOpen, 'fail')).toBe('trial-failed')
    expect(halfOpen.state).toBe('open')
    await server.start()
    // What was open before is open again.
    await until(() => closed.explain().scope === 'fleet')
    expect(closed.state).toBe('open')
    // The fallback ends with the outage; the circuit that opened by itself stays open.
    await until(() => open.state === 'closed')
    expect(halfOpen.state).toBe('open')
    // What only stood in for storage ends with its return; what the process found out for itself stays.
    await until(() => open.state === 'closed')
    expect(halfOpen.state).toBe('open')
  })

  it('Infuse 14: a Python process and this library share one circuit', async () => {
    const breaker = await make(
      { failMax: 2, resetTimeout: 1_000 },
      { namespace: 'test:{name}', mirror: 'infuse', refreshInterval: 50 },
    )
    const python = new PythonPeer(server, 'infuse', 'infuse:test:payments:')
    await python.start()
    await calls(breaker, 'fail', 2)
    await until(async () => (await python.sees())['state'] === 'open')
    await python.close()
    await until(() => breaker.state === 'closed')
    await python.failure()
    await python.trip()
    await until(() => breaker.state === 'open')
    expect(await trial(breaker, 'ok')).toBe('ok')
    await until(async () => (await python.sees())['state'] === 'closed')
  })
})
