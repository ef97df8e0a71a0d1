// install(): the process's fetch is guarded without the calling code being touched, and everything is as it was
// afterwards.

import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { guardFetch } from '../../src/outbound/fetch.ts'
import { circuitBreaker } from '../../src/outbound/undici.ts'
import { findCircuitBreakerError, Infuse, isCircuitBreakerError } from '../../src/index.ts'
import { ManualClock } from '../../src/testing/index.ts'
import { ended, errorOf } from '../support/async.ts'
import { Circuits, until } from './circuits.ts'
import { Dependency, refusingOrigin } from './servers.ts'
import { BUILT_IN, loadUndici } from './undici-clients.ts'

const undici = await loadUndici(7)
const SLOTS = ['undici.globalDispatcher.1', 'undici.globalDispatcher.2'].map((name) => Symbol.for(name))

/** Everything of the process that installing touches. */
function globals(): unknown[] {
  return [
    Object.getOwnPropertyDescriptor(globalThis, 'fetch'),
    ...SLOTS.map((slot) => Object.getOwnPropertyDescriptor(globalThis, slot)),
  ]
}

let dependency: Dependency
let other: Dependency
beforeAll(async () => {
  dependency = await Dependency.start()
  other = await Dependency.start()
  // So that the process's dispatchers are there.
  await (await fetch(dependency.origin)).text()
})
afterAll(async () => {
  await dependency.end()
  await other.end()
})

const made: Infuse[] = []
function infuseOn(options: ConstructorParameters<typeof Infuse>[0] = {}): Infuse {
  const infuse = new Infuse({ defaults: { failMax: 3, resetTimeout: 10_000 }, clock: new ManualClock(), ...options })
  made.push(infuse)
  return infuse
}
afterEach(async () => {
  dependency.release()
  for (const infuse of made.splice(0)) await infuse.dispose()
})

const at = (path: string): string => dependency.origin + path
const get = async (path: string, init?: RequestInit): Promise<string> => (await fetch(at(path), init)).text()
const callsOf = (infuse: Infuse): number =>
  [...infuse.breakers.values()].reduce((sum, { stats }) => sum + stats.calls, 0)

describe('install', () => {
  it('guards every fetch: three refusals open the circuit, the fourth call is not sent', async () => {
    const infuse = infuseOn()
    const origin = await refusingOrigin()
    infuse.install()
    for (let call = 0; call < 3; call++) {
      const error = await errorOf(fetch(origin))
      expect(error).toMatchObject({ name: 'TypeError', message: 'fetch failed' })
    }
    const error = await errorOf(fetch(origin))
    expect(error).toMatchObject({ name: 'CircuitBreakerError', breaker: origin, statusCode: 503, retryAfter: 10_000 })
    expect(infuse.breaker(origin).stats).toMatchObject({ calls: 3, failures: 3, rejected: 1 })
  })

  it('puts everything back as it was', async () => {
    const before = globals()
    const infuse = infuseOn()
    infuse.install()
    expect(globals()).not.toEqual(before)
    expect(fetch.name).toBe('fetch')
    infuse.uninstall()
    expect(globals()).toEqual(before)
    await get('/')
    expect(callsOf(infuse)).toBe(0)
  })

  it('is counted', async () => {
    const before = globals()
    const infuse = infuseOn()
    infuse.install()
    infuse.install()
    await get('/')
    infuse.uninstall()
    await get('/')
    expect(callsOf(infuse)).toBe(2)
    infuse.uninstall()
    expect(globals()).toEqual(before)
    infuse.uninstall()
    infuse.install()
    await get('/')
    expect(callsOf(infuse)).toBe(3)
    infuse.install()
    await infuse.dispose()
    expect(globals()).toEqual(before)
    await infuse.dispose()
  })

  it('of two applications comes off in any order', async () => {
    for (const order of [[0, 1, 2] as const, [2, 1, 0] as const, [0, 2, 1] as const, [1, 0, 2] as const]) {
      const before = globals()
      const all = [infuseOn(), infuseOn(), infuseOn()]
      for (const infuse of all) infuse.install()
      for (const index of order) {
        await get('/')
        all[index]?.uninstall()
      }
      expect(globals()).toEqual(before)
      await get('/')
      // The outermost judges, and it alone.
      expect(all.reduce((sum, infuse) => sum + callsOf(infuse), 0)).toBe(3)
    }
  })

  it('leaves what somebody put over it, and lets everything pass from then on', async () => {
    const before = globals()
    const infuse = infuseOn()
    infuse.install()
    const guarded = globalThis.fetch
    const theirs: typeof fetch = (input, init) => guarded(input, init)
    globalThis.fetch = theirs
    await get('/')
    infuse.uninstall()
    expect(globalThis.fetch).toBe(theirs)
    await get('/')
    expect(callsOf(infuse)).toBe(1)
    globalThis.fetch = guarded
    infuse.install()
    infuse.uninstall()
    expect(globals()).toEqual(before)
  })

  it('lets skipBreaker pass, open or closed, counted nowhere', async () => {
    const infuse = infuseOn()
    infuse.install()
    for (let call = 0; call < 5; call++) await get('/status/503', { skipBreaker: true })
    expect(callsOf(infuse)).toBe(0)
    for (let call = 0; call < 3; call++) await get('/status/503', { skipBreaker: false })
    expect(isCircuitBreakerError(await errorOf(get('/status/200')))).toBe(true)
    expect(await get('/status/200', { skipBreaker: true })).toBe('status 200')
    expect(infuse.breaker(dependency.origin).stats).toMatchObject({ calls: 3, rejected: 1 })
  })

  it('guards a dispatcher of one’s own in the init, once', async () => {
    const infuse = infuseOn()
    infuse.install()
    const circuits = new Circuits()
    const agent = new (await loadUndici(BUILT_IN)).Agent()
    const composed = agent.compose(circuitBreaker(circuits.breaker))
    for (const dispatcher of [agent, composed]) await get('/', { dispatcher } as never)
    expect(callsOf(infuse)).toBe(2)
    expect(circuits.calls).toBe(0)
    await get('/', { dispatcher: composed, skipBreaker: true } as never)
    expect(callsOf(infuse) + circuits.calls).toBe(2)
    await agent.close()
  })

  it('judges once where guards are within guards: the outermost', async () => {
    const [outer, inner, service] = [new Circuits(), infuseOn(), infuseOn()]
    inner.install()
    const guarded = guardFetch(fetch, outer.breaker)
    await (await guarded(at('/status/500'))).text()
    expect(await outer.judged()).toEqual(['failure'])
    expect(callsOf(inner)).toBe(0)

    const composed = new undici.Agent().compose(circuitBreaker(new Circuits().breaker))
    await (await guarded(at('/status/200'), { dispatcher: composed } as never)).text()
    expect(await outer.judged()).toEqual(['success', 'failure'])
    expect(callsOf(inner)).toBe(0)
    await composed.close()

    const client = service.service('payments', dependency.origin)
    await (await client.fetch('/status/500')).text()
    expect(service.breaker('payments').stats.failures).toBe(1)
    expect(callsOf(inner)).toBe(0)
    await (await client.fetch('/status/500', { skipBreaker: true })).text()
    expect(callsOf(inner) + callsOf(service)).toBe(1)
    await (await guarded(at('/status/200'), { skipBreaker: true })).text()
    expect(callsOf(inner) + outer.calls).toBe(2)
  })

  it('guards npm’s undici, whose fetch and request share the process’s dispatcher', async () => {
    const infuse = infuseOn()
    infuse.install()
    await (await undici.fetch(at('/'))).text()
    const { body } = await undici.request(at('/'))
    await body.text()
    await until(() => infuse.breaker(dependency.origin).stats.successes === 2)
  })

  it('lets bodies of every kind through', async () => {
    const infuse = infuseOn()
    infuse.install()
    const form = new FormData()
    form.set('order', '17')
    const stream = new ReadableStream({
      pull(controller) {
        controller.enqueue(new TextEncoder().encode('streamed'))
        controller.close()
      },
    })
    expect(await get('/echo', { method: 'POST', body: form })).toContain('17')
    expect(await get('/echo', { method: 'POST', body: stream, duplex: 'half' } as never)).toBe('streamed')
    expect(await get('/echo', { method: 'POST', body: new Blob(['blob']) })).toBe('blob')
    expect(await (await fetch(new Request(at('/echo'), { method: 'POST', body: 'asked' }))).text()).toBe('asked')
    await until(() => infuse.breaker(dependency.origin).stats.successes === 4)
  })

  it('judges a redirect by every service that it leads to', async () => {
    const infuse = infuseOn()
    infuse.install()
    expect(await get('/redirect')).toBe('status 200')
    expect(infuse.breaker(dependency.origin).stats.calls).toBe(2)
  })

  it('H3 sees a body that breaks off', async () => {
    const infuse = infuseOn()
    infuse.install()
    const error = await errorOf(get('/cut'))
    expect(error).toMatchObject({ name: 'TypeError', message: 'terminated' })
    expect(infuse.breaker(dependency.origin).stats).toMatchObject({ calls: 1, failures: 1 })
  })

  it('settles a fetch that is aborted right after it was made', async () => {
    const infuse = infuseOn()
    infuse.install()
    const controllers = Array.from({ length: 50 }, () => new AbortController())
    const asked = controllers.map(({ signal }) => ended(fetch(at('/hold'), { signal })))
    for (const controller of controllers) controller.abort()
    for (const end of await Promise.all(asked)) expect(end.ok).toBe(false)
    const late = new AbortController()
    const soon = ended(fetch(at('/hold'), { signal: late.signal }))
    await undefined
    late.abort('changed my mind')
    expect(await soon).toMatchObject({ ok: false, error: 'changed my mind' })
    await until(() => unsettled(infuse) === 0)
    for (const { stats } of infuse.breakers.values()) expect(stats).toMatchObject({ failures: 0, successes: 0 })
  })

  it('gives the place of a trial back that is aborted right after it was made', async () => {
    const clock = new ManualClock()
    const infuse = infuseOn({ clock })
    infuse.install()
    const breaker = infuse.breaker(dependency.origin)
    await breaker.halfOpen()
    const controller = new AbortController()
    const asked = ended(fetch(at('/hold'), { signal: controller.signal }))
    controller.abort()
    await asked
    await until(() => unsettled(infuse) === 0)
    expect(await get('/status/200')).toBe('status 200')
    expect(breaker.state).toBe('closed')
  })

  it('leaves the reason of an abort alone, even where it is another circuit’s', async () => {
    const infuse = infuseOn()
    infuse.install()
    const breaker = infuse.breaker('another')
    await breaker.open()
    const rejection = await errorOf(breaker.call(async () => 1))
    const reason = new TypeError('not now', { cause: rejection })
    const controller = new AbortController()
    const asked = errorOf(fetch(at('/hold'), { signal: controller.signal }))
    await until(() => dependency.held > 0)
    controller.abort(new Error('gave up', { cause: reason }))
    expect(await asked).toBe(controller.signal.reason)
    await until(() => unsettled(infuse) === 0)
  })
})

function unsettled(infuse: Infuse): number {
  return [...infuse.breakers.values()]
    .map(({ stats }) => stats.calls - stats.successes - stats.failures - stats.ignored - stats.late)
    .reduce((sum, one) => sum + one, 0)
}

describe('a service client', () => {
  it('joins paths below the service’s URL', async () => {
    const infuse = infuseOn()
    const { fetch: ask } = infuse.service('payments', `${dependency.origin}/v1/`)
    const paths = ['/charge', 'charge?id=1', '', '?q=1', '#x']
    for (const path of paths) await (await ask(path)).text()
    await (await ask(`${dependency.origin}/elsewhere`)).text()
    await (await ask(new URL(`${dependency.origin}/as-url`))).text()
    await (await ask(new Request(`${dependency.origin}/as-request`))).text()
    expect(dependency.requests.slice(-8).map(({ path }) => path)).toEqual([
      '/v1/charge',
      '/v1/charge?id=1',
      '/v1/',
      '/v1?q=1',
      '/v1',
      '/elsewhere',
      '/as-url',
      '/as-request',
    ])
    await until(() => infuse.breaker('payments').stats.successes === 8)
  })

  it('refuses another origin, before anything is sent or counted', async () => {
    const infuse = infuseOn()
    const { fetch: ask } = infuse.service('payments', dependency.origin)
    for (const target of [other.origin, new URL(other.origin), new Request(other.origin), '//evil.example/x']) {
      const sent = other.requests.length
      const end = await ended(ask(target))
      if (target === '//evil.example/x') expect(end.ok).toBe(true)
      else expect(end).toMatchObject({ ok: false, error: { name: 'TypeError', message: /another origin/ } })
      expect(other.requests.length).toBe(sent)
    }
    expect(infuse.breaker('payments').stats.calls).toBe(1)
  })

  it('opens, says so with the breaker’s error, and takes skipBreaker', async () => {
    const infuse = infuseOn()
    const { fetch: ask } = infuse.service('payments', dependency.origin)
    for (let call = 0; call < 5; call++) await (await ask('/status/500', { skipBreaker: true })).text()
    for (let call = 0; call < 3; call++) expect((await ask('/status/500')).status).toBe(500)
    const error = await errorOf(ask('/status/200'))
    expect(findCircuitBreakerError(error)).toBe(error)
    expect(error.breaker).toBe('payments')
    expect((await ask('/status/200', { skipBreaker: true })).status).toBe(200)
  })
})
