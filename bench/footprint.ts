/** What an import brings in: the modules reachable from an entry, their size, and how long Node takes to load them. */
import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { gzipSync } from 'node:zlib'
import { benchFolder, infuseEntry, peerEntry } from './packages.ts'
import { type Random, shuffled } from './random.ts'
import { median } from './statistics.ts'

export interface Size {
  readonly modules: number
  readonly bytes: number
  /** As published. */
  readonly gzip: number
  /** Each module minified by itself. */
  readonly minifiedGzip: number
}

interface Terser {
  minify(code: string, options: { module: boolean; toplevel: boolean }): Promise<{ code?: string }>
}

// Not `import()`: that is loaded by whoever uses it.
const specifier = /(?:\bfrom\s*|\bimport\s*|\brequire\s*\(\s*)(['"])(\.[^'"]*)\1/g

function reachable(entry: string, found: Map<string, string> = new Map()): Map<string, string> {
  if (found.has(entry)) return found
  const text = readFileSync(entry, 'utf8')
  found.set(entry, text)
  const from = createRequire(entry)
  for (const match of text.matchAll(specifier)) reachable(from.resolve(match[2]!), found)
  return found
}

async function size(entry: string): Promise<Size> {
  const terser = createRequire(`${benchFolder}/package.json`)('terser') as Terser
  const texts = [...reachable(entry).values()]
  const minified: string[] = []
  for (const text of texts) {
    const module = /^(?:import|export)\b/m.test(text)
    minified.push((await terser.minify(text, { module, toplevel: true })).code ?? '')
  }
  const zipped = (parts: readonly string[]): number => gzipSync(parts.join('\n'), { level: 9 }).length
  return {
    modules: texts.length,
    bytes: Buffer.byteLength(texts.join('\n')),
    gzip: zipped(texts),
    minifiedGzip: zipped(minified),
  }
}

export interface Footprint extends Size {
  /** Milliseconds of one `import()` in a fresh process, the median, less that of an empty module. */
  readonly importTime: number
}

function importTime(url: string): number {
  const script = `const start = performance.now(); await import(${JSON.stringify(url)}); console.log(performance.now() - start)`
  return Number(execFileSync(process.execPath, ['--input-type=module', '-e', script], { encoding: 'utf8' }))
}

export async function footprints(
  build: string | undefined,
  peersOnly: boolean,
  rounds: number,
  random: Random,
): Promise<Readonly<Record<string, Footprint>>> {
  const entries: [string, string][] = [
    ['cockatiel', peerEntry('cockatiel')],
    ['opossum', peerEntry('opossum')],
  ]
  if (!peersOnly) entries.push(['infuse', fileURLToPath(infuseEntry(build))])
  const empty = 'data:text/javascript,'
  const urls = [...entries.map(([name, file]) => [name, pathToFileURL(file).href] as const), ['empty', empty] as const]
  const times: Record<string, number[]> = {}
  for (let round = 0; round < rounds; round++) {
    for (const [name, url] of shuffled(urls, random)) (times[name] ??= []).push(importTime(url))
  }
  const result: Record<string, Footprint> = {}
  for (const [name, file] of entries) {
    result[name] = { ...(await size(file)), importTime: median(times[name]!) - median(times['empty']!) }
  }
  return result
}
