/** Processes that share circuits, each told by the test what to do, and a folder for their socket. */
import { type ChildProcess, execFileSync, fork } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, readlinkSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { Worker } from 'node:worker_threads'
import type { Move, StoredCircuit, StoredTransition, Tally } from '../../src/fleet/storage.ts'

const fixture = fileURLToPath(new URL('fixture.mjs', import.meta.url))

const root = fileURLToPath(new URL('../../', import.meta.url))

/** The module `infuse-breaker/host`, compiled for one test file; its types are checked elsewhere. */
export function hostModule(name: string): string {
  const out = join(root, 'build', 'test', name)
  const tsc = join(root, 'node_modules', 'typescript', 'bin', 'tsc')
  execFileSync(
    process.execPath,
    [
      tsc,
      '-p',
      'tsconfig.build.json',
      '--noCheck',
      '--declaration',
      'false',
      '--isolatedDeclarations',
      'false',
      '--stripInternal',
      'false',
      '--outDir',
      out,
    ],
    { cwd: root },
  )
  return pathToFileURL(join(out, 'host', 'index.js')).href
}

/** A folder of its own, which goes with the test. */
export class Folder {
  readonly path: string = mkdtempSync(join(tmpdir(), 'infuse-host-'))

  get socket(): string {
    return join(this.path, 'host.sock')
  }

  /** Everything in it, hidden files too. */
  get files(): readonly string[] {
    return readdirSync(this.path).sort()
  }

  [Symbol.dispose](): void {
    rmSync(this.path, { recursive: true, force: true })
  }
}

interface Settling {
  readonly resolve: (answer: any) => void
  readonly reject: (error: Error) => void
}

/** Another process, or thread, with a HostStorage in it. */
export class Other {
  readonly ended: Promise<void>
  dead = false
  readonly #peer: ChildProcess | Worker
  readonly #settling = new Map<number, Settling>()
  readonly #started: Promise<void>
  #requests = 0

  constructor(peer: ChildProcess | Worker) {
    this.#peer = peer
    this.#started = new Promise((resolve, reject) => this.#settling.set(0, { resolve, reject }))
    this.#started.catch(() => {})
    this.ended = new Promise((resolve) => peer.once('exit', () => resolve()))
    peer.on('message', ({ id, answer, error }: { id: number; answer?: unknown; error?: string }) => {
      const settling = this.#settling.get(id)
      this.#settling.delete(id)
      if (error === undefined) settling?.resolve(answer)
      else settling?.reject(new Error(error))
    })
    peer.once('exit', () => {
      this.dead = true
      for (const { reject } of this.#settling.values()) reject(new Error('The process ended'))
    })
  }

  static process(module: string, path: string, env: NodeJS.ProcessEnv = process.env): Other {
    return new Other(fork(fixture, [module, path], { serialization: 'advanced', env }))
  }

  static thread(module: string, path: string): Other {
    return new Other(new Worker(fixture, { workerData: [module, path] }))
  }

  get pid(): number {
    return (this.#peer as ChildProcess).pid as number
  }

  async tell<T = unknown>(verb: string, ...args: readonly unknown[]): Promise<T> {
    await this.#started
    if (this.dead) throw new Error('The process ended')
    return new Promise<T>((resolve, reject) => {
      const id = ++this.#requests
      this.#settling.set(id, { resolve, reject })
      const message = { id, verb, args }
      // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread has no origin
      if ('postMessage' in this.#peer) this.#peer.postMessage(message)
      // What cannot be sent is answered by the process's end: at once, who asks on and on would never hear of that.
      else this.#peer.send(message, () => {})
    })
  }

  async read(name: string): Promise<StoredCircuit | undefined> {
    const [circuit] = await this.tell<readonly (StoredCircuit | undefined)[]>('read', [name])
    return circuit
  }

  add(name: string, tally: Tally): Promise<StoredCircuit> {
    return this.tell('add', name, tally)
  }

  replace(
    name: string,
    expected: StoredCircuit | undefined,
    next: Move,
  ): Promise<{ replaced: boolean; current: StoredCircuit | undefined }> {
    return this.tell('replace', name, expected, next)
  }

  transitions(options: { circuit?: string; limit: number }): Promise<readonly StoredTransition[]> {
    return this.tell('transitions', options)
  }

  signal(signal: NodeJS.Signals): void {
    ;(this.#peer as ChildProcess).kill(signal)
  }

  /** kill -9, or a thread's end. */
  async kill(): Promise<void> {
    if ('terminate' in this.#peer) await this.#peer.terminate()
    else this.#peer.kill('SIGKILL')
    await this.ended
  }
}

/** How many sockets below the folder the process listens on, by the kernel's own books. */
export function listening(pid: number, folder: string): number {
  const lines = readFileSync('/proc/net/unix', 'utf8')
    .split('\n')
    .map((line) => line.trim().split(/\s+/))
  const inodes = new Set(
    lines.filter((line) => line[3] === '00010000' && line[7]?.startsWith(folder)).map((line) => line[6]),
  )
  return readdirSync(`/proc/${pid}/fd`).filter((fd) => inodes.has(socketOf(`/proc/${pid}/fd/${fd}`))).length
}

function socketOf(fd: string): string | undefined {
  try {
    return /^socket:\[(\d+)\]$/.exec(readlinkSync(fd))?.[1]
  } catch {
    // It was closed since the folder was read.
    return undefined
  }
}

/** Looks again and again until it is true, for at most so many ms. */
export async function until(what: string, check: () => boolean | PromiseLike<boolean>, most = 8_000): Promise<void> {
  const end = performance.now() + most
  while (!(await check())) {
    if (performance.now() > end) throw new Error(`Waited ${most} ms in vain: ${what}`)
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
}

let moves = 0

export function move(more: Partial<Move> = {}): Move {
  const nothing = { until: { in: 60_000 }, relapses: 0, successes: 0, leases: [], period: 'new' } as const
  return { state: 'open', ...nothing, move: `m${++moves}`, mover: `p${process.pid}`, ...more }
}

export function tally(more: Partial<Tally> = {}): Tally {
  return { epoch: 0, period: 0, keep: { fails: 5 }, ...more }
}
