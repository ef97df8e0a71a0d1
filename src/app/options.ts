// What an application of breakers can be told.

import type { Clock } from '../core/clock.ts'
import type { CircuitState } from '../core/snapshot.ts'
import type { CircuitStorage } from '../fleet/storage.ts'
import type { RedisClient } from '../redis/client.ts'
import type { Mirror } from '../redis/keys.ts'
import type { CircuitOptions } from './circuit-options.ts'

/** Options of an {@link Infuse}; all may be left out. */
export interface InfuseOptions {
  /** This service's own name: what its callers call its circuit. @default none */
  service?: string | undefined
  /** Where it runs, for messages: `prod`, `test`. @default none */
  env?: string | undefined
  /** Where the circuits live. @default this process */
  storage?: CircuitStorage | undefined
  /** Options of every circuit. @default those of a `CircuitBreaker` */
  defaults?: CircuitOptions | undefined
  /** Options of single circuits, by name; they come before `defaults`, listeners and exclusions add up. @default none */
  circuits?: Readonly<Record<string, CircuitOptions>> | undefined
  /** Services that are called, by name: requests to their origins belong to the circuit of that name. @default none */
  services?: Readonly<Record<string, string | URL>> | undefined
  /** Breakers that are kept; beyond that idle closed ones go. Open, half-open, forced and busy ones stay. @default 1_000 */
  maxBreakers?: number | undefined
  /** What this service's own circuit is put to at start, so that its callers try it at once; `false`: nothing. @default false */
  announce?: CircuitState | false | undefined
  /** As of a `CircuitBreaker`. @default the system's */
  clock?: Clock | undefined
}

/** Options of `Infuse.fromEnv` and of every server plugin: they come before the INFUSE_* settings. */
export interface ApplicationOptions extends InfuseOptions {
  /** Redis to share circuits through: a URL, or a connected client of `redis`, `ioredis` or `iovalkey`, which stays yours to close. @default INFUSE_REDIS_URL, INFUSE_CACHES */
  redis?: string | RedisClient | undefined
  /** Whether to keep a Python library's keys in that Redis too. @default 'infuse' where a setting names the Redis, else false */
  mirror?: Mirror | false | undefined
}

export const INFUSE_OPTIONS: readonly (keyof InfuseOptions)[] = [
  'service',
  'env',
  'storage',
  'defaults',
  'circuits',
  'services',
  'maxBreakers',
  'announce',
  'clock',
]
