import { readdirSync, readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { importsOf, violations } from './layout.rules.ts'

const src = new URL('../src/', import.meta.url)
const files = readdirSync(src, { recursive: true, encoding: 'utf8' })
  .filter((file) => file.endsWith('.ts'))
  .map((file) => file.replaceAll('\\', '/'))

describe('the source layout', () => {
  it('has a public face and a core', () => {
    expect(files).toContain('index.ts')
    expect(files.some((file) => file.startsWith('core/'))).toBe(true)
  })

  it.each(files)('src/%s keeps to its floor and to the shape of a file', (file) => {
    expect(violations(file, readFileSync(new URL(file, src), 'utf8'))).toEqual([])
  })
})

describe('the reader of import lines', () => {
  it('sees each form of import and export', () => {
    const text = `
      import a from './a.ts'
      import { b, c } from "./b.ts"
      import * as d from './d.ts'
      import './e.ts'
      import {
        f,
        type G,
      } from './f.ts'
      export { h } from './h.ts'
      export * from './i.ts'
      export * as j from './j.ts'
      const k = await import('./k.ts')
      const l = require('./l.ts')
    `
    const seen = importsOf(text)
    expect(seen.map((line) => line.specifier).join('')).toBe(
      './a.ts./b.ts./d.ts./e.ts./f.ts./h.ts./i.ts./j.ts./k.ts./l.ts',
    )
    expect(seen.some((line) => line.typeOnly)).toBe(false)
  })

  it('tells type imports from the others', () => {
    const typeOnly = (text: string) => importsOf(text).map((line) => line.typeOnly)
    expect(typeOnly(`import type { A } from './a.ts'`)).toEqual([true])
    expect(typeOnly(`import type A from './a.ts'`)).toEqual([true])
    expect(typeOnly(`export type { A } from './a.ts'`)).toEqual([true])
    expect(typeOnly(`export type * from './a.ts'`)).toEqual([true])
    expect(typeOnly(`import { type A } from './a.ts'`)).toEqual([false])
    expect(typeOnly(`import type from './a.ts'`)).toEqual([false])
    expect(typeOnly(`import type, { A } from './a.ts'`)).toEqual([false])
  })

  it('reads neither comments nor declarations', () => {
    expect(importsOf(`// import './a.ts'\n/* import './b.ts' */ export type A = 'x'\nexport const b = 'from'`)).toEqual(
      [],
    )
    expect(
      importsOf(`export type State =\n  | 'open'\n  | 'closed'\nconst url = 'http://x' // import './a.ts'`),
    ).toEqual([])
  })
})

describe('the rules', () => {
  const bad: readonly (readonly [what: string, file: string, text: string, fault: RegExp])[] = [
    [
      'core importing a higher floor',
      'core/a.ts',
      `import { b } from '../fleet/b.ts'`,
      /upwards from floor 0 to floor 1/,
    ],
    [
      'core importing a builtin',
      'core/a.ts',
      `import { channel } from 'node:diagnostics_channel'`,
      /nothing outside core/,
    ],
    ['core importing a type of a package', 'core/a.ts', `import type { b } from 'fastify'`, /nothing outside core/],
    [
      'calls importing the breaker',
      'calls/a.ts',
      `import { b } from '../breaker.ts'`,
      /upwards from floor 2 to floor 3/,
    ],
    ['a folder importing its neighbour', 'redis/a.ts', `import { b } from '../host/b.ts'`, /sideways/],
    ['an inline type import upwards', 'calls/a.ts', `import { type B } from '../breaker.ts'`, /upwards/],
    ['a re-export upwards', 'fleet/a.ts', `export * from '../calls/b.ts'`, /upwards/],
    ['a dynamic import upwards', 'fleet/a.ts', `const b = await import('../calls/b.ts')`, /upwards/],
    ['an import of the public face', 'testing/a.ts', `import { b } from '../index.ts'`, /upwards/],
    ['an import that leaves src/', 'breaker.ts', `import { b } from '../test/b.ts'`, /outside of src/],
    ['an import without extension', 'breaker.ts', `import { b } from './core/b'`, /without its \.ts extension/],
    ['a builtin without node:', 'breaker.ts', `import fs from 'fs'`, /without node:/],
    ['a package in a file of another name', 'breaker.ts', `import { b } from 'fastify'`, /named after it/],
    ['a folder on no floor', 'utils/a.ts', 'export const a = 1', /no floor/],
    ['an import from no floor', 'breaker.ts', `import { b } from './utils/b.ts'`, /no floor/],
    ['a long file', 'core/a.ts', 'const a = 1\n'.repeat(301), /301 lines/],
    ['an enum', 'core/a.ts', 'export const enum State { Open }', /enum/],
    ['a default export', 'core/a.ts', 'export default class A {}', /default export/],
    ['a renamed default export', 'core/a.ts', 'class A {}\nexport { A as default }', /default export/],
    ['a namespace', 'core/a.ts', 'export namespace A { }', /namespace/],
    ['inheritance', 'core/a.ts', 'export class A<T> extends EventEmitter<T> {}', /extends another/],
    ['inheritance in an expression', 'core/a.ts', 'const a = class extends b.C {}', /extends another/],
    ['a path of a machine', 'core/a.ts', `const a = '/home/someone/a'`, /path of a machine/],
    ['a path of a tool', 'core/a.ts', '// see node_modules/a', /path of a machine/],
    [
      'code in the public face',
      'index.ts',
      `export { a } from './core/a.ts'\nexport const b = 1`,
      /more than re-export/,
    ],
  ]
  it.each(bad)('refuse %s', (_what, file, text, fault) => {
    const found = violations(file, text)
    expect(found).toHaveLength(1)
    expect(found[0]).toMatch(fault)
  })

  const good: readonly (readonly [what: string, file: string, text: string])[] = [
    ['a lower floor', 'breaker.ts', `import { a } from './core/a.ts'\nimport { b } from './calls/b.ts'`],
    ['the own folder', 'core/deep/a.ts', `import { b } from '../b.ts'`],
    ['a type from anywhere in src/', 'core/a.ts', `import type { CircuitBreaker } from '../breaker.ts'`],
    ['a builtin above core', 'calls/a.ts', `import { channel } from 'node:diagnostics_channel'`],
    ['a package in the file of its name', 'server/fastify.ts', `import plugin from 'fastify-plugin'`],
    ['a scoped package in the file of its name', 'outbound/grpc.ts', `import { status } from '@grpc/grpc-js'`],
    ['the client of Prometheus', 'observe/prometheus.ts', `import { Gauge } from 'prom-client'`],
    ['the interface of OpenTelemetry', 'observe/opentelemetry.ts', `import type { Meter } from '@opentelemetry/api'`],
    ['a class of errors', 'core/a.ts', 'export class AError<T extends B> extends TypeError { }'],
    ['a bound on a type parameter', 'core/a.ts', 'export class A<T extends B> { b<U extends C>(): void {} }'],
    ['words in text', 'core/a.ts', `// enum A { }\nconst a = 'export default' // class A extends B {}`],
    ['300 lines', 'core/a.ts', 'const a = 1\n'.repeat(300)],
    [
      're-exports',
      'index.ts',
      `/** Face. */\nexport { a, type B } from './core/a.ts'\nexport type * from './core/b.ts'`,
    ],
  ]
  it.each(good)('allow %s', (_what, file, text) => {
    expect(violations(file, text)).toEqual([])
  })
})
