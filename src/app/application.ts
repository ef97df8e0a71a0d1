// An application as its environment wants it: settings read, modules loaded, storage opened. What the code says comes
// before what settings say.

import { checkKnown, checkObject } from '../core/check.ts'
import { copyOptions, mergeOptions } from './circuit-options.ts'
import { loadListeners, loadMatchers } from './modules.ts'
import { type ApplicationOptions, INFUSE_OPTIONS, type InfuseOptions } from './options.ts'
import { type Environment, readSettings, type Settings } from './settings.ts'
import { openSharing } from './sharing.ts'

export interface OpenApplication {
  readonly options: InfuseOptions
  /** Lets go of what was opened for it; what the code gave stays as it is. */
  close(): Promise<void>
}

/** @throws TypeError for a setting that cannot be read, a module that cannot be loaded, an option that is none. */
export async function openApplication(env: Environment, options: ApplicationOptions): Promise<OpenApplication> {
  checkKnown('an application', checkObject('options', options), [...INFUSE_OPTIONS, 'redis', 'mirror'])
  const { redis, mirror, ...given } = options
  if (given.storage !== undefined && (redis ?? mirror) !== undefined)
    throw new TypeError('Expected `storage`, or `redis` with `mirror`, but not both')
  // Also where keys are kept: two environments must not share circuits because one of them is named in code.
  const named = given.env === undefined ? env : { ...env, INFUSE_ENVIRONMENT: given.env }
  const settings = readSettings(checkObject('env', named))
  const defaults = mergeOptions(
    {
      failMax: settings.failMax,
      resetTimeout: settings.resetTimeout,
      exclude: await loadMatchers('INFUSE_BREAKER_EXCLUDE_EXCEPTIONS', settings.exclude),
      listeners: await loadListeners('INFUSE_BREAKER_LISTENERS', settings.listeners),
    },
    given.defaults === undefined ? undefined : copyOptions('defaults', given.defaults),
  )
  const sharing = given.storage === undefined ? await openSharing(settings, { redis, mirror }) : undefined
  return {
    options: { ...given, ...identity(settings, given), defaults, storage: given.storage ?? sharing?.storage },
    close: async () => sharing?.close(),
  }
}

function identity(settings: Settings, given: InfuseOptions): InfuseOptions {
  const service = given.service ?? settings.service
  // Nobody calls a service that has no name.
  const announced = given.announce ?? (service === undefined ? false : settings.announce)
  return { service, env: settings.env, announce: announced }
}
