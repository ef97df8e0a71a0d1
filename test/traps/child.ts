// Runs a module in a process of its own against the compiled library: for what a test runner's own handles, hooks and
// heap would hide.
import { execFile, execFileSync } from 'node:child_process'
import { cpSync, existsSync, readdirSync, statSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('../../', import.meta.url))

/** Where the compiled library stands: dist/ where it is newer than every source, else compiled now, for this test file alone. */
export function compiled(name: string): string {
  if (isFresh(`${root}dist/index.js`)) return `${root}dist/index.js`
  const out = `${root}build/traps/${name}`
  const tsc = `${root}node_modules/typescript/bin/tsc`
  execFileSync(process.execPath, [tsc, '-p', `${root}tsconfig.build.json`, '--outDir', out], { cwd: root })
  cpSync(`${root}src/redis/register.lua`, `${out}/redis/register.lua`)
  return `${out}/index.js`
}

function isFresh(file: string): boolean {
  if (!existsSync(file)) return false
  const built = statSync(file).mtimeMs
  const sources = readdirSync(`${root}src`, { recursive: true, encoding: 'utf8' })
  return sources.every((source) => statSync(`${root}src/${source}`).mtimeMs <= built)
}

export interface Ended {
  readonly code: number | null
  readonly killed: boolean
  readonly out: string
  readonly err: string
}

export interface ChildOptions {
  readonly flags?: readonly string[]
  /** ms after which the process is killed, which is an end of its own kind */
  readonly guard?: number
}

/** The script as an ES module in the package's folder. */
export function run(script: string, { flags = [], guard = 5000 }: ChildOptions = {}): Promise<Ended> {
  const args = [...flags, '--input-type=module', '--eval', script]
  return new Promise((resolve) => {
    const limits = { cwd: root, timeout: guard, killSignal: 'SIGKILL' } as const
    const child = execFile(process.execPath, args, limits, (_, out, err) => {
      resolve({ code: child.exitCode, killed: child.signalCode !== null, out, err })
    })
  })
}

/** What the script wrote as JSON; anything but a quiet exit 0 is an error of the test. */
export async function answer(script: string, options: ChildOptions = {}): Promise<unknown> {
  const ended = await run(script, options)
  if (ended.code !== 0 || ended.killed) throw new Error(`The child process failed: ${JSON.stringify(ended)}`)
  return JSON.parse(ended.out)
}
