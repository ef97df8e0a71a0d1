/** Runs the compiled demo as a user does, with its output in pipes. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { cpSync, existsSync, mkdtempSync, readdirSync, rmSync, symlinkSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { build, buildDemo, root } from '../../scripts/process.mjs'

export interface Player {
  readonly process: ChildProcess
  /** All it has said so far. */
  readonly said: { output: string; errors: string }
  /** Resolves with the exit status, or the signal that ended it. */
  readonly ended: Promise<number | string>
  /** Resolves with what it said once that much of it has come. */
  hears(pattern: RegExp): Promise<string>
  /** What it has in its folder for temporary files. */
  leftovers(): readonly string[]
  /** Kills it if it still plays. */
  discard(): void
}

/** The demo as `npm start` runs it. `npm test` has built dist/ just before; a test run by itself may be the first. */
export async function compileDemo(): Promise<void> {
  if (!existsSync(join(root, 'dist', 'index.js'))) expectSuccess(await build())
  expectSuccess(await buildDemo())
}

export function startDemo(args: readonly string[], env: Readonly<Record<string, string>> = {}): Player {
  return start([join(root, 'build', 'demo', 'main.js'), ...args], env)
}

/** As `npm start` does, with the builds: in a copy, since other tests read what is built here. */
export function startByScript(): Player {
  const copy = mkdtempSync(join(tmpdir(), 'infuse-test-start-'))
  const parts = ['package.json', 'tsconfig.base.json', 'tsconfig.build.json', 'tsconfig.tools.json', 'src', 'scripts']
  for (const part of [...parts, 'demo']) cpSync(join(root, part), join(copy, part), { recursive: true })
  symlinkSync(join(root, 'node_modules'), join(copy, 'node_modules'))
  const player = start([join(copy, 'scripts', 'start.mjs')], {})
  void player.ended.then(() => rmSync(copy, { recursive: true, force: true }))
  return player
}

function start(command: readonly string[], env: Readonly<Record<string, string>>): Player {
  const folder = mkdtempSync(join(tmpdir(), 'infuse-test-demo-'))
  const { REDIS_URL: _, ...others } = process.env
  const child = spawn(process.execPath, command, {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...others, TMPDIR: folder, ...env },
  })
  const said = { output: '', errors: '' }
  child.stdout.setEncoding('utf8').on('data', (text: string) => (said.output += text))
  child.stderr.setEncoding('utf8').on('data', (text: string) => (said.errors += text))
  const ended = once(child, 'close').then(([code, signal]: unknown[]) => (code ?? signal) as number | string)
  const hears = (pattern: RegExp): Promise<string> =>
    new Promise((resolve, reject) => {
      const look = (): void => {
        if (pattern.test(said.output)) resolve(said.output)
      }
      child.stdout.on('data', look)
      void ended.then(() =>
        reject(new Error(`The demo ended without saying ${pattern}:\n${said.output}${said.errors}`)),
      )
      look()
    })
  const discard = (): void => {
    child.kill('SIGKILL')
    rmSync(folder, { recursive: true, force: true })
  }
  return { process: child, said, ended, hears, leftovers: () => readdirSync(folder), discard }
}

/** The addresses that the demo gives in its first lines. */
export function addresses(output: string): readonly URL[] {
  return [...output.matchAll(/http:\/\/127\.0\.0\.1:\d+/g)].map(([address]) => new URL(address))
}

/** Whether anything listens there. */
export function listens({ hostname, port }: URL): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host: hostname, port: Number(port) })
    socket.once('connect', () => resolve(true))
    socket.once('error', () => resolve(false))
    socket.once('connect', () => socket.destroy())
  })
}

function expectSuccess({ status, output }: { readonly status: number; readonly output: string }): void {
  if (status !== 0) throw new Error(output)
}
