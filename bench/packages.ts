/**
 * Loads what is measured: the peers from bench/node_modules, Infuse by its package name or from another build.
 * The peers are typed by the few members used here, so that bench/ compiles before they are installed.
 */
import { createRequire } from 'node:module'
import { dirname } from 'node:path'
import { fileURLToPath } from 'node:url'
import type * as InfuseModule from 'infuse-breaker'
import type * as RedisModule from 'infuse-breaker/redis'

export type Infuse = typeof InfuseModule

interface CockatielPolicy {
  execute(fn: () => unknown): Promise<unknown>
}
interface Cockatiel {
  readonly handleAll: unknown
  readonly ConsecutiveBreaker: new (failures: number) => unknown
  readonly SamplingBreaker: new (options: { threshold: number; duration: number }) => unknown
  circuitBreaker(handle: unknown, options: { halfOpenAfter: number; breaker: unknown }): CockatielPolicy
}
export interface OpossumBreaker {
  fire(): Promise<unknown>
  shutdown(): void
}
type Opossum = new (fn: () => unknown, options: Readonly<Record<string, unknown>>) => OpossumBreaker

/** The checkout, seen from build/bench/. */
export const root: URL = new URL('../../', import.meta.url)
export const benchFolder: string = dirname(fileURLToPath(new URL('bench/package.json', root)))
const require = createRequire(new URL('bench/package.json', root))

export const cockatiel: Cockatiel = require('cockatiel') as Cockatiel
export const opossum: Opossum = require('opossum') as Opossum

/** Where the package's own entry is, unless a build is named. */
export function infuseEntry(build: string | undefined): string {
  return build === undefined ? import.meta.resolve('infuse-breaker') : new URL(build, `file://${process.cwd()}/`).href
}

export async function loadInfuse(build: string | undefined): Promise<Infuse> {
  return (await import(infuseEntry(build))) as Infuse
}

/** `infuse-breaker/redis` of the same build. */
export async function loadRedisStorage(build: string | undefined): Promise<typeof RedisModule> {
  return (await import(new URL('redis/index.js', infuseEntry(build)).href)) as typeof RedisModule
}

/** The file that `require` of a peer loads first. */
export function peerEntry(name: string): string {
  return require.resolve(name)
}

/** Of a peer, or of this package. */
export function versionOf(name: 'infuse' | 'cockatiel' | 'opossum'): string {
  const file = name === 'infuse' ? '../package.json' : `${name}/package.json`
  return (require(file) as { version: string }).version
}
