// The admin handler within a server: where it gets its path, and what a framework calls that has no Request of its own.

import type { IncomingMessage, ServerResponse } from 'node:http'
import type { AdminOptions } from '../admin/options.ts'
import { bad } from '../core/check.ts'
import type { Infuse } from '../infuse.ts'

/** Where the handler is, and the handler. */
export interface AdminMount {
  /** Begins with a slash and does not end with one. */
  readonly basePath: string
  handle(request: Request): Promise<Response>
  /** The same for the requests of Node's server, by which most frameworks go. */
  listen(request: IncomingMessage, response: ServerResponse): Promise<void>
  /** Ends the streams of events, which would keep a server from closing. */
  dispose(): void
}

const STANDARD_PATH = '/infuse'

/**
 * Sets the handler up.
 * @throws TypeError or RangeError for bad options, among them the path `/`, which is the application's own.
 */
export async function openAdmin(infuse: Infuse, options: AdminOptions): Promise<AdminMount> {
  const { basePath = STANDARD_PATH } = options
  const path = typeof basePath === 'string' ? basePath.replace(/\/+$/, '') : basePath
  if (path === '') throw bad('admin.basePath', 'a path below /', basePath, 'string')
  const { adminHandler, nodeListener } = await import('../admin/index.ts')
  const handle = adminHandler(infuse, { ...options, basePath: path })
  return { basePath: path, handle, listen: nodeListener(handle), dispose: () => handle.dispose() }
}

/** Whether a URL, as a request gives it, belongs to the handler. */
export function isBelow({ basePath }: AdminMount, url: string): boolean {
  return url.startsWith(basePath) && /^(?:[/?]|$)/.test(url.slice(basePath.length))
}
