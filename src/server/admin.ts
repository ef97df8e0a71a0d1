// The admin handler within a server. It is a function of Request and Response; this is where it gets its path, and a
// Request where the framework has none.

import type { IncomingMessage, ServerResponse } from 'node:http'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type { AdminOptions } from '../admin/options.ts'
import { bad } from '../core/check.ts'
import type { Infuse } from '../infuse.ts'

/** Where the handler is, and the handler. */
export interface AdminMount {
  /** Begins with a slash and does not end with one. */
  readonly basePath: string
  handle(request: Request): Promise<Response>
  /** Ends the streams of events, which would keep a server from closing. */
  dispose(): void
}

const STANDARD_PATH = '/infuse'
/** A request's own `Host` may be no host at all, and the handler looks at the header by itself. */
const BASE = 'http://localhost'

/**
 * Sets the handler up.
 * @throws TypeError or RangeError for bad options, among them the path `/`, which is the application's own.
 */
export async function openAdmin(infuse: Infuse, options: AdminOptions): Promise<AdminMount> {
  const { basePath = STANDARD_PATH } = options
  const path = typeof basePath === 'string' ? basePath.replace(/\/+$/, '') : basePath
  if (path === '') throw bad('admin.basePath', 'a path below /', basePath, 'string')
  const { adminHandler } = await import('../admin/handler.ts')
  const handle = adminHandler(infuse, { ...options, basePath: path })
  return { basePath: path, handle, dispose: () => handle.dispose() }
}

/** Whether a URL, as a request gives it, belongs to the handler. */
export function isBelow({ basePath }: AdminMount, url: string): boolean {
  return url.startsWith(basePath) && /^(?:[/?]|$)/.test(url.slice(basePath.length))
}

/** Answers a request of Node's server. `body`: what a parser before this has made of its body. */
export async function answerNode(mount: AdminMount, message: IncomingMessage, to: ServerResponse): Promise<void> {
  const gone = new AbortController()
  to.once('close', () => gone.abort())
  const response = await mount.handle(toRequest(message, gone.signal))
  to.writeHead(response.status, [...response.headers].flat())
  if (response.body === null) to.end()
  // A client that hangs up ends the stream; there is nobody to tell.
  else await pipeline(Readable.fromWeb(response.body as never), to).catch(() => undefined)
}

interface Parsed {
  readonly body?: unknown
  readonly originalUrl?: string
}

/** A request of Node's server as a Request, whatever a body parser has left of it. */
export function toRequest(message: IncomingMessage & Parsed, signal: AbortSignal): Request {
  const { method = 'GET', body: parsed, originalUrl, url = '/' } = message
  const headers = new Headers()
  for (const [name, value] of Object.entries(message.headers)) {
    if (value !== undefined && !name.startsWith(':')) headers.set(name, String(value))
  }
  const init: RequestInit & { duplex?: 'half' } = { method, headers, signal }
  if (method !== 'GET' && method !== 'HEAD') {
    init.body = message.readableEnded ? textOf(parsed) : (Readable.toWeb(message) as unknown as ReadableStream)
    init.duplex = 'half'
  }
  return new Request(`${BASE}${originalUrl ?? url}`, init)
}

function textOf(parsed: unknown): string {
  return typeof parsed === 'string' ? parsed : (JSON.stringify(parsed) ?? '')
}
