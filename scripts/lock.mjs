// npm run lock: completes package-lock.json after an installation from a registry that serves the packages of one
// platform only. npm leaves out an optional package that it cannot find, and `npm ci` then refuses the lock file.
// What is added has a version and a platform but no integrity, and is fetched on that platform alone.
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { root } from './process.mjs'

const operatingSystems = ['android', 'darwin', 'freebsd', 'linux', 'openharmony', 'win32']
const processors = ['arm', 'arm64', 'ia32', 'loong64', 'ppc64', 'riscv64', 's390x', 'x64', 'wasm32']

/** @typedef {{ version?: string, optionalDependencies?: Record<string, string>, [key: string]: unknown }} Entry */
const file = join(root, 'package-lock.json')
/** @type {{ packages: Record<string, Entry> }} */
const lock = JSON.parse(readFileSync(file, 'utf8'))
for (const [parent, { optionalDependencies = {} }] of Object.entries(lock.packages)) {
  for (const [name, version] of Object.entries(optionalDependencies)) {
    if (found(parent, name)) continue
    lock.packages[`node_modules/${name}`] = { version, ...platform(name) }
    console.log(`added ${name}@${version}`)
  }
}
const [self, ...others] = Object.entries(lock.packages)
lock.packages = Object.fromEntries([...(self ? [self] : []), ...others.toSorted(([a], [b]) => (a < b ? -1 : 1))])
writeFileSync(file, `${JSON.stringify(lock, null, 2)}\n`)

/** Whether a package finds another in a node_modules of its own or further up. @param {string} parent @param {string} name */
function found(parent, name) {
  for (
    let folder = parent;
    folder !== '';
    folder = folder.slice(0, Math.max(0, folder.lastIndexOf('/node_modules/')))
  ) {
    if (lock.packages[`${folder}/node_modules/${name}`] !== undefined) return true
  }
  return lock.packages[`node_modules/${name}`] !== undefined
}

/** What the name of a package of binaries says. @param {string} name */
function platform(name) {
  const words = name.split(/[-/]/)
  const os = operatingSystems.filter((word) => words.includes(word))
  const cpu = processors.filter((word) => words.includes(word))
  if (cpu.length === 0) throw new Error(`${name} is missing and names no platform`)
  const gnu = os.includes('linux') && words.some((word) => word.startsWith('gnu'))
  const libc = words.some((word) => word.startsWith('musl')) ? ['musl'] : gnu ? ['glibc'] : []
  return {
    cpu,
    dev: true,
    ...(libc.length > 0 && { libc }),
    optional: true,
    ...(os.length > 0 && { os }),
  }
}
