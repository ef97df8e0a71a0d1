// Child processes for the scripts: found in node_modules, colour only on a terminal, failure is an exception or an exit status.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { cpSync, rmSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { stripVTControlCharacters } from 'node:util'

export const root = dirname(dirname(fileURLToPath(import.meta.url)))
const require = createRequire(import.meta.url)
const colour = process.stdout.isTTY && process.env['NO_COLOR'] === undefined

/** @param {number} code @param {string} text */
const paint = (code, text) => (colour ? `\u001B[${code}m${text}\u001B[0m` : text)
/** @param {string} text */
export const green = (text) => paint(32, text)
/** @param {string} text */
export const red = (text) => paint(31, text)
/** @param {string} text */
export const dim = (text) => paint(2, text)

/** Tools that look at CI or FORCE_COLOR would colour a pipe. @returns {NodeJS.ProcessEnv} */
function environment() {
  const { FORCE_COLOR: _, ...env } = process.env
  return colour ? { ...env, FORCE_COLOR: '1' } : { ...env, NO_COLOR: '1' }
}

/**
 * Runs a command; its output goes to the terminal (`show`) or is kept.
 * @param {string} command
 * @param {readonly string[]} args
 * @param {{ show?: boolean, cwd?: string, env?: Record<string, string> }} [options]
 * @returns {Promise<{ status: number, output: string }>}
 */
export async function run(command, args, { show = false, cwd = root, env = {} } = {}) {
  const stdio = show ? 'inherit' : 'pipe'
  const child = spawn(command, args, { cwd, env: { ...environment(), ...env }, stdio: ['inherit', stdio, stdio] })
  let output = ''
  for (const stream of [child.stdout, child.stderr]) stream?.on('data', (chunk) => (output += String(chunk)))
  const [code, signal] = await once(child, 'close')
  return { status: signal === null ? Number(code) : 1, output: colour ? output : stripVTControlCharacters(output) }
}

/** Runs the first bin of an installed package. @param {string} name @param {readonly string[]} args @param {Parameters<typeof run>[2]} [options] */
export function tool(name, args, options) {
  const folder = join(root, 'node_modules', name)
  /** @type {string | Record<string, string>} */
  const bins = require(join(folder, 'package.json')).bin
  const script = typeof bins === 'string' ? bins : Object.values(bins)[0]
  return run(process.execPath, [join(folder, String(script)), ...args], options)
}

/** Ends this process with the output of a command that failed. @param {{ status: number, output: string }} result */
export function insist({ status, output }) {
  if (status === 0) return
  process.stderr.write(output)
  process.exit(status)
}

/** The package as it is published: dist/, made anew. Comments go into the declarations, where editors show them, not into the code. */
export async function build() {
  rmSync(join(root, 'dist'), { recursive: true, force: true })
  const types = await tool('typescript', ['-p', 'tsconfig.build.json', '--emitDeclarationOnly'])
  if (types.status !== 0) return types
  // The script that Redis runs is read by the module beside it.
  cpSync(join(root, 'src/redis/register.lua'), join(root, 'dist/redis/register.lua'))
  const page = await buildPage()
  if (page.status !== 0) return page
  return tool('typescript', [
    '-p',
    'tsconfig.build.json',
    '--declaration',
    'false',
    '--isolatedDeclarations',
    'false',
    '--removeComments',
    '--sourceMap',
    '--inlineSources',
  ])
}

/** The dashboard's page: its scripts for browsers and the files beside them, which the admin handler serves. @param {string} [to] */
export async function buildPage(to = 'dist/admin') {
  const outDir = join(root, to)
  const built = await tool('typescript', ['-p', 'src/admin/page', '--removeComments', '--outDir', outDir])
  const files = ['index.html', 'dashboard.css', 'icon.svg']
  for (const file of files) cpSync(join(root, 'src/admin/page', file), join(outDir, 'page', file))
  return built
}

/** demo/ as build/demo/: all that `npm start` needs. */
export const buildDemo = () => tool('typescript', ['-p', 'demo'])

/** simulation/ and the TypeScript in scripts/ as build/. */
export async function buildTools() {
  const built = await tool('typescript', ['-p', 'tsconfig.tools.json'])
  cpSync(join(root, 'src/redis/register.lua'), join(root, 'build/src/redis/register.lua'))
  return built
}

/** bench/ as build/bench/. */
export const buildBench = () => tool('typescript', ['-p', 'bench'])
