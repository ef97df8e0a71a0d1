import type { Server } from 'node:http'
import { serve } from '@hono/node-server'
import { type ErrorHandler, Hono } from 'hono'
import { describe, expect, it } from 'vitest'
import { type Infuse, isCircuitBreakerError, MemoryStorage } from '../../src/index.ts'
import { infusePlugin } from '../../src/server/hono.ts'
import { ask, until } from './ask.ts'
import { type Running, type Setting, serverContract } from './contract.ts'
import { listening } from './listen.ts'

const own: ErrorHandler = (error, context) => context.json({ mine: error.message }, 418)
const quiet: ErrorHandler = (_error, context) => context.text('Internal Server Error', 500)

async function start({ routes, options, hasOwnHandler = false, isFirst = false }: Setting): Promise<Running> {
  const app = new Hono()
  app.onError(hasOwnHandler && !isFirst ? own : quiet)
  const infuse = await infusePlugin(app, options)
  if (hasOwnHandler && isFirst) app.onError(own)
  for (const [path, handler] of Object.entries(routes)) {
    app.get(path, async (context) => context.json(await handler({ infuse, signal: context.req.raw.signal })))
  }
  const server = serve({ fetch: app.fetch, port: 0, hostname: '127.0.0.1' }) as Server
  const { url, close } = await listening(server)
  // A server that never had a request was never seen.
  return { url, infuse, close: () => close().then(() => infuse.dispose()) }
}

serverContract('Hono 4', start)

describe('Hono 4: its own ways', () => {
  const call = (infuse: Infuse) => (): Promise<never> =>
    infuse.breaker('payments').call(() => Promise.reject(new Error('not called')))

  it('what a handler set later throws on is answered, and so are parts of the application', async () => {
    const app = new Hono()
    await using infuse = await infusePlugin(app, { storage: new MemoryStorage(), log: () => undefined })
    expect(await infusePlugin(app)).toBe(infuse)
    await infuse.breaker('payments').open()
    app.onError((error, context) => {
      if (isCircuitBreakerError(error)) throw error
      return context.text('mine', 418)
    })
    const part = new Hono()
    part.get('/call', call(infuse))
    part.get('/boom', () => Promise.reject(new Error('boom')))
    app.route('/part', part)
    const [open, boom] = [await app.request('/part/call'), await app.request('/part/boom')]
    expect([open.status, boom.status]).toEqual([503, 418])
    expect(await open.json()).toMatchObject({ error_code: 998603 })
  })

  it('ends with the server that had a request', async () => {
    const bare = globalThis.fetch
    const app = new Hono()
    await infusePlugin(app, { storage: new MemoryStorage() })
    app.get('/', (context) => context.text('fine'))
    const { url, close } = await listening(serve({ fetch: app.fetch, port: 0, hostname: '127.0.0.1' }) as Server)
    await ask(url)
    await close()
    await until(() => globalThis.fetch === bare)
  })
})
