import { createServer } from 'node:http'
import express, { type ErrorRequestHandler, type Express } from 'express'
import { describe, expect, it, vi } from 'vitest'
import { CircuitBreaker, MemoryStorage } from '../../src/index.ts'
import { infusePlugin } from '../../src/server/express.ts'
import { ask, until } from './ask.ts'
import { type Running, type Setting, serverContract } from './contract.ts'
import { listening } from './listen.ts'

const own: ErrorRequestHandler = (error: Error, _request, response, _next) => {
  response.status(418).json({ mine: error.message })
}

/** The handler that is asked last stands outside, around the whole application. */
function within(app: Express): Express {
  const outer = express()
  outer.use(app, own)
  return outer
}

async function start({ routes, options, hasOwnHandler = false, isFirst = false }: Setting): Promise<Running> {
  const app = express()
  // Express writes what nobody answers to the console, but not in tests.
  app.set('env', 'test')
  const infuse = await infusePlugin(app, options)
  for (const [path, handler] of Object.entries(routes)) {
    app.get(path, async (_request, response) => {
      const gone = new AbortController()
      response.once('close', () => gone.abort())
      response.json(await handler({ infuse, signal: gone.signal }))
    })
  }
  if (hasOwnHandler && isFirst) app.use(own)
  const { url, close } = await listening((hasOwnHandler && !isFirst ? within(app) : app).listen(0, '127.0.0.1'))
  return { url, infuse, close }
}

serverContract('Express 5', start)

describe('Express 5: its own ways', () => {
  it('registered twice it is one application, and the same in one that failed and is tried again', async () => {
    const app = express()
    await expect(infusePlugin(app, { storage: new MemoryStorage(), maxBreakers: 0 })).rejects.toThrow(/`maxBreakers`/)
    const [one, other] = [infusePlugin(app, { storage: new MemoryStorage() }), infusePlugin(app)]
    expect(await one).toBe(await other)
    await (await one).dispose()
  })

  it('logs to console.error, unless told where', async () => {
    const error = vi.spyOn(console, 'error').mockImplementation(() => undefined)
    await using infuse = await infusePlugin(express(), { storage: new MemoryStorage(), env: 'test' })
    await infuse.breaker('payments').open()
    expect(error.mock.calls).toEqual([[expect.stringContaining('[INFUSE] [test:payments] closed -> open')]])
  })

  it('answers errors of routes that were there before', async () => {
    const app = express()
    app.set('env', 'test')
    const storage = new MemoryStorage()
    const early = new CircuitBreaker({ name: 'payments', storage })
    app.get('/early', () => early.call(() => 1))
    await using infuse = await infusePlugin(app, { storage, log: () => undefined })
    await infuse.breaker('payments').open()
    const { url, close } = await listening(app.listen(0, '127.0.0.1'))
    expect(await ask(`${url}/early`)).toMatchObject({ status: 503, json: { error_code: 998603 } })
    await close()
  })

  it('answers errors of routes that were added later, and not where an answer has begun', async () => {
    const app = express()
    app.set('env', 'test')
    await using infuse = await infusePlugin(app, { storage: new MemoryStorage(), log: () => undefined })
    await infuse.breaker('payments').open()
    const call = (): Promise<unknown> => infuse.breaker('payments').call(async () => 'fine')
    app.get('/first', call)
    const { url, close } = await listening(app.listen(0, '127.0.0.1'))
    expect((await ask(`${url}/first`)).status).toBe(503)
    app.get('/later', call)
    app.get('/begun', async (_request, response) => {
      response.write('begun')
      await call()
    })
    expect((await ask(`${url}/later`)).status).toBe(503)
    await expect(ask(`${url}/begun`)).rejects.toThrow()
    await close()
  })

  it('ends with a server that the application did not start itself, once the last one has closed', async () => {
    const bare = globalThis.fetch
    const app = express()
    await infusePlugin(app, { storage: new MemoryStorage() })
    const servers = [await listening(createServer(app).listen(0)), await listening(createServer(app).listen(0))]
    for (const { url } of servers) await ask(url)
    await servers[0]?.close()
    expect(globalThis.fetch).not.toBe(bare)
    await servers[1]?.close()
    await until(() => globalThis.fetch === bare)
  })
})
