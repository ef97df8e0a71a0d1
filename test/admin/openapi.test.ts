// The description against the routes that are really served, and real answers against its schemas.
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Schema } from '../../src/admin/schemas.ts'
import { CircuitBreaker, Infuse, MemoryStorage } from '../../src/index.ts'
import { type Answer, Rig } from './rig.ts'

interface Operation {
  readonly summary: string
  readonly parameters?: readonly { readonly name: string; readonly in: string }[]
  readonly requestBody?: { readonly content: Content }
  readonly responses: Readonly<Record<string, { readonly description?: string; readonly content?: Content }>>
}
type Content = Readonly<Record<string, { readonly schema?: Schema }>>
interface Description {
  readonly openapi: string
  readonly servers: readonly { readonly url: string }[]
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>
  readonly components: { readonly schemas: Readonly<Record<string, Schema>> }
}

let infuse: Infuse
let rig: Rig
let api: Description
beforeAll(async () => {
  infuse = new Infuse({ defaults: { failMax: 2 } })
  for (const name of ['payments', 'orders', 'http://mail:25']) infuse.breaker(name)
  rig = await Rig.start(infuse, { basePath: '/ops' })
  api = (await rig.get('/ops/openapi.json')).json as Description
})
afterAll(async () => {
  await rig[Symbol.asyncDispose]()
  await infuse.dispose()
})

const operations = () =>
  Object.entries(api.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ path, method: method.toUpperCase(), operation })),
  )
const schemaOf = (operation: Operation, status: number): Schema | undefined =>
  operation.responses[status]?.content?.['application/json']?.schema

/** A body that each action takes. */
const BODIES: Readonly<Record<string, object>> = {
  force: { reason: 'trying', state: 'open', for: 60_000 },
  update: { reason: 'trying', failMax: 3, resetTimeout: 1_000, successThreshold: null },
}

async function call(path: string, method: string, name = 'payments'): Promise<Answer> {
  const action = path.split('/').at(-1) ?? ''
  const body = BODIES[action] ?? { reason: 'trying' }
  const address = `/ops${path.replace('{name}', encodeURIComponent(name))}`
  if (path === '/events') return rig.ask(address, { method: 'HEAD' })
  return rig.ask(address, { method, ...(method === 'POST' && { body }) })
}

describe('the description', () => {
  it('says what it is', () => {
    expect(api).toMatchObject({ openapi: '3.1.0', servers: [{ url: '/ops' }] })
    expect(operations()).toHaveLength(12)
  })

  it('has addresses that are served, and answers as it says', async () => {
    for (const { path, method, operation } of operations()) {
      for (const name of path.includes('{name}') ? ['payments', 'http://mail:25'] : ['']) {
        const { status, json } = await call(path, method, name)
        expect([path, status]).toEqual([path, 200])
        const schema = schemaOf(operation, 200)
        if (schema !== undefined) expect([path, ...faults(schema, json)]).toEqual([path])
      }
    }
  })

  it('has bodies that are taken', () => {
    for (const { path, operation } of operations()) {
      const schema = operation.requestBody?.content['application/json']?.schema
      const action = path.split('/').at(-1) ?? ''
      if (schema !== undefined) expect(faults(schema, BODIES[action] ?? { reason: 'trying' })).toEqual([])
    }
  })

  it('has every address that takes something: others are 404, other methods 405', async () => {
    const known = new Set(Object.keys(api.paths))
    for (const action of ['open', 'half-open', 'close', 'force', 'release', 'update', 'trip', 'reset', 'delete']) {
      const path = `/circuits/{name}/${action}`
      expect((await call(path, 'POST')).status === 404).toBe(!known.has(path))
    }
    for (const { path, method } of operations()) {
      const other = method === 'GET' ? 'POST' : 'GET'
      const { status } = await rig.ask(`/ops${path.replace('{name}', 'payments')}`, { method: other })
      expect([path, status]).toEqual([path, 405])
    }
  })

  it('says which refusals there are, and what they hold', async () => {
    for (const { path, method, operation } of operations()) {
      const address = `/ops${path.replace('{name}', 'payments')}`
      const refusals = [
        await rig.ask(address, { method, headers: { 'x-who': '' } }),
        await rig.ask(address, { method, headers: { origin: 'http://evil.example' } }),
        await rig.ask(address, { method, headers: { host: 'a b' } }),
      ]
      if (method === 'POST') {
        refusals.push(await rig.ask(address, { method, raw: '{' }))
        refusals.push(await rig.ask(address, { method, body: {} }))
        refusals.push(await rig.ask(address, { method, body: { reason: 'x'.repeat(20_000) } }))
      }
      if (path.includes('{name}')) refusals.push(await call(path, method, 'unknown'))
      for (const { status, json } of refusals) {
        const schema = schemaOf(operation, status)
        expect([path, status, schema]).toEqual([path, status, { $ref: '#/components/schemas/Error' }])
        expect(faults({ $ref: '#/components/schemas/Error' }, json)).toEqual([])
      }
    }
  })

  it('holds for circuits in every state, and for those of a storage', async () => {
    const breaker = infuse.breaker('orders')
    const look = async () => {
      const { json } = await rig.get('/ops/circuits/orders')
      expect(faults({ $ref: '#/components/schemas/CircuitAnswer' }, json)).toEqual([])
    }
    for (const move of ['open', 'halfOpen', 'close'] as const) {
      await breaker[move]()
      await look()
    }
    await breaker.force('open')
    await look()
    await breaker.force('closed', { for: 1_000, by: 'maria', reason: 'x' })
    await look()
    const storage = new MemoryStorage()
    storage.add('payments', { epoch: 0, period: 0, keep: {} })
    await using other = await Rig.start(storage)
    expect(faults({ $ref: '#/components/schemas/Circuits' }, (await other.get('/circuits')).json)).toEqual([])
    expect(new CircuitBreaker().state).toBe('closed')
  })

  it('describes events', async () => {
    const ear = await rig.listen('/ops/events')
    expect(faults({ $ref: '#/components/schemas/Envelope' }, await ear.hear('heartbeat'))).toEqual([])
    await infuse.breaker('payments').close()
    expect(faults({ $ref: '#/components/schemas/Circuit' }, (await ear.hear('circuit')).circuit)).toEqual([])
    expect(faults({ $ref: '#/components/schemas/Transition' }, await ear.hear('transition'))).toEqual([])
    ear.stop()
  })
})

/** What of a value is not as the schema says; as much of JSON Schema as the description uses. */
function faults(schema: Schema, value: unknown, at = ''): readonly string[] {
  if (schema.$ref !== undefined) {
    const known = api.components.schemas[schema.$ref.replace('#/components/schemas/', '')]
    return known === undefined ? [`${at}: no ${schema.$ref}`] : faults(known, value, at)
  }
  if (schema.anyOf !== undefined) {
    const all = schema.anyOf.map((one) => faults(one, value, at))
    return all.find((one) => one.length === 0) ?? all[0] ?? []
  }
  if (schema.enum !== undefined) return schema.enum.includes(value as string) ? [] : [`${at}: ${String(value)}`]
  const types = [schema.type ?? []].flat()
  if (!types.some((type) => isA(type, value))) return [`${at}: ${JSON.stringify(value)} is no ${types.join()}`]
  if (Array.isArray(value)) {
    const { minItems = 0, maxItems = Number.POSITIVE_INFINITY, items = {} } = schema
    if (value.length < minItems || value.length > maxItems) return [`${at}: ${value.length} items`]
    return value.flatMap((one, index) => faults(items, one, `${at}[${index}]`))
  }
  if (typeof value !== 'object' || value === null) return []
  const { properties = {}, required = [], additionalProperties = true } = schema
  const missing = required.filter((name) => !Object.hasOwn(value, name)).map((name) => `${at}.${name} is missing`)
  const inside = Object.entries(value).flatMap(([name, one]) => {
    const inner = properties[name] ?? additionalProperties
    if (inner === false) return [`${at}.${name} is not described`]
    return inner === true ? [] : faults(inner, one, `${at}.${name}`)
  })
  return [...missing, ...inside]
}

function isA(type: string, value: unknown): boolean {
  if (type === 'null') return value === null
  if (type === 'array') return Array.isArray(value)
  if (type === 'integer') return Number.isInteger(value)
  return typeof value === type && value !== null && !Array.isArray(value)
}
