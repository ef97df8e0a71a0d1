// A fleet of real processes: each has breakers on a shared storage and does as its parent says, over IPC. They end with
// their parent, or when they are told to.

import { type ChildProcess, execFileSync, fork } from 'node:child_process'
import { cpSync, existsSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import type { RedisStorageOptions } from '../../src/redis/index.ts'
import type { CircuitBreakerOptions, Explanation, SharedOptions, Stats } from '../../src/index.ts'
import { until } from './redis-server.ts'

/** What the dependency does with a call: `hang` is until {@link Peer.release}. */
export type Mode = 'ok' | 'fail' | 'hang'

export type Client = 'redis-5' | 'redis-6' | 'ioredis-5' | 'ioredis-6' | 'iovalkey'
export const clients: readonly Client[] = ['redis-6', 'ioredis-5', 'redis-5', 'ioredis-6', 'iovalkey']

/** A storage, as a process makes it. */
export type StoragePlan =
  | {
      readonly kind: 'redis'
      readonly client: Client
      readonly port: number
      readonly sentinel?: boolean
      readonly cluster?: boolean
      /** Wait until the client is connected. @default true */
      readonly wait?: boolean
      readonly options?: RedisStorageOptions
    }
  | { readonly kind: 'host'; readonly path: string; readonly options?: SharedOptions }

/** A breaker, as a process makes it. */
export interface BreakerPlan
  extends Pick<CircuitBreakerOptions, 'failMax' | 'trials' | 'trialTimeout' | 'successThreshold' | 'rampUp'> {
  /** By which name the test speaks of it, when not its own. */
  readonly as?: string
  readonly storage?: string
  readonly resetTimeout?: number
  readonly backingOff?: { readonly initial: number; readonly max: number; readonly jitter: number }
  readonly trip?: {
    readonly consecutive?: number
    readonly rate?: { readonly threshold: number; readonly window: number; readonly minimumCalls: number }
  }
  /** How wrong this machine's clock is: ms, and share. */
  readonly clock?: { readonly ahead?: number; readonly drift?: number }
}

/** What a process noted. Times are ms of the machine's monotonic clock, see {@link now}. */
export interface Book {
  events: { readonly at: number; readonly text: string }[]
  /** Calls that reached the dependency; `end` is 0 while they do. */
  runs: {
    readonly start: number
    end: number
    outcome: Mode
    readonly state: string
    readonly scope: 'local' | 'fleet'
  }[]
  /** What callers got that was neither the dependency's error nor a rejection. */
  thrown: string[]
  rejections: number
  firstRejection: number | undefined
  lastRejection: number | undefined
  /** The most that a call took beyond its function, in ms. */
  slowest: number
}

export interface Look
  extends Book,
    Pick<Explanation, 'state' | 'scope' | 'reason' | 'text' | 'forced' | 'openedAt' | 'nextTrialAt' | 'counts'> {
  readonly failCounter: number
  readonly stats: Stats
}

export interface Answer {
  /** `ok`, `failed`, or the reason of a rejection. */
  readonly answer: string
  /** ms beyond the function itself. */
  readonly added: number
}

/** Of the machine's monotonic clock, the same in every process. */
export function now(): number {
  return Number(process.hrtime.bigint()) / 1e6
}

/** The folder with package.json: this file also runs compiled, from another depth. */
export const root: string = (() => {
  let folder = dirname(fileURLToPath(import.meta.url))
  while (!existsSync(join(folder, 'package.json'))) folder = dirname(folder)
  return folder
})()

/** The library compiled for one test file, as the URL of a folder; its types are checked elsewhere. */
export function compiled(name: string): string {
  const out = join(root, 'build', 'test', name)
  const settings = {
    '--declaration': 'false',
    '--isolatedDeclarations': 'false',
    '--stripInternal': 'false',
    '--outDir': out,
  }
  const tsc = join(root, 'node_modules', 'typescript', 'bin', 'tsc')
  const options = ['-p', 'tsconfig.build.json', '--noCheck', ...Object.entries(settings).flat()]
  execFileSync(process.execPath, [tsc, ...options], { cwd: root })
  cpSync(join(root, 'src/redis/register.lua'), join(out, 'redis/register.lua'))
  return pathToFileURL(`${out}/`).href
}

interface Settling {
  readonly resolve: (answer: any) => void
  readonly reject: (error: Error) => void
}

/** Another process. */
export class Peer {
  readonly index: number
  readonly ended: Promise<void>
  dead = false
  /** What it printed. */
  output = ''
  readonly #child: ChildProcess
  readonly #settling = new Map<number, Settling>()
  readonly #started: Promise<void>
  #requests = 0

  constructor(library: string, index: number) {
    this.index = index
    const child = fork(join(root, 'test/fleet/worker.mjs'), [library], {
      serialization: 'advanced',
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    })
    this.#child = child
    for (const stream of [child.stdout, child.stderr]) {
      stream?.on('data', (chunk) => {
        this.output += String(chunk)
      })
    }
    this.#started = new Promise((resolve, reject) => this.#settling.set(0, { resolve, reject }))
    this.#started.catch(() => undefined)
    this.ended = new Promise((resolve) => child.once('exit', () => resolve()))
    child.on('message', (message) => this.#heard(message as { id: number; answer?: unknown; error?: string }))
    child.once('exit', () => {
      this.dead = true
      for (const { reject } of this.#settling.values()) reject(new Error(`The process ended: ${this.output}`))
    })
  }

  async tell<T = unknown>(verb: string, ...args: readonly unknown[]): Promise<T> {
    await this.#started
    return new Promise<T>((resolve, reject) => {
      const id = ++this.#requests
      this.#settling.set(id, { resolve, reject })
      this.#child.send({ id, verb, args }, (error) => error && reject(error))
    })
  }

  storage(id: string, plan: StoragePlan): Promise<void> {
    return this.tell('storage', id, plan)
  }

  /** Resolves with how long `ready()` took, in ms. */
  breaker(name: string, plan: BreakerPlan): Promise<number> {
    return this.tell('breaker', name, plan)
  }

  async call(name: string, mode: Mode, times = 1): Promise<string[]> {
    const answers = await this.tell<Answer[]>('call', name, mode, times)
    return answers.map(({ answer }) => answer)
  }

  /** The same, with what each call took. */
  timed(name: string, mode: Mode, times = 1): Promise<Answer[]> {
    return this.tell('call', name, mode, times)
  }

  burst(name: string, mode: Mode, times: number): Promise<Answer[]> {
    return this.tell('burst', name, mode, times)
  }

  callSync(name: string): Promise<string> {
    return this.tell('callSync', name)
  }

  /** `runs`, or how the call was refused. */
  hold(name: string): Promise<string> {
    return this.tell('hold', name)
  }

  /** Ends calls that hang, the eldest first. */
  release(name: string, mode: Mode, most?: number): Promise<void> {
    return this.tell('release', name, mode, most)
  }

  traffic(name: string, every: number): Promise<void> {
    return this.tell('traffic', name, every)
  }

  mode(name: string, mode: Mode): Promise<void> {
    return this.tell('mode', name, mode)
  }

  rest(name: string): Promise<void> {
    return this.tell('rest', name)
  }

  does(name: string, verb: 'open' | 'close' | 'halfOpen' | 'force' | 'release', ...args: unknown[]): Promise<void> {
    return this.tell('does', name, verb, ...args)
  }

  look(name: string): Promise<Look> {
    return this.tell('look', name)
  }

  async state(name: string): Promise<string> {
    return (await this.look(name)).state
  }

  /** Resolves with the time of the first such event that was not forgotten. */
  seen(name: string, text: string): Promise<number> {
    return this.tell('seen', name, text)
  }

  forget(name: string): Promise<void> {
    return this.tell('forget', name)
  }

  measure(name: string, times: number): Promise<{ p50: number; p99: number; max: number }> {
    return this.tell('measure', name, times)
  }

  faults(): Promise<{ unhandled: number; warnings: readonly string[] }> {
    return this.tell('faults')
  }

  signal(signal: NodeJS.Signals): void {
    this.#child.kill(signal)
  }

  /** kill -9. */
  async kill(): Promise<void> {
    this.#child.kill('SIGKILL')
    await this.ended
  }

  /** In good order. */
  async end(): Promise<void> {
    await this.tell('end').catch(() => undefined)
    await this.ended
  }

  #heard({ id, answer, error }: { id: number; answer?: unknown; error?: string }): void {
    const settling = this.#settling.get(id)
    this.#settling.delete(id)
    if (error === undefined) settling?.resolve(answer)
    else settling?.reject(new Error(error))
  }
}

/** Several of them. */
export class Fleet {
  readonly peers: Peer[]
  readonly #library: string
  #started: number

  constructor(library: string, size: number) {
    this.#library = library
    this.#started = size
    this.peers = Array.from({ length: size }, (_, index) => new Peer(library, index))
  }

  /** One more, instead of one that died or beside them. */
  start(): Peer {
    const peer = new Peer(this.#library, this.#started++)
    this.peers.push(peer)
    return peer
  }

  get alive(): readonly Peer[] {
    return this.peers.filter(({ dead }) => !dead)
  }

  each<T>(run: (peer: Peer, index: number) => Promise<T>): Promise<T[]> {
    return Promise.all(this.alive.map((peer, index) => run(peer, index)))
  }

  async breakers(name: string, plan: BreakerPlan): Promise<void> {
    await this.each((peer) => peer.breaker(name, plan))
  }

  looks(name: string): Promise<Look[]> {
    return this.each((peer) => peer.look(name))
  }

  states(name: string): Promise<string[]> {
    return this.each((peer) => peer.state(name))
  }

  /** Waits until every process says so. */
  async all(name: string, state: string, within = 8_000): Promise<void> {
    let last: string[] = []
    await until(async () => (last = await this.states(name)).every((one) => one === state), within).catch((error) => {
      throw new Error(`Not all ${state}: ${last.join(' ')}`, { cause: error })
    })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.alive.map((peer) => peer.kill()))
  }
}

/** Calls that reached the dependency from all processes, in order. */
export function runsOf(looks: readonly Look[]): Book['runs'] {
  return looks.flatMap(({ runs }) => runs).toSorted((a, b) => a.start - b.start)
}

/** How many of them ran at the same time, at most. */
export function mostAtOnce(runs: Book['runs']): number {
  const edges = runs.flatMap(({ start, end }) => [
    { at: start, step: 1 },
    { at: end === 0 ? Number.POSITIVE_INFINITY : end, step: -1 },
  ])
  edges.sort((a, b) => a.at - b.at || a.step - b.step)
  let running = 0
  let most = 0
  for (const { step } of edges) most = Math.max(most, (running += step))
  return most
}
