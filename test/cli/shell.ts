// The command line as a user has it: the compiled program in a process of its own, in a pipe or in a terminal. The
// terminal is made by `script`, which every Debian has.

import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { cpSync, existsSync, mkdirSync, readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { stripVTControlCharacters } from 'node:util'
import { buildPage } from '../../scripts/process.mjs'
import { root } from '../support/processes.ts'
import { until } from '../support/redis-server.ts'

export interface Ran {
  readonly status: number | string
  readonly out: string
  readonly err: string
}

export interface RunOptions {
  readonly env?: Readonly<Record<string, string>>
  /** Of a terminal. */
  readonly columns?: number
  readonly rows?: number
}

/** ms that a command may take on a machine that is busy. */
export const BUSY = 60_000

/** Where the compiled package stands: dist/ where it is newer than every source, else compiled now, for one test file. */
export async function compile(name: string): Promise<string> {
  const dist = join(root, 'dist')
  if (isFresh(join(dist, 'cli/main.js')) && isFresh(join(dist, 'admin/page/main.js'))) return dist
  const home = join(root, 'build/cli', name)
  const out = join(home, 'dist')
  mkdirSync(home, { recursive: true })
  const flags = ['--declaration', 'false', '--isolatedDeclarations', 'false', '--stripInternal', 'false']
  const tsc = join(root, 'node_modules/typescript/bin/tsc')
  const args = [tsc, '-p', 'tsconfig.build.json', '--noCheck', ...flags, '--outDir', out]
  execFileSync(process.execPath, args, { cwd: root })
  cpSync(join(root, 'src/redis/register.lua'), join(out, 'redis/register.lua'))
  cpSync(join(root, 'package.json'), join(home, 'package.json'))
  const page = await buildPage(`build/cli/${name}/dist/admin`)
  if (page.status !== 0) throw new Error(page.output)
  return out
}

function isFresh(file: string): boolean {
  if (!existsSync(file)) return false
  const built = statSync(file).mtimeMs
  const sources = readdirSync(join(root, 'src'), { recursive: true, encoding: 'utf8' })
  return sources.every((source) => statSync(join(root, 'src', source)).mtimeMs <= built)
}

/** A shell with this package in it. Whatever it started ends with it. */
export class Shell implements Disposable {
  readonly #folder: string
  readonly #flags: readonly string[]
  readonly #started = new Set<Running>()

  /** `flags` stand before those of every command. */
  constructor(folder: string, flags: readonly string[] = []) {
    this.#folder = folder
    this.#flags = flags
  }

  /** As the URL of a folder. */
  get library(): string {
    return pathToFileURL(`${this.#folder}/`).href
  }

  /** In pipes, to its end. */
  async run(...args: readonly string[]): Promise<Ran> {
    return this.start(args).ended
  }

  /** What it says as JSON; anything but a quiet 0 is an error of the test. */
  async json<T>(...args: readonly string[]): Promise<T> {
    const ran = await this.run(...args, '--json')
    if (ran.status !== 0 || ran.err !== '') throw new Error(`infuse ${args.join(' ')}: ${JSON.stringify(ran)}`)
    return JSON.parse(ran.out) as T
  }

  start(args: readonly string[], { env = {} }: RunOptions = {}): Running {
    const command = [join(this.#folder, 'cli/main.js'), ...this.#flags, ...args]
    return this.#track(spawn(process.execPath, command, { stdio: 'pipe', env: environment(env) }))
  }

  /** In a terminal of its own: both outputs are one. */
  inTerminal(args: readonly string[], { env = {}, columns = 100, rows = 30 }: RunOptions = {}): Running {
    const command = [process.execPath, join(this.#folder, 'cli/main.js'), ...this.#flags, ...args]
    const quoted = command.map((part) => `'${part.replaceAll("'", String.raw`'\''`)}'`).join(' ')
    const line = `stty cols ${columns} rows ${rows}; exec ${quoted}`
    const child = spawn('script', ['-qefc', line, '/dev/null'], {
      stdio: 'pipe',
      env: environment({ TERM: 'xterm-256color', SHELL: '/bin/sh', ...env }),
    })
    return this.#track(child)
  }

  [Symbol.dispose](): void {
    for (const running of this.#started) running.process.kill('SIGKILL')
  }

  #track(child: ChildProcess): Running {
    const running = new Running(child)
    this.#started.add(running)
    void running.ended.then(
      () => this.#started.delete(running),
      () => this.#started.delete(running),
    )
    return running
  }
}

/** A command under way. */
export class Running {
  readonly process: ChildProcess
  /** So far. */
  out = ''
  err = ''
  readonly ended: Promise<Ran>

  constructor(child: ChildProcess) {
    this.process = child
    child.stdout?.setEncoding('utf8').on('data', (text: string) => (this.out += text))
    child.stderr?.setEncoding('utf8').on('data', (text: string) => (this.err += text))
    child.stdin?.on('error', () => undefined)
    this.ended = this.#end()
    this.ended.catch(() => undefined)
  }

  /** What a person would read. */
  get text(): string {
    return stripVTControlCharacters(this.out).replaceAll('\r\n', '\n')
  }

  /** Waits for it on standard output. */
  async says(pattern: RegExp | string): Promise<string> {
    const said = (): boolean => (typeof pattern === 'string' ? this.text.includes(pattern) : pattern.test(this.text))
    await until(() => said() || this.#over, BUSY)
    if (!said()) throw new Error(`It ended without saying ${pattern}:\n${this.out}\n${this.err}`)
    return this.text
  }

  type(text: string): void {
    this.process.stdin?.write(text)
  }

  #over = false

  async #end(): Promise<Ran> {
    try {
      const [code, signal] = (await once(this.process, 'close')) as [number | null, string | null]
      return { status: code ?? String(signal), out: this.out, err: this.err }
    } catch (cause) {
      throw new Error('The tests need `script` (Debian: bsdutils, on every system)', { cause })
    } finally {
      this.#over = true
    }
  }
}

/** Without what would colour a pipe, or name a storage. */
function environment(more: Readonly<Record<string, string>>): NodeJS.ProcessEnv {
  const { FORCE_COLOR: _, NO_COLOR: __, INFUSE_REDIS_URL: ___, NODE_OPTIONS: ____, ...env } = process.env
  return { ...env, ...more }
}
