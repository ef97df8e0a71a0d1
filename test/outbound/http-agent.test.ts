// The guard for node:http and node:https, alone: what Node.js' own requests see of it.

import { once } from 'node:events'
import http from 'node:http'
import https from 'node:https'
import { text } from 'node:stream/consumers'
import axios from 'axios'
import { got } from 'got'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { findCircuitBreakerError } from '../../src/index.ts'
import { guardAxios } from '../../src/outbound/axios.ts'
import { guardGot } from '../../src/outbound/got.ts'
import { GuardedAgent, GuardedHttpsAgent, skipBreaker } from '../../src/outbound/http-agent.ts'
import { errorOf } from '../support/async.ts'
import { Circuits, until } from './circuits.ts'
import { type Adapter, outboundContract } from './contract.ts'
import { type Fleet, fleetWhoseTrialIsDue } from './fleet.ts'
import { Dependency, selfSigned, startUntrusted } from './servers.ts'

const adapter: Adapter = {
  name: 'http.Agent',
  sees: 'bodies',
  timeouts: ['headers', 'body'],
  aborts: 'error',
  connect: ({ breakers, options, timeouts = {} }) => {
    const limit = timeouts.headers ?? timeouts.body
    const shared = { keepAlive: true, maxSockets: 16, ...(limit !== undefined && { timeout: limit }), ...options }
    const agents = { http: new GuardedAgent(breakers, shared), https: new GuardedHttpsAgent(breakers, shared) }
    const begin = async (url: string, asked: http.RequestOptions = {}, body = ''): Promise<http.IncomingMessage> => {
      const secure = url.startsWith('https')
      const request = (secure ? https : http).request(url, { ...asked, agent: secure ? agents.https : agents.http })
      request.on('timeout', () => request.destroy())
      request.end(body)
      const [response] = (await once(request, 'response')) as [http.IncomingMessage]
      return response
    }
    return {
      request: async (url, { skipBreaker: skips, body, ...asked } = {}) => {
        const response = await begin(url, { ...asked, ...(skips === true && skipBreaker) }, body)
        const { statusCode = 0, headers } = response
        return { status: statusCode, body: await text(response), header: (name) => headers[name]?.toString() }
      },
      leave: async (url) => {
        const response = await begin(url)
        return { status: response.statusCode ?? 0, cancel: () => void response.destroy() }
      },
      end: () => {
        agents.http.destroy()
        agents.https.destroy()
      },
    }
  },
}

describe('a guarded http.Agent', () => outboundContract(adapter))

describe('a request through a guarded agent', () => {
  let dependency: Dependency
  beforeAll(async () => {
    dependency = await Dependency.start()
  })
  afterAll(() => dependency.end())

  const open = async (): Promise<{ circuits: Circuits; agent: GuardedAgent }> => {
    const circuits = new Circuits({ failMax: 1, resetTimeout: 10_000 })
    const agent = new GuardedAgent(circuits.breaker, { keepAlive: true })
    await circuits.breaker(dependency.origin).open()
    return { circuits, agent }
  }
  const get = (agent: http.Agent, path: string, options: http.RequestOptions = {}): http.ClientRequest =>
    http.get(dependency.origin + path, { ...options, agent })

  it('that is refused tells `error` and `close` once, and can be written to meanwhile', async () => {
    const { agent } = await open()
    const request = http.request(dependency.origin, { agent, method: 'POST' })
    const heard: unknown[] = []
    request.on('error', (error) => heard.push(findCircuitBreakerError(error)?.reason ?? error))
    request.on('close', () => heard.push('close'))
    request.write('some')
    request.end('more')
    await until(() => heard.length === 2)
    await new Promise(setImmediate)
    expect(heard).toEqual(['open', 'close'])
    expect(request.destroyed).toBe(true)
    agent.destroy()
  })

  it('H6 leaves no socket behind, nor a request, however many are refused', async () => {
    const { agent, circuits } = await open()
    const { connections } = dependency.listening
    const errors = await Promise.all(Array.from({ length: 2_000 }, () => errorOf(once(get(agent, '/'), 'response'))))
    expect(errors.every((error) => findCircuitBreakerError(error) === error)).toBe(true)
    expect(dependency.listening.connections).toBe(connections)
    expect([agent.sockets, agent.requests, agent.freeSockets].map((pool) => Object.keys(pool).length)).toEqual([
      0, 0, 0,
    ])
    expect(circuits.only.stats.rejected).toBe(2_000)
    agent.destroy()
  })

  it('H6 gives its socket back, whether anybody listens for the answer or not', async () => {
    const circuits = new Circuits()
    const agent = new GuardedAgent(circuits.breaker, { keepAlive: true, maxSockets: 2 })
    const { connections } = dependency.listening
    for (let at = 0; at < 300; at++) get(agent, '/status/200')
    expect((await circuits.judged()).length).toBe(300)
    expect(dependency.listening.connections - connections).toBeLessThanOrEqual(2)
    agent.destroy()
  })

  it('has no listeners but its caller’s, so an error that nobody listens to is still uncaught', async () => {
    const circuits = new Circuits()
    const agent = new GuardedAgent(circuits.breaker)
    const request = get(agent, '/reset')
    expect(request.listenerCount('error')).toBe(0)
    expect(request.listenerCount('response')).toBe(0)
    const error = await errorOf(once(request, 'response'))
    expect(error).toMatchObject({ code: 'ECONNRESET' })
    expect(await circuits.judged()).toEqual(['failure'])
    agent.destroy()
  })

  it.each([
    ['before there is an answer', '/hang'],
    ['within the answer', '/half'],
  ])('T3 that its caller destroys %s is no evidence, for a time limit it is', async (_, path) => {
    const reasons = [
      undefined,
      new Error('changed my mind'),
      Object.assign(new Error('too slow'), { code: 'ETIMEDOUT' }),
      new DOMException('too slow', 'TimeoutError'),
    ]
    const circuits = new Circuits()
    const agent = new GuardedAgent(circuits.breaker)
    for (const reason of reasons) {
      const { length } = dependency.requests
      const request = get(agent, path)
      request.on('error', () => undefined)
      request.on('response', (answer) => answer.on('error', () => undefined))
      if (path === '/half') await once(request, 'response')
      else await until(() => dependency.requests.length > length)
      request.destroy(reason)
    }
    expect(await circuits.judged()).toEqual(['failure', 'failure', 'ignore', 'ignore'])
    agent.destroy()
  })

  it('that is read to its end before it is destroyed is a success', async () => {
    const circuits = new Circuits()
    const agent = new GuardedAgent(circuits.breaker)
    const request = get(agent, '/status/200')
    const [answer] = (await once(request, 'response')) as [http.IncomingMessage]
    await text(answer)
    request.destroy()
    expect(await circuits.judged()).toEqual(['success'])
    agent.destroy()
  })

  it('H7 an upgrade and a tunnel are judged by their head', async () => {
    const circuits = new Circuits()
    const agent = new GuardedAgent(circuits.breaker)
    const upgrade = get(agent, '/', { headers: { connection: 'upgrade', upgrade: 'parrot' } })
    const [, socket] = (await once(upgrade, 'upgrade')) as [unknown, import('node:net').Socket]
    socket.destroy()
    const tunnel = http.request(dependency.origin, { agent, method: 'CONNECT', path: 'elsewhere:80' }).end()
    const [, other] = (await once(tunnel, 'connect')) as [unknown, import('node:net').Socket]
    other.destroy()
    expect(await circuits.judged()).toEqual(['success', 'success'])
    agent.destroy()
  })

  it('TLS: asks whom its options trust', async () => {
    const server = await startUntrusted()
    const circuits = new Circuits()
    const agent = new GuardedHttpsAgent(circuits.breaker, { ca: selfSigned.cert, checkServerIdentity: () => undefined })
    const [answer] = (await once(https.get(server.origin, { agent }), 'response')) as [http.IncomingMessage]
    expect(await text(answer)).toBe('trusted')
    expect(await circuits.judged()).toEqual(['success'])
    expect([...circuits.made.keys()]).toEqual([server.origin])
    agent.destroy()
    await server.end()
  })

  it('IPv6 addresses and hosts without a port have origins like others', async () => {
    const seen: string[] = []
    const key = ({ origin }: { origin: string }): string => {
      seen.push(origin)
      throw new Error('seen')
    }
    const agent = new GuardedAgent(new Circuits().breaker, { key })
    for (const url of ['http://[::1]:8080/', 'http://EXAMPLE.com./', 'http://a:80/x']) {
      expect(await errorOf(once(http.get(url, { agent }), 'response'))).toMatchObject({ message: 'seen' })
    }
    expect(seen).toEqual(['http://[::1]:8080', 'http://example.com', 'http://a'])
  })

  describe('whose trial a fleet must be asked for', () => {
    let fleet: Fleet
    let agent: GuardedAgent
    beforeEach(async () => {
      fleet = await fleetWhoseTrialIsDue()
      agent = new GuardedAgent(() => fleet.breaker)
    })
    afterEach(async () => {
      agent.destroy()
      await fleet[Symbol.asyncDispose]()
    })

    it('waits for the answer, alone, and is the trial then', async () => {
      const { breaker } = fleet
      const before = dependency.requests.length
      const request = get(agent, '/echo')
      expect(breaker.stats.calls).toBe(0)
      const [answer] = (await once(request, 'response')) as [http.IncomingMessage]
      answer.resume()
      await until(() => breaker.state === 'closed')
      expect(dependency.requests.length - before).toBe(1)
    })

    it('is not sent where another process has the trial', async () => {
      const before = dependency.requests.length
      const permit = await fleet.other.acquire()
      const error = await errorOf(once(get(agent, '/echo'), 'response'))
      expect(findCircuitBreakerError(error)?.reason).toBe('trial-in-flight')
      permit.success()
      expect(dependency.requests.length).toBe(before)
    })

    it('T3 is not sent where its caller does not wait for that', async () => {
      const { breaker } = fleet
      const before = dependency.requests.length
      const request = get(agent, '/echo')
      const heard: string[] = []
      request.on('error', (error: NodeJS.ErrnoException) => heard.push(error.code ?? error.message))
      request.on('close', () => heard.push('close'))
      request.destroy()
      await until(() => heard.length === 2)
      expect(heard).toEqual(['ECONNRESET', 'close'])
      expect(breaker.stats).toMatchObject({ calls: 1, ignored: 1 })
      expect(dependency.requests.length).toBe(before)
    })
  })

  it('can be everybody’s: guards above it judge instead, the others’ requests it judges', async () => {
    const [circuits, below] = [new Circuits(), new Circuits()]
    const before = http.globalAgent
    const agent = new GuardedAgent(below.breaker, { keepAlive: true })
    http.globalAgent = agent
    const url = `${dependency.origin}/status/200`
    await guardAxios(axios.create({ proxy: false }), circuits.breaker).get(url)
    await guardGot(got, circuits.breaker)(url)
    expect([circuits.calls, below.calls]).toEqual([2, 0])
    await axios.get(url, { proxy: false })
    await got(url)
    http.get(url).on('response', (response) => response.resume())
    expect(await below.judged()).toEqual(['success', 'success', 'success'])
    expect(circuits.calls).toBe(2)
    http.globalAgent = before
    agent.destroy()
  })

  it('counts its sockets as one agent, whichever way requests come', async () => {
    const agent = new GuardedAgent(new Circuits().breaker, { keepAlive: true, maxSockets: 3, maxTotalSockets: 3 })
    const { connections } = dependency.listening
    const guarded = guardAxios(axios.create({ httpAgent: agent, proxy: false }), new Circuits().breaker)
    const bare = axios.create({ httpAgent: agent, proxy: false })
    await Promise.all(
      Array.from({ length: 60 }, (_, at) => (at % 2 ? guarded : bare).get(`${dependency.origin}/status/200`)),
    )
    expect(dependency.listening.connections - connections).toBeLessThanOrEqual(3)
    agent.destroy()
  })

  it('refuses options that are none', () => {
    expect(() => new GuardedAgent(undefined as never)).toThrow(/breakers/)
    expect(() => new GuardedAgent(new Circuits().breaker, { key: 1 as never })).toThrow(/key/)
    expect(() => new GuardedHttpsAgent(new Circuits().breaker, { isFailure: 1 as never })).toThrow(/isFailure/)
  })
})
