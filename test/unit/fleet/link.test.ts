import { describe, expect, it } from 'vitest'
import { fullClock } from '../../../src/core/clock.ts'
import { PRISTINE } from '../../../src/core/snapshot.ts'
import { Link, type Linked, resolveShared } from '../../../src/fleet/link.ts'
import type { StoredCircuit } from '../../../src/fleet/storage.ts'
import { endedSync, errorOf, flush, watch } from '../../support/async.ts'
import { Line, type LineOptions, moveTo } from './support.ts'

interface Member extends Linked {
  readonly heard: string[]
}

function member(name: string, heard: string[] = []): Member {
  return {
    name,
    heard,
    own: { snapshot: PRISTINE },
    governs: false,
    seen: () => ({ calls: 0, failures: 0, rejected: 0, slow: 0 }),
    met: (stored: StoredCircuit | undefined) => void heard.push(`${name} met ${stored?.state ?? 'nothing'}`),
    wentDown: (error) => void heard.push(`${name} down: ${(error as Error).message}`),
    cameUp: () => void heard.push(`${name} up`),
  }
}

function linked(options: LineOptions = {}): { line: Line; link: Link; clock: Line['clock'] } {
  const line = new Line(options)
  return { line, link: new Link(line, fullClock(line.clock)), clock: line.clock }
}

describe('the options of a shared storage', () => {
  it('have defaults, also where undefined is given, and are frozen', () => {
    const defaults = { timeout: 100, confirm: 50, refreshInterval: 5_000, whenDown: 'last-known' }
    expect(resolveShared({})).toEqual(defaults)
    expect(resolveShared({ timeout: undefined, whenDown: undefined })).toEqual(defaults)
    expect(Object.isFrozen(resolveShared({}))).toBe(true)
  })

  it('are taken at their limits', () => {
    const limits = { timeout: 1, confirm: 0, refreshInterval: Number.POSITIVE_INFINITY, whenDown: 'half-open' } as const
    expect(resolveShared(limits)).toEqual(limits)
  })

  it.each([
    [{ timeout: 0 }, RangeError, 'Expected `timeout` to be milliseconds above 0 (or Infinity), got `0` (number)'],
    [{ timeout: '9' }, TypeError, 'Expected `timeout` to be milliseconds above 0 (or Infinity), got `9` (string)'],
    [{ confirm: -1 }, RangeError, 'Expected `confirm` to be milliseconds from 0 (or Infinity), got `-1` (number)'],
    [{ confirm: true }, TypeError, 'Expected `confirm` to be milliseconds from 0 (or Infinity), got `true` (boolean)'],
    [
      { refreshInterval: 0 },
      RangeError,
      'Expected `refreshInterval` to be milliseconds above 0 (or Infinity), got `0` (number)',
    ],
    [
      { whenDown: 'shut' },
      RangeError,
      'Expected `whenDown` to be one of last-known, closed, open, half-open, got `shut` (string)',
    ],
    [
      { whenDown: 1 },
      TypeError,
      'Expected `whenDown` to be one of last-known, closed, open, half-open, got `1` (number)',
    ],
    [
      { timeuot: 5 },
      TypeError,
      'Unknown option `timeuot` of shared storage; known are timeout, confirm, refreshInterval, whenDown',
    ],
  ])('%o are refused by name, value and type', (options, type, message) => {
    const ended = endedSync(() => resolveShared(options as object))
    expect(ended).toMatchObject({ ok: false, error: { message } })
    expect(!ended.ok && ended.error).toBeInstanceOf(type)
  })
})

describe('a command', () => {
  it('that is answered leaves no timer behind', async () => {
    const { link, clock } = linked()
    expect(await link.command(() => 7)).toBe(7)
    expect(await link.command(() => Promise.resolve(8))).toBe(8)
    await flush()
    expect(clock.pending).toBe(0)
    expect(link.up).toBe(true)
  })

  it('has a deadline, after which the storage is down', async () => {
    const { link, clock } = linked({ timeout: 30 })
    const pending = watch(link.command(() => new Promise(() => undefined)))
    clock.advance(29)
    await flush()
    expect(pending.settled).toBeUndefined()
    clock.advance(1)
    const error = { name: 'TimeoutError', message: 'The storage did not answer within 30 ms' }
    expect(await pending.done).toMatchObject({ ok: false, error })
    expect(link.up).toBe(false)
  })

  it('can have a shorter one', async () => {
    const { link, clock } = linked()
    const pending = watch(link.command(() => new Promise(() => undefined), 5))
    clock.advance(5)
    expect(await pending.done).toMatchObject({
      ok: false,
      error: { message: 'The storage did not answer within 5 ms' },
    })
  })

  it('that fails, in whatever way, passes its error on, and the storage is down', async () => {
    const failures = [() => Promise.reject(new Error('refused')), () => thrown()]
    for (const fails of failures) {
      const { link, clock } = linked()
      expect(await errorOf(link.command(fails))).toMatchObject({ message: 'refused' })
      await flush()
      expect(link.up).toBe(false)
      expect(clock.pending).toBe(0)
    }
  })

  it('is not sent while the storage is down', async () => {
    const { link } = linked()
    await errorOf(link.command(thrown))
    let sent = false
    expect(await errorOf(link.command(() => void (sent = true)))).toMatchObject({
      message: 'The storage of this circuit does not answer',
    })
    expect(sent).toBe(false)
  })
})

describe('circuits on a line', () => {
  it('that join in one turn are read together, each told what is its own', async () => {
    const { link, line } = linked()
    line.memory.replace('b', undefined, moveTo({ state: 'open' }))
    const heard: string[] = []
    await Promise.all([link.join(member('a', heard)), link.join(member('b', heard)), link.join(member('c', heard))])
    expect(line.drain('read')).toEqual([['a', 'b', 'c']])
    expect(heard).toEqual(['a met nothing', 'b met open', 'c met nothing'])
  })

  it('are told once that the storage went down, and once that it is back, before what it says', async () => {
    const { link, line } = linked()
    const heard: string[] = []
    await Promise.all([link.join(member('a', heard)), link.join(member('b', heard))])
    heard.length = 0
    line.mode = 'refuses'
    await errorOf(link.command(() => line.read([])))
    await link.refresh()
    expect(heard).toEqual(['a down: connect ECONNREFUSED', 'b down: connect ECONNREFUSED'])
    heard.length = 0
    line.mode = 'well'
    await link.refresh()
    await link.refresh()
    expect(heard.slice(0, 4)).toEqual(['a up', 'b up', 'a met nothing', 'b met nothing'])
    expect(heard.filter((one) => one.endsWith('up'))).toHaveLength(2)
    expect(link.up).toBe(true)
  })

  it('do not hear of a command that another of them had in flight when the storage went down', async () => {
    const { link, clock } = linked()
    const { heard, ...rest } = member('a')
    await link.join({ ...rest, heard } as Linked)
    heard.length = 0
    const commands = [1, 2, 3].map(() => errorOf(link.command(() => new Promise(() => undefined))))
    clock.advance(100)
    await Promise.all(commands)
    expect(heard).toEqual(['a down: The storage did not answer within 100 ms'])
  })

  it('never learn of a read that fails by a rejection', async () => {
    const { link, line } = linked()
    line.mode = 'refuses'
    await expect(link.join(member('a'))).resolves.toBeUndefined()
  })
})

describe('a refresh', () => {
  it('is one at a time: who asks meanwhile gets its end', async () => {
    const { link, line } = linked()
    await link.join(member('a'))
    line.drain('read')
    line.mode = 'late'
    const [one, two] = [link.refresh(), link.refresh()]
    await flush()
    line.release()
    await Promise.all([one, two])
    expect(line.drain('read')).toHaveLength(1)
    await link.refresh()
    expect(line.drain('read')).toHaveLength(1)
  })

  it.each([
    [0, 4_500],
    [0.5, 4_750],
    [0.99, 4_995],
  ])('comes from time to time, not all processes at once: with chance %f after %d ms', async (chance, due) => {
    const { link, line, clock } = linked({ random: () => chance })
    await link.join(member('a'))
    for (let round = 0; round < 2; round++) {
      line.drain('read')
      clock.advance(due - 1)
      await flush()
      expect(line.drain('read')).toHaveLength(0)
      clock.advance(1)
      await flush()
      expect(line.drain('read')).toHaveLength(1)
    }
  })

  it('goes on while the storage is down', async () => {
    const { link, line, clock } = linked({ random: () => 0 })
    const { heard, ...rest } = member('a')
    line.mode = 'refuses'
    await link.join({ ...rest, heard } as Linked)
    line.mode = 'well'
    clock.advance(4_500)
    await flush()
    expect(heard).toEqual(['a down: connect ECONNREFUSED', 'a up', 'a met nothing'])
  })

  it('has the deadline too', async () => {
    const { link, line, clock } = linked()
    line.mode = 'silent'
    const joined = watch(link.join(member('a')))
    await flush()
    clock.advance(100)
    await flush()
    expect(joined.settled?.ok).toBe(true)
    expect(link.up).toBe(false)
  })

  it('comes never where the interval is Infinity, or nobody is left', async () => {
    const never = linked({ refreshInterval: Number.POSITIVE_INFINITY })
    await never.link.join(member('a'))
    await flush()
    expect(never.clock.pending).toBe(0)
    const { link, line, clock } = linked()
    const [a, b] = [member('a'), member('b')]
    await Promise.all([link.join(a), link.join(b)])
    await flush()
    link.leave(a)
    expect(clock.pending).toBe(1)
    line.drain('read')
    await link.refresh()
    expect(line.drain('read')).toEqual([['b']])
    await flush()
    link.leave(b)
    expect(clock.pending).toBe(0)
    await link.refresh()
    expect(line.drain('read')).toEqual([])
  })

  it('that ends after the last has left arms no timer', async () => {
    const { link, line, clock } = linked()
    const a = member('a')
    await link.join(a)
    line.mode = 'late'
    const refreshed = link.refresh()
    link.leave(a)
    await flush()
    line.release()
    await refreshed
    await flush()
    expect(clock.pending).toBe(0)
  })

  it.each([
    [1, 10],
    [40, 10],
    [1_000, 250],
  ])('comes soon where pushes were missed, spread over a fleet of %d', async (processes, due) => {
    const { link, line, clock } = linked()
    await link.join(member('a'))
    await flush()
    line.drain('read')
    link.fleet = processes
    link.refreshSoon()
    expect(clock.pending).toBe(1)
    clock.advance(due - 1)
    await flush()
    expect(line.drain('read')).toHaveLength(0)
    clock.advance(1)
    await flush()
    expect(line.drain('read')).toHaveLength(1)
  })

  it('keeps no process alive', async () => {
    const timers = (): number => process.getActiveResourcesInfo().filter((kind) => kind === 'Timeout').length
    const line = new Line()
    const link = new Link(line, fullClock(undefined))
    const before = timers()
    await link.join(member('a'))
    line.mode = 'silent'
    void link.command(() => line.read([])).catch(() => undefined)
    expect(timers()).toBe(before)
    line.mode = 'well'
    link.leave(member('a'))
  })
})

it('moves have names of their own, those of one process begin alike', () => {
  let chance = 0
  const random = (): number => (chance = (chance + 0.377) % 1)
  const [one, two] = [linked({ random }).link, linked({ random }).link]
  const names = [one.nextMove(), one.nextMove(), two.nextMove(), two.nextMove()]
  expect(new Set(names).size).toBe(4)
  expect(names.filter((name) => name.startsWith(`${one.id}.`))).toHaveLength(2)
})

function thrown(): never {
  throw new Error('refused')
}
