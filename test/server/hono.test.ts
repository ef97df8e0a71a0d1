import type { Server } from 'node:http'
import { serve } from '@hono/node-server'
import { type ErrorHandler, Hono } from 'hono'
import { infusePlugin } from '../../src/server/hono.ts'
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
