// What the tests of this folder stand on: eight processes, a Redis, a proxy before it, a socket for those of one machine.

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'vitest'
import type { SharedOptions } from '../../src/index.ts'
import { clients, compiled, Fleet, type Look, type StoragePlan } from '../support/processes.ts'
import { Proxy } from '../support/proxy.ts'
import { RedisServer } from '../support/redis-server.ts'

export type Kind = 'redis' | 'host'

/** A loaded machine is slow; nothing here waits that long unless something is broken. */
export const WITHIN = 8_000

export class Ground {
  readonly server: RedisServer
  readonly proxy: Proxy
  readonly fleet: Fleet
  readonly #folder: string
  #storages = 0

  private constructor(server: RedisServer, proxy: Proxy, fleet: Fleet) {
    this.server = server
    this.proxy = proxy
    this.fleet = fleet
    this.#folder = mkdtempSync(join(tmpdir(), 'infuse-fleet-'))
  }

  /** `name` is the test file's: each compiles for itself. */
  static async start(name: string, processes = 8): Promise<Ground> {
    const library = compiled(name)
    const server = await RedisServer.start()
    const fleet = new Fleet(library, processes)
    return new Ground(server, await Proxy.start(server.port), fleet)
  }

  /** A storage for the process of this number; clients are dealt out in turn. */
  plan(kind: Kind, options: SharedOptions = {}, index = 0, port: number = this.server.port): StoragePlan {
    if (kind === 'host') return { kind, path: join(this.#folder, 'host.sock'), options }
    const client = clients[index % clients.length] ?? 'redis-6'
    return { kind, client, port, options }
  }

  /** One more storage in every process, each with a connection of its own. Answers its name there. */
  async storage(kind: Kind, options: SharedOptions = {}, port: number = this.server.port): Promise<string> {
    const id = `${kind}-${++this.#storages}`
    await this.fleet.each((peer, index) => peer.storage(id, this.plan(kind, options, index, port)))
    return id
  }

  /** Nobody noted a rejection that nobody handled, or printed a word. */
  async quiet(): Promise<void> {
    const faults = await this.fleet.each((peer) => peer.faults())
    expect(faults.flatMap(({ unhandled, warnings }) => [unhandled, ...warnings])).toEqual(faults.map(() => 0))
    expect(this.fleet.peers.map(({ output }) => output).join('')).toBe('')
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.fleet[Symbol.asyncDispose]()
    await this.proxy[Symbol.asyncDispose]()
    await this.server[Symbol.asyncDispose]()
    rmSync(this.#folder, { recursive: true, force: true })
  }
}

/** How often each command was run, by those that scripts call too. */
export async function commandsRun(server: RedisServer): Promise<Record<string, number>> {
  const info = String(await server.command('INFO', 'commandstats'))
  const counts = [...info.matchAll(/^cmdstat_([^:]+):calls=(\d+)/gm)].map(([, name = '', calls]) => [
    name,
    Number(calls),
  ])
  const { info: _, ...rest } = Object.fromEntries(counts) as Record<string, number>
  return rest
}

/** A circuit's record, as a person reads it. */
export async function shown(server: RedisServer, key: string): Promise<Record<string, string>> {
  const flat = (await server.command('HGETALL', key)) as string[]
  return Object.fromEntries(flat.flatMap((text, index) => (index % 2 === 0 ? [[text, flat[index + 1] ?? '']] : [])))
}

/** The texts of the events that a process noted, without where they came from. */
export function changes({ events }: Look): string[] {
  return events.map(({ text }) => text.replace(/ (local|remote)$/, ''))
}

/**
 * The same without trials: where one took no time, a refused claim can tell a process that the circuit is closed before
 * the push of its half-open state has come.
 */
export function outcomes(look: Look): string[] {
  const text = changes(look).join()
  return text.replaceAll(/open->half-open,half-open->(\w+)/g, 'open->$1').split(',')
}
