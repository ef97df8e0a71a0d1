// What every framework's plugin does, whichever the framework: opens the application by its settings, waits until its
// circuits are known, guards, answers for open circuits, logs their changes, and gives everything back.

import type { AdminOptions } from '../admin/options.ts'
import type { ApplicationOptions } from '../app/options.ts'
import { readSettings } from '../app/settings.ts'
import { checkArray, checkBoolean, checkFunction, checkObject } from '../core/check.ts'
import { Infuse } from '../infuse.ts'
import { type AdminMount, openAdmin } from './admin.ts'
import { type Log, logChanges } from './log.ts'
import { type Unavailable, unavailable } from './unavailable.ts'

/** Options of every server plugin; all may be left out, and come before the INFUSE_* settings. */
export interface PluginOptions extends ApplicationOptions {
  /** Whether every fetch of this process is guarded. @default true */
  install?: boolean | undefined
  /** The admin API and dashboard, below `admin.basePath` (`/infuse` where it is not given); `false`: not mounted. @default false */
  admin?: AdminOptions | false | undefined
  /** Whether a 503 for an open circuit says that the trouble is not this service's own, so that callers' guards hold nothing against it. @default false */
  dependencyHeader?: boolean | undefined
  /** Takes one line per change of a circuit. @default the framework's logger, else console.error */
  log?: Log | undefined
}

/** An application within a server. */
export interface Plugin {
  readonly infuse: Infuse
  readonly admin: AdminMount | undefined
  /** What to answer to an error that left a handler; `undefined`: it is not about a circuit. */
  answer(error: unknown): Unavailable | undefined
  /** Gives everything back; a second time does nothing. */
  close(): Promise<void>
}

/** @throws TypeError or RangeError for a bad option or setting, naming it; nothing is left open then. */
export async function openPlugin(options: PluginOptions = {}, frameworkLog: Log = toConsole): Promise<Plugin> {
  const { install = true, admin = false, dependencyHeader = false, log, ...given } = checkObject('options', options)
  checkBoolean('install', install)
  checkBoolean('dependencyHeader', dependencyHeader)
  const env = given.env ?? readSettings(process.env).env
  const listener = logChanges(log === undefined ? frameworkLog : checkFunction('log', log), env)
  const defaults = checkObject('defaults', given.defaults ?? {})
  const listeners = [...checkArray('listeners', defaults.listeners ?? []), listener]
  const infuse = await Infuse.fromEnv(process.env, { ...given, defaults: { ...defaults, listeners } })
  return begin(infuse, { ...options, install, admin, dependencyHeader })
}

async function begin(infuse: Infuse, options: PluginOptions): Promise<Plugin> {
  try {
    const { admin = false, circuits = {}, services = {}, dependencyHeader = false } = options
    // Known before the first request comes: what the fleet holds open is not called even once.
    for (const name of [...Object.keys(services), ...Object.keys(circuits)]) infuse.breaker(name)
    await infuse.ready()
    const mount = admin === false ? undefined : await openAdmin(infuse, admin)
    if (options.install === true) infuse.install()
    const isService = (name: string): boolean => infuse.isService(name) || Object.hasOwn(circuits, name)
    const answering = { env: infuse.env, isService, dependencyHeader }
    return {
      infuse,
      admin: mount,
      answer: (error) => unavailable(error, answering),
      close: async () => {
        mount?.dispose()
        await infuse.dispose()
      },
    }
  } catch (error) {
    await infuse.dispose()
    throw error
  }
}

const opened = new WeakMap<object, Promise<Infuse>>()

/** One plugin per application of a framework, however often it asks for it; one that failed may be tried again. */
export function once(app: object, open: () => Promise<Infuse>): Promise<Infuse> {
  const known = opened.get(app)
  if (known !== undefined) return known
  const opening = open()
  opened.set(app, opening)
  opening.catch(() => opened.delete(app))
  return opening
}

function toConsole(line: string): void {
  console.error(line)
}
