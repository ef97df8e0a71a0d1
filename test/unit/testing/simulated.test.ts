import { describe, expect, it } from 'vitest'
import type { Move, StoredCircuit, Watcher } from '../../../src/index.ts'
import { ManualClock, SimulatedStorage, type SimulatedStorageOptions } from '../../../src/testing/index.ts'
import { flush, watch } from '../../support/async.ts'

const open: Move = {
  state: 'open',
  until: { in: 1_000 },
  relapses: 0,
  successes: 0,
  leases: [],
  period: 'new',
  move: 'm.1',
  mover: 'm',
}
const tally = { epoch: 0, period: 0, keep: { fails: 5 }, fails: [1] }

function made(options: SimulatedStorageOptions = {}): { clock: ManualClock; storage: SimulatedStorage } {
  const clock = new ManualClock()
  return { clock, storage: new SimulatedStorage({ clock, ...options }) }
}

function hearing(): Watcher & { readonly heard: string[] } {
  const heard: string[] = []
  return {
    heard,
    changed: (_, circuit) => heard.push(`changed to ${circuit?.state}`),
    noted: (_, { kind }) => heard.push(kind),
    reconnected: () => heard.push('reconnected'),
  }
}

async function state(storage: SimulatedStorage): Promise<string | undefined> {
  const [circuit] = await storage.read(['c'])
  return circuit?.state
}

describe('SimulatedStorage', () => {
  it('answers at once without latency, and after it with', async () => {
    expect(await state(made().storage)).toBeUndefined()
    const { clock, storage } = made({ latency: 5 })
    const read = watch(storage.read(['c']))
    await flush()
    expect(read.settled).toBeUndefined()
    for (let ms = 0; ms < 400; ms++) {
      clock.advance(1)
      await flush()
    }
    expect(read.settled).toMatchObject({ ok: true })
  })

  it('gives the same latencies for the same seed, others for another', async () => {
    const arrivals = async (seed: number): Promise<readonly number[]> => {
      const clock = new ManualClock()
      const at: number[] = []
      const storage = new SimulatedStorage({ clock, seed, latency: 10, onTraffic: () => at.push(clock.now()) })
      for (let call = 0; call < 5; call++) void storage.read(['c'])
      for (let tenth = 0; tenth < 2_000; tenth++) clock.advance(0.1)
      return at
    }
    expect(await arrivals(1)).toEqual(await arrivals(1))
    expect(await arrivals(1)).not.toEqual(await arrivals(2))
  })

  it('shares one server between processes, each with a number, a clock and chance of its own', async () => {
    const { clock, storage } = made({ skew: 1_000 })
    const other = storage.connect({ skew: -300_000, drift: 0.01 })
    expect([storage.process, other.process]).toEqual([1, 2])
    clock.advance(1_000)
    expect(storage.clock.now()).toBe(2_000)
    expect(other.clock.now()).toBeCloseTo(-298_990)
    expect(other.clock.wallNow()).toBe(clock.wallNow() - 300_000)
    expect(other.random()).not.toBe(storage.random())
    await storage.replace('c', undefined, open)
    expect(await state(other)).toBe('open')
    expect(storage.server.commands).toEqual({ read: 1, add: 0, replace: 1 })
  })

  it('tells everybody who watches, the mover too', async () => {
    const { storage } = made()
    const other = storage.connect()
    const [mine, theirs] = [hearing(), hearing()]
    storage.watch('c', mine)
    const stop = other.watch('c', theirs)
    await storage.replace('c', undefined, open)
    await flush()
    expect([mine.heard, theirs.heard]).toEqual([['changed to open'], ['changed to open']])
    stop()
    const [stored] = await other.read(['c'])
    await other.replace('c', stored, { ...open, state: 'closed' })
    await flush()
    expect([mine.heard.length, theirs.heard.length]).toEqual([2, 1])
  })

  it('loses everything between a cut and its healing, of that process alone', async () => {
    const { storage } = made()
    const other = storage.connect()
    const heard = hearing()
    other.watch('c', heard)
    other.cut()
    const lost = watch(other.replace('c', undefined, open))
    await storage.replace('c', undefined, { ...open, move: 'm.2' })
    await flush()
    expect(lost.settled).toBeUndefined()
    expect(heard.heard).toEqual([])
    other.heal()
    await flush()
    expect(heard.heard).toEqual(['reconnected'])
    expect(await state(other)).toBe('open')
  })

  it('loses pushes alone where it is deaf', async () => {
    const { storage } = made()
    const heard = hearing()
    storage.watch('c', heard)
    storage.deaf = true
    expect(await storage.replace('c', undefined, open)).toMatchObject({ replaced: true })
    await flush()
    expect(heard.heard).toEqual([])
  })

  it('loses the share of messages it is told to', async () => {
    const { storage } = made({ loss: 0.5 })
    const reads = Array.from({ length: 400 }, () => watch(storage.read(['c'])))
    await flush()
    // A command and its answer must both arrive.
    const answered = reads.filter(({ settled }) => settled !== undefined).length
    expect(answered).toBeGreaterThan(60)
    expect(answered).toBeLessThan(140)
  })

  it('refuses at once while it is stopped, and remembers', async () => {
    const { storage } = made()
    const heard = hearing()
    storage.watch('c', heard)
    await storage.replace('c', undefined, open)
    storage.server.stop()
    await expect(storage.read(['c'])).rejects.toThrow('The simulated storage is stopped')
    storage.server.start()
    expect(await state(storage)).toBe('open')
    await flush()
    expect(heard.heard).toEqual(['changed to open', 'reconnected'])
  })

  it('carries out late, in their order, what came while it was frozen', async () => {
    const { storage } = made()
    storage.server.freeze()
    const moved = watch(storage.replace('c', undefined, open))
    const read = watch(storage.read(['c']))
    await flush()
    expect(moved.settled).toBeUndefined()
    storage.server.thaw()
    await flush()
    expect(moved.settled).toMatchObject({ value: { replaced: true } })
    expect(read.settled).toMatchObject({ value: [{ state: 'open' }] })
  })

  it('refuses what waits when a frozen server is stopped', async () => {
    const { storage } = made()
    storage.server.freeze()
    const read = watch(storage.read(['c']))
    await flush()
    storage.server.stop()
    await flush()
    expect(read.settled).toMatchObject({ ok: false })
  })

  it('knows nothing after a flush, and goes on telling who watches', async () => {
    const { storage } = made()
    const heard = hearing()
    storage.watch('c', heard)
    await storage.replace('c', undefined, open)
    storage.server.flush()
    expect(await state(storage)).toBeUndefined()
    await storage.replace('c', undefined, { ...open, move: 'm.2' })
    await flush()
    expect(heard.heard).toEqual(['changed to open', 'changed to open'])
  })

  it('fails over to what was known some time ago, counts included, with another clock', async () => {
    const { clock, storage } = made()
    await storage.add('c', tally)
    clock.advance(1_000)
    await storage.replace('c', undefined, open)
    const before = storage.server.peek('c') as StoredCircuit
    storage.server.failOver({ lost: 500, shift: 200 })
    const after = storage.server.peek('c') as StoredCircuit
    expect(after).toMatchObject({ state: 'closed', epoch: 0, counts: { fails: [1] } })
    expect(after.at - before.at).toBe(200)
  })

  it('keeps moves, times and slots over a fail-over that loses nothing', async () => {
    const { storage } = made()
    await storage.replace('c', undefined, { ...open, state: 'closed' })
    const { epoch, period } = storage.server.peek('c') as StoredCircuit
    const slots = [{ start: 1_000, ok: 3, bad: 2, slow: 1 }]
    await storage.add('c', { epoch, period, keep: { slotWidth: 1_000, slots: 10 }, slots, okAt: 7 })
    const before = storage.server.peek('c')
    storage.server.failOver()
    expect(storage.server.peek('c')).toEqual({ ...before, asked: 0, asker: undefined })
  })

  it('works through its commands one after the other', async () => {
    const { clock, storage } = made({ commandTime: 10 })
    const reads = [watch(storage.read(['c'])), watch(storage.read(['c']))]
    await flush()
    clock.advance(10)
    await flush()
    expect(reads.map(({ settled }) => settled !== undefined)).toEqual([true, false])
    clock.advance(10)
    await flush()
    expect(reads.map(({ settled }) => settled !== undefined)).toEqual([true, true])
  })

  it('leaves no timer and hears nothing after a crash', async () => {
    const { clock, storage } = made()
    const other = storage.connect()
    const heard = hearing()
    other.watch('c', heard)
    other.clock.after(10, () => heard.heard.push('timer'))
    expect(other.clock.pending).toBe(1)
    other.crash()
    other.heal()
    other.clock.after(10, () => heard.heard.push('timer'))
    await storage.replace('c', undefined, open)
    clock.advance(100)
    await flush()
    expect(heard.heard).toEqual([])
    expect(other.clock.pending).toBe(0)
    expect((storage.server.peek('c') as StoredCircuit).listeners).toBe(0)
  })

  it('does nothing while its process stands still, and all of it afterwards, in order', async () => {
    const { clock, storage } = made()
    const heard = hearing()
    storage.watch('c', heard)
    storage.clock.pause()
    storage.clock.after(10, () => heard.heard.push('timer'))
    storage.clock.after(20, () => heard.heard.push('cancelled'))()
    const read = watch(storage.read(['c']))
    void storage.connect().replace('c', undefined, open)
    clock.advance(100)
    await flush()
    expect([read.settled, heard.heard, storage.clock.paused]).toEqual([undefined, [], true])
    storage.clock.resume()
    clock.advance(0)
    await flush()
    expect(read.settled).toMatchObject({ ok: true })
    expect(heard.heard).toEqual(['timer', 'changed to open'])
    expect(storage.clock.paused).toBe(false)
  })

  it('lists names and transitions', async () => {
    const { storage } = made()
    await storage.replace('c', undefined, open)
    expect(await storage.list()).toEqual(['c'])
    expect(await storage.transitions({ limit: 5 })).toMatchObject([{ circuit: 'c', from: 'closed', to: 'open' }])
  })

  it('tells of its traffic', async () => {
    const told: string[] = []
    const { storage } = made({ onTraffic: ({ process, what, verb }) => told.push(`${process} ${what} ${verb}`) })
    await storage.read(['c'])
    storage.cut()
    void storage.read(['c'])
    expect(told).toEqual(['1 sent read', '1 done read', '1 answered read', '1 sent read', '1 lost read'])
  })

  it('has the options of every shared storage, and refuses what it does not know', () => {
    expect(made({ timeout: 7, whenDown: 'open' }).storage.shared).toEqual({
      timeout: 7,
      confirm: 50,
      refreshInterval: 5_000,
      whenDown: 'open',
    })
    expect(() => made({ latancy: 1 } as SimulatedStorageOptions)).toThrow('Unknown option `latancy`')
    expect(() => made({ loss: 2 })).toThrow('Expected `loss` to be a number from 0, at most 1')
    expect(() => made({ latency: -1 })).toThrow('Expected `latency`')
    expect(() => made().storage.connect({ seed: 1 } as object)).toThrow('Unknown option `seed` of connect')
  })
})
