// The plugin for Fastify 5: one line guards everything the service calls. It belongs to the instance that registers
// it, not to a scope of its own; no package is needed for that, only what Fastify reads from the function.

import type { FastifyInstance, FastifyPluginAsync } from 'fastify'
import type { Infuse } from '../infuse.ts'
import type { AdminMount } from './admin.ts'
import { openPlugin, type Plugin, type PluginOptions } from './application.ts'

export type { Log } from './log.ts'
export type { UnavailableBody } from './unavailable.ts'

/** Options of {@link infusePlugin}; all may be left out, and come before the INFUSE_* settings. */
export interface InfusePluginOptions extends PluginOptions {}

declare module 'fastify' {
  interface FastifyInstance {
    /** The application of circuit breakers that `infusePlugin` opened. */
    infuse: Infuse
  }
}

/** What Fastify adds to the options of a plugin. */
const FASTIFY_OPTIONS = ['prefix', 'logLevel', 'logSerializers', 'encapsulate']

const OPENED = new WeakSet<Infuse>()

async function plugin(app: FastifyInstance, options: InfusePluginOptions): Promise<void> {
  // A second registration finds what the first has opened; what somebody else has put there is refused below.
  if (app.hasDecorator('infuse') && OPENED.has(app.infuse)) return
  const own = Object.entries(options).filter(([option]) => !FASTIFY_OPTIONS.includes(option))
  const opened = await openPlugin(Object.fromEntries(own), (line, level) => app.log[level](line))
  OPENED.add(opened.infuse)
  app.addHook('onClose', () => opened.close())
  app.decorate('infuse', opened.infuse)
  addErrorHandler(app, opened)
  if (opened.admin !== undefined) mountAdmin(app, opened.admin)
}

/** `app.register(infusePlugin)`: settings, announcement, guarded fetch, 503s, log and shutdown (Infuse's `init_app`). */
export const infusePlugin: FastifyPluginAsync<InfusePluginOptions> = Object.assign(plugin, {
  [Symbol.for('skip-override')]: true,
  [Symbol.for('fastify.display-name')]: 'infuse-breaker',
  [Symbol.for('plugin-meta')]: { name: 'infuse-breaker', fastify: '5.x' },
})

/** In a scope of its own: what parses the application's bodies does not parse these. */
function mountAdmin(app: FastifyInstance, admin: AdminMount): void {
  app.addHook('preClose', async () => admin.dispose())
  app.register(async (scope) => {
    scope.removeAllContentTypeParsers()
    scope.addContentTypeParser('*', (_request, _body, done) => done(null))
    for (const url of [admin.basePath, `${admin.basePath}/*`]) {
      scope.all(url, (request, reply) => {
        reply.hijack()
        return admin.listen(request.raw, reply.raw)
      })
    }
  })
}

/**
 * Handlers of one scope form a chain: the last that was set is asked first, and what it throws on goes to the one
 * before. So this one stands above the application's own if that was set before, else below it.
 */
function addErrorHandler(app: FastifyInstance, { answer }: Plugin): void {
  allowAnother(app)
  // Not throwing at once: Fastify takes only what a promise rejects with for an error where it is none (`throw 'text'`).
  app.setErrorHandler(async (error, _request, reply) => {
    const found = answer(error)
    if (found === undefined) throw error
    return reply.code(found.status).headers(found.headers).send(found.text)
  })
  allowAnother(app)
}

const ALREADY_SET = 'fastify.errorHandlerAlreadySet'

/** Fastify warns of a second handler in one scope, or refuses it, since most replace the first. Ours and theirs do not. */
function allowAnother(app: FastifyInstance): void {
  for (let owner: object | null = app; owner !== null; owner = Reflect.getPrototypeOf(owner)) {
    const flag = Object.getOwnPropertySymbols(owner).find((symbol) => symbol.description === ALREADY_SET)
    if (flag !== undefined) return void Reflect.set(app, flag, false)
  }
}
