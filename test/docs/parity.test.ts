// docs/parity.md: every row has a test or says what it waits for, and every test that it names exists.
import { existsSync, readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'

const docs = new URL('../../docs/', import.meta.url)
const page = readFileSync(new URL('parity.md', docs), 'utf8')

interface Row {
  readonly system: string
  readonly number: number
  readonly tests: readonly { readonly name: string; readonly file: URL }[]
}

const rows = page.split(/^## /m).flatMap((section) => {
  const system = /^\w+/.exec(section)?.[0] ?? ''
  return [...section.matchAll(/^\| (\d+) \|.*\| ([^|]*) \|$/gm)].map(([, number, cell = '']): Row => {
    const links = [...cell.matchAll(/\[([^\]]+)\]\(([^)]+)\)/g)]
    const tests = links.map(([, name = '', path = '']) => ({ name, file: new URL(path, docs) }))
    return { system, number: Number(number), tests }
  })
})

function namesIn(file: URL): string[] {
  const matches = readFileSync(file, 'utf8').matchAll(/\bit\(\s*'((?:[^'\\]|\\.)*)'/g)
  return [...matches].map(([, name = '']) => name.replaceAll("\\'", "'"))
}

describe('docs/parity.md', () => {
  it('has every row of both systems, in order', () => {
    const numbers = (system: string): number[] => rows.filter((row) => row.system === system).map((row) => row.number)
    const upTo = (last: number): number[] => Array.from({ length: last }, (_, index) => index + 1)
    expect(numbers('PyBreaker')).toEqual(upTo(32))
    expect(numbers('Infuse')).toEqual(upTo(17))
  })

  it.each(rows)('$system $number has tests, and links only those that exist', ({ system, number, tests }) => {
    expect(tests).not.toEqual([])
    for (const { name, file } of tests) {
      expect(name).toMatch(new RegExp(`^${system} ${number}: `))
      expect(existsSync(file), file.pathname).toBe(true)
      expect(namesIn(file)).toContain(name)
    }
  })

  it.each(['parity/pybreaker.test.ts', 'parity/infuse.test.ts', 'fleet/parity.test.ts'])(
    'links every test of %s',
    (path) => {
      const file = new URL(`../test/${path}`, docs)
      const linked = rows.flatMap((row) => row.tests.map((test) => test.name))
      const missing = namesIn(file).filter((name) => !linked.includes(name))
      expect(missing).toEqual([])
    },
  )
})
