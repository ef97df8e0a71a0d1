// Circuits in Redis, shared by everybody who uses the same server and namespace. Every verb is one run of register.lua
// on the keys of one slot; what it answers is checked here. Deadlines are the fleet circuit's: errors pass as they are.

import { bad, checkKnown, checkObject } from '../core/check.ts'
import { warn } from '../core/warning.ts'
import { resolveShared } from '../fleet/link.ts'
import { checkNamespace } from '../fleet/namespace.ts'
import type {
  CircuitReport,
  CircuitStorage,
  Move,
  PeerRules,
  Presence,
  SharedOptions,
  StoredCircuit,
  StoredTransition,
  Tally,
  Watcher,
} from '../fleet/storage.ts'
import { type RedisClient, serverOf } from './client.ts'
import { type CircuitKeys, keysOf, type Mirror, namesKey, slotOf, storedName } from './keys.ts'
import { Pushes } from './pushes.ts'
import { decodeReport, encodePresence } from './reports.ts'
import { runScript } from './script.ts'
import type { Server } from './server.ts'
import { decode, decodeTransition, encodeMove, encodeTally } from './wire.ts'

/** How circuits are kept in Redis, and shared. */
export interface RedisStorageOptions extends SharedOptions {
  /** Keeps circuits of equal names apart: an environment, an application. `{name}` in it becomes the circuit's name. @default none */
  namespace?: string | undefined
  /** Also keep the keys of a Python library, both ways; `refreshInterval` is 1 000 then unless given. @default none */
  mirror?: Mirror | undefined
}

/** PyBreaker's defaults, and a trial's time to answer. */
const PEER_RULES: PeerRules = { failMax: 5, resetTimeout: 60_000, trialTimeout: 30_000 }
const MIRRORS: readonly unknown[] = ['pybreaker', 'infuse']
const MIRRORED_REFRESH = 1_000
/** Circuits per run, so that no run keeps the server from others for long. */
const BATCH = 50
const MOST_NAMES = 10_000
const MOST_TRANSITIONS = 1_000
const MOST_WARNED = 1_000

/** Circuits shared through Redis, or anything that speaks its protocol and runs its scripts. */
export class RedisStorage implements CircuitStorage {
  readonly shared: Required<SharedOptions>
  readonly #server: Server
  readonly #namespace: string
  readonly #mirror: Mirror | undefined
  readonly #pushes: Pushes
  readonly #rules = new Map<string, PeerRules>()
  readonly #warned = new Set<string>()
  #onlyName: string | undefined

  /**
   * `client` is a connected client of `redis`, `ioredis` or `iovalkey`; it stays yours to watch for errors and to close.
   * @throws TypeError or RangeError for an option of the wrong type or range, or a client of another kind.
   */
  constructor(client: RedisClient, options: RedisStorageOptions = {}) {
    const { namespace = '', mirror, ...shared } = checkObject('options', options)
    checkKnown('RedisStorage', options, ['namespace', 'mirror', 'timeout', 'confirm', 'refreshInterval', 'whenDown'])
    if (mirror !== undefined && !MIRRORS.includes(mirror))
      throw bad('mirror', "'pybreaker' or 'infuse'", mirror, 'string')
    this.#server = serverOf(client)
    this.#namespace = checkNamespace(namespace)
    this.#mirror = mirror
    this.#pushes = new Pushes(this.#server)
    const refreshInterval = shared.refreshInterval ?? (mirror && MIRRORED_REFRESH)
    this.shared = resolveShared({ ...shared, refreshInterval })
  }

  /** What keeps circuits of equal names apart; empty where there is none. */
  get namespace(): string {
    return this.#namespace
  }

  /** Whose keys are kept beside the circuit's own. */
  get mirror(): Mirror | undefined {
    return this.#mirror
  }

  /** Tells what Python processes on a circuit's mirrored keys go by. @default 5 failures, 60 s, trials of 30 s */
  peerRules(name: string, rules: PeerRules): void {
    this.#rules.set(storedName(name), rules)
  }

  async read(names: readonly string[], presence?: Presence): Promise<(StoredCircuit | undefined)[]> {
    if (names.length === 0) return []
    void this.#pushes.check()
    // Whoever only looks keeps nothing in use.
    const used = presence === undefined ? names : names.filter((name) => Object.hasOwn(presence.circuits, name))
    const see = JSON.stringify({ names: used.map(storedName) })
    const [answers] = await Promise.all([
      this.#each(names, 'read', (some) => encodePresence(some, presence)),
      this.#run([namesKey(this.#namespace)], 'see', see),
    ])
    return names.map((name, index) => this.#circuit(name, answers[index]))
  }

  async add(name: string, tally: Tally): Promise<StoredCircuit> {
    const [answer, fault] = await this.#one(name, 'add', encodeTally(tally))
    this.#note(name, fault)
    const circuit = this.#circuit(name, answer)
    if (circuit !== undefined) return circuit
    throw new Error(`Redis answered with something else than a circuit for ${name}`)
  }

  async replace(
    name: string,
    expected: StoredCircuit | undefined,
    next: Move,
  ): Promise<{ replaced: boolean; current: StoredCircuit | undefined }> {
    const [replaced, answer, fault] = await this.#one(name, 'replace', encodeMove(expected, next))
    this.#note(name, fault)
    return { replaced: replaced === '1', current: answer === '' ? undefined : this.#circuit(name, answer) }
  }

  watch(name: string, watcher: Watcher): () => void {
    return this.#pushes.watch(this.#channel(name), name, watcher)
  }

  async list(): Promise<string[]> {
    const names = await this.#run([namesKey(this.#namespace)], 'names', JSON.stringify({ limit: String(MOST_NAMES) }))
    return texts(names).sort()
  }

  async transitions(options: { circuit?: string; limit: number }): Promise<StoredTransition[]> {
    const limit = Math.min(Math.max(0, Math.floor(options.limit)), MOST_TRANSITIONS)
    if (limit === 0) return []
    const names = options.circuit === undefined ? await this.list() : [options.circuit]
    const histories = await this.#each(names, 'history', () => ({ limit: String(limit) }))
    const entries = names.flatMap((name, index) =>
      texts(histories[index]).flatMap((text) => decodeTransition(name, text) ?? []),
    )
    return entries.sort((a, b) => b.at.getTime() - a.at.getTime()).slice(0, limit)
  }

  async reports(names: readonly string[]): Promise<(CircuitReport | undefined)[]> {
    return (await this.#each(names, 'reports', () => ({}))).map(decodeReport)
  }

  /** Ends the connection for pushes; the client is left as it is. */
  dispose(): Promise<void> {
    return this.#pushes.dispose()
  }

  #keys(name: string): CircuitKeys {
    const stored = storedName(name)
    const keys = keysOf(this.#namespace, stored, this.#mirror)
    if (this.#mirror === undefined) return keys
    if (this.#namespace === '' && (this.#onlyName ??= stored) !== stored) {
      throw new Error(
        `Without \`namespace\` a mirror has one circuit, \`${this.#onlyName}\`; \`${stored}\` would share its keys`,
      )
    }
    if (this.#server.cluster && keys.mirrored.some((key) => slotOf(key) !== slotOf(keys.record))) {
      throw new Error(
        `On a cluster the mirrored keys of \`${stored}\` must share a slot: put a part of \`namespace\` in braces`,
      )
    }
    return keys
  }

  /** The record's key as the server sees it, and which database it is in: channels know neither. */
  #channel(name: string): string {
    const { prefix, database } = this.#server
    return `${prefix}${this.#keys(name).record}${database === 0 ? '' : `@${database}`}`
  }

  /** One run for many circuits; on a cluster, where each has a slot of its own, one run each, sent together. */
  async #each(
    names: readonly string[],
    verb: string,
    argument: (some: readonly string[]) => object,
  ): Promise<readonly unknown[]> {
    const size = this.#server.cluster ? 1 : BATCH
    const batches = Array.from({ length: Math.ceil(names.length / size) }, (_, index) =>
      names.slice(index * size, (index + 1) * size),
    )
    const answers = await Promise.all(
      batches.map((batch) => this.#circuits(batch, verb, JSON.stringify(argument(batch)))),
    )
    return answers.flat()
  }

  async #one(name: string, verb: string, argument: string): Promise<readonly unknown[]> {
    return this.#circuits([name], verb, argument)
  }

  async #circuits(names: readonly string[], verb: string, argument: string): Promise<readonly unknown[]> {
    const keys = names.flatMap((name) => {
      const { record, transitions, steps, processes, alone, mirrored } = this.#keys(name)
      return [record, transitions, steps, processes, alone, ...mirrored]
    })
    const answer = await this.#run(keys, verb, argument, names)
    if (Array.isArray(answer)) return answer
    throw new Error('Redis answered with something else than a list')
  }

  #run(keys: readonly string[], verb: string, argument: string, names: readonly string[] = []): Promise<unknown> {
    const rules = this.#mirror && names.map((name) => this.#peer(name))
    const channels = names.map((name) => this.#channel(name))
    const settings = { cluster: this.#server.cluster, mirror: this.#mirror, channels, rules }
    return runScript(this.#server, keys, [verb, JSON.stringify(settings), argument])
  }

  #peer(name: string): { fails: number; reset: number; trial: number } {
    const { failMax, resetTimeout, trialTimeout } = this.#rules.get(storedName(name)) ?? PEER_RULES
    return { fails: Math.min(failMax, 1_000), reset: whole(resetTimeout), trial: whole(trialTimeout) }
  }

  #circuit(name: string, answer: unknown): StoredCircuit | undefined {
    const said = decode(answer)
    if (said.kind === 'record') return said.circuit
    this.#note(name, said.kind)
    return undefined
  }

  /** One warning per name for content that is none of ours. */
  #note(name: string, fault: unknown): void {
    if ((fault !== 'garbled' && fault !== 'newer') || this.#warned.has(name) || this.#warned.size >= MOST_WARNED) return
    this.#warned.add(name)
    const what =
      fault === 'newer' ? 'was written by a newer version and is left alone' : 'is no circuit of ours and is ignored'
    warn(`What Redis holds for the circuit ${name} ${what}`)
  }
}

function whole(ms: number): number {
  return Math.min(Math.round(ms), 8.64e15)
}

function texts(answer: unknown): string[] {
  return Array.isArray(answer) ? answer.filter((one) => typeof one === 'string') : []
}
