// The handler where people mount it. The servers' own plugins mount it by themselves; these are the ways by hand, as
// docs/admin.md has them.
import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { getRequestListener } from '@hono/node-server'
import express from 'express'
import fastify from 'fastify'
import { Hono } from 'hono'
import Koa from 'koa'
import { describe, expect, it } from 'vitest'
import { type AdminHandler, adminHandler, nodeListener } from '../../src/admin/index.ts'
import { Infuse } from '../../src/index.ts'
import { type Answer, type Asking, ask, byHeader, Ear } from './rig.ts'

const reason = 'the bank is down'

/** What listens, on a handler with the base path /admin. */
const mounts: Readonly<Record<string, (handler: AdminHandler) => Server | Promise<Server>>> = {
  'node:http': (handler) => {
    const listener = nodeListener(handler)
    return createServer((incoming, outgoing) => void listener(incoming, outgoing))
  },
  express: (handler) => {
    const app = express()
    app.use('/admin', nodeListener(handler))
    return createServer(app)
  },
  'express, its parser in front': (handler) => {
    const app = express()
    app.use(express.json())
    app.use('/admin', nodeListener(handler))
    return createServer(app)
  },
  koa: (handler) => {
    const app = new Koa()
    const listener = nodeListener(handler)
    app.use(async (context, next) => {
      if (!/^\/admin(\/|$)/.test(context.path)) {
        await next()
        return
      }
      context.respond = false
      await listener(context.req, context.res)
    })
    const callback = app.callback()
    return createServer((incoming, outgoing) => void callback(incoming, outgoing))
  },
  hono: (handler) => {
    const app = new Hono()
    app.all('/admin/*', (context) => handler(context.req.raw))
    const listener = getRequestListener(app.fetch)
    return createServer((incoming, outgoing) => void listener(incoming, outgoing))
  },
  fastify: async (handler) => {
    const app = fastify()
    const listener = nodeListener(handler)
    await app.register(async (scope) => {
      scope.removeAllContentTypeParsers()
      scope.addContentTypeParser('*', (_request, _payload, done) => done(null))
      const mount = (
        request: { raw: Parameters<typeof listener>[0] },
        reply: { raw: Parameters<typeof listener>[1]; hijack(): unknown },
      ) => {
        reply.hijack()
        return listener(request.raw, reply.raw)
      }
      scope.all('/admin', mount)
      scope.all('/admin/*', mount)
    })
    await app.ready()
    return app.server
  },
}

describe.each(Object.entries(mounts))('on %s', (_, mount) => {
  async function use<T>(
    run: (rig: {
      infuse: Infuse
      port: number
      handler: AdminHandler
      ask(path: string, asking?: Asking): Promise<Answer>
    }) => Promise<T>,
  ): Promise<T> {
    const infuse = new Infuse()
    infuse.breaker('http://payments:8000')
    const handler = adminHandler(infuse, { authorize: byHeader, allowMutations: true, basePath: '/admin' })
    const server = await mount(handler)
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    const { port } = server.address() as AddressInfo
    try {
      return await run({ infuse, port, handler, ask: (path, asking) => ask(port, path, asking) })
    } finally {
      handler.dispose()
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
      await infuse.dispose()
    }
  }

  it('reads, acts and refuses', () =>
    use(async ({ infuse, ask }) => {
      expect((await ask('/admin/circuits')).json.circuits).toMatchObject([{ name: 'http://payments:8000' }])
      const path = `/admin/circuits/${encodeURIComponent('http://payments:8000')}/force`
      const done = await ask(path, { method: 'POST', body: { reason, state: 'open' } })
      expect(done.json.circuit.forced).toMatchObject({ by: 'maria', reason })
      expect(infuse.breaker('http://payments:8000').state).toBe('open')
      expect((await ask(path, { method: 'POST', body: { state: 'open' } })).status).toBe(422)
      expect((await ask(path)).status).toBe(405)
      expect((await ask('/admin/circuits', { headers: { 'x-who': '' } })).status).toBe(401)
      expect(
        (await ask(path, { method: 'POST', body: { reason }, headers: { origin: 'http://evil.example' } })).status,
      ).toBe(403)
      expect((await ask('/admin/nothing')).status).toBe(404)
    }))

  it('shows the page, and streams events until the client leaves', () =>
    use(async ({ infuse, port, ask }) => {
      expect((await ask('/admin/')).headers['content-type']).toBe('text/html; charset=utf-8')
      const ear = await Ear.open(port, '/admin/events')
      await ear.hear('heartbeat')
      await infuse.breaker('http://payments:8000').open()
      await ear.hear('circuit', ({ circuit }) => circuit.state === 'open')
      ear.stop()
    }))

  it('refuses a body that is too large', () =>
    use(async ({ ask }) => {
      const body = { reason: 'x'.repeat(20_000) }
      expect((await ask('/admin/circuits/a/open', { method: 'POST', body })).status).toBe(413)
    }))
})
