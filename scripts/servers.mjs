// The programs that tests run beside Node.js: found on PATH, else installed as Debian's packages where that is possible,
// else said what to install. Vitest calls it before the first test.
import { accessSync, constants } from 'node:fs'
import { delimiter, join } from 'node:path'
import { run } from './process.mjs'

/** Each program under the names it goes by, and the package that brings it on Debian. */
const programs = [
  { names: ['redis-server'], source: 'redis-server' },
  { names: ['redis-sentinel'], source: 'redis-sentinel' },
  { names: ['redis-cli'], source: 'redis-tools' },
  { names: ['script'], source: 'bsdutils' },
  { names: ['promtool'], source: 'prometheus' },
  { names: ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable'], source: 'chromium' },
]

/** @param {string} program */
function isThere(program) {
  return (process.env['PATH'] ?? '').split(delimiter).some((folder) => {
    try {
      accessSync(join(folder, program), constants.X_OK)
      return true
    } catch {
      // Not in this folder.
      return false
    }
  })
}

const missing = () => programs.filter(({ names }) => !names.some(isThere))

async function install() {
  // Not as services: the tests start what they need.
  const env = { DEBIAN_FRONTEND: 'noninteractive', RUNLEVEL: '1' }
  const args = ['install', '-y', '--no-install-recommends', ...missing().map(({ source }) => source)]
  if ((await run('apt-get', args, { env })).status === 0) return
  await run('apt-get', ['update'], { env })
  await run('apt-get', args, { env })
}

/** Vitest's globalSetup. */
export async function setup() {
  if (missing().length > 0 && process.getuid?.() === 0 && isThere('apt-get')) await install()
  const still = missing()
  if (still.length === 0) return
  const names = still.map(({ names: [name] }) => name)
  const sources = still.map(({ source }) => source)
  throw new Error(
    `The tests need ${names.join(', ')} on PATH (Redis 7, Prometheus 2.42, any Chromium). On Debian: apt-get install ${sources.join(' ')}`,
  )
}
