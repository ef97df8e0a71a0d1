import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { Infuse, MemoryStorage } from '../../src/index.ts'
import type { WireEnvelope } from '../../src/admin/wire.ts'
import { compiled } from '../support/processes.ts'
import { until } from '../support/redis-server.ts'
import { run } from '../traps/child.ts'
import { byHeader, Ear, Rig, warnings } from './rig.ts'

const reason = 'the bank is down'

describe('a stream of events', () => {
  let infuse: Infuse
  let rig: Rig
  let ear: Ear | undefined
  beforeEach(async () => {
    infuse = new Infuse({ env: 'test', defaults: { failMax: 1 } })
    infuse.breaker('payments')
    infuse.breaker('orders')
    rig = await Rig.start(infuse, { maxStreams: 2 })
  })
  afterEach(async () => {
    ear?.stop()
    await rig[Symbol.asyncDispose]()
    await infuse.dispose()
  })

  it('begins with a heartbeat, and goes on with one a second', async () => {
    ear = await rig.listen()
    expect(ear.status).toBe(200)
    const beat: WireEnvelope = await ear.hear('heartbeat')
    expect(beat).toMatchObject({ actor: 'maria', env: 'test', storage: { up: true }, allowMutations: true })
    const told = ear
    await until(() => told.of('heartbeat').length >= 3)
    expect(ear.of('circuit')).toEqual([])
  })

  it('tells a circuit that changed, and why', async () => {
    ear = await rig.listen()
    await ear.hear('heartbeat')
    await infuse
      .breaker('payments')
      .call(() => Promise.reject(new Error('refused')))
      .catch(() => undefined)
    const { circuit } = await ear.hear('circuit')
    expect(circuit).toMatchObject({ name: 'payments', state: 'open' })
    expect(circuit).not.toHaveProperty('steps')
    const transition = await ear.hear('transition')
    expect(transition).toMatchObject({ circuit: 'payments', from: 'closed', to: 'open' })
    const { transitions } = (await rig.get('/transitions')).json
    expect(transitions.map(({ id }: { id: string }) => id)).toEqual([transition.id])
    expect(ear.of('circuit').every(({ circuit: { name } }) => name === 'payments')).toBe(true)
  })

  it('tells what an operator did, once', async () => {
    ear = await rig.listen()
    await ear.hear('heartbeat')
    await rig.post('/circuits/orders/force', { reason, state: 'closed' })
    await ear.hear('circuit', ({ circuit }) => circuit.forced?.by === 'maria')
    await ear.hear('transition', ({ kind }) => kind === 'forced')
    const told = ear
    const beats = told.of('heartbeat').length
    await until(() => told.of('heartbeat').length > beats + 1)
    expect(ear.of('transition')).toHaveLength(1)
    expect(ear.of('circuit')).toHaveLength(1)
  })

  it('tells when a hold is over, though nobody calls, and moves nothing by it', async () => {
    await infuse.breaker('payments').force('open', { for: 700 })
    ear = await rig.listen()
    await ear.hear('heartbeat')
    await ear.hear('circuit', ({ circuit }) => circuit.state === 'half-open' && circuit.forced === null)
    expect(ear.of('transition').filter(({ to }) => to === 'half-open')).toEqual([])
  })

  it('carries names and reasons in one line each', async () => {
    const name = 'http://payments:8000/[a]'
    infuse.breaker(name)
    ear = await rig.listen()
    await ear.hear('heartbeat')
    await infuse.breaker(name).open({ reason: 'a\n\nevent: heartbeat\ndata: {}\r\n\r\n', by: 'x\ny' })
    const { circuit } = await ear.hear('circuit')
    expect(circuit).toMatchObject({ name, reason: 'a\n\nevent: heartbeat\ndata: {}\r\n\r\n' })
    for (const beat of ear.of('heartbeat')) expect(beat).toHaveProperty('actor')
  })

  it('is one of so many: 503 beyond, until another ends', async () => {
    ear = await rig.listen()
    const other = await rig.listen()
    const refused = await rig.get('/events')
    expect([refused.status, refused.json.code]).toEqual([503, 'too-many-streams'])
    expect(refused.headers['retry-after']).toBeDefined()
    other.stop()
    await until(async () => {
      const again = await rig.listen()
      again.stop()
      return again.status === 200
    })
  })

  it('ends with the handler, which opens no more', async () => {
    ear = await rig.listen()
    await ear.hear('heartbeat')
    rig.handler.dispose()
    const told = ear
    await until(() => told.ended)
    expect((await rig.get('/events')).status).toBe(503)
  })

  it('is not for the handler to read for when nobody listens', async () => {
    const storage = new MemoryStorage()
    let reads = 0
    const { read } = storage
    storage.read = (names) => {
      reads++
      return read.call(storage, names)
    }
    storage.add('payments', { epoch: 0, period: 0, keep: {} })
    await using other = await Rig.start(storage)
    const listening = await other.listen()
    await listening.hear('heartbeat')
    await until(() => reads >= 2)
    listening.stop()
    const again = await other.listen()
    await again.hear('heartbeat')
    again.stop()
    await until(() => listening.ended && again.ended)
    const before = reads
    await new Promise((resolve) => setTimeout(resolve, 50))
    expect(reads - before).toBeLessThanOrEqual(1)
  })
})

it('a stream goes on while storage is down, and says so', async () => {
  using _warned = warnings()
  const storage = new MemoryStorage()
  const { read } = storage
  storage.add('payments', { epoch: 0, period: 0, keep: {} })
  await using rig = await Rig.start(storage)
  const ear = await rig.listen()
  await ear.hear('heartbeat', ({ storage: { up } }) => up)
  storage.read = () => {
    throw new Error('gone')
  }
  await ear.hear('heartbeat', ({ storage: { up } }) => !up)
  storage.read = (names) => read.call(storage, names)
  await until(() => (ear.of('heartbeat').at(-1) as WireEnvelope).storage.up)
  expect(ear.of('circuit').filter((event) => 'gone' in event)).toEqual([])
  ear.stop()
})

it('a stream tells of circuits that come and go', async () => {
  const storage = new MemoryStorage()
  const { list } = storage
  await using rig = await Rig.start(storage)
  const ear = await rig.listen()
  await ear.hear('heartbeat')
  storage.add('payments', { epoch: 0, period: 0, keep: {} })
  await ear.hear('circuit', ({ circuit }) => circuit?.name === 'payments')
  storage.list = () => list.call(storage).filter((name) => name !== 'payments')
  await ear.hear('circuit', ({ gone }) => gone === 'payments')
  ear.stop()
})

it('a stream ends where its listener is nobody any more', async () => {
  let known = true
  const infuse = new Infuse()
  const { Streams } = await import('../../src/admin/streams.ts')
  const { LocalSource } = await import('../../src/admin/local.ts')
  const source = new LocalSource(infuse)
  const streams = new Streams(source, 1, 1)
  const response = streams.open({
    signal: new AbortController().signal,
    isKnown: () => Promise.resolve(known),
    envelope: () => ({}) as WireEnvelope,
  })
  const reader = response.body!.getReader()
  await reader.read()
  known = false
  for (;;) if ((await reader.read()).done) break
  streams.dispose()
  source.dispose()
})

it('a stream whose reader does not keep up is ended', async () => {
  const { Streams } = await import('../../src/admin/streams.ts')
  const { LocalSource } = await import('../../src/admin/local.ts')
  const source = new LocalSource(new Infuse())
  const streams = new Streams(source, 1)
  const listening = {
    signal: new AbortController().signal,
    isKnown: () => Promise.resolve(true),
    envelope: () => ({ actor: 'x'.repeat(600_000) }) as WireEnvelope,
  }
  const { body } = streams.open(listening)
  expect(() => streams.open(listening)).toThrow('too many')
  await until(() => {
    try {
      streams.open(listening)
      return true
    } catch {
      return false
    }
  })
  streams.dispose()
  source.dispose()
  await body?.cancel()
})

it('authorize is asked by header on streams too', async () => {
  await using rig = await Rig.start(new MemoryStorage(), { authorize: byHeader })
  const nobody = await Ear.open(rig.port, '/events', { 'x-who': '' })
  expect(nobody.status).toBe(401)
})

it('R1 a handler with an open stream keeps no process alive', async () => {
  const library = compiled('admin')
  const script = `
    import { Infuse } from '${library}index.js'
    import { adminHandler } from '${library}admin/index.js'
    const infuse = new Infuse()
    infuse.breaker('payments')
    const handler = adminHandler(infuse, { authorize: () => ({ actor: 'x', can: ['read'] }) })
    const { status } = await handler(new Request('http://localhost/circuits'))
    const { body } = await handler(new Request('http://localhost/events'))
    await body.getReader().read()
    console.log(status)`
  expect(await run(script, { guard: 20_000 })).toEqual({ code: 0, killed: false, out: '200\n', err: '' })
}, 60_000)
