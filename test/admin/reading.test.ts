import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { Infuse, type LocalCircuit, MemoryStorage, type StoredCircuit, type Tally } from '../../src/index.ts'
import { gateOf } from '../../src/calls/gates.ts'
import type { WireCircuit, WireCircuits } from '../../src/admin/wire.ts'
import { ManualClock, SimulatedStorage } from '../../src/testing/index.ts'
import { until } from '../support/redis-server.ts'
import { Rig, warnings } from './rig.ts'

const failing = () => Promise.reject(new Error('connect ECONNREFUSED'))
const fine = () => Promise.resolve('ok')

async function circuits(rig: Rig): Promise<readonly WireCircuit[]> {
  return ((await rig.get('/circuits')).json as WireCircuits).circuits
}

async function circuit(rig: Rig, name = 'payments'): Promise<WireCircuit> {
  return (await rig.get(`/circuits/${encodeURIComponent(name)}`)).json.circuit as WireCircuit
}

describe('an application of its own', () => {
  let clock: ManualClock
  let infuse: Infuse
  let rig: Rig
  beforeEach(async () => {
    clock = new ManualClock()
    infuse = new Infuse({ service: 'shop', env: 'prod', clock, defaults: { failMax: 2, resetTimeout: 30_000 } })
    rig = await Rig.start(infuse)
  })
  afterEach(async () => {
    await rig[Symbol.asyncDispose]()
    await infuse.dispose()
  })

  async function trip(name = 'payments'): Promise<void> {
    const breaker = infuse.breaker(name)
    for (let turn = 0; turn < 2; turn++) await breaker.call(failing).catch(() => undefined)
  }

  it('says who asks, what for, and where', async () => {
    const { json } = await rig.get('/circuits')
    expect(json).toMatchObject({
      env: 'prod',
      service: 'shop',
      namespace: null,
      processes: 1,
      actor: 'maria',
      can: ['read', 'operate'],
      allowMutations: true,
      storage: { up: true, downFor: 0 },
      circuits: [],
    })
    expect(Math.abs(Date.now() - json.at)).toBeLessThan(10_000)
  })

  it('lists healthy circuits too', async () => {
    infuse.breaker('orders')
    expect(await circuits(rig)).toMatchObject([
      {
        name: 'orders',
        state: 'closed',
        scope: 'local',
        openedAt: null,
        since: null,
        retryAfter: null,
        reason: null,
        forced: null,
        policy: '2 failures in a row',
        thresholds: { failMax: 2, resetTimeout: 30_000, successThreshold: 1, trials: 1 },
        overrides: null,
      },
    ])
  })

  it('says why a circuit is open, since when and until when', async () => {
    await trip()
    clock.advance(12_000)
    const open = await circuit(rig)
    expect(open).toMatchObject({ state: 'open', since: 12_000, retryAfter: 18_000, period: 30_000, relapses: 0 })
    expect(open.reason).toMatch(/2 calls in a row failed/)
    expect(open.text).toMatch(/^Circuit "payments" has been open for 12 s: .*next trial may go in 18 s/)
    expect(Math.abs(Date.now() - 12_000 - Number(open.openedAt))).toBeLessThan(10_000)
  })

  it('leaves a circuit open whose time is over: only a call tries', async () => {
    await trip()
    clock.advance(60_000)
    for (let turn = 0; turn < 3; turn++) {
      expect(await circuits(rig)).toMatchObject([{ state: 'open', retryAfter: 0 }])
      expect(await circuit(rig)).toMatchObject({ state: 'open', retryAfter: 0 })
    }
    expect(infuse.breaker('payments').state).toBe('open')
    expect((await rig.get('/transitions')).json.transitions).toMatchObject([{ from: 'closed', to: 'open' }])
  })

  it('shows the end of a hold without ending it', async () => {
    const breaker = infuse.breaker('payments')
    const told: string[] = []
    breaker.on('stateChange', (_, from, to) => void told.push(`${from} ${to}`))
    await breaker.force('open', { for: 10_000, by: 'maria', reason: 'the bank is down' })
    expect(await circuit(rig)).toMatchObject({
      state: 'open',
      reason: null,
      forced: { state: 'open', left: 10_000, period: 10_000, by: 'maria', reason: 'the bank is down' },
    })
    clock.advance(10_000)
    expect(await circuit(rig)).toMatchObject({ state: 'half-open', forced: null })
    expect(await circuits(rig)).toMatchObject([{ state: 'half-open' }])
    expect(told).toEqual(['closed open'])
    expect(gateOf(breaker).circuit.snapshot.forced).toBeDefined()
    expect(breaker.state).toBe('half-open')
    expect(told).toEqual(['closed open', 'open half-open'])
  })

  it('says when the answer of a trial is due', async () => {
    await trip()
    clock.advance(30_000)
    const permit = await infuse.breaker('payments').acquire()
    clock.advance(5_000)
    expect(await circuit(rig)).toMatchObject({ state: 'half-open', retryAfter: 25_000, period: 30_000 })
    permit.success()
    expect(await circuit(rig)).toMatchObject({ state: 'closed', reason: 'the trial call succeeded' })
  })

  it('has null for what has no end', async () => {
    infuse.breaker('held', { resetTimeout: Number.POSITIVE_INFINITY })
    await trip('held')
    expect(await circuit(rig, 'held')).toMatchObject({ state: 'open', retryAfter: null })
    await infuse.breaker('held').force('closed')
    expect((await circuit(rig, 'held')).forced).toMatchObject({ left: null, period: null })
  })

  it('keeps what happened, newest first, and as much as is asked for', async () => {
    await trip()
    await infuse.breaker('orders').open()
    const all = (await rig.get('/transitions')).json
    expect(all).toMatchObject({
      more: false,
      transitions: [
        { circuit: 'orders', from: 'closed', to: 'open', why: 'open() was called', scope: 'local', kind: 'moved' },
        { circuit: 'payments', from: 'closed', to: 'open', by: null },
      ],
    })
    const ids = all.transitions.map(({ id }: { id: string }) => id)
    expect(new Set(ids).size).toBe(2)
    expect((await rig.get('/transitions?limit=1')).json).toMatchObject({ more: true, transitions: [{ id: ids[0] }] })
    expect((await rig.get('/transitions?circuit=payments')).json.transitions).toMatchObject([{ id: ids[1] }])
    expect((await rig.get('/transitions?circuit=none')).json.transitions).toEqual([])
    for (const limit of ['0', '-1', 'x', '1e3', ''])
      expect((await rig.get(`/transitions?limit=${limit}`)).status).toBe(422)
    expect((await rig.get('/transitions?limit=99999')).status).toBe(200)
  })

  it('has 60 steps of what its calls came to while it was administered', async () => {
    const breaker = infuse.breaker('payments', { failMax: 100 })
    await breaker.call(failing).catch(() => undefined)
    await breaker.call(fine)
    const steps = await untilStepped(async () => {
      const { steps } = await circuit(rig)
      return steps ?? undefined
    })
    for (const column of [steps.calls, steps.failures, steps.rejected, steps.slow, steps.successes ?? []])
      expect(column).toHaveLength(60)
    expect(sum(steps.calls)).toBeLessThanOrEqual(2)
    expect(steps.behind).toBeGreaterThanOrEqual(0)
    expect(steps.behind).toBeLessThan(5_000)
  })

  it('has names with anything in them', async () => {
    for (const name of ['http://payments:8000', '__proto__', 'a.b-c[0]']) {
      infuse.breaker(name)
      expect((await circuit(rig, name)).name).toBe(name)
    }
    expect((await circuits(rig)).map(({ name }) => name)).toEqual(['http://payments:8000', '__proto__', 'a.b-c[0]'])
  })

  it('forgets its listeners with the handler', async () => {
    const { hasSubscribers } = (await import('../../src/calls/channels.ts')).transitionChannel
    expect(hasSubscribers).toBe(true)
    rig.handler.dispose()
    const { transitionChannel } = await import('../../src/calls/channels.ts')
    expect(transitionChannel.hasSubscribers).toBe(false)
  })
})

describe('a storage without any application', () => {
  const tally: Tally = { epoch: 0, period: 0, keep: { fails: 3 }, fails: [] }

  it('shows what is kept there', async () => {
    const storage = new MemoryStorage()
    storage.add('orders', tally)
    const move = { relapses: 1, successes: 0, leases: [], period: 'new', move: 'a.1', mover: 'a' } as const
    storage.replace('payments', undefined, {
      ...move,
      state: 'open',
      until: { in: 20_000 },
      policy: '5 failures in a row',
      why: '5 calls in a row failed: ECONNREFUSED',
      overrides: { failMax: 3 },
    })
    await using rig = await Rig.start(storage)
    const [payments, orders] = (await circuits(rig)).toSorted((a, b) => b.name.localeCompare(a.name))
    expect(payments).toMatchObject({
      name: 'payments',
      state: 'open',
      scope: 'fleet',
      reason: '5 calls in a row failed: ECONNREFUSED',
      policy: '5 failures in a row',
      relapses: 1,
      forced: null,
      overrides: { failMax: 3, by: null },
      thresholds: { failMax: 3, resetTimeout: null, inCode: { failMax: null } },
      steps: null,
      processes: null,
    })
    expect(payments?.retryAfter).toBeGreaterThan(10_000)
    expect(payments?.period).toBe(20_000)
    expect(payments?.text).toMatch(/It opens at 3 failures in a row\.$/)
    expect(orders).toMatchObject({ name: 'orders', state: 'closed', since: null, reason: null, policy: null })
    expect(orders?.text).toBe('Circuit "orders" is closed. Calls pass.')
  })

  it('is left as it was by every way to look', async () => {
    const clock = new ManualClock(0, Date.now())
    const storage = new MemoryStorage({ clock })
    const move = { relapses: 0, successes: 0, leases: [], period: 'new', move: 'a.1', mover: 'a' } as const
    const hold = { state: 'open', until: { in: 500 } } as const
    storage.replace('open', undefined, { ...move, state: 'open', until: { in: 1_000 } })
    storage.replace('held', undefined, {
      ...move,
      state: 'open',
      until: { in: 500 },
      forced: hold,
      by: 'maria',
      why: 'x',
    })
    clock.advance(5_000)
    const before = records(storage)
    const written: string[] = []
    for (const verb of ['add', 'replace', 'watch'] as const) {
      storage[verb] = () => {
        written.push(verb)
        throw new Error(`A GET must not ${verb}`)
      }
    }
    await using rig = await Rig.start(storage)
    expect(await circuit(rig, 'held')).toMatchObject({ state: 'half-open', forced: null })
    expect(await circuit(rig, 'open')).toMatchObject({ state: 'open', retryAfter: 0 })
    for (const path of ['/circuits', '/transitions', '/transitions?circuit=open', '/openapi.json', '/'])
      expect((await rig.get(path)).status).toBe(200)
    const ear = await rig.listen()
    await ear.hear('heartbeat')
    ear.stop()
    expect(written).toEqual([])
    expect(records(storage)).toEqual(before)
  })

  it('shows the last that was known while it does not answer, and says so', async () => {
    const storage = new MemoryStorage()
    storage.add('orders', tally)
    await using rig = await Rig.start(storage)
    await circuits(rig)
    storage.read = () => {
      throw new Error('gone')
    }
    const down: WireCircuits = (await rig.get('/circuits')).json as WireCircuits
    expect(down).toMatchObject({ storage: { up: false, ms: null }, circuits: [{ name: 'orders' }], processes: null })
    expect(down.storage.downFor).toBeGreaterThanOrEqual(0)
    expect((await rig.get('/circuits/orders')).json).toMatchObject({
      storage: { up: false },
      circuit: { name: 'orders' },
    })
    expect((await rig.get('/circuits/unknown')).status).toBe(503)
    expect((await rig.post('/circuits/orders/open', { reason: 'x' })).json).toMatchObject({ code: 'storage-down' })
  })
})

describe('an application that shares its circuits', () => {
  it('shows the fleet, and where this process alone is open', async () => {
    const storage = new SimulatedStorage({ refreshInterval: Number.POSITIVE_INFINITY })
    const infuse = new Infuse({ storage, defaults: { failMax: 2, successThreshold: 2 } })
    infuse.breaker('orders')
    infuse.breaker('payments')
    await infuse.ready()
    await using rig = await Rig.start(infuse)
    await infuse.breaker('payments').open({ by: 'joe', reason: 'trying' })
    expect(await circuit(rig)).toMatchObject({
      state: 'open',
      scope: 'fleet',
      reason: 'trying',
      policy: '2 failures in a row',
      thresholds: { failMax: 2, resetTimeout: 60_000, successThreshold: 2, inCode: { failMax: 2 } },
      local: null,
    })
    expect((await circuits(rig)).map(({ name }) => name).toSorted()).toEqual(['orders', 'payments'])
    gateOf(infuse.breaker('orders')).circuit.put({ ...gateOf(infuse.breaker('payments')).look(), why: 'here alone' })
    expect(await circuit(rig, 'orders')).toMatchObject({
      state: 'open',
      scope: 'local',
      reason: 'here alone',
      local: { open: 1, of: 1, who: null },
    })
    await infuse.dispose()
  })
})

it.each([
  ['prod', 'prod', / --namespace prod$/],
  ['prod:{name}', 'prod', / --namespace prod$/],
  ['{name}', null, /"…"$/],
  ['{name}:prod', '*:prod', undefined],
])(
  'a command for a shell names the namespace `%s` so that a circuit’s name does not stand in it',
  async (namespace, known, ends) => {
    const storage = Object.assign(new SimulatedStorage(), { namespace })
    await using rig = await Rig.start(storage)
    const { json } = await rig.get('/circuits')
    expect(json.namespace).toBe(known)
    if (ends === undefined) expect(json.shellCommand).toBeNull()
    else expect(json.shellCommand).toMatch(ends)
  },
)

it('what other processes decided alone is the circuit’s, from the first that is open, until the fleet decides', async () => {
  const storage = new SimulatedStorage({ clock: new ManualClock(0, 1_000_000) })
  await using rig = await Rig.start(storage)
  const circuits = { payments: { calls: 1, failures: 1, rejected: 0, slow: 0 } }
  const tell = (process: string, alone?: LocalCircuit) =>
    storage.read(['payments'], { process, circuits, ...(alone && { alone: { payments: alone } }) })
  const tried: LocalCircuit = {
    state: 'half-open',
    since: { in: -9_000 },
    until: { in: 4_000 },
    why: 'its time is over',
  }
  await storage.add('payments', { epoch: 0, period: 0, keep: {} })
  await tell('well')
  await tell('one', tried)
  const common = { scope: 'local', processes: 2, trialBy: null }
  expect(await circuit(rig)).toMatchObject({
    ...common,
    state: 'half-open',
    retryAfter: 4_000,
    local: { open: 1, of: 2, who: 'one' },
  })
  await tell('two', { state: 'open', since: { in: -2_000 }, until: { in: 8_000 }, why: 'it is sick' })
  await tell('three', { state: 'open', since: { in: -3_000 }, until: { in: 7_000 }, why: 'it was sick first' })
  expect(await circuit(rig)).toMatchObject({
    scope: 'local',
    state: 'open',
    since: 3_000,
    retryAfter: 7_000,
    period: 10_000,
    reason: 'it was sick first',
    local: { open: 3, of: 4, who: null },
    text: expect.stringContaining('This is so in 3 of 4 processes') as string,
  })
  const { status } = await rig.post('/circuits/payments/close', { reason: 'repaired' })
  expect([status, (await storage.read(['payments']))[0]?.period]).toEqual([200, 1_000_000])
  await rig.post('/circuits/payments/force', { state: 'closed', for: 60_000, reason: 'repairs' })
  expect(await circuit(rig)).toMatchObject({ scope: 'fleet', state: 'closed', local: null })
})

it('what a process did alone stands beside what the fleet did', async () => {
  using warned = warnings()
  const storage = new SimulatedStorage({ refreshInterval: 50 })
  const infuse = new Infuse({ storage, defaults: { failMax: 2 } })
  const orders = infuse.breaker('orders')
  infuse.breaker('payments')
  await infuse.ready()
  await using rig = await Rig.start(infuse)
  await infuse.breaker('payments').open({ by: 'joe', reason: 'trying' })
  const { read, add, replace } = storage
  const gone = () => Promise.reject(new Error('gone'))
  Object.assign(storage, { read: gone, add: gone, replace: gone })
  for (let turn = 0; turn < 2; turn++) await orders.call(failing).catch(() => undefined)
  expect(await circuits(rig)).toMatchObject([
    { name: 'orders', state: 'open', scope: 'local' },
    { name: 'payments', state: 'open', scope: 'local' },
  ])
  Object.assign(storage, { read, add, replace })
  await until(async () => (await rig.get('/circuits')).json.storage.up === true)
  expect((await rig.get('/transitions?circuit=orders')).json.transitions).toMatchObject([
    { circuit: 'orders', from: 'closed', to: 'open', scope: 'local', by: null },
  ])
  await until(async () => (await circuit(rig)).scope === 'fleet')
  expect((await rig.get('/transitions?circuit=payments')).json.transitions).toMatchObject([
    { circuit: 'payments', from: 'closed', to: 'open', scope: 'fleet', by: 'joe' },
  ])
  expect(warned.all.length).toBeLessThan(10)
  await infuse.dispose()
})

function records(storage: MemoryStorage): readonly Partial<StoredCircuit>[] {
  return storage.read(storage.list()).map((one) => ({ ...one, at: 0 }))
}

function sum(column: readonly (number | null)[]): number {
  return column.reduce<number>((all, one) => all + (one ?? 0), 0)
}

async function untilStepped<T>(read: () => Promise<T | undefined>): Promise<T> {
  for (;;) {
    const found = await read()
    if (found !== undefined) return found
  }
}
