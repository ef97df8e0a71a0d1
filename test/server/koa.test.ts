import Koa from 'koa'
import { describe, expect, it } from 'vitest'
import { MemoryStorage } from '../../src/index.ts'
import { infusePlugin } from '../../src/server/koa.ts'
import { ask } from './ask.ts'
import { type Running, type Setting, serverContract } from './contract.ts'
import { listening } from './listen.ts'

const own: Koa.Middleware = async (context, next) => {
  try {
    await next()
  } catch (error) {
    context.status = 418
    context.body = { mine: (error as Error).message }
  }
}

async function start({ routes, options, hasOwnHandler = false, isFirst = false }: Setting): Promise<Running> {
  const app = new Koa()
  app.silent = true
  if (hasOwnHandler && !isFirst) app.use(own)
  const infuse = await infusePlugin(app, options)
  if (hasOwnHandler && isFirst) app.use(own)
  app.use(async (context) => {
    const handler = Object.entries(routes).find(([path]) => path === context.path)?.[1]
    const gone = new AbortController()
    context.res.once('close', () => gone.abort())
    if (handler !== undefined) context.body = await handler({ infuse, signal: gone.signal })
  })
  const { url, close } = await listening(app.listen(0, '127.0.0.1'))
  return { url, infuse, close }
}

serverContract('Koa 3', start)

describe('Koa 3: its own ways', () => {
  it('what middleware has set stays, but not what said the kind of another body', async () => {
    const app = new Koa()
    await using infuse = await infusePlugin(app, { storage: new MemoryStorage(), log: () => undefined })
    expect(await infusePlugin(app)).toBe(infuse)
    await infuse.breaker('payments').open()
    app.use(async (context) => {
      context.set('access-control-allow-origin', '*')
      context.type = 'text/csv'
      await infuse.breaker('payments').call(async () => 'fine')
    })
    const { url, close } = await listening(app.listen(0, '127.0.0.1'))
    const { headers, json } = await ask(url)
    expect(headers['access-control-allow-origin']).toBe('*')
    expect(json).toMatchObject({ statusCode: 503 })
    await close()
  })
})
