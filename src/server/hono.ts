// The plugin for Hono 4: its error handler in front of the one that is there, and a middleware that answers what a
// handler set later throws on.

import type { Context, ErrorHandler, Hono, MiddlewareHandler } from 'hono'
import type { Infuse } from '../infuse.ts'
import { isBelow } from './admin.ts'
import { once, openPlugin, type Plugin, type PluginOptions } from './application.ts'
import { endingWith, serverOf } from './shutdown.ts'
import type { Unavailable } from './unavailable.ts'

export type { Log } from './log.ts'
export type { UnavailableBody } from './unavailable.ts'

/** Options of {@link infusePlugin}; all may be left out, and come before the INFUSE_* settings. */
export interface InfusePluginOptions extends PluginOptions {}

// biome-ignore lint/suspicious/noExplicitAny: an application has its own types of environment and routes
type AnyHono = Hono<any, any, any>

/**
 * Settings, announcement, guarded fetch, 503s, log and shutdown in one line (Infuse's `init_app`); call it before the
 * routes are added. On Node.js it ends with the server; elsewhere `dispose()` what it answers. A second time answers
 * the same.
 * @throws TypeError or RangeError (as a rejection) for a bad option or setting, naming it.
 */
export function infusePlugin(app: AnyHono, options: InfusePluginOptions = {}): Promise<Infuse> {
  return once(app, async () => {
    const plugin = await openPlugin(options)
    const { errorHandler } = app as unknown as { readonly errorHandler: ErrorHandler }
    app.onError((error, context) => {
      const found = plugin.answer(error)
      return found === undefined ? errorHandler(error, context) : respond(context, found)
    })
    app.use(around(plugin))
    return plugin.infuse
  })
}

function around(plugin: Plugin): MiddlewareHandler {
  const { admin, answer } = plugin
  const watch = endingWith(plugin)
  return async (context, next) => {
    watch(serverOf((context.env as { readonly incoming?: { readonly socket: object } } | undefined)?.incoming))
    if (admin !== undefined && isBelow(admin, context.req.path)) return admin.handle(context.req.raw)
    try {
      return await next()
    } catch (error) {
      const found = answer(error)
      if (found === undefined) throw error
      return respond(context, found)
    }
  }
}

function respond(context: Context, { text, status, headers }: Unavailable): Response {
  return context.body(text, status, { ...headers })
}
