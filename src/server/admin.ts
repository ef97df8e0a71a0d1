// The admin handler within a server. It is a function of Request and Response; this is where it gets its path.

import type { AdminOptions } from '../admin/options.ts'
import { bad } from '../core/check.ts'
import type { Infuse } from '../infuse.ts'

/** Where the handler is, and the handler. */
export interface AdminMount {
  /** Begins with a slash and does not end with one. */
  readonly basePath: string
  handle(request: Request): Promise<Response>
}

const STANDARD_PATH = '/infuse'

/**
 * Sets the handler up.
 * @throws TypeError or RangeError for bad options, among them the path `/`, which is the application's own.
 */
export function openAdmin(infuse: Infuse, options: AdminOptions): Promise<AdminMount> {
  const { basePath = STANDARD_PATH } = options
  const path = basePath.replace(/\/+$/, '')
  if (path === '') throw bad('admin.basePath', 'a path below /', basePath, 'string')
  throw new Error(`The admin handler cannot be mounted yet (${path}, ${infuse.serviceName})`)
}

/** Whether a request's path (without its query) belongs to the handler. */
export function isBelow(mount: AdminMount | undefined, path: string): mount is AdminMount {
  return mount !== undefined && (path === mount.basePath || path.startsWith(`${mount.basePath}/`))
}
