// The guard for got, with promises and with streams.

import { once, setMaxListeners } from 'node:events'
import http from 'node:http'
import { text } from 'node:stream/consumers'
import { got, type Got, HTTPError, RequestError, type Request, type Response } from 'got'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { findCircuitBreakerError } from '../../src/index.ts'
import { guardGot } from '../../src/outbound/got.ts'
import { GuardedAgent } from '../../src/outbound/http-agent.ts'
import { ended, errorOf } from '../support/async.ts'
import { Circuits, until } from './circuits.ts'
import { type Adapter, type Client, outboundContract, type Setup } from './contract.ts'
import { type Fleet, fleetWhoseTrialIsDue } from './fleet.ts'
import { Dependency } from './servers.ts'

const client = ({ breakers, options, timeouts = {} }: Setup, plain: Got): { guarded: Got; end: () => void } => {
  const agent = new http.Agent({ keepAlive: true, maxSockets: 16 })
  const timeout = {
    ...(timeouts.whole !== undefined && { request: timeouts.whole }),
    ...(timeouts.headers !== undefined && { response: timeouts.headers }),
    ...(timeouts.connect !== undefined && { secureConnect: timeouts.connect }),
  }
  const base = plain.extend({ agent: { http: agent }, retry: { limit: 0 }, followRedirect: false, timeout })
  return { guarded: guardGot(base, breakers, options), end: () => agent.destroy() }
}

const promises = (throwHttpErrors: boolean): Adapter => ({
  name: 'got',
  sees: 'bodies',
  timeouts: ['whole', 'headers', 'connect'],
  aborts: 'error',
  connect: (setup): Client => {
    const { guarded, end } = client(setup, got.extend({ throwHttpErrors }))
    return {
      request: async (url, { skipBreaker, ...asked } = {}) => {
        const context = skipBreaker === undefined ? {} : { skipBreaker }
        const settled = await ended(guarded(url, { ...asked, context } as object) as Promise<Response<string>>)
        const answer = settled.ok ? settled.value : (settled.error as HTTPError)
        if (answer instanceof Error && !(answer instanceof HTTPError)) throw answer
        const { statusCode, body, headers } = answer instanceof Error ? (answer.response as Response<string>) : answer
        return { status: statusCode, body, header: (name) => headers[name]?.toString() }
      },
      end,
    }
  },
})

const streams: Adapter = {
  ...promises(false),
  connect: (setup): Client => {
    const { guarded, end } = client(setup, got.extend({ throwHttpErrors: false }))
    const begin = async (url: string, options: object): Promise<[Request, Response]> => {
      const stream = guarded.stream(url, options)
      const [response] = (await once(stream, 'response')) as [Response]
      return [stream, response]
    }
    return {
      request: async (url, { skipBreaker, ...asked } = {}) => {
        const context = skipBreaker === undefined ? {} : { skipBreaker }
        const [stream, { statusCode, headers }] = await begin(url, { ...asked, context })
        return { status: statusCode, body: await text(stream), header: (name) => headers[name]?.toString() }
      },
      leave: async (url) => {
        const [stream, { statusCode }] = await begin(url, {})
        return { status: statusCode, cancel: () => void stream.destroy() }
      },
      end,
    }
  },
}

describe('guarded got that throws', () => outboundContract(promises(true)))
describe('guarded got that answers whatever the status', () => outboundContract(promises(false)))
describe('streams of guarded got', () => outboundContract(streams))

describe('guarded got', () => {
  let dependency: Dependency
  beforeAll(async () => {
    dependency = await Dependency.start()
  })
  afterAll(() => dependency.end())

  const url = (path: string): string => dependency.origin + path
  const guarded = ({ breaker }: Circuits, options: object = {}): Got => guardGot(got.extend(options), breaker)
  const soon = {
    limit: 2,
    calculateDelay: ({ computedValue }: { computedValue: number }) => Math.min(computedValue, 1),
  }

  it('keeps what its promises can do, and their errors', async () => {
    const circuits = new Circuits({ failMax: 1 })
    const own = guarded(circuits, { retry: { limit: 0 } })
    expect(await own.post(url('/echo'), { json: { a: 1 } }).json()).toEqual({ a: 1 })
    expect(await own(url('/status/200')).text()).toBe('status 200')
    expect(await own(url('/status/200'), { resolveBodyOnly: true })).toBe('status 200')
    expect(String(await own(url('/status/200')).buffer())).toBe('status 200')
    expect(await circuits.judged()).toHaveLength(4)
    expect(await errorOf(own(url('/status/503')).json())).toBeInstanceOf(HTTPError)
    const refused = await errorOf(own(url('/status/200')).json())
    expect(findCircuitBreakerError(refused)).toBe(refused)
  })

  it('judges a call once, after its own retries, by its last attempt', async () => {
    const circuits = new Circuits()
    const { length } = dependency.requests
    const own = guarded(circuits, { retry: soon })
    expect(await errorOf(own(url('/status/503')))).toBeInstanceOf(HTTPError)
    expect(dependency.requests.length - length).toBe(3)
    expect(await circuits.judged()).toEqual(['failure'])
    let attempts = 0
    const beforeRequest = (options: { url?: URL }): void => {
      options.url = new URL(url(attempts++ === 0 ? '/reset' : '/status/200'))
    }
    await own(url('/'), { hooks: { beforeRequest: [beforeRequest as never] } })
    expect(await circuits.judged()).toEqual(['success', 'failure'])
  })

  it('H10 does not try again what is refused', async () => {
    const circuits = new Circuits({ failMax: 1 })
    const own = guarded(circuits, { retry: soon })
    await errorOf(own(url('/status/500')))
    await errorOf(own(url('/status/200')))
    expect(circuits.only.stats.rejected).toBe(1)
  })

  it('sees the status of an answer of which the caller only gets the body', async () => {
    const circuits = new Circuits()
    const own = guarded(circuits, { throwHttpErrors: false, resolveBodyOnly: true, retry: { limit: 0 } })
    expect(await own(url('/status/503'))).toBe('status 503')
    expect(await circuits.judged()).toEqual(['failure'])
  })

  it('holds an answer that cannot be read as JSON against nobody', async () => {
    const circuits = new Circuits()
    const error = await errorOf(guarded(circuits)(url('/status/200'), { responseType: 'json' }))
    expect(error.code).toBe('ERR_BODY_PARSE_FAILURE')
    expect(await circuits.judged()).toEqual(['success'])
  })

  it('holds what the caller’s own hooks throw against nobody', async () => {
    const circuits = new Circuits()
    const beforeRequest = (): never => {
      throw new Error('mine')
    }
    const error = await errorOf(guarded(circuits)(url('/status/200'), { hooks: { beforeRequest: [beforeRequest] } }))
    expect(error).toBeInstanceOf(RequestError)
    expect(await circuits.judged()).toEqual(['ignore'])
  })

  it('T3 a promise can be cancelled', async () => {
    const circuits = new Circuits()
    const call = guarded(circuits)(url('/hang'))
    await until(() => circuits.calls === 1)
    expect(call.isCanceled).toBe(false)
    call.cancel()
    expect((await errorOf(call)).name).toBe('CancelError')
    expect(call.isCanceled).toBe(true)
    expect(await circuits.judged()).toEqual(['ignore'])
  })

  it('that is guarded twice judges once, as it does over a guarded agent', async () => {
    const [circuits, again, below] = [new Circuits(), new Circuits(), new Circuits()]
    const agent = new GuardedAgent(below.breaker, { keepAlive: true })
    const own = guardGot(guarded(circuits, { agent: { http: agent } }), again.breaker)
    await own(url('/status/200'))
    await own(url('/status/200'), { context: { skipBreaker: true } })
    await text(own.stream(url('/status/200')))
    expect([circuits.calls, again.calls, below.calls]).toEqual([2, 0, 0])
    await got(url('/status/200'), { agent: { http: agent } })
    expect(below.calls).toBe(1)
    agent.destroy()
  })

  it('judges answers, not what a cache has', async () => {
    const circuits = new Circuits()
    const server = http.createServer((_, response) =>
      response.writeHead(200, { 'cache-control': 'max-age=60' }).end('x'),
    )
    await once(server.listen(0, '127.0.0.1'), 'listening')
    const own = guarded(circuits, { cache: new Map() })
    const target = `http://127.0.0.1:${(server.address() as import('node:net').AddressInfo).port}/`
    expect((await own(target)).isFromCache).toBe(false)
    expect((await own(target)).isFromCache).toBe(true)
    expect(await circuits.judged()).toEqual(['success', 'ignore'])
    server.closeAllConnections()
    server.close()
  })

  it('a stream that is refused has the reason as cause of its error', async () => {
    const circuits = new Circuits({ failMax: 1 })
    const own = guarded(circuits)
    const error = await errorOf(text(own.stream(url('/status/500'))))
    expect(error).toBeInstanceOf(HTTPError)
    expect(await circuits.judged()).toEqual(['failure'])
    const { length } = dependency.requests
    const refused = await errorOf(text(own.stream(url('/status/200'))))
    expect(refused).toBeInstanceOf(RequestError)
    expect(findCircuitBreakerError(refused)?.reason).toBe('open')
    expect(dependency.requests.length).toBe(length)
  })

  it('a stream that its caller tries again is judged as what it was', async () => {
    const circuits = new Circuits()
    const own = guarded(circuits, { retry: soon })
    const stream = own.stream(url('/reset'))
    const again = await new Promise<Request>((resolve) => {
      stream.once('retry', (_count: number, _error: RequestError, retry: () => Request) => resolve(retry()))
    })
    again.on('error', () => undefined)
    expect(await circuits.judged()).toEqual(['failure'])
    again.destroy()
  })

  it('H6 lets go of all that a refused call has', async () => {
    const circuits = new Circuits({ failMax: 1 })
    const controller = new AbortController()
    setMaxListeners(0, controller.signal)
    const own = guarded(circuits, { retry: { limit: 0 } })
    await errorOf(own(url('/status/500')))
    const added: unknown[] = []
    const { addEventListener, removeEventListener } = controller.signal
    controller.signal.addEventListener = (...args: unknown[]) => {
      added.push(args[1])
      addEventListener.apply(controller.signal, args as never)
    }
    controller.signal.removeEventListener = (...args: unknown[]) => {
      added.splice(added.indexOf(args[1]), 1)
      removeEventListener.apply(controller.signal, args as never)
    }
    const calls = Array.from({ length: 500 }, () => errorOf(own(url('/'), { signal: controller.signal })))
    expect(added).toHaveLength(500)
    for (const error of await Promise.all(calls)) expect(findCircuitBreakerError(error)).toBe(error)
    await until(() => added.length === 0)
    expect(circuits.only.stats.rejected).toBe(500)
  })

  describe('whose trial a fleet must be asked for', () => {
    let fleet: Fleet
    let own: Got
    beforeEach(async () => {
      fleet = await fleetWhoseTrialIsDue()
      own = guardGot(got.extend({ retry: { limit: 0 } }), () => fleet.breaker)
    })
    afterEach(() => fleet[Symbol.asyncDispose]())

    it.each(['promise', 'stream'])('a %s waits for the answer, and is the trial then', async (kind) => {
      const { breaker } = fleet
      const asked = kind === 'stream' ? text(own.stream(url('/status/200'))) : own(url('/status/200')).text()
      expect(breaker.stats.calls).toBe(0)
      expect(await asked).toBe('status 200')
      await until(() => breaker.state === 'closed')
    })

    it.each(['promise', 'stream'])('a %s is not sent where another process has the trial', async (kind) => {
      const permit = await fleet.other.acquire()
      const { length } = dependency.requests
      const asked = kind === 'stream' ? text(own.stream(url('/status/200'))) : own(url('/status/200')).text()
      expect(findCircuitBreakerError(await errorOf(asked))?.reason).toBe('trial-in-flight')
      expect(dependency.requests.length).toBe(length)
      permit.success()
    })

    it('T3 a stream that its caller does not wait for is no evidence', async () => {
      const { breaker } = fleet
      own.stream(url('/status/200')).destroy()
      await until(() => breaker.stats.ignored === 1)
      expect(breaker.stats.calls).toBe(1)
    })
  })

  it('says what got says of calls that are none', async () => {
    const circuits = new Circuits()
    expect(await errorOf(guarded(circuits)('not a url'))).toBeInstanceOf(RequestError)
    expect(await errorOf(guarded(circuits)(url('/'), { nonsense: 1 } as never))).toBeInstanceOf(RequestError)
    expect(await errorOf(guarded(circuits)('ftp://127.0.0.1/'))).toBeInstanceOf(RequestError)
    // Some of them got makes out when it is under way.
    for (const verdict of await circuits.judged()) expect(verdict).toBe('ignore')
    expect(() => guardGot(got, undefined as never)).toThrow(/breakers/)
    expect(() => guardGot(got, circuits.breaker, { keys: 1 } as never)).toThrow(/keys/)
  })
})
