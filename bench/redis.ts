/** A Redis of the bench's own, on a unix socket in a folder of its own: found on PATH, or installed where that is possible. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'

export interface Redis {
  readonly socket: string
  readonly version: string
  stop(): Promise<void>
}

const program = 'redis-server'

/** As it answers to `--version`; undefined: there is none. */
function version(): string | undefined {
  const { status, stdout } = spawnSync(program, ['--version'], { encoding: 'utf8' })
  return status === 0 ? (/v=(\S+)/.exec(stdout)?.[1] ?? 'unknown') : undefined
}

/** Debian's, for root only. */
function install(say: (text: string) => void): void {
  if (process.getuid?.() !== 0 || spawnSync('apt-get', ['--version']).status !== 0) return
  say(`No ${program} on PATH: apt-get install ${program}`)
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' }
  spawnSync('apt-get', ['update', '--quiet'], { env, stdio: 'ignore' })
  spawnSync('apt-get', ['install', '--yes', '--no-install-recommends', program], { env, stdio: 'ignore' })
}

/** Undefined where there is no Redis to be had. */
export async function startRedis(say: (text: string) => void): Promise<Redis | undefined> {
  if (version() === undefined) install(say)
  const found = version()
  if (found === undefined) return undefined
  const folder = mkdtempSync(join(tmpdir(), 'infuse-bench-'))
  const socket = join(folder, 'redis.sock')
  const options = ['--port', '0', '--unixsocket', socket, '--dir', folder, '--save', '', '--appendonly', 'no']
  const child = spawn(program, options, { stdio: 'ignore' })
  const kill = (): void => void child.kill('SIGKILL')
  process.once('exit', kill)
  await listening(child, socket)
  return {
    socket,
    version: found,
    async stop() {
      process.off('exit', kill)
      kill()
      if (child.exitCode === null && child.signalCode === null) await once(child, 'exit')
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

async function listening(child: ChildProcess, socket: string): Promise<void> {
  for (let tries = 0; !existsSync(socket); tries++) {
    if (child.exitCode !== null || tries > 500) throw new Error(`${program} does not start on ${socket}`)
    await setTimeout(10)
  }
}
