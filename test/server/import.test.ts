import { expect, it } from 'vitest'

/** The names of what is global, and what the library might have put its own in place of. */
function globals(): readonly unknown[] {
  const dispatchers = [1, 2].map((slot) => Reflect.get(globalThis, Symbol.for(`undici.globalDispatcher.${slot}`)))
  return [Reflect.ownKeys(globalThis), globalThis.fetch, globalThis.Request, ...dispatchers]
}

it('importing a server entry installs nothing and changes no global', async () => {
  // Node.js makes its own dispatcher when somebody looks at one of these.
  void globalThis.Headers
  const before = globals()
  const warned: unknown[] = []
  process.on('warning', (warning) => warned.push(warning))
  for (const entry of ['fastify', 'express', 'koa', 'hono']) await import(`../../src/server/${entry}.ts`)
  const after = globals()
  expect(after[0]).toEqual(before[0])
  for (const [index, one] of after.slice(1).entries()) expect(one).toBe(before[index + 1])
  await new Promise(setImmediate)
  expect(warned).toEqual([])
})
