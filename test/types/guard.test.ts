// `guard` in front of a method, by both decorator standards: one source, compiled twice, each run in a process of its own.
import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { describe, expect, it } from 'vitest'

const root = fileURLToPath(new URL('../../', import.meta.url))
const node = async (...args: readonly string[]): Promise<string> =>
  (await promisify(execFile)(process.execPath, args, { cwd: root })).stdout

describe.each(['standard', 'legacy'])('guard, by the %s decorators', (standard) => {
  it('compiles, refuses a method without a promise, and guards calls with their `this`', async () => {
    const told = await node(
      'node_modules/typescript/bin/tsc',
      '-p',
      `test/types/guard/tsconfig.${standard}.json`,
    ).catch((error: { stdout?: string }) => error.stdout)
    expect(told).toBe('')
    const seen = await node(`build/guard/${standard}/test/types/guard/shop.js`)
    expect(JSON.parse(seen)).toEqual(['charge', 1, '6 EUR', 'Shop', 3, 'RangeError', 'CircuitBreakerError', 4, 1])
  }, 60_000)
})
