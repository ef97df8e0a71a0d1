import { existsSync, readFileSync, readdirSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { gzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { importsOf } from '../layout.rules.ts'
import { type Compiler, Installation } from './installation.ts'

let installed: Installation
beforeAll(() => {
  installed = new Installation()
})
afterAll(() => installed[Symbol.dispose]())

const ok = { status: 0, output: '' }
const says = (output: string) => ({ status: 0, output: `${output}\n` })

describe('the installed package', () => {
  it('can be imported', () => {
    expect(installed.node('esm.mjs')).toEqual(says('esm ok'))
  })

  it('P4 can be required from CommonJS', () => {
    expect(installed.node('--no-warnings', 'require.cjs')).toEqual(says('require ok'))
  })

  it('P6 knows the errors of another copy of itself', () => {
    expect(installed.node('copies.mjs', installed.package('first'), installed.package('second'))).toEqual(
      says('copies ok'),
    )
  })

  it('holds nothing but what a user needs', () => {
    const files = readdirSync(installed.package('first')).toSorted()
    expect(files).toEqual(['CHANGELOG.md', 'LICENSE', 'README.md', 'dist', 'package.json'])
    const manifest: unknown = JSON.parse(readFileSync(join(installed.package('first'), 'package.json'), 'utf8'))
    expect(manifest).not.toHaveProperty('dependencies')
  })

  it('names no file outside of itself in its source maps', () => {
    const dist = join(installed.package('first'), 'dist')
    const maps = readdirSync(dist, { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.map'))
    expect(maps.length).toBeGreaterThan(0)
    for (const file of maps) {
      const map: { sourcesContent?: unknown } = JSON.parse(readFileSync(join(dist, file), 'utf8'))
      expect(map.sourcesContent, file).toHaveLength(1)
    }
  })
})

describe('P4 the types of the installed package', () => {
  const resolutions = [
    { module: 'nodenext' },
    { module: 'node16' },
    { module: 'esnext', moduleResolution: 'bundler' },
    { module: 'preserve', moduleResolution: 'bundler' },
  ]
  const libraries = [
    { libraries: 'Node types', types: ['node'], lib: ['es2022'] },
    { libraries: 'the DOM library and no Node types', types: [], lib: ['es2022', 'dom'] },
    { libraries: 'Node types and the DOM library', types: ['node'], lib: ['es2022', 'dom', 'dom.iterable'] },
  ]
  const compilers: readonly Compiler[] = ['typescript', 'typescript-5']
  const cases = compilers.flatMap((compiler) =>
    resolutions.flatMap((resolution) => libraries.map((library) => ({ ...resolution, ...library, compiler }))),
  )

  it.each(cases)('serve $compiler, module $module with $libraries', ({ libraries: _, compiler, ...options }) => {
    expect(installed.tsc('consumer.ts', { ...options, noEmit: true }, compiler)).toEqual(ok)
  })

  it('serve CommonJS', () => {
    expect(installed.tsc('consumer.cts', { types: ['node'], noEmit: true })).toEqual(ok)
  })

  it('serve a consumer without esModuleInterop', () => {
    const options = { types: ['node'], noEmit: true, module: 'preserve', moduleResolution: 'bundler' }
    expect(installed.tsc('consumer.ts', { ...options, esModuleInterop: false }, 'typescript-5')).toEqual(ok)
  })

  it('serve a consumer with isolatedModules and verbatimModuleSyntax', () => {
    const options = { types: ['node'], noEmit: true, isolatedModules: true, verbatimModuleSyntax: true }
    expect(installed.tsc('consumer.ts', options)).toEqual(ok)
  })

  it('bring the library that `using` needs', () => {
    const options = { lib: ['es2022', 'dom'], noEmit: true }
    expect(installed.tsc('using.ts', options)).toEqual(ok)
  })
})

describe('guard of the installed package', () => {
  it.each([
    { kind: 'standard', compiler: 'typescript', experimentalDecorators: false },
    { kind: 'legacy', compiler: 'typescript', experimentalDecorators: true },
    { kind: 'standard', compiler: 'typescript-5', experimentalDecorators: false },
    { kind: 'legacy', compiler: 'typescript-5', experimentalDecorators: true },
  ] as const)('is a $kind decorator of $compiler', ({ kind, compiler, experimentalDecorators }) => {
    const outDir = `out/${compiler}/${kind}`
    expect(installed.tsc('guard.ts', { experimentalDecorators, types: ['node'], outDir }, compiler)).toEqual(ok)
    expect(installed.node(`${outDir}/guard.js`)).toEqual(says('guard ok'))
  })
})

describe('the size of the installed package', () => {
  it("is at most 12 kB gzip for `import 'infuse-breaker'`", () => {
    const dist = join(installed.package('first'), 'dist')
    const modules = graph(join(dist, 'index.js'))
    const code = [...modules.values()].join('\n').replaceAll(/^\/\/# sourceMappingURL=.*$/gm, '')
    const size = gzipSync(code, { level: 9 }).length
    const names = [...modules.keys()].map((file) => relative(dist, file))
    console.log(`import 'infuse-breaker': ${size} bytes gzip, ${code.length} bytes, ${names.length} modules`)
    expect(names.filter((name) => name.startsWith('testing'))).toEqual([])
    expect(size).toBeLessThanOrEqual(12_000)
  })
})

/** Every module that importing `file` loads, with its code. */
function graph(file: string, seen = new Map<string, string>()): Map<string, string> {
  if (seen.has(file)) return seen
  expect(existsSync(file), file).toBe(true)
  const code = readFileSync(file, 'utf8')
  seen.set(file, code)
  for (const { specifier } of importsOf(code)) {
    if (specifier.startsWith('.')) graph(join(dirname(file), specifier), seen)
  }
  return seen
}
