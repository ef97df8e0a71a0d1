import { expect, it } from 'vitest'

it('importing a server entry installs nothing and changes no global', async () => {
  const before = Object.getOwnPropertyDescriptors(globalThis)
  const warned: unknown[] = []
  process.on('warning', (warning) => warned.push(warning))
  for (const entry of ['fastify', 'express', 'koa', 'hono']) await import(`../../src/server/${entry}.ts`)
  expect(Object.getOwnPropertyDescriptors(globalThis)).toEqual(before)
  await new Promise(setImmediate)
  expect(warned).toEqual([])
})
