// Nothing is installed by an import: each entry of the package, in a process of its own, leaves the process as it was.

import { readFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { pathToFileURL } from 'node:url'
import { expect, it } from 'vitest'
import { compiled, run } from '../traps/child.ts'

interface Manifest {
  readonly exports: Readonly<Record<string, string | { readonly default: string }>>
}

const manifest = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as Manifest

/** `redis/index.js`, for each entry. */
const entries = Object.values(manifest.exports)
  .flatMap((entry) => (typeof entry === 'string' ? [] : entry.default.replace('./dist/', '')))
  // Nest has its metadata in globals, which is its affair.
  .filter((entry) => !entry.includes('nestjs'))

it('importing any entry changes no global, listens to nothing and keeps no process alive', async () => {
  const folder = pathToFileURL(`${dirname(compiled('globals'))}/`).href
  const script = `
    import assert from 'node:assert'
    const look = () => ({
      globals: Object.getOwnPropertyDescriptors(globalThis),
      listeners: process.eventNames().map((name) => [name, process.listenerCount(name)]),
      dispatchers: [1, 2].map((slot) => globalThis[Symbol.for('undici.globalDispatcher.' + slot)]),
      fetch: globalThis.fetch,
    })
    void globalThis.Headers
    const before = look()
    for (const entry of ${JSON.stringify(entries)}) {
      await import(${JSON.stringify(folder)} + entry)
      const after = look()
      assert.deepStrictEqual(Reflect.ownKeys(after.globals), Reflect.ownKeys(before.globals), entry)
      for (const key of Reflect.ownKeys(before.globals)) {
        // Node.js makes some of its own when somebody first looks at them.
        if ('value' in before.globals[key]) assert.strictEqual(after.globals[key].value, before.globals[key].value, entry + ' ' + String(key))
      }
      assert.deepStrictEqual(after.listeners, before.listeners, entry)
      assert.strictEqual(after.dispatchers[0], before.dispatchers[0], entry)
      assert.strictEqual(after.dispatchers[1], before.dispatchers[1], entry)
      assert.strictEqual(after.fetch, before.fetch, entry)
    }
    console.log('the same')`
  expect(await run(script, { guard: 30_000 })).toMatchObject({ code: 0, killed: false, out: 'the same\n' })
}, 60_000)
