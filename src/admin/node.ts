// From node:http to a handler of requests and back: for node:http itself, Express and Koa. The address is built on a
// fixed base, so that no Host, however wrong, decides what is asked for; Host goes along as a header and is checked
// there. A client that goes away ends its answer.

import type { IncomingMessage, ServerResponse } from 'node:http'
import { Readable } from 'node:stream'
import { warn } from '../core/warning.ts'

/** What frameworks add to a request. */
interface Incoming extends IncomingMessage {
  /** Express: the address before it took off what a router is mounted at. */
  readonly originalUrl?: string
  /** A parser in front has read the body. */
  readonly body?: unknown
}

const BASE = 'http://localhost'

/** A listener for `http.createServer`, `app.use` of Express, or Koa's `context.req` and `context.res`. */
export function nodeListener(
  handler: (request: Request) => Promise<Response>,
): (request: IncomingMessage, response: ServerResponse) => Promise<void> {
  return async (incoming, outgoing) => {
    const gone = new AbortController()
    outgoing.once('close', () => gone.abort())
    try {
      const request = requestOf(incoming, gone.signal)
      const response = request === undefined ? new Response(null, { status: 400 }) : await handler(request)
      await send(response, incoming, outgoing, gone.signal)
    } catch (error) {
      if (!gone.signal.aborted) warn('An answer could not be sent', error)
      outgoing.destroy()
    }
  }
}

/** `undefined`: the address is none. */
function requestOf(incoming: Incoming, signal: AbortSignal): Request | undefined {
  const { method = 'GET', originalUrl, url = '/' } = incoming
  const path = originalUrl ?? url
  if (!path.startsWith('/') || !URL.canParse(`${BASE}${path}`)) return undefined
  const headers = new Headers()
  for (const [name, value] of Object.entries(incoming.headers)) {
    if (value === undefined || name.startsWith(':')) continue
    for (const one of Array.isArray(value) ? value : [value]) headers.append(name, one)
  }
  const isBodiless = method === 'GET' || method === 'HEAD'
  const init: RequestInit = { method, headers, signal }
  if (isBodiless) return new Request(`${BASE}${path}`, init)
  return new Request(`${BASE}${path}`, { ...init, ...bodyOf(incoming) })
}

function bodyOf(incoming: Incoming): RequestInit & { duplex?: 'half' } {
  const { body } = incoming
  if (!incoming.readableDidRead || body === undefined)
    return { body: Readable.toWeb(incoming) as ReadableStream<Uint8Array>, duplex: 'half' }
  return { body: typeof body === 'string' ? body : JSON.stringify(body) }
}

async function send(
  response: Response,
  incoming: IncomingMessage,
  outgoing: ServerResponse,
  gone: AbortSignal,
): Promise<void> {
  outgoing.statusCode = response.status
  for (const [name, value] of response.headers) if (name !== 'set-cookie') outgoing.setHeader(name, value)
  const cookies = response.headers.getSetCookie()
  if (cookies.length > 0) outgoing.setHeader('set-cookie', cookies)
  // What is still coming is not wanted.
  if (!incoming.complete && response.status >= 400 && incoming.httpVersionMajor < 2)
    outgoing.setHeader('connection', 'close')
  const { body } = response
  if (body === null) {
    outgoing.end()
    return
  }
  outgoing.flushHeaders()
  const reader = body.getReader()
  const cancel = (): void => void reader.cancel().catch(() => undefined)
  gone.addEventListener('abort', cancel, { once: true })
  for (;;) {
    const { done, value } = await reader.read()
    if (done || gone.aborted) break
    if (!outgoing.write(value)) await drained(outgoing)
  }
  outgoing.end()
}

function drained(outgoing: ServerResponse): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      outgoing.off('drain', done).off('close', done)
      resolve()
    }
    outgoing.once('drain', done).once('close', done)
    if (outgoing.destroyed) done()
  })
}
