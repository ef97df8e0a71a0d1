import express, { type ErrorRequestHandler, type Express } from 'express'
import { infusePlugin } from '../../src/server/express.ts'
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
