// The guard for axios, on its adapters for Node.js and for fetch.

import http from 'node:http'
import { text } from 'node:stream/consumers'
import type { Readable } from 'node:stream'
import axios, { type AxiosAdapter, AxiosError, type AxiosInstance } from 'axios'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { findCircuitBreakerError, Infuse } from '../../src/index.ts'
import { guardAxios } from '../../src/outbound/axios.ts'
import { GuardedAgent } from '../../src/outbound/http-agent.ts'
import { ended, errorOf } from '../support/async.ts'
import { Circuits, until } from './circuits.ts'
import { type Adapter, outboundContract } from './contract.ts'
import { Dependency, refusingOrigin } from './servers.ts'

function adapter(name: 'http' | 'fetch', validates: boolean): Adapter {
  return {
    name,
    sees: 'bodies',
    timeouts: ['whole'],
    aborts: 'error',
    connect: ({ breakers, options, timeouts = {} }) => {
      const agent = new http.Agent({ keepAlive: true, maxSockets: 16 })
      const instance = axios.create({
        adapter: name,
        httpAgent: agent,
        proxy: false,
        maxRedirects: 0,
        responseType: 'text',
        transformResponse: [],
        ...(timeouts.whole !== undefined && { timeout: timeouts.whole }),
        ...(!validates && { validateStatus: () => true }),
      })
      guardAxios(instance, breakers, options)
      return {
        request: async (url, { body, ...asked } = {}) => {
          const end = await ended(instance.request<string>({ url, data: body, ...asked }))
          const response = end.ok ? end.value : (end.error as AxiosError<string>).response
          if (response?.data === undefined) throw (end as { error: unknown }).error
          const { status, data, headers } = response
          return { status, body: data, header: (of) => headers[of] as string | undefined }
        },
        ...(name === 'http' && {
          leave: async (url: string) => {
            const { status, data } = await instance.get<Readable>(url, { responseType: 'stream' })
            return { status, cancel: () => void data.destroy() }
          },
        }),
        end: () => agent.destroy(),
      }
    },
  }
}

describe('guarded axios, over node:http', () => outboundContract(adapter('http', false)))
describe('guarded axios that validates, over fetch', () => outboundContract(adapter('fetch', true)))

describe('guarded axios', () => {
  let dependency: Dependency
  beforeAll(async () => {
    dependency = await Dependency.start()
  })
  afterAll(() => dependency.end())

  const guarded = (circuits: Circuits, config: object = {}): AxiosInstance =>
    guardAxios(axios.create({ baseURL: dependency.origin, proxy: false, ...config }), circuits.breaker)

  it('is the same instance, and its errors are axios’ own', async () => {
    const circuits = new Circuits({ failMax: 1 })
    const instance = axios.create({ baseURL: dependency.origin })
    expect(guardAxios(instance, circuits.breaker)).toBe(instance)
    const error = await errorOf(instance.get('/status/503'))
    expect(error).toBeInstanceOf(AxiosError)
    expect(error).toMatchObject({ code: 'ERR_BAD_RESPONSE', status: 503, response: { data: 'status 503' } })
    expect(error.config.adapter).toEqual(axios.defaults.adapter)
    const refused = await errorOf(instance.get('/status/200'))
    expect(findCircuitBreakerError(refused)).toBe(refused)
    expect(axios.isAxiosError(refused)).toBe(false)
    expect(await errorOf(guarded(new Circuits(), { baseURL: await refusingOrigin() }).get('/'))).toBeInstanceOf(
      AxiosError,
    )
  })

  it('judges what `validateStatus` refuses as what it is', async () => {
    const circuits = new Circuits()
    const instance = guarded(circuits)
    for (const status of [404, 429, 500, 302]) await ended(instance.get(`/status/${status}`, { maxRedirects: 0 }))
    expect(await circuits.judged()).toEqual(['success', 'success', 'success', 'failure'])
  })

  it('guards adapters that a request brings, and leaves them where they were', async () => {
    const circuits = new Circuits()
    const instance = guarded(circuits)
    const own: AxiosAdapter = (config) =>
      Promise.resolve({ data: '', status: 503, statusText: '', headers: {}, config })
    const response = await instance.get('/', { adapter: own })
    expect(response.config.adapter).toBe(own)
    await instance.get('/status/200', { adapter: ['xhr', 'fetch'] })
    expect(await circuits.judged()).toEqual(['success', 'failure'])
    expect(await errorOf(instance.get('/', { adapter: 'unknown' as 'http' }))).toBeInstanceOf(AxiosError)
    expect(circuits.calls).toBe(2)
  })

  it('that is guarded twice judges once, by the breakers given last', async () => {
    const [first, second] = [new Circuits(), new Circuits()]
    const instance = guarded(first)
    guardAxios(guardAxios(instance, first.breaker), second.breaker)
    await ended(instance.get('/status/500'))
    expect([first.calls, second.calls]).toEqual([0, 1])
  })

  it('judges once over a guarded agent and an installed guard, whichever is asked', async () => {
    const circuits = new Circuits()
    const below = new Circuits()
    const infuse = new Infuse()
    infuse.install()
    const httpAgent = new GuardedAgent(below.breaker, { keepAlive: true })
    const instance = guarded(circuits, { httpAgent })
    const response = await instance.get('/status/200')
    expect(response.config.httpAgent).toBe(httpAgent)
    const error = await errorOf(instance.get('/status/500'))
    expect(error.config.httpAgent).toBe(httpAgent)
    await instance.get('/status/200', { adapter: 'fetch' })
    await instance.get('/status/200', { skipBreaker: true })
    await instance.get('/status/200', { skipBreaker: true, adapter: 'fetch' })
    expect([circuits.calls, below.calls, infuse.breakers.size]).toEqual([3, 0, 0])
    await axios.get(`${dependency.origin}/status/200`, { httpAgent, proxy: false })
    await axios.get(`${dependency.origin}/status/200`, { adapter: 'fetch' })
    expect([circuits.calls, below.calls, infuse.breakers.size]).toEqual([3, 1, 1])
    await infuse.dispose()
    httpAgent.destroy()
  })

  it('is asked again by whoever sends a failed request again, and answers once per attempt', async () => {
    const circuits = new Circuits()
    const instance = guarded(circuits)
    const error = await errorOf(instance.get('/status/500'))
    await errorOf(instance.request(error.config))
    expect(await circuits.judged()).toEqual(['failure', 'failure'])
  })

  it('H3 judges the stream that it hands out when it ends', async () => {
    const circuits = new Circuits()
    const instance = guarded(circuits, { responseType: 'stream' })
    const whole = await instance.get<Readable>('/status/200')
    expect(circuits.unsettled).toBe(1)
    expect(await text(whole.data)).toBe('status 200')
    expect(await circuits.judged()).toEqual(['success'])
    const cut = await instance.get<Readable>('/cut')
    await errorOf(text(cut.data))
    expect(await circuits.judged()).toEqual(['success', 'failure'])
    const controller = new AbortController()
    const aborted = await instance.get<Readable>('/half', { signal: controller.signal })
    aborted.data.on('error', () => undefined)
    controller.abort()
    await until(() => aborted.data.destroyed)
    expect(await circuits.judged()).toEqual(['success', 'failure', 'ignore'])
    const error = await errorOf(instance.get('/status/503'))
    expect(await text(error.response.data)).toBe('status 503')
    expect(await circuits.judged()).toEqual(['success', 'failure', 'failure', 'ignore'])
  })

  it('T3 knows its old tokens', async () => {
    const circuits = new Circuits()
    const source = axios.CancelToken.source()
    const asked = ended(guarded(circuits).get('/hang', { cancelToken: source.token }))
    await until(() => circuits.calls === 1)
    source.cancel('not any more')
    expect(axios.isCancel(((await asked) as { error: unknown }).error)).toBe(true)
    expect(await circuits.judged()).toEqual(['ignore'])
  })

  it('holds limits that a caller set against nobody', async () => {
    const circuits = new Circuits()
    const instance = guarded(circuits)
    expect((await errorOf(instance.get('/status/200', { maxContentLength: 2 }))).message).toMatch(/maxContentLength/)
    expect((await errorOf(instance.post('/echo', 'much', { maxBodyLength: 2 }))).message).toMatch(/maxBodyLength/)
    expect(await circuits.judged()).toEqual(['ignore', 'ignore'])
  })

  it('leaves alone what has no origin', async () => {
    const circuits = new Circuits()
    const instance = guardAxios(axios.create(), circuits.breaker)
    expect(String((await instance.get('data:text/plain,hello')).data)).toBe('hello')
    const own: AxiosAdapter = (config) =>
      Promise.resolve({ data: 'mine', status: 200, statusText: '', headers: {}, config })
    expect((await instance.get('/relative', { adapter: own })).data).toBe('mine')
    expect(circuits.calls).toBe(0)
  })

  it('H6 H10 sends nothing while the circuit is open, however often it is asked', async () => {
    const circuits = new Circuits({ failMax: 1 })
    const instance = guarded(circuits)
    await errorOf(instance.get('/status/500'))
    const { length } = dependency.requests
    const errors = await Promise.all(Array.from({ length: 1_000 }, () => errorOf(instance.get('/'))))
    expect(errors.every((error) => findCircuitBreakerError(error) === error)).toBe(true)
    expect(dependency.requests.length).toBe(length)
    expect(circuits.only.stats.rejected).toBe(1_000)
  })

  it('refuses options that are none', () => {
    expect(() => guardAxios(axios.create(), undefined as never)).toThrow(/breakers/)
    expect(() => guardAxios(axios.create(), new Circuits().breaker, { keys: 1 } as never)).toThrow(/keys/)
  })
})
