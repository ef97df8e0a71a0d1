// The INFUSE_* settings of the environment, with Infuse's names, units (seconds) and defaults. What is set wrongly is
// an error at start that names the setting; values of URLs are not repeated, since they may hold a password.

import { describeValue } from '../core/describe.ts'
import type { CircuitState } from '../core/snapshot.ts'
import type { WhenDown } from '../fleet/storage.ts'
import { isName } from '../outbound/origin.ts'
import { cachesUrl, checkRedisUrl } from './redis-url.ts'

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

/** A setting as it was found: not empty, without space around it. */
interface Found {
  readonly name: string
  readonly value: string | undefined
}

const STATES: readonly CircuitState[] = ['closed', 'open', 'half-open']
const WHEN_DOWN: readonly WhenDown[] = [...STATES, 'last-known']
const DEFAULT_TEMPLATE = '{env}:{service_name}'

/** @throws TypeError for a setting that cannot be read, naming it. */
export function readSettings(environment: Environment): Settings {
  const find = (name: string, second = name): Found => {
    const [value, other] = [name, second].map((one) => environment[one]?.trim())
    return value ? { name, value } : { name: second, value: other === '' ? undefined : other }
  }
  const env = find('INFUSE_ENVIRONMENT', 'ENVIRONMENT').value
  const template = find('INFUSE_REDIS_KEY_NAMESPACE_TEMPLATE').value ?? DEFAULT_TEMPLATE
  return {
    env,
    service: name(find('INFUSE_SERVICE_NAME', 'SERVICE_NAME')),
    failMax: number(find('INFUSE_BREAKER_MAX_FAILURE'), 5, 'an integer from 1', (n) => Number.isInteger(n) && n >= 1),
    resetTimeout: 1_000 * number(find('INFUSE_BREAKER_RESET_TIMEOUT'), 15, 'seconds from 0', (n) => n >= 0),
    announce: oneOf(find('INFUSE_INITIAL_CIRCUIT_STATE'), STATES, 'closed'),
    whenDown: oneOf(find('INFUSE_FALLBACK_CIRCUIT_STATE'), WHEN_DOWN, 'closed'),
    listeners: list(find('INFUSE_BREAKER_LISTENERS')),
    exclude: list(find('INFUSE_BREAKER_EXCLUDE_EXCEPTIONS')),
    namespace: namespaceOf(template, env),
    redisUrl: redisUrl(find('INFUSE_REDIS_URL').value, find('INFUSE_CACHES').value),
  }
}

function name({ name: setting, value }: Found): string | undefined {
  if (value === undefined || isName(value)) return value
  const expected = 'a name of up to 128 letters, digits and _ . : - / [ ]'
  throw new TypeError(`Expected \`${setting}\` to be ${expected}, got ${describeValue(value)}`)
}

function number(
  { name: setting, value }: Found,
  standard: number,
  expected: string,
  fits: (n: number) => boolean,
): number {
  const parsed = value === undefined ? standard : Number(value)
  if (fits(parsed)) return parsed
  throw new TypeError(`Expected \`${setting}\` to be ${expected}, got ${describeValue(value)}`)
}

function oneOf<T extends string>({ name: setting, value }: Found, known: readonly T[], standard: T): T {
  const found = known.find((one) => one === (value ?? standard).toLowerCase())
  if (found !== undefined) return found
  throw new TypeError(`Expected \`${setting}\` to be one of ${known.join(', ')}, got ${describeValue(value)}`)
}

/** Comma-separated, or a JSON array. */
function list({ name: setting, value = '' }: Found): readonly string[] {
  if (!value.startsWith('[')) return value.split(',').flatMap((one) => one.trim() || [])
  const fault = new TypeError(
    `Expected \`${setting}\` to be a list: comma-separated, or a JSON array of texts, got ${describeValue(value)}`,
  )
  let parsed: unknown
  try {
    parsed = JSON.parse(value)
  } catch {
    throw fault
  }
  if (!Array.isArray(parsed)) throw fault
  return parsed.map((one: unknown) => {
    if (typeof one === 'string' && one.trim() !== '') return one.trim()
    throw fault
  })
}

/** `{env}` is known, `{service_name}` is the circuit's: the service that is called, not the one that calls. */
function namespaceOf(template: string, env: string | undefined): string {
  const namespace = template.replaceAll('{env}', env ?? '').replaceAll('{service_name}', '{name}')
  // Without an environment its colon would stand alone.
  return env === undefined ? namespace.replace(/^:+|:+$/g, '') : namespace
}

function redisUrl(url: string | undefined, caches: string | undefined): string | undefined {
  if (url !== undefined) return checkRedisUrl('INFUSE_REDIS_URL', url)
  return caches === undefined ? undefined : cachesUrl('INFUSE_CACHES', caches)
}
