import Fastify, { type FastifyInstance, type FastifyServerOptions } from 'fastify'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { CircuitBreaker, type Health, MemoryStorage } from '../../src/index.ts'
import { infusePlugin } from '../../src/server/fastify.ts'
import { ManualClock } from '../../src/testing/index.ts'
import { type Running, type Setting, serverContract } from './contract.ts'

async function start({ routes, options, hasOwnHandler = false, isFirst = false }: Setting): Promise<Running> {
  const app = Fastify()
  const setOwn = (): unknown =>
    app.setErrorHandler((error: Error, _request, reply) => reply.code(418).send({ mine: error.message }))
  if (hasOwnHandler && !isFirst) setOwn()
  try {
    await app.register(infusePlugin, options)
  } catch (error) {
    await app.close()
    throw error
  }
  if (hasOwnHandler && isFirst) setOwn()
  for (const [path, handler] of Object.entries(routes)) {
    app.get(path, (_request, reply) => {
      const gone = new AbortController()
      reply.raw.once('close', () => gone.abort())
      return handler({ infuse: app.infuse, signal: gone.signal })
    })
  }
  const url = await app.listen({ port: 0, host: '127.0.0.1' })
  return { url, infuse: app.infuse, close: () => app.close() }
}

serverContract('Fastify 5', start)

describe('Fastify 5: its own ways', () => {
  const apps: FastifyInstance[] = []
  const storage = new MemoryStorage()
  const make = (options: FastifyServerOptions = {}): FastifyInstance => {
    const app = Fastify(options)
    apps.push(app)
    return app
  }
  const callBreaker = (app: FastifyInstance): Promise<unknown> =>
    app.infuse.breaker('payments').call(async () => 'fine')
  const unavailable = { statusCode: 503, error_code: 998603, message: 'payments is currently unavailable.' }

  afterEach(async () => {
    for (const app of apps.splice(0)) await app.close()
    await new CircuitBreaker({ name: 'payments', storage }).close()
  })

  it('needs no await: routes and handlers beside it are covered', async () => {
    const app = make()
    app.register(infusePlugin, { storage })
    app.get('/', () => callBreaker(app))
    app.get('/boom', () => Promise.reject(new Error('boom')))
    app.setErrorHandler((error: Error, _request, reply) => reply.code(418).send({ mine: error.message }))
    await app.ready()
    await app.infuse.breaker('payments').open()
    const [open, boom] = [await app.inject('/'), await app.inject('/boom')]
    expect([open.statusCode, open.json()]).toEqual([503, unavailable])
    expect([boom.statusCode, boom.json()]).toEqual([418, { mine: 'boom' }])
  })

  it('a handler set later, or in a scope, is asked first, and what it throws on is answered', async () => {
    const warned = vi.fn()
    process.on('warning', warned)
    const app = make({ allowErrorHandlerOverride: false })
    await app.register(infusePlugin, { storage })
    // The application may have a handler all the same.
    app.setErrorHandler((error: Error, request, reply) => {
      if (request.url === '/') throw error
      return reply.code(418).send({ mine: error.message })
    })
    app.get('/', () => callBreaker(app))
    app.get('/mine', () => callBreaker(app))
    await app.register(async (scope) => {
      scope.setErrorHandler((error: Error, _request, reply) => reply.code(419).send({ scoped: error.name }))
      scope.get('/scope', () => callBreaker(app))
    })
    await app.ready()
    await app.infuse.breaker('payments').open()
    const answers = await Promise.all(['/', '/mine', '/scope'].map((url) => app.inject(url)))
    expect(answers.map((answer) => answer.statusCode)).toEqual([503, 418, 419])
    expect(answers[0]?.json()).toEqual(unavailable)
    await new Promise(setImmediate)
    process.off('warning', warned)
    expect(warned).not.toHaveBeenCalled()
  })

  it.each([
    ['an error', () => new Error('boom')],
    [
      'an error with status and headers',
      () => Object.assign(new Error('no'), { statusCode: 409, headers: { a: 'b' } }),
    ],
    ['a text', () => 'text'],
    ['an object', () => ({ statusCode: 404, some: 'thing' })],
    ['nothing', () => undefined],
  ])('%s that is thrown is answered as without the plugin', async (_what, thrown) => {
    const [bare, guarded] = [make(), make()]
    await guarded.register(infusePlugin, { storage })
    const answers = []
    for (const app of [bare, guarded]) {
      app.get('/sync', () => {
        throw thrown()
      })
      app.get('/async', async () => {
        throw thrown()
      })
      for (const url of ['/sync', '/async']) {
        const { statusCode, payload, headers } = await app.inject({ url, headers: { connection: 'close' } })
        answers.push({ statusCode, payload, headers: { ...headers, date: '' } })
      }
    }
    expect(answers.slice(2)).toEqual(answers.slice(0, 2))
  })

  it('is answered as it is, whatever the schema of a route says of 503', async () => {
    const app = make()
    await app.register(infusePlugin, { storage, dependencyHeader: true })
    const schema = { response: { 503: { type: 'object', properties: { other: { type: 'string' } } } } }
    app.get('/', { schema }, () => callBreaker(app))
    await app.ready()
    await app.infuse.breaker('payments').open()
    const answer = await app.inject('/')
    expect(answer.json()).toEqual(unavailable)
    expect(answer.headers['infuse-dependency']).toBe('unavailable')
  })

  it('logs changes with the logger of the application, and no rejected call', async () => {
    const lines: { level: number; msg: string }[] = []
    const app = make({ logger: { stream: { write: (line: string) => void lines.push(JSON.parse(line)) } } })
    await app.register(infusePlugin, { storage })
    app.get('/', () => callBreaker(app))
    await app.ready()
    await app.infuse.breaker('payments').open()
    for (let time = 0; time < 5; time++) await app.inject('/')
    expect(lines.filter(({ level }) => level >= 40).map(({ msg }) => msg)).toEqual([
      expect.stringContaining('[INFUSE] [payments] closed -> open'),
    ])
  })

  it('registered twice it opens one application, which nested plugins see', async () => {
    const app = make()
    await app.register(infusePlugin, { storage, service: 'shop' })
    const { infuse } = app
    await app.register(infusePlugin, { storage, service: 'other', prefix: '/v1' })
    await app.register(async (scope) => {
      await scope.register(infusePlugin)
      expect(scope.infuse).toBe(infuse)
    })
    expect(app.infuse).toBe(infuse)
    expect(app.hasPlugin('infuse-breaker')).toBe(true)
  })

  it('refuses an instance that has something else by its name, and leaves nothing behind', async () => {
    const bare = globalThis.fetch
    const app = make()
    app.decorate('infuse', {} as never)
    await expect(app.register(infusePlugin, { storage })).rejects.toThrow(/already been added/)
    await app.close()
    expect(globalThis.fetch).toBe(bare)
  })

  it('tells a health endpoint what circuits are, and what is required', async () => {
    const clock = new ManualClock()
    const app = make()
    await app.register(infusePlugin, {
      storage: new MemoryStorage({ clock }),
      clock,
      services: { payments: 'http://payments' },
    })
    app.get('/health', () => app.infuse.health({ required: ['payments'] }))
    const health = async (): Promise<Health> => (await app.inject('/health')).json()
    expect(await health()).toMatchObject({ ready: true, circuits: { payments: { state: 'closed', retryAfter: 0 } } })
    await app.infuse.breaker('payments').open()
    await app.infuse.breaker('mail').force('open')
    expect(await health()).toMatchObject({
      ready: false,
      circuits: {
        mail: { state: 'open', forced: true, retryAfter: null },
        payments: { state: 'open', scope: 'local', forced: false, retryAfter: 15_000 },
      },
    })
    clock.advance(15_000)
    // The trial would never come if nobody sent a request any more.
    expect(await health()).toMatchObject({ ready: true, circuits: { payments: { state: 'open', retryAfter: 0 } } })
  })
})
