// One cold start: a process that serves one call and is gone. `invoke.mjs <url> <file>`.
import { readFile, writeFile } from 'node:fs/promises'
import { newHandler } from './handler.mjs'

const [url = '', file = ''] = process.argv.slice(2)
const store = {
  load: () => readFile(file, 'utf8').catch(() => undefined),
  /** @param {string} memo */
  save: (memo) => writeFile(file, memo),
}
const { statusCode } = await newHandler({ store, url })()
console.log(statusCode)
