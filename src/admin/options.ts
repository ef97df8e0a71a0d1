// How the admin handler is set up: refused at construction where it would be open to everybody.

import { bad, checkBoolean, checkCount, checkKnown, checkObject } from '../core/check.ts'
import type { Authorize } from './identity.ts'

/** Options of {@link adminHandler}. */
export interface AdminOptions {
  /** Recognises who sent a request: `{ actor, can }`, or `null`. Required: there is no dashboard for everybody. */
  authorize: Authorize
  /** Whether circuits can be moved; without it everything is read-only, whatever an identity may do. @default false */
  allowMutations?: boolean | undefined
  /** The path that it is mounted at. @default '/' */
  basePath?: string | undefined
  /** Streams of events at once; more are answered 503. @default 100 */
  maxStreams?: number | undefined
}

export interface AdminSettings {
  readonly authorize: Authorize
  readonly allowMutations: boolean
  /** Without a slash at its end: '' for the root. */
  readonly basePath: string
  readonly maxStreams: number
}

const KNOWN: readonly (keyof AdminOptions)[] = ['authorize', 'allowMutations', 'basePath', 'maxStreams']
const PATH = /^\/(?!\/)[\w\-.~%/:@]*$/

/** @throws TypeError or RangeError naming option, value and type. */
export function resolveOptions(options: AdminOptions): AdminSettings {
  checkKnown('adminHandler', checkObject('options', options), KNOWN)
  const { authorize, allowMutations = false, basePath = '/', maxStreams = 100 } = options
  if (typeof authorize !== 'function')
    throw bad(
      'authorize',
      'a function that recognises who sent a request (the handler does not start without)',
      authorize,
      'function',
    )
  if (typeof basePath !== 'string' || !PATH.test(basePath)) throw bad('basePath', 'a path from /', basePath, 'string')
  return Object.freeze({
    authorize,
    allowMutations: checkBoolean('allowMutations', allowMutations),
    basePath: basePath.replace(/\/+$/, ''),
    maxStreams: checkCount('maxStreams', maxStreams),
  })
}
