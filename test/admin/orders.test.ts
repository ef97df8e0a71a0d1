import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { backoff, type CircuitStorage, failureRate, Infuse } from '../../src/index.ts'
import { RedisStorage } from '../../src/redis/index.ts'
import { ManualClock } from '../../src/testing/index.ts'
import { type Connected, families } from '../support/redis-clients.ts'
import { RedisServer, until } from '../support/redis-server.ts'
import { Rig, warnings } from './rig.ts'

const failing = () => Promise.reject(new Error('refused'))
const reason = 'the bank is down'

describe('an order to an application of its own', () => {
  let clock: ManualClock
  let infuse: Infuse
  let rig: Rig
  beforeEach(async () => {
    clock = new ManualClock()
    infuse = new Infuse({ clock, defaults: { failMax: 2, resetTimeout: 30_000 } })
    infuse.breaker('payments')
    rig = await Rig.start(infuse)
  })
  afterEach(async () => {
    await rig[Symbol.asyncDispose]()
    await infuse.dispose()
  })

  const payments = () => infuse.breaker('payments')
  const order = (action: string, body: object = {}) => rig.post(`/circuits/payments/${action}`, { reason, ...body })
  const newest = async () => (await rig.get('/transitions')).json.transitions[0]

  it('opens, tries and closes, and answers the circuit', async () => {
    const opened = await order('open')
    expect(opened.status).toBe(200)
    expect(opened.json).toMatchObject({
      actor: 'maria',
      circuit: { name: 'payments', state: 'open', reason, retryAfter: 30_000, forced: null },
    })
    expect(payments().state).toBe('open')
    expect(await newest()).toMatchObject({ kind: 'moved', from: 'closed', to: 'open', by: 'maria', why: reason })
    expect((await order('half-open')).json.circuit.state).toBe('half-open')
    expect((await order('close')).json.circuit).toMatchObject({ state: 'closed', reason })
    expect((await rig.get('/transitions')).json.transitions).toHaveLength(3)
  })

  it('holds for 15 minutes where nobody says how long', async () => {
    const { json } = await order('force', { state: 'open' })
    const forced = { state: 'open', left: 900_000, period: 900_000, by: 'maria', reason }
    expect(json.circuit).toMatchObject({ state: 'open', forced })
    expect(await newest()).toMatchObject({ kind: 'forced', by: 'maria', why: reason, for: 900_000 })
    clock.advance(900_000)
    expect(payments().state).toBe('half-open')
  })

  it('holds closed as long as is said, and lets go', async () => {
    expect((await order('force', { state: 'closed', for: 60_000 })).json.circuit.forced).toMatchObject({
      state: 'closed',
      left: 60_000,
    })
    for (let turn = 0; turn < 5; turn++)
      await payments()
        .call(failing)
        .catch(() => undefined)
    expect(payments().state).toBe('closed')
    expect(await newest()).toMatchObject({ kind: 'forced', from: 'closed', to: 'closed' })
    expect((await order('release')).json.circuit).toMatchObject({ state: 'closed', forced: null })
    expect(await newest()).toMatchObject({ kind: 'released', by: 'maria', why: reason })
  })

  it('changes thresholds until it is undone', async () => {
    const { json } = await order('update', { failMax: 3, resetTimeout: 5_000 })
    expect(json.circuit).toMatchObject({
      policy: '3 failures in a row',
      thresholds: {
        failMax: 3,
        resetTimeout: 5_000,
        successThreshold: 1,
        inCode: { failMax: 2, resetTimeout: 30_000 },
      },
      overrides: { failMax: 3, resetTimeout: 5_000, by: 'maria' },
    })
    expect(await newest()).toMatchObject({ kind: 'updated', by: 'maria', change: 'failMax 3, resetTimeout 5 s' })
    for (let turn = 0; turn < 2; turn++)
      await payments()
        .call(failing)
        .catch(() => undefined)
    expect(payments().state).toBe('closed')
    await order('update', { failMax: 4 })
    expect((await newest()).change).toBe('failMax 3 → 4')
    const undone = await order('update', { failMax: null, resetTimeout: null })
    expect(undone.json.circuit).toMatchObject({ overrides: null, thresholds: { failMax: 2, resetTimeout: 30_000 } })
    expect((await newest()).change).toBe('failMax as in code, resetTimeout as in code')
    await payments()
      .call(failing)
      .catch(() => undefined)
    expect(payments().state).toBe('open')
  })

  it('cannot set a count that no policy reads: 422', async () => {
    infuse.breaker('rated', {
      trip: failureRate({ threshold: 0.5, window: 10_000 }),
      resetTimeout: backoff({ initial: 100 }),
    })
    const refused = await rig.post('/circuits/rated/update', { reason, failMax: 3 })
    expect(refused.json).toMatchObject({ statusCode: 422, field: 'failMax' })
    const { json } = await rig.get('/circuits/rated')
    expect(json.circuit.thresholds).toMatchObject({ failMax: null, resetTimeout: null, inCode: { resetTimeout: null } })
    expect(
      (await rig.post('/circuits/rated/update', { reason, resetTimeout: 3 })).json.circuit.thresholds,
    ).toMatchObject({
      failMax: null,
      resetTimeout: 3,
    })
  })

  it('takes the reason without the space around it, up to 200 characters', async () => {
    expect((await order('open', { reason: `  ${'x'.repeat(200)} \n` })).json.circuit.reason).toBe('x'.repeat(200))
  })

  it('reaches a name with anything in it', async () => {
    for (const name of ['http://payments:8000', '__proto__']) {
      infuse.breaker(name)
      const { json } = await rig.post(`/circuits/${encodeURIComponent(name)}/open`, { reason })
      expect(json.circuit).toMatchObject({ name, state: 'open' })
      expect(infuse.breaker(name).state).toBe('open')
    }
    expect(payments().state).toBe('closed')
  })
})

describe('an order to circuits in Redis', () => {
  let server: RedisServer
  const ends: (() => Promise<unknown>)[] = []
  beforeAll(async () => {
    server = await RedisServer.start()
  })
  afterEach(async () => {
    for (const end of ends.splice(0).toReversed()) await end()
    await server.flush()
  })
  afterAll(() => server[Symbol.asyncDispose]())

  async function storage(options: { refreshInterval?: number } = {}): Promise<RedisStorage> {
    const connected: Connected = await families[0]!.single(server.port)
    const storage = new RedisStorage(connected.client, { namespace: 'prod:shop', timeout: 2_000, ...options })
    ends.push(async () => {
      await storage.dispose()
      await connected.end()
    })
    return storage
  }

  async function application(): Promise<Infuse> {
    const infuse = new Infuse({ service: 'shop', env: 'prod', storage: await storage({ refreshInterval: 100 }) })
    ends.push(() => infuse.dispose())
    infuse.breaker('payments', { failMax: 2, resetTimeout: 30_000 })
    await infuse.ready()
    return infuse
  }

  async function rigOn(source: CircuitStorage | Infuse): Promise<Rig> {
    const rig = await Rig.start(source)
    ends.push(() => rig[Symbol.asyncDispose]())
    return rig
  }

  it('takes effect in every process, from a server that runs none of them', async () => {
    const [one, two, rig] = [await application(), await application(), await rigOn(await storage())]
    const payments = [one, two].map((infuse) => infuse.breaker('payments'))
    const { status, json } = await rig.post('/circuits/payments/force', { reason, state: 'open', for: 60_000 })
    expect(status).toBe(200)
    expect(json.circuit).toMatchObject({
      state: 'open',
      scope: 'fleet',
      forced: { state: 'open', by: 'maria', reason },
    })
    expect(json.circuit.forced.left).toBeGreaterThan(50_000)
    await until(() => payments.every((breaker) => breaker.explain().forced?.by === 'maria'))
    await expect(payments[0]!.call(() => Promise.resolve('x'))).rejects.toMatchObject({ reason: 'forced' })
    await rig.post('/circuits/payments/release', { reason: 'it is back' })
    await until(() => payments.every((breaker) => breaker.state === 'half-open'))
    await rig.post('/circuits/payments/update', { reason: 'touchy', failMax: 7 })
    await until(() => payments.every((breaker) => breaker.failMax === 7))
    const { transitions } = (await rig.get('/transitions?circuit=payments')).json
    expect(transitions).toMatchObject([
      { kind: 'updated', by: 'maria', why: 'touchy', change: 'failMax 7' },
      { kind: 'released', by: 'maria', why: 'it is back', from: 'open', to: 'half-open' },
      { kind: 'forced', by: 'maria', why: reason, from: 'closed', to: 'open', for: 60_000 },
    ])
    for (const { ago, at } of transitions) {
      expect(ago).toBeGreaterThanOrEqual(0)
      expect(Math.abs(Date.now() - at)).toBeLessThan(60_000)
    }
    expect((await rig.get('/circuits/payments')).json.circuit.overrides).toMatchObject({ failMax: 7, by: 'maria' })
  })

  it('works while no application is up, and outlives them', async () => {
    const infuse = await application()
    await infuse.breaker('payments').open()
    await infuse.dispose()
    const rig = await rigOn(await storage())
    expect((await rig.get('/circuits')).json.circuits).toMatchObject([{ name: 'payments', state: 'open' }])
    await rig.post('/circuits/payments/force', { reason, state: 'closed' })
    await rig.post('/circuits/payments/update', { reason, successThreshold: 3 })
    const later = await application()
    expect(later.breaker('payments').explain().forced).toMatchObject({ state: 'closed', by: 'maria', reason })
    expect(later.breaker('payments').successThreshold).toBe(3)
  })

  it('shows a healthy circuit, what all processes saw of it, and how many they are', async () => {
    const [one, two, rig] = [await application(), await application(), await rigOn(await storage())]
    for (const infuse of [one, two]) await infuse.breaker('payments').call(() => Promise.resolve('fine'))
    await until(async () => (await rig.get('/circuits')).json.processes === 2)
    const [circuit] = (await rig.get('/circuits')).json.circuits
    expect(circuit).toMatchObject({ name: 'payments', state: 'closed', processes: 2 })
    expect(circuit.steps.calls).toHaveLength(60)
  })

  it('through an application acts in its own process at once, with its own options', async () => {
    const infuse = await application()
    const rig = await rigOn(infuse)
    const { json } = await rig.post('/circuits/payments/open', { reason })
    expect(infuse.breaker('payments').state).toBe('open')
    expect(json.circuit).toMatchObject({ state: 'open', scope: 'fleet', period: 30_000, reason })
    expect((await rig.get('/transitions')).json.transitions).toMatchObject([
      { from: 'closed', to: 'open', by: 'maria', why: reason, scope: 'fleet' },
    ])
  })

  it('creates no circuit: 404', async () => {
    const rig = await rigOn(await storage())
    for (const action of ['open', 'close', 'release', 'half-open'])
      expect((await rig.post(`/circuits/unknown/${action}`, { reason })).status).toBe(404)
    expect((await rig.post('/circuits/unknown/force', { reason, state: 'open' })).status).toBe(404)
    expect((await rig.post('/circuits/unknown/update', { reason, failMax: 1 })).status).toBe(404)
    expect(await server.command('KEYS', '*unknown*')).toEqual([])
  })

  it('is refused while storage does not answer: 503, and nothing has moved', async () => {
    using _warned = warnings()
    const infuse = await application()
    const rig = await rigOn(infuse)
    await rig.get('/circuits')
    server.freeze()
    try {
      const { status, json } = await rig.post('/circuits/payments/open', { reason })
      expect([status, json.code]).toEqual([503, 'storage-down'])
      expect(infuse.breaker('payments').state).toBe('closed')
      expect((await rig.get('/circuits')).json.storage).toMatchObject({ up: false })
    } finally {
      server.thaw()
    }
    await until(async () => (await rig.get('/circuits')).json.storage.up === true)
  })

  it('of two at once leaves one after the other', async () => {
    const rig = await rigOn(await storage())
    const infuse = await application()
    await infuse.breaker('payments').open()
    const answers = await Promise.all(
      Array.from({ length: 8 }, (_, index) =>
        rig.post('/circuits/payments/update', { reason: `change ${index}`, failMax: index + 1 }),
      ),
    )
    expect(answers.map(({ status }) => status)).toEqual(Array.from({ length: 8 }, () => 200))
    const { transitions } = (await rig.get('/transitions?circuit=payments')).json
    expect(transitions.filter(({ kind }: { kind: string }) => kind === 'updated')).toHaveLength(8)
  })
})
