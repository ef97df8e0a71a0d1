import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { loadListeners, loadMatchers } from '../../../src/app/modules.ts'
import { CircuitBreaker, HttpStatusError } from '../../../src/index.ts'

const before = process.cwd()
let folder: string

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'infuse-modules-'))
  const put = (file: string, text: string): void => writeFileSync(join(folder, file), text)
  put(
    'listeners.mjs',
    `export const log = { stateChange() {} }
export class Counter { constructor() { this.failures = 0 } failure() { this.failures++ } }
export class Broken { constructor() { throw new Error('no disk') } }
export const arrow = () => ({ failure() {} })
export const nothing = { other() {} }
export const text = 'log'
export default { success() {} }
`,
  )
  put('errors.mjs', 'export class Teapot extends Error {}\nexport const isOdd = (error) => error.odd === true\n')
  put('common.cjs', 'const log = { failure() {} }\nmodule.exports = Object.fromEntries([["log", log]])\n')
  put('faulty.mjs', 'throw new Error("the module failed")\n')
  mkdirSync(join(folder, 'node_modules/team-listeners'), { recursive: true })
  put('node_modules/team-listeners/package.json', '{"name":"team-listeners","type":"module","main":"index.js"}')
  put('node_modules/team-listeners/index.js', 'export const pager = { stateChange() {} }\n')
  process.chdir(folder)
})

afterAll(() => {
  process.chdir(before)
  rmSync(folder, { recursive: true })
})

describe('listeners by path', () => {
  const load = (...paths: string[]): ReturnType<typeof loadListeners> =>
    loadListeners('INFUSE_BREAKER_LISTENERS', paths)

  it('are relative to the working directory, absolute, by URL, or of a package of the application', async () => {
    const file = join(folder, 'listeners.mjs')
    const [relative, absolute, url, installed] = await load(
      './listeners.mjs#log',
      `${file}#log`,
      `${pathToFileURL(file).href}#log`,
      'team-listeners#pager',
    )
    expect(relative).toHaveProperty('stateChange')
    expect([absolute, url]).toEqual([relative, relative])
    expect(installed).toHaveProperty('stateChange')
  })

  it('are the default export where none is named', async () => {
    expect((await load('./listeners.mjs'))[0]).toHaveProperty('success')
  })

  it('are found in CommonJS modules whose exports Node.js does not see', async () => {
    expect((await load('./common.cjs#log'))[0]).toHaveProperty('failure')
  })

  it('are made of a class, one each time', async () => {
    const [one, other] = await load('./listeners.mjs#Counter', './listeners.mjs#Counter')
    expect(one).not.toBe(other)
    const breaker = new CircuitBreaker({ listeners: one === undefined ? [] : [one] })
    await breaker.call(async () => Promise.reject(new Error('no'))).catch(() => undefined)
    expect(one).toHaveProperty('failures', 1)
  })

  it.each([
    ['./missing.mjs#log', 'cannot load ./missing.mjs#log: Cannot find module'],
    ['no-such-package#log', "cannot load no-such-package#log: Cannot find module 'no-such-package'"],
    ['./faulty.mjs#log', 'cannot load ./faulty.mjs#log: the module failed'],
    ['./listeners.mjs#nope', './listeners.mjs exports no `nope`; it exports '],
    ['./listeners.mjs#Broken', 'no listener can be made of ./listeners.mjs#Broken: no disk'],
    ['./listeners.mjs#arrow', 'no listener can be made of ./listeners.mjs#arrow'],
    ['./listeners.mjs#nothing', './listeners.mjs#nothing is no listener; it has none of the methods beforeCall'],
    ['./listeners.mjs#text', './listeners.mjs#text is no listener'],
  ])('%s stops the start', async (path, message) => {
    const error: unknown = await load(path).catch((thrown: unknown) => thrown)
    expect(error).toBeInstanceOf(TypeError)
    expect((error as Error).message).toContain(`\`INFUSE_BREAKER_LISTENERS\`: ${message}`)
  })
})

describe('kinds of errors by path', () => {
  const load = (...paths: string[]): ReturnType<typeof loadMatchers> =>
    loadMatchers('INFUSE_BREAKER_EXCLUDE_EXCEPTIONS', paths)

  it('are the library’s own, names of errors, classes and predicates', async () => {
    const exclude = await load('HttpStatusError', 'TimeoutError', './errors.mjs#Teapot', './errors.mjs#isOdd')
    const breaker = new CircuitBreaker({ exclude })
    const { Teapot } = (await import(pathToFileURL(join(folder, 'errors.mjs')).href)) as { Teapot: typeof Error }
    const counts = (error: unknown): boolean => breaker.isSystemError(error)
    expect([new HttpStatusError(503), new DOMException('late', 'TimeoutError'), new Teapot()].map(counts)).toEqual([
      false,
      false,
      false,
    ])
    expect(counts(Object.assign(new Error('odd'), { odd: true }))).toBe(false)
    expect([new Error('other'), new TypeError('other'), 'TimeoutError'].map(counts)).toEqual([true, true, true])
  })

  it.each([
    ['requests.exceptions.HTTPError', 'cannot load requests.exceptions.HTTPError'],
    ['./listeners.mjs#log', './listeners.mjs#log is neither an error class nor a predicate'],
  ])('%s stops the start', async (path, message) => {
    await expect(load(path)).rejects.toThrow(`\`INFUSE_BREAKER_EXCLUDE_EXCEPTIONS\`: ${message}`)
  })
})
