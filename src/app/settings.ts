// The INFUSE_* settings of the environment, with Infuse's names, units (seconds) and defaults. What is set wrongly is
// an error at start that names the setting; values of URLs are not repeated, since they may hold a password.

import { describeValue } from '../core/describe.ts'
import type { CircuitState } from '../core/snapshot.ts'
import type { WhenDown } from '../fleet/storage.ts'

export type Environment = Readonly<Record<string, string | undefined>>

/** What the environment says; durations in ms. */
export interface Settings {
  readonly service: string | undefined
  readonly env: string | undefined
  readonly failMax: number
  readonly resetTimeout: number
  /** What the service's own circuit is put to at start. */
  readonly announce: CircuitState
  readonly whenDown: WhenDown
  /** `module#export`, each. */
  readonly listeners: readonly string[]
  /** `HttpStatusError`, a name of errors, or `module#export`, each. */
  readonly exclude: readonly string[]
  /** Where circuits are kept, `{name}` being the circuit's. */
  readonly namespace: string
  /** `undefined` where nothing says that Redis is wanted. */
  readonly redisUrl: string | undefined
}

const STATES: readonly CircuitState[] = ['closed', 'open', 'half-open']
const DEFAULT_TEMPLATE = '{env}:{service_name}'
const DEFAULT_CACHE = { HOST: 'localhost', PORT: 6379, DATABASE: 15 }

/** @throws TypeError for a setting that cannot be read, naming it. */
export function readSettings(environment: Environment): Settings {
  const read = (...names: readonly string[]): string | undefined =>
    names.map((name) => environment[name]?.trim()).find((value) => value !== undefined && value !== '')
  const env = read('INFUSE_ENVIRONMENT', 'ENVIRONMENT')
  const template = read('INFUSE_REDIS_KEY_NAMESPACE_TEMPLATE') ?? DEFAULT_TEMPLATE
  return {
    env,
    service: read('INFUSE_SERVICE_NAME', 'SERVICE_NAME'),
    failMax: number('INFUSE_BREAKER_MAX_FAILURE', read('INFUSE_BREAKER_MAX_FAILURE'), 5),
    resetTimeout: 1_000 * number('INFUSE_BREAKER_RESET_TIMEOUT', read('INFUSE_BREAKER_RESET_TIMEOUT'), 15),
    announce: oneOf('INFUSE_INITIAL_CIRCUIT_STATE', read('INFUSE_INITIAL_CIRCUIT_STATE'), STATES, 'closed'),
    whenDown: oneOf(
      'INFUSE_FALLBACK_CIRCUIT_STATE',
      read('INFUSE_FALLBACK_CIRCUIT_STATE'),
      [...STATES, 'last-known'],
      'closed',
    ),
    listeners: list('INFUSE_BREAKER_LISTENERS', read('INFUSE_BREAKER_LISTENERS')),
    exclude: list('INFUSE_BREAKER_EXCLUDE_EXCEPTIONS', read('INFUSE_BREAKER_EXCLUDE_EXCEPTIONS')),
    namespace: namespaceOf(template, env),
    redisUrl: redisUrl(read('INFUSE_REDIS_URL'), read('INFUSE_CACHES')),
  }
}

/** `{env}` is known, `{service_name}` is the circuit's: the service that is called, not the one that calls. */
function namespaceOf(template: string, env: string | undefined): string {
  const namespace = template.replaceAll('{env}', env ?? '').replaceAll('{service_name}', '{name}')
  // Without an environment its colon would stand alone.
  return env === undefined ? namespace.replace(/^:+/, '') : namespace
}

function redisUrl(url: string | undefined, caches: string | undefined): string | undefined {
  if (url !== undefined) {
    if (!URL.canParse(url) || !/^rediss?:$/.test(new URL(url).protocol))
      throw new TypeError('Expected `INFUSE_REDIS_URL` to be a redis:// or rediss:// URL')
    return url
  }
  if (caches === undefined) return undefined
  const { HOST, PORT, DATABASE } = { ...DEFAULT_CACHE, ...cacheOf(caches) }
  return `redis://${HOST}:${PORT}/${DATABASE}`
}

function cacheOf(text: string): object {
  let caches: unknown
  try {
    caches = JSON.parse(text)
  } catch {
    throw new TypeError(
      'Expected `INFUSE_CACHES` to be JSON, such as {"infuse":{"HOST":"localhost","PORT":6379,"DATABASE":15}}',
    )
  }
  const cache = (caches as { infuse?: unknown } | null)?.infuse ?? {}
  if (typeof cache === 'object' && !Array.isArray(cache)) return cache
  throw new TypeError('Expected `INFUSE_CACHES` to have an object under "infuse"')
}

function number(setting: string, value: string | undefined, standard: number): number {
  const parsed = value === undefined ? standard : Number(value)
  if (parsed >= 0) return parsed
  throw new TypeError(`Expected \`${setting}\` to be a number from 0, got ${describeValue(value)}`)
}

function oneOf<T extends string>(setting: string, value: string | undefined, known: readonly T[], standard: T): T {
  const found = known.find((one) => one === (value ?? standard).toLowerCase())
  if (found !== undefined) return found
  throw new TypeError(`Expected \`${setting}\` to be one of ${known.join(', ')}, got ${describeValue(value)}`)
}

/** Comma-separated, or a JSON array. */
function list(setting: string, value = ''): readonly string[] {
  if (!value.startsWith('['))
    return value
      .split(',')
      .map((one) => one.trim())
      .filter((one) => one !== '')
  let parsed: unknown
  try {
    parsed = JSON.parse(value)
  } catch {
    parsed = undefined
  }
  if (Array.isArray(parsed) && parsed.every((one) => typeof one === 'string')) return parsed
  throw new TypeError(`Expected \`${setting}\` to be a list: comma-separated, or a JSON array of texts`)
}
