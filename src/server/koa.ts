// The plugin for Koa 3: one middleware around those that come after it.

import type Koa from 'koa'
import type { Infuse } from '../infuse.ts'
import { isBelow } from './admin.ts'
import { once, openPlugin, type Plugin, type PluginOptions } from './application.ts'
import { endingWith, serverOf, type WatchServer, watchListen } from './shutdown.ts'

export type { Log } from './log.ts'
export type { UnavailableBody } from './unavailable.ts'

/** Options of {@link infusePlugin}; all may be left out, and come before the INFUSE_* settings. */
export interface InfusePluginOptions extends PluginOptions {}

// biome-ignore lint/suspicious/noExplicitAny: an application has its own types of state and context
type AnyKoa = Koa<any, any>

/**
 * Settings, announcement, guarded fetch, 503s, log and shutdown in one line (Infuse's `init_app`); call it before the
 * application's middleware is added. A second time answers the same.
 * @throws TypeError or RangeError (as a rejection) for a bad option or setting, naming it.
 */
export function infusePlugin(app: AnyKoa, options: InfusePluginOptions = {}): Promise<Infuse> {
  return once(app, async () => {
    const plugin = await openPlugin(options)
    const watch = endingWith(plugin)
    watchListen(app, watch)
    app.use(around(plugin, watch))
    return plugin.infuse
  })
}

function around({ admin, answer }: Plugin, watch: WatchServer): Koa.Middleware {
  return async (context, next) => {
    watch(serverOf(context.req))
    if (admin !== undefined && isBelow(admin, context.originalUrl)) {
      context.respond = false
      return admin.listen(context.req, context.res)
    }
    try {
      await next()
    } catch (error) {
      const found = context.headerSent ? undefined : answer(error)
      if (found === undefined) throw error
      context.status = found.status
      context.set(found.headers)
      context.body = found.text
    }
  }
}
