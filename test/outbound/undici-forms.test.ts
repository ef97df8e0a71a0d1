// The guard for undici beside its other interceptors, in its other call forms, and where things are left undone.

import { createSecureServer } from 'node:http2'
import { buffer, text } from 'node:stream/consumers'
import { Writable } from 'node:stream'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { circuitBreaker } from '../../src/outbound/undici.ts'
import { CircuitBreaker, findCircuitBreakerError, isCircuitBreakerError, MemoryStorage } from '../../src/index.ts'
import { ManualClock } from '../../src/testing/index.ts'
import { ended, errorOf } from '../support/async.ts'
import { Circuits, until } from './circuits.ts'
import { Dependency, Listening, selfSigned } from './servers.ts'
import { agentOf, type Dispatcher, loadUndici, type Undici, UNDICI_VERSIONS } from './undici-clients.ts'

type Interceptor = (dispatch: any) => any

let dependency: Dependency
beforeAll(async () => {
  dependency = await Dependency.start()
})
afterAll(() => dependency.end())

const sent = (): number => dependency.requests.length

for (const version of UNDICI_VERSIONS) {
  const undici = await loadUndici(version)
  describe(`undici ${version}`, () => forms(version, undici))
}

function forms(version: number, undici: Undici): void {
  const closing: { destroy(): Promise<void> }[] = []
  afterAll(async () => {
    dependency.release()
    for (const one of closing) await one.destroy()
  })

  /** The last is outermost. */
  function composed(...interceptors: Interceptor[]): Dispatcher {
    const agent = new undici.Agent()
    closing.push(agent)
    return interceptors.reduce<Dispatcher>((below, one) => below.compose(one) as Dispatcher, agent)
  }

  const ask = async (dispatcher: object, path: string, options: object = {}): Promise<string> => {
    const { body } = await undici.request(dependency.origin + path, { dispatcher, ...options } as never)
    return text(body)
  }

  const { retry, redirect } = undici.interceptors as unknown as Record<string, (options?: object) => Interceptor>
  if (retry === undefined || redirect === undefined) throw new Error('undici has these interceptors')
  const retries = retry({ maxRetries: 3, minTimeout: 1, maxTimeout: 1, timeoutFactor: 1 })

  describe('H7 with undici’s retry', () => {
    it('outside: every attempt is judged', async () => {
      const circuits = new Circuits()
      const dispatcher = composed(circuitBreaker(circuits.breaker), retries)
      const before = sent()
      await ended(ask(dispatcher, '/status/503'))
      expect(sent() - before).toBe(4)
      expect(await circuits.judged()).toEqual(Array.from({ length: 4 }, () => 'failure'))
    })

    it('outside, with connections that break: every attempt is judged', async () => {
      const circuits = new Circuits()
      const dispatcher = composed(circuitBreaker(circuits.breaker), retries)
      const before = sent()
      await errorOf(ask(dispatcher, '/reset'))
      expect(sent() - before).toBe(4)
      expect(await circuits.judged()).toEqual(Array.from({ length: 4 }, () => 'failure'))
    })

    it('H10 outside: an open circuit ends it, and is not asked again', async () => {
      const circuits = new Circuits({ failMax: 2, resetTimeout: 60_000 })
      const dispatcher = composed(circuitBreaker(circuits.breaker), retries)
      const before = sent()
      const error = await errorOf(ask(dispatcher, '/status/503'))
      expect(findCircuitBreakerError(error)).toMatchObject({ reason: 'open', retryAfter: 60_000 })
      expect(sent() - before).toBe(2)
      expect(circuits.only.stats).toMatchObject({ calls: 2, rejected: 1 })
    })

    it('inside: there is one verdict, about the last answer', async () => {
      const circuits = new Circuits()
      const dispatcher = composed(retries, circuitBreaker(circuits.breaker))
      const before = sent()
      await ended(ask(dispatcher, '/status/503'))
      await ended(ask(dispatcher, '/status/429'))
      expect(sent() - before).toBe(8)
      expect(await circuits.judged()).toEqual(['success', 'failure'])
      await ended(ask(dispatcher, '/reset'))
      expect(await circuits.judged()).toEqual(['success', 'failure', 'failure'])
    })
  })

  describe('H7 with undici’s redirect', () => {
    const redirects = redirect({ maxRedirections: 3 })

    it('outside: every hop is judged', async () => {
      const circuits = new Circuits()
      expect(await ask(composed(circuitBreaker(circuits.breaker), redirects), '/redirect')).toBe('status 200')
      expect(await circuits.judged()).toEqual(['success', 'success'])
    })

    it('inside: the last answer is', async () => {
      const circuits = new Circuits()
      expect(await ask(composed(redirects, circuitBreaker(circuits.breaker)), '/redirect')).toBe('status 200')
      expect(await circuits.judged()).toEqual(['success'])
    })
  })

  it('judges what `responseError` throws for a status as that answer, from inside and outside', async () => {
    const { responseError } = undici.interceptors as unknown as Record<string, () => Interceptor>
    if (responseError === undefined) return
    for (const outside of [true, false]) {
      const circuits = new Circuits()
      const guard = circuitBreaker(circuits.breaker)
      const dispatcher = outside ? composed(responseError(), guard) : composed(guard, responseError())
      for (const status of [503, 404]) {
        expect(await errorOf(ask(dispatcher, `/status/${status}`))).toMatchObject({ statusCode: status })
      }
      expect(await circuits.judged()).toEqual(['success', 'failure'])
    }
  })

  it('H7 tells the handler of an error once, after dispatch has returned', async () => {
    const circuits = new Circuits({ failMax: 1 })
    const dispatcher = composed(circuitBreaker(circuits.breaker))
    for (const path of ['/reset', '/status/200']) {
      const errors: unknown[] = []
      let returned = false
      const handler = {
        onRequestStart: () => undefined,
        onResponseStart: () => undefined,
        onResponseData: () => undefined,
        onResponseEnd: () => undefined,
        onResponseError: (_: unknown, error: unknown) => errors.push([returned, error]),
        onConnect: () => undefined,
        onHeaders: () => true,
        onData: () => true,
        onComplete: () => undefined,
        onError: (error: unknown) => errors.push([returned, error]),
      }
      const { onRequestStart: _, onResponseError: __, ...legacy } = handler
      const options = { origin: dependency.origin, path, method: 'GET' }
      dispatcher.dispatch(options as never, (version === 6 ? legacy : handler) as never)
      returned = true
      await until(() => errors.length > 0)
      await ask(composed(), '/')
      expect(errors).toEqual([[true, expect.any(Error)]])
      expect(isCircuitBreakerError((errors[0] as unknown[])[1])).toBe(path === '/status/200')
    }
  })

  describe('H7 the other forms', () => {
    it('Pool and Client, which keep their origin to themselves up to version 7: the request says it, or `key`', async () => {
      const circuits = new Circuits()
      const origins: string[] = []
      const key = ({ origin }: { readonly origin: string }): string => {
        origins.push(origin)
        return 'the-pool'
      }
      for (const Kind of [undici.Pool, undici.Client]) {
        const client = new Kind(dependency.origin)
        closing.push(client)
        const ask500 = async (interceptor: Interceptor, options: object): Promise<string> => {
          const guarded = client.compose(interceptor as never)
          const { body } = await guarded.request({ path: '/status/500', method: 'GET', ...options } as never)
          return text(body)
        }
        const bare = circuitBreaker(circuits.breaker)
        expect(await ask500(bare, { origin: dependency.origin })).toBe('status 500')
        expect(await ask500(circuitBreaker(circuits.breaker, { key }), {})).toBe('status 500')
        if (version < 8) expect(String(await errorOf(ask500(bare, {})))).toContain('`origin`')
      }
      expect([...circuits.made.keys()]).toEqual([dependency.origin, 'the-pool'])
      expect(origins).toEqual(version < 8 ? ['', ''] : [dependency.origin, dependency.origin])
      expect(await circuits.judged()).toEqual(Array.from({ length: 4 }, () => 'failure'))
    })

    it('stream', async () => {
      const circuits = new Circuits()
      const dispatcher = composed(circuitBreaker(circuits.breaker))
      const chunks: Buffer[] = []
      const sink = (): Writable =>
        new Writable({
          write(chunk: Buffer, _encoding, done) {
            chunks.push(chunk)
            done()
          },
        })
      const options = { dispatcher, method: 'GET' } as never
      await undici.stream(`${dependency.origin}/status/200`, options, sink)
      expect(Buffer.concat(chunks).toString()).toBe('status 200')
      await errorOf(undici.stream(`${dependency.origin}/cut`, options, sink))
      expect(await circuits.judged()).toEqual(['success', 'failure'])
    })

    it('upgrade and CONNECT are successes at their head', async () => {
      const circuits = new Circuits()
      const dispatcher = composed(circuitBreaker(circuits.breaker))
      const upgraded = await undici.upgrade(dependency.origin, { protocol: 'parrot', dispatcher } as never)
      upgraded.socket.destroy()
      const connected = await undici.connect(dependency.origin, { dispatcher } as never)
      connected.socket.destroy()
      expect(await circuits.judged()).toEqual(['success', 'success'])
      await circuits.only.open()
      const end = await ended(undici.upgrade(dependency.origin, { protocol: 'parrot', dispatcher } as never))
      expect(end).toMatchObject({ ok: false, error: { code: 'ERR_CIRCUIT_OPEN' } })
    })

    it('HTTP/2', async () => {
      const server = createSecureServer({ ...selfSigned })
      server.on('stream', (stream, headers) => {
        stream.on('error', () => undefined)
        const path = headers[':path']
        if (path === '/reset') return stream.close(2)
        stream.respond({ ':status': path === '/500' ? 500 : 200 })
        return path === '/cut' ? stream.write('half', () => stream.close(2)) : stream.end('whole')
      })
      const listening = await Listening.start(server, 'https')
      const circuits = new Circuits()
      const agent = new undici.Agent({ allowH2: true, connect: { rejectUnauthorized: false } })
      closing.push(agent)
      const dispatcher = agent.compose(circuitBreaker(circuits.breaker) as never)
      const get = async (path: string): Promise<string> => {
        const { body } = await undici.request(listening.origin + path, { dispatcher } as never)
        return text(body)
      }
      expect(await get('/200')).toBe('whole')
      expect(await get('/500')).toBe('whole')
      expect(await circuits.judged()).toEqual(['success', 'failure'])
      await errorOf(get('/reset'))
      expect(await circuits.judged()).toEqual(['success', 'failure', 'failure'])
      await agent.destroy()
      await listening.end()
    })
  })

  it('H5 a body that is never read gives the place of the trial away when its lease ends', async () => {
    const clock = new ManualClock()
    const breaker = new CircuitBreaker({
      name: 'lease',
      clock,
      trialTimeout: 5_000,
      storage: new MemoryStorage({ clock }),
    })
    await breaker.halfOpen()
    const dispatcher = composed(circuitBreaker(() => breaker))
    const { body } = await undici.request(`${dependency.origin}/large`, { dispatcher } as never)
    expect(findCircuitBreakerError(await errorOf(ask(dispatcher, '/status/200')))).toMatchObject({
      reason: 'trial-in-flight',
    })
    clock.advance(5_000)
    expect(await ask(dispatcher, '/status/200')).toBe('status 200')
    expect(breaker.state).toBe('closed')
    await buffer(body)
    await until(() => breaker.stats.late === 1)
  })

  it('H4 gives up bodies of answers that failed without a second verdict', async () => {
    const circuits = new Circuits()
    const dispatcher = composed(circuitBreaker(circuits.breaker))
    for (let call = 0; call < 5; call++) {
      const { body } = await undici.request(`${dependency.origin}/status/503`, { dispatcher } as never)
      body.on('error', () => undefined)
      body.destroy()
    }
    expect(await circuits.judged()).toEqual(Array.from({ length: 5 }, () => 'failure'))
  })

  it('H6 10 000 rejections open no socket', async () => {
    const circuits = new Circuits()
    const dispatcher = composed(circuitBreaker(circuits.breaker))
    await ask(dispatcher, '/')
    await circuits.only.open()
    const before = [dependency.listening.connections, sent()]
    for (let round = 0; round < 100; round++) {
      const asked = Array.from({ length: 100 }, () => ended(undici.request(dependency.origin, { dispatcher } as never)))
      for (const end of await Promise.all(asked)) expect(end.ok).toBe(false)
    }
    expect([dependency.listening.connections, sent()]).toEqual(before)
    expect(circuits.only.stats.rejected).toBe(10_000)
  })

  it('H6 10 000 discarded answers leave no socket behind', async () => {
    const circuits = new Circuits({ failMax: 100_000 })
    const agent = new undici.Agent({ connections: 8 })
    closing.push(agent)
    const dispatcher = agent.compose(circuitBreaker(circuits.breaker) as never)
    const before = dependency.listening.sockets.size
    for (let round = 0; round < 100; round++) {
      const asked = Array.from({ length: 100 }, async () => {
        const { body } = await undici.request(`${dependency.origin}/status/500`, { dispatcher } as never)
        await body.dump()
      })
      await Promise.all(asked)
    }
    // Those of this agent, and what the other tests' agents keep alive.
    expect(dependency.listening.sockets.size - before).toBeLessThanOrEqual(8)
    expect(circuits.only.stats).toMatchObject({ calls: 10_000, failures: 10_000 })
    await agent.destroy()
  }, 30_000)

  it('lets go of a request that the dispatcher below refuses', async () => {
    const circuits = new Circuits()
    const thrown = new Error('no such option')
    const refuses = (_options: object, _handler: object): boolean => {
      throw thrown
    }
    const guarded = circuitBreaker(circuits.breaker)(refuses)
    const options = { origin: 'http://a.example', path: '/', method: 'GET' }
    expect(() => guarded(options, { onRequestStart: () => undefined })).toThrow(thrown)
    expect(await circuits.judged()).toEqual(['ignore'])
  })

  it('counts nothing against a service where the client was closed', async () => {
    const circuits = new Circuits()
    const dispatcher = agentOf(undici, { breakers: circuits.breaker })
    await ask(dispatcher, '/')
    await dispatcher.close()
    expect(await errorOf(ask(dispatcher, '/'))).toMatchObject({ code: expect.stringMatching(/^UND_ERR_/) })
    expect(await circuits.judged()).toEqual(['success', 'ignore'])
  })
}
