// The Redis that tests run against: found on PATH, else installed as Debian's packages where that is possible, else said
// what to install. Vitest calls it before the first test.
import { accessSync, constants } from 'node:fs'
import { delimiter, join } from 'node:path'
import { run } from './process.mjs'

/** The package that brings each program on Debian and Ubuntu. */
const packages = { 'redis-server': 'redis-server', 'redis-sentinel': 'redis-sentinel', 'redis-cli': 'redis-tools' }

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

const missing = () => Object.entries(packages).filter(([program]) => !isThere(program))

async function install() {
  // Not as services: the tests start what they need.
  const env = { DEBIAN_FRONTEND: 'noninteractive', RUNLEVEL: '1' }
  const args = ['install', '-y', '--no-install-recommends', ...missing().map(([, name]) => name)]
  if ((await run('apt-get', args, { env })).status === 0) return
  await run('apt-get', ['update'], { env })
  await run('apt-get', args, { env })
}

/** Vitest's globalSetup. */
export async function setup() {
  if (missing().length > 0 && process.getuid?.() === 0 && isThere('apt-get')) await install()
  const programs = missing().map(([program]) => program)
  if (programs.length === 0) return
  const names = missing().map(([, name]) => name)
  throw new Error(
    `The tests need ${programs.join(', ')} on PATH (Redis 7). On Debian or Ubuntu: apt-get install ${names.join(' ')}`,
  )
}
