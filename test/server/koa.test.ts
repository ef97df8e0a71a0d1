import Koa from 'koa'
import { infusePlugin } from '../../src/server/koa.ts'
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
