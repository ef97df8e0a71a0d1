// The documentation's code: compiled against the built package in one go, then run in a process per page.
import { execFile } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { pages, readPage, root } from './pages.ts'
import { RedisServer } from '../support/redis-server.ts'
import { type Snippet, snippetsOf } from './snippets.ts'

interface Result {
  readonly printed: readonly string[]
  readonly error?: string
}

const runner = fileURLToPath(new URL('page.mjs', import.meta.url))
const withCode = pages.filter((page) => snippetsOf(readPage(page)).length > 0)
const results = new Map<string, Promise<readonly Result[] | string>>()
let folder: string
let redis: RedisServer
let compiled: string

const run = (page: string): readonly Snippet[] => snippetsOf(readPage(page)).filter((one) => one.notRun === undefined)
const fileOf = (page: string, { line, extension }: Snippet): string => join(page, `${line}.${extension}`)

beforeAll(async () => {
  if (!existsSync(join(root, 'dist', 'index.d.ts'))) throw new Error('No dist/: run `npm run build` first')
  redis = await RedisServer.start()
  mkdirSync(join(root, 'build'), { recursive: true })
  // Inside the package, so that 'infuse-breaker' is the package itself.
  folder = mkdtempSync(join(root, 'build', 'snippets-'))
  for (const page of withCode) {
    mkdirSync(join(folder, 'src', page), { recursive: true })
    for (const snippet of run(page)) writeFileSync(join(folder, 'src', fileOf(page, snippet)), snippet.code)
  }
  writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify(settings))
  compiled = await node([join(root, 'node_modules', 'typescript', 'bin', 'tsc'), '-p', folder])
  for (const page of withCode) results.set(page, runPage(page))
}, 120_000)

afterAll(async () => {
  rmSync(folder, { recursive: true, force: true })
  await redis[Symbol.asyncDispose]()
})

describe('the documentation', () => {
  it('has code', () => {
    expect(withCode).toContain('README.md')
    expect(withCode.length).toBeGreaterThan(8)
  })

  it('compiles against the package', () => {
    expect(compiled.trim()).toBe('')
  })

  it.each(withCode)('%s: its code prints what it says', { timeout: 60_000 }, async (page) => {
    const ran = await results.get(page)
    if (typeof ran !== 'object') throw new Error(`${page} did not run to its end: ${ran}`)
    const said = run(page).map(({ line, prints }) => ({ line, prints }))
    const done = ran.map(({ printed, error }, at) => ({ line: said[at]?.line, prints: error ?? printed }))
    expect(done).toEqual(said)
  })

  it.each(withCode)('%s: its code can fail, and what is not run says why', (page) => {
    for (const { line, code, prints, notRun } of snippetsOf(readPage(page))) {
      if (notRun === undefined) expect(prints.length, `line ${line} prints nothing`).toBeGreaterThan(0)
      else expect(code, `line ${line}: code of this package is run`).not.toContain('infuse-breaker')
    }
  })
})

describe('the reader of snippets', () => {
  const block = (code: string, language = 'ts', fence = '```') => `${fence}${language}\n${code}\n${fence}\n`

  it('keeps the lines of the page', () => {
    const [first, second] = snippetsOf(`# Title\n\n${block('one()')}\n${block('two()', 'js')}`)
    expect(first).toMatchObject({ line: 3, extension: 'ts', code: '\n\n\none()\n' })
    expect(second?.extension).toBe('js')
    expect(second?.code.split('\n')[second.line]).toBe('two()')
  })

  it('reads what a block prints', () => {
    const [snippet] = snippetsOf(block('log(1) // => 1\nlog(2)\n// => 2\n// =>\n// not this => 3'))
    expect(snippet?.prints).toEqual(['1', '2'])
  })

  it('joins what continues, at its own line', () => {
    const page = `${block('one() // => 1')}\ntext\n\n<!-- continues -->\n${block('two() // => 2')}`
    const snippets = snippetsOf(page)
    expect(snippets).toHaveLength(1)
    expect(snippets[0]?.prints).toEqual(['1', '2'])
    const at = page.split('\n').indexOf('two() // => 2')
    expect(snippets[0]?.code.split('\n')[at]).toBe('two() // => 2')
  })

  it('leaves out what says why, and other languages', () => {
    expect(snippetsOf(`<!-- not run: opossum -->\n\n${block('fire()')}`)[0]?.notRun).toBe('opossum')
    expect(snippetsOf(block('npm ci', 'sh') + block('plain', ''))).toEqual([])
    expect(snippetsOf(block('```ts\nquoted()\n```', 'md', '````'))).toEqual([])
  })

  it('refuses what would silently not be run', () => {
    expect(() => snippetsOf(block('one()', 'typescript'))).toThrow(/line 1: write ts or js/)
    expect(() => snippetsOf('```ts\none()')).toThrow(/without end/)
    expect(() => snippetsOf(`<!-- continues -->\n${block('one()')}`)).toThrow(/nothing to continue/)
  })
})

const settings = {
  extends: '../../tsconfig.base.json',
  compilerOptions: {
    rootDir: 'src',
    outDir: 'out',
    allowJs: true,
    checkJs: true,
    noUnusedLocals: false,
    noUnusedParameters: false,
    noPropertyAccessFromIndexSignature: false,
  },
  include: ['src'],
}

/** What every block printed, or the output of a process that did not come to its end. */
async function runPage(page: string): Promise<readonly Result[] | string> {
  const files = run(page).map((snippet) => join(folder, 'out', fileOf(page, snippet).replace(/ts$/, 'js')))
  const output = await node([runner, ...files])
  try {
    return JSON.parse(output) as readonly Result[]
  } catch {
    return output
  }
}

function node(args: readonly string[]): Promise<string> {
  return new Promise((resolve) => {
    execFile(
      process.execPath,
      args,
      { cwd: root, timeout: 60_000, env: { ...process.env, REDIS_URL: redis.url } },
      (error, stdout, stderr) => {
        resolve(error === null ? stdout : `${stdout}${stderr || error.message}`)
      },
    )
  })
}
