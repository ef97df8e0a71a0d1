// The plugin for Express 5. Its first middleware knows the server; its error handler stands behind everything else, so
// that every handler of the application is asked before.

import type { ErrorRequestHandler, Express, RequestHandler } from 'express'
import type { Infuse } from '../infuse.ts'
import { isBelow } from './admin.ts'
import { once, openPlugin, type Plugin, type PluginOptions } from './application.ts'
import { endingWith, serverOf, type WatchServer, watchListen } from './shutdown.ts'

export type { Log } from './log.ts'
export type { UnavailableBody } from './unavailable.ts'

/** Options of {@link infusePlugin}; all may be left out, and come before the INFUSE_* settings. */
export interface InfusePluginOptions extends PluginOptions {}

/**
 * Settings, announcement, guarded fetch, 503s, log and shutdown in one line (Infuse's `init_app`); call it before the
 * routes are added. A second time answers the same.
 * @throws TypeError or RangeError (as a rejection) for a bad option or setting, naming it.
 */
export function infusePlugin(app: Express, options: InfusePluginOptions = {}): Promise<Infuse> {
  return once(app, async () => {
    const plugin = await openPlugin(options)
    const watch = endingWith(plugin)
    watchListen(app, watch)
    app.use(first(app, plugin, watch))
    // For routes that are there already; those that come get one of their own.
    app.use(answerErrors(plugin))
    return plugin.infuse
  })
}

function first(app: Express, plugin: Plugin, watch: WatchServer): RequestHandler {
  const { admin } = plugin
  const onError = answerErrors(plugin)
  let routes = 0
  return (request, response, next) => {
    watch(serverOf(request))
    if (admin !== undefined && isBelow(admin, request.originalUrl)) return admin.listen(request, response)
    // Behind the last route, and once more where routes were added since. Two of them are as good as one.
    if (countOf(app) !== routes) {
      app.use(onError)
      routes = countOf(app)
    }
    return next()
  }
}

function answerErrors({ answer }: Plugin): ErrorRequestHandler {
  return (error, _request, response, next) => {
    const found = response.headersSent ? undefined : answer(error)
    if (found === undefined) next(error)
    else response.status(found.status).set(found.headers).send(found.text)
  }
}

function countOf(app: Express): number {
  return app.router.stack.length
}
