// The generated tables of options: as the sources say, and the sources as the code does.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { rowsOf, withTables } from '../../scripts/tables.ts'
import { pages, readPage, root } from './pages.ts'

const read = (file: string): string => readFileSync(join(root, file), 'utf8')
const withTable = pages.filter((page) => readPage(page).includes('<!-- table: '))

describe('the tables of options', () => {
  it('stand on the page of options, among others', () => {
    expect(withTable).toContain('docs/options.md')
  })

  it.each(withTable)('%s: its tables are those of the sources (else run `npm run docs`)', (page) => {
    expect(readPage(page)).toBe(withTables(readPage(page), read))
  })

  it('list every option that a breaker knows', () => {
    const known = /const KNOWN = \[([\s\S]*?)\]/.exec(read('src/core/options.ts'))?.[1] ?? ''
    const names = [...Object.keys(defaults()), ...[...known.matchAll(/'(\w+)'/g)].map(([, name = '']) => name)]
    expect(names.length).toBeGreaterThan(18)
    for (const name of names) expect(readPage('docs/options.md')).toContain(`| \`${name}\` |`)
  })

  it('give the defaults that the code applies', () => {
    const said = new Map(rowsOf(read('src/core/options.ts'), 'RuleOptions').map((row) => [row.name, row.fallback]))
    for (const [name, value] of Object.entries(defaults())) {
      if (said.has(name)) expect(said.get(name)?.replaceAll('_', ''), name).toBe(value)
    }
  })
})

describe('the maker of tables', () => {
  const source = `
export interface Shape<T> extends Other {
  /** First. @default 5 */
  first?: number | undefined
  /**
   * Second, in
   * two lines. @default as it comes
   */
  second?: 'a' | 'b' | undefined
  other?: undefined
  /** Third. */
  third?(): void
}
`

  it('reads the members of an interface with their comments', () => {
    expect(rowsOf(source, 'Shape')).toEqual([
      { name: 'first', meaning: 'First.', fallback: '5' },
      { name: 'second', meaning: 'Second, in two lines.', fallback: 'as it comes' },
      { name: 'third', meaning: 'Third.', fallback: '' },
    ])
  })

  it('refuses a member without a comment, and an interface that is not there', () => {
    expect(() => rowsOf('export interface A {\n  b: number\n}\n', 'A')).toThrow('No comment on A.b')
    expect(() => rowsOf(source, 'Missing')).toThrow('No interface Missing')
  })

  it('replaces what stands between the marks, again and again', () => {
    const page = 'before\n<!-- table: a.ts Shape -->\nold\n<!-- end of table -->\nafter\n'
    const once = withTables(page, () => source)
    expect(once).toContain('| `first` | `5` | First. |')
    expect(once).toContain('| `second` | as it comes | Second, in two lines. |')
    expect(once).not.toContain('old')
    expect(withTables(once, () => source)).toBe(once)
  })
})

/** The constant that src/core/options.ts applies, as text by name. */
function defaults(): Record<string, string> {
  const [, body = ''] = /^const DEFAULTS = \{\n([\s\S]*?)^\}/m.exec(read('src/core/options.ts')) ?? []
  const [, resetTimeout = ''] = /DEFAULT_RESET_TIMEOUT = (\w+)/.exec(read('src/core/backoff.ts')) ?? []
  const values: Record<string, string> = { DEFAULT_RESET_TIMEOUT: resetTimeout, 'Number.POSITIVE_INFINITY': 'Infinity' }
  return Object.fromEntries(
    [...body.matchAll(/^ {2}(\w+): (.+),$/gm)].map(([, name = '', value = '']) => [
      name,
      (values[value] ?? value).replaceAll('_', ''),
    ]),
  )
}
