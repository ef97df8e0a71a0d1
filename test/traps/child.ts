// Runs a module of its own process against the compiled package: for what a test runner's own handles and hooks would hide.
import { execFile, execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('../../', import.meta.url))

/** dist/ as it is, or built now. */
export function compile(): void {
  if (existsSync(`${root}dist/index.js`)) return
  execFileSync(process.execPath, [`${root}node_modules/typescript/bin/tsc`, '-p', `${root}tsconfig.build.json`], {
    cwd: root,
  })
}

export interface Ended {
  readonly code: number | null
  readonly killed: boolean
  readonly out: string
  readonly err: string
}

/** The script as an ES module in the package's folder, so that it imports `infuse-breaker` by name; killed after `guard` ms. */
export function run(
  script: string,
  options: { readonly flags?: readonly string[]; readonly guard?: number } = {},
): Promise<Ended> {
  const { flags = [], guard = 5000 } = options
  const args = [...flags, '--input-type=module', '--eval', script]
  return new Promise((resolve) => {
    const child = execFile(
      process.execPath,
      args,
      { cwd: root, timeout: guard, killSignal: 'SIGKILL' },
      (_, out, err) => {
        resolve({ code: child.exitCode, killed: child.signalCode !== null, out, err })
      },
    )
  })
}

/** What the script wrote as JSON; anything but a quiet exit 0 is an error of the test. */
export async function answer<T>(script: string, options: Parameters<typeof run>[1] = {}): Promise<T> {
  const ended = await run(script, options)
  if (ended.code !== 0 || ended.killed) throw new Error(`The child process failed: ${JSON.stringify(ended)}`)
  return JSON.parse(ended.out) as T
}
