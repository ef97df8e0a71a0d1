import {
  chmodSync,
  chownSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { connect, createServer, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { Note, StoredCircuit, Watcher } from '../../src/fleet/storage.ts'
import { systemClock } from '../../src/core/clock.ts'
import { type Claim, claim } from '../../src/host/claim.ts'
import { HostStorage, type HostStorageOptions } from '../../src/host/index.ts'
import { Owner } from '../../src/host/owner.ts'
import { groupsHere, placeOf, socketAt } from '../../src/host/place.ts'
import { errorOf } from '../support/async.ts'
import { Folder, listening, move, tally, until } from './processes.ts'

let folder: Folder
let made: HostStorage[]
beforeEach(() => {
  folder = new Folder()
  made = []
})
afterEach(async () => {
  for (const storage of made) await storage.dispose()
  folder[Symbol.dispose]()
})

function host(options: HostStorageOptions = {}): HostStorage {
  const storage = new HostStorage({ path: folder.socket, ...options })
  made.push(storage)
  return storage
}

/** The first serves, the second is connected to it. */
async function pair(): Promise<[HostStorage, HostStorage]> {
  const owner = host()
  await owner.read([])
  const other = host()
  await other.read([])
  return [owner, other]
}

/** Only root can give a file to another user; anybody else can be another user. */
function giveAway(path: string): void {
  const uid = process.geteuid?.() as number
  if (uid === 0) chownSync(path, 12_345, 12_345)
  else vi.spyOn(process as { geteuid(): number }, 'geteuid').mockReturnValue(uid + 1)
}

class Heard implements Watcher {
  readonly circuits: (StoredCircuit | undefined)[] = []
  readonly notes: Note[] = []
  reconnects = 0

  changed(_: string, circuit: StoredCircuit | undefined): void {
    this.circuits.push(circuit)
  }

  noted(_: string, note: Note): void {
    this.notes.push(note)
  }

  reconnected(): void {
    this.reconnects++
  }
}

describe('the options of HostStorage', () => {
  it('are those of every shared storage, with their defaults', () => {
    expect(new HostStorage().shared).toEqual({
      timeout: 100,
      confirm: 50,
      refreshInterval: 5_000,
      whenDown: 'last-known',
    })
    expect(host({ timeout: 20, confirm: 0, whenDown: 'closed' }).shared).toMatchObject({
      timeout: 20,
      confirm: 0,
      whenDown: 'closed',
    })
  })

  it('are checked at construction', () => {
    expect(() => host({ timeout: 0 })).toThrow(RangeError)
    expect(() => host({ pathh: 'x' } as HostStorageOptions)).toThrow('Unknown option `pathh`')
    expect(() => host({ path: '' })).toThrow('Expected `path` to be a file name')
    expect(() => host({ path: 'a\0b' })).toThrow(RangeError)
    expect(() => host({ path: 5 as never })).toThrow(TypeError)
    expect(() => new HostStorage(null as never)).toThrow(TypeError)
  })

  it('has a path that fits into the address of a socket', () => {
    const most = process.platform === 'linux' ? 107 : 103
    const path = `/${'d'.repeat(most - 21)}/${'f'.repeat(19)}`
    expect(path).toHaveLength(most)
    expect(() => host({ path })).not.toThrow()
    expect(() => host({ path: `${path}f` })).toThrow(`at most ${most} bytes`)
    // The bytes count, not the letters.
    expect(() => host({ path: `/${'ä'.repeat(60)}` })).toThrow(RangeError)
    // A short name in a long folder leaves no room to make the socket in.
    expect(() => host({ path: `/${'d'.repeat(most - 3)}/f` })).toThrow(`at most ${most - 10}`)
  })

  it('has a path per user, and a shorter one where the folder for temporary files is deep', () => {
    const uid = process.geteuid?.()
    expect(placeOf(undefined).path).toBe(join(tmpdir(), `infuse-${uid}`, 'infuse.sock'))
    const before = process.env['TMPDIR']
    process.env['TMPDIR'] = `/${'t'.repeat(90)}`
    try {
      const { path } = placeOf(undefined)
      expect(path).toMatch(/^\/tmp\/infuse-\d+-[0-9a-f]{12}\/infuse\.sock$/)
      process.env['TMPDIR'] += 'u'
      expect(placeOf(undefined).path).not.toBe(path)
    } finally {
      if (before === undefined) delete process.env['TMPDIR']
      else process.env['TMPDIR'] = before
    }
  })

  it('has a place for each namespace, in which a circuit’s own name does not count', () => {
    vi.stubEnv('TMPDIR', folder.path)
    const fileOf = (namespace: string): string => basename(placeOf(undefined, namespace).path)
    expect(['', '{name}', 'prod', 'prod:{name}', 'shop:prod'].map(fileOf)).toEqual([
      'infuse.sock',
      'infuse.sock',
      'infuse-prod.sock',
      'infuse-prod.sock',
      'infuse-shop:prod.sock',
    ])
    const odd = ['x/y', '[x]', '{name}:prod', 'x'.repeat(99)].map(fileOf)
    for (const file of odd) expect(file).toMatch(/^infuse-[0-9a-f]{12}\.sock$/)
    expect(new Set(odd).size).toBe(4)
    expect(() => new HostStorage({ namespace: 'a b' })).toThrow('Expected `namespace` to be at most 128 of')
    expect(() => host({ namespace: 'prod' })).toThrow('Expected `namespace` to be left out beside a `path`, got `prod`')
    vi.unstubAllEnvs()
  })

  it('D17 keeps circuits of equal names in other namespaces apart', async () => {
    vi.stubEnv('TMPDIR', folder.path)
    const [prod, same, test, none] = ['prod', 'prod:{name}', 'test', undefined].map(
      (namespace) => new HostStorage({ namespace }),
    ) as [HostStorage, HostStorage, HostStorage, HostStorage]
    made.push(prod, same, test, none)
    await prod.replace('payments', undefined, move())
    expect(await Promise.all([same, test, none].map((storage) => storage.read(['payments'])))).toMatchObject([
      [{ state: 'open' }],
      [undefined],
      [undefined],
    ])
    expect(await Promise.all([prod, test].map((storage) => storage.list()))).toEqual([['payments'], []])
    expect([prod.namespace, same.namespace, none.namespace]).toEqual(['prod', 'prod:{name}', ''])
    expect(groupsHere()).toEqual(['prod', 'test'])
    vi.unstubAllEnvs()
  })

  it('does nothing before it is used', () => {
    host()
    expect(folder.files).toEqual([])
  })
})

describe('the socket', () => {
  it('is private, and alone in its folder', async () => {
    await host().read([])
    expect(folder.files).toEqual(['host.sock'])
    expect(lstatSync(folder.socket).isSocket()).toBe(true)
    expect(lstatSync(folder.socket).mode & 0o777).toBe(0o600)
  })

  it('stands in a folder that is made for this user alone', async () => {
    const before = process.env['TMPDIR']
    process.env['TMPDIR'] = folder.path
    try {
      const storage = host({ path: undefined })
      await storage.read([])
      const made = join(folder.path, `infuse-${process.geteuid?.()}`)
      expect(statSync(made).mode & 0o777).toBe(0o700)
      await storage.dispose()
      chmodSync(made, 0o755)
      expect((await errorOf(host({ path: undefined }).read([]))).message).toContain('its mode must be 0700')
      chmodSync(made, 0o700)
      giveAway(made)
      expect((await errorOf(host({ path: undefined }).read([]))).message).toMatch(
        /belongs to user \d+, not to this one/,
      )
    } finally {
      if (before === undefined) delete process.env['TMPDIR']
      else process.env['TMPDIR'] = before
    }
  })

  it('is not put where something else stands', async () => {
    writeFileSync(folder.socket, 'precious')
    expect((await errorOf(host().read([]))).message).toBe(`${folder.socket} is no socket`)
    expect(readFileSync(folder.socket, 'utf8')).toBe('precious')
    const link = join(folder.path, 'link')
    symlinkSync(folder.socket, link)
    expect((await errorOf(host({ path: link }).read([]))).message).toBe(`${link} is no socket`)
  })

  it('is refused when it belongs to another user', async () => {
    await host().read([])
    giveAway(folder.socket)
    expect((await errorOf(host().read([]))).message).toMatch(/belongs to user \d+, not to this one/)
  })

  it('is not put into a folder of another user, of everybody, or into none', async () => {
    const inner = join(folder.path, 'inner')
    const path = join(inner, 's.sock')
    expect((await errorOf(host({ path }).read([]))).message).toBe(`${inner} does not exist`)
    mkdirSync(inner)
    chmodSync(inner, 0o777)
    expect((await errorOf(host({ path }).read([]))).message).toBe(`Every user can replace files in ${inner}`)
    chmodSync(inner, 0o1777)
    await expect(host({ path }).read(['a'])).resolves.toEqual([undefined])
    giveAway(inner)
    expect((await errorOf(host({ path }).read([]))).message).toMatch(/belongs to user \d+, not to this one/)
  })

  it('of a process that was killed is taken over', async () => {
    const dead = await claim(placeOf(folder.socket), undefined)
    const killed = new Promise((resolve) => dead?.server.close(resolve))
    await killed
    expect(folder.files).toEqual(['host.sock'])
    await expect(host().list()).resolves.toEqual([])
  })

  it('of a program that speaks otherwise is left alone', async () => {
    const sockets: Socket[] = []
    const foreign = createServer((socket) => {
      sockets.push(socket.on('error', () => {}))
      socket.write('HTTP/1.1 400 Bad Request\r\n\r\n')
    })
    await new Promise<void>((resolve) => foreign.listen(folder.socket, resolve))
    expect((await errorOf(host().read([]))).message).toBe('The other process sent what cannot be read')
    foreign
      .removeAllListeners('connection')
      .on('connection', (socket) => void sockets.push(socket.on('error', () => {})))
    expect((await errorOf(host().read([]))).message).toBe(`What listens at ${folder.socket} does not answer`)
    expect(folder.files).toEqual(['host.sock'])
    for (const socket of sockets) socket.destroy()
    await new Promise((resolve) => foreign.close(resolve))
  })

  it('of another version is left alone', async () => {
    const newer = createServer(
      (socket) =>
        void socket
          .on('error', () => {})
          .resume()
          .write('{"infuse":2}\n'),
    )
    await new Promise<void>((resolve) => newer.listen(folder.socket, resolve))
    expect((await errorOf(host().read([]))).message).toBe('The process that serves the circuits is of another version')
    await new Promise((resolve) => newer.close(resolve))
  })

  it('goes with the storage that serves', async () => {
    const storage = host()
    await storage.read([])
    await storage.dispose()
    expect(folder.files).toEqual([])
  })
})

describe('circuits on the machine', () => {
  it('are the same for everybody', async () => {
    const [owner, other] = await pair()
    const { current } = await other.replace('a', undefined, move({ why: 'a test', until: Number.POSITIVE_INFINITY }))
    expect(await owner.read(['a', 'b'])).toMatchObject([
      { state: 'open', why: 'a test', epoch: current?.epoch, until: Infinity },
      undefined,
    ])
    expect(await other.read(['b', 'a'])).toMatchObject([undefined, { state: 'open', until: Infinity }])
    await owner.replace('a', current, move({ state: 'closed', until: { in: 0 } }))
    expect(await other.read(['a'])).toMatchObject([{ state: 'closed' }])
  })

  it('keep every part of a record on its way', async () => {
    const [owner, other] = await pair()
    const all = move({
      state: 'half-open',
      until: 5,
      leases: [{ id: 'l', until: { in: Number.POSITIVE_INFINITY } }],
      forced: { state: 'closed', until: { in: Number.POSITIVE_INFINITY } },
      overrides: { failMax: 3, resetTimeout: Number.POSITIVE_INFINITY, successThreshold: 2 },
      policy: 'consecutive(5)',
      by: 'ana',
      why: 'w',
      relapses: 2,
      successes: 1,
    })
    const { current } = await other.replace('a', undefined, all)
    const tallied = { okAt: 7, fails: [3, 2], slots: [{ start: 0, ok: 1, bad: 2, slow: 3 }] }
    const { epoch, period } = current as StoredCircuit
    const keep = { fails: 5, slotWidth: 1_000, slots: 10 }
    await other.add('a', { ...tallied, epoch, period, keep, ask: { id: 'p', since: 4, every: 10 } })
    const [here] = await owner.read(['a'])
    const [there] = await other.read(['a'])
    expect(there).toEqual({ ...here, at: there?.at })
    expect(there).toMatchObject({
      counts: tallied,
      asker: 'p',
      leases: [{ id: 'l', until: Infinity }],
      overrides: all.overrides,
    })
  })

  it('refuse a move that expects another epoch, and tell the current one', async () => {
    const [, other] = await pair()
    const { current } = await other.replace('a', undefined, move())
    expect(await other.replace('a', undefined, move())).toMatchObject({
      replaced: false,
      current: { epoch: current?.epoch },
    })
    const early = move({ notBefore: (current as StoredCircuit).at + 60_000 })
    expect(await other.replace('a', current, early)).toMatchObject({ replaced: false })
  })

  it('push moves and notes to every watcher, the mover included, once each', async () => {
    const [owner, other] = await pair()
    const heard = [new Heard(), new Heard(), new Heard()] as const
    const third = host()
    owner.watch('a', heard[0])
    other.watch('a', heard[1])
    third.watch('a', heard[2])
    await third.read(['a'])
    const { current } = await other.replace('a', undefined, move())
    const epoch = (current as StoredCircuit).epoch
    await other.add('a', tally({ epoch, period: epoch, ask: { id: 'me', since: 1, every: 1 } }))
    await other.add('a', tally({ epoch, period: epoch, hush: true }))
    await until('all heard', () => heard.every(({ notes }) => notes.length === 2))
    for (const { circuits, notes } of heard) {
      expect(circuits).toMatchObject([{ epoch, state: 'open', mover: current?.mover, move: current?.move }])
      expect(notes).toMatchObject([
        { kind: 'ask', asker: 'me', listeners: 3 },
        { kind: 'hush', epoch },
      ])
    }
  })

  it('push nothing before the verb that caused it has returned', async () => {
    const owner = host()
    const heard = new Heard()
    owner.watch('a', heard)
    await owner.read([])
    let returned = false
    owner.watch('a', {
      changed: () => expect(returned).toBe(true),
      noted: () => {},
      reconnected: () => {},
    })
    const replacing = owner.replace('a', undefined, move())
    returned = true
    await replacing
    expect(heard.circuits).toHaveLength(1)
  })

  it('count processes, not watchers, as listeners', async () => {
    const [owner, other] = await pair()
    const stops = [owner, owner, other, other].map((storage) => storage.watch('a', new Heard()))
    expect(await other.add('a', tally())).toMatchObject({ listeners: 2 })
    stops[2]?.()
    stops[2]?.()
    expect(await other.add('a', tally())).toMatchObject({ listeners: 2 })
    stops[3]?.()
    expect(await other.add('a', tally())).toMatchObject({ listeners: 1 })
    stops[0]?.()
    stops[1]?.()
    expect(await other.add('a', tally())).toMatchObject({ listeners: 0 })
    other.watch('a', new Heard())
    expect(await other.add('a', tally())).toMatchObject({ listeners: 1 })
    await other.dispose()
    await until('the connection is gone', async () => (await owner.add('a', tally())).listeners === 0)
  })

  it('are listed, also those that were always well', async () => {
    const [owner, other] = await pair()
    await owner.replace('b', undefined, move())
    other.watch('a', new Heard())
    expect(await other.list()).toEqual(['a', 'b'])
    expect(await owner.list()).toEqual(['a', 'b'])
  })

  it('have a history', async () => {
    const [owner, other] = await pair()
    const { current } = await other.replace('a', undefined, move({ by: 'ana', why: 'w' }))
    await owner.replace('a', current, move({ state: 'closed' }))
    const all = await other.transitions({ limit: 10 })
    expect(all).toEqual(await owner.transitions({ limit: 10 }))
    expect(all).toMatchObject([
      { from: 'open', to: 'closed' },
      { circuit: 'a', from: 'closed', to: 'open', by: 'ana', why: 'w' },
    ])
    expect(all[0]?.at).toBeInstanceOf(Date)
    expect(await other.transitions({ circuit: 'b', limit: 10 })).toEqual([])
    expect(await other.transitions({ limit: 1 })).toHaveLength(1)
  })

  it('are read in any number', async () => {
    const [, other] = await pair()
    const names = Array.from({ length: 333 }, (_, index) => `c${index}`)
    await Promise.all(names.filter((_, index) => index % 2 === 0).map((name) => other.replace(name, undefined, move())))
    const read = await other.read(names)
    expect(read.map((circuit) => circuit !== undefined)).toEqual(names.map((_, index) => index % 2 === 0))
    expect(await other.read([])).toEqual([])
  })

  it('are others at another path', async () => {
    const here = host()
    const there = host({ path: join(folder.path, 'there.sock') })
    await here.replace('a', undefined, move())
    expect(await there.read(['a'])).toEqual([undefined])
  })

  it('are bounded', async () => {
    const [owner, other] = await pair()
    for (let index = 0; index < 10_000; index++) void owner.add(`c${index}`, tally())
    expect((await errorOf(other.add('one more', tally()))).message).toBe('There are 10000 circuits already')
    expect(await other.add('c5', tally())).toMatchObject({ state: 'closed' })
  })
})

describe('taking over', () => {
  it('follows at once when the owner is disposed, and its watchers are told', async () => {
    const [owner, other] = await pair()
    const heard = new Heard()
    other.watch('a', heard)
    await other.replace('a', undefined, move())
    await owner.dispose()
    await until('told', () => heard.reconnects > 0)
    expect(await other.read(['a'])).toEqual([undefined])
    expect(folder.files).toEqual(['host.sock'])
    expect((await errorOf(owner.read(['a']))).message).toBe('The storage was disposed')
  })

  it('goes on with the time of the one before, whatever the clock of this process says', async () => {
    const [owner, other] = await pair()
    const { current } = await other.replace('a', undefined, move())
    const now = Date.now
    Date.now = () => now() - 3_600_000
    try {
      await owner.dispose()
      const again = await retried(() => other.replace('a', undefined, move()))
      expect(again.current?.at).toBeGreaterThanOrEqual((current as StoredCircuit).at)
    } finally {
      Date.now = now
    }
  })

  it('gives greater epochs also where the clock is behind', async () => {
    const storage = host()
    const ahead = Date.now() + 3_600_000
    const { current } = await storage.replace('a', undefined, move({ epoch: ahead }))
    expect(current?.epoch).toBe(ahead)
    expect((await storage.replace('a', current, move())).current?.epoch).toBe(ahead + 1)
  })

  it('ends with one owner when two do it at the same moment', async () => {
    const [first, other] = await pair()
    const heard = [new Heard(), new Heard()] as const
    first.watch('a', heard[0])
    other.watch('a', heard[1])
    await other.replace('a', undefined, move())
    // Another process saw what was there before `first` put its own socket there, and put its own there now.
    const claimed = await claim(placeOf(folder.socket), socketAt(folder.socket))
    const ears = { changed: vi.fn(), noted: vi.fn(), clock: vi.fn(), lost: vi.fn() }
    const second = new Owner(claimed as Claim, systemClock, ears)
    await until('both are told', () => heard.every(({ reconnects }) => reconnects > 0))
    expect(listening(process.pid, folder.path)).toBe(1)
    await retried(() => other.replace('c', undefined, move()))
    expect(second.read(['a', 'c'])).toMatchObject([undefined, { state: 'open' }])
    expect(await first.read(['c'])).toMatchObject([{ state: 'open' }])
    expect(await first.add('a', tally())).toMatchObject({ listeners: 2 })
    second.leave()
    await until('both are told again', () => heard.every(({ reconnects }) => reconnects > 1))
    expect(listening(process.pid, folder.path)).toBe(1)
    expect(ears.lost).not.toHaveBeenCalled()
  })

  it('happens when the socket is removed', async () => {
    const [owner, other] = await pair()
    const heard = new Heard()
    owner.watch('a', heard)
    rmSync(folder.socket)
    await until('told', () => heard.reconnects > 0)
    await owner.replace('a', undefined, move())
    await until('both', async () => (await retried(() => other.read(['a'])))[0] !== undefined)
    expect(listening(process.pid, folder.path)).toBe(1)
  })

  it('leaves the folder clean', async () => {
    const storages = Array.from({ length: 10 }, () => host())
    await Promise.all(storages.map((storage) => storage.read([])))
    expect(folder.files).toEqual(['host.sock'])
    expect(listening(process.pid, folder.path)).toBe(1)
  })
})

it('what a process decided alone is told at either end', async () => {
  const [owner, other] = await pair()
  const circuits = { a: { calls: 1, failures: 1, rejected: 0, slow: 0 } }
  const alone = { a: { state: 'open', since: { in: -5 }, until: { in: 60_000 }, why: 'x'.repeat(2_000) } } as const
  await other.read(['a'], { process: 'other', circuits, alone })
  await owner.read(['a'], { process: 'owner', circuits })
  const told = [{ process: 'other', state: 'open', why: 'x'.repeat(200) }]
  for (const storage of [owner, other]) expect(await storage.reports(['a'])).toMatchObject([{ alone: told }])
  await other.read(['a'], { process: 'other', circuits })
  for (const storage of [owner, other]) expect(await storage.reports(['a'])).toMatchObject([{ alone: [] }])
})

describe('the process that serves', () => {
  const hello = '{"infuse":1}\n'

  async function raw(...texts: readonly (string | Buffer)[]): Promise<string> {
    const socket = connect(folder.socket)
    let got = ''
    socket.on('data', (chunk: Buffer) => (got += chunk.toString()))
    socket.on('error', () => {})
    for (const text of texts) socket.write(text)
    await new Promise((resolve) => socket.once('close', resolve))
    return got
  }

  it.each([
    ['garbage', 'GET / HTTP/1.1\r\n\r\n'],
    ['bytes', Buffer.from([0, 1, 2, 255, 10, 254, 10])],
    ['no object', `${hello}5\n`],
    ['null', `${hello}null\n`],
    ['no number', `${hello}{"verb":"list"}\n`],
    ['another version', '{"infuse":2}\n{"id":1,"verb":"list"}\n'],
    ['a message before the greeting', '{"id":1,"verb":"list"}\n'],
    ['a deep one', `${hello}${'['.repeat(400_000)}\n`],
    ['a message without end', Buffer.alloc(1_200_000, 0x61)],
  ])('drops a connection that sends %s, and is not hurt', async (_, text) => {
    const [owner, other] = await pair()
    expect(await raw(text)).not.toContain('answer')
    await owner.replace('a', undefined, move())
    expect(await other.read(['a'])).toMatchObject([{ state: 'open' }])
  })

  it.each([
    ['no verb', {}],
    ['an unknown verb', { verb: 'constructor' }],
    ['no names', { verb: 'read' }],
    ['too many names', { verb: 'read', names: Array.from({ length: 21 }, String) }],
    ['a name that is none', { verb: 'watch', name: 7 }],
    ['a name that is too long', { verb: 'watch', name: 'n'.repeat(1_001) }],
    ['no tally', { verb: 'add', name: 'a' }],
    [
      'a negative count',
      {
        verb: 'add',
        name: 'a',
        tally: { epoch: 0, period: 0, keep: {}, slots: [{ start: 0, ok: -1, bad: 0, slow: 0 }] },
      },
    ],
    ['an unknown state', { verb: 'replace', name: 'a', expected: 0, next: { ...move(), state: 'ajar' } }],
    ['a time that is none', { verb: 'replace', name: 'a', expected: 0, next: { ...move(), until: 'soon' } }],
    ['no mover', { verb: 'replace', name: 'a', expected: 0, next: { ...move(), mover: null } }],
  ])('answers a request with %s by an error, and goes on', async (_, request) => {
    const [, other] = await pair()
    const socket = connect(folder.socket)
    let got = ''
    socket.on('data', (chunk: Buffer) => (got += chunk.toString()))
    socket.write(`${hello}${JSON.stringify({ id: 1, ...request })}\n{"id":2,"verb":"list"}\n`)
    await until('both are answered', () => got.includes('"id":2'))
    expect(
      got
        .split('\n')
        .slice(1, 3)
        .map((line) => JSON.parse(line)),
    ).toEqual([
      { id: 1, error: expect.any(String) },
      { id: 2, answer: [] },
    ])
    expect(await other.read(['a'])).toEqual([undefined])
    socket.destroy()
  })

  it('is not fooled by names from the prototype', async () => {
    const [, other] = await pair()
    for (const name of ['__proto__', 'constructor', 'toString']) {
      await other.replace(name, undefined, move({ why: name }))
      expect(await other.read([name])).toMatchObject([{ why: name }])
    }
    expect(({} as { state?: unknown }).state).toBeUndefined()
  })

  it('drops a connection that does not read', async () => {
    const owner = host()
    await owner.read([])
    const socket = connect(folder.socket)
    socket.pause()
    socket.on('error', () => {})
    socket.write(`${hello}{"id":1,"verb":"watch","name":"a"}\n`)
    await until('it watches', async () => (await owner.add('a', tally())).listeners === 1)
    let current = (await owner.read(['a']))[0]
    for (let index = 0; index < 3_000; index++) {
      current = (await owner.replace('a', current, move({ why: 'w'.repeat(900) }))).current
    }
    await until('it was dropped', async () => (await owner.add('a', tally())).listeners === 0)
    socket.destroy()
  })

  it('cannot be sent a message that is too long', async () => {
    const [, other] = await pair()
    const fails = Array.from({ length: 100_000 }, (_, index) => 1_700_000_000_000 + index)
    expect(await errorOf(other.add('a', tally({ fails })))).toBeInstanceOf(RangeError)
    expect(await other.list()).toEqual([])
  })
})

describe('what an untrusted owner says', () => {
  let silent: boolean

  /** An owner that answers requests with what the test says. */
  async function liar(answer: (request: any) => unknown): Promise<() => Promise<void>> {
    silent = false
    const sockets = new Set<Socket>()
    const server = createServer((socket) => {
      sockets.add(socket)
      socket.on('error', () => {})
      if (!silent) socket.write('{"infuse":1}\n')
      let text = ''
      socket.on('data', (chunk: Buffer) => {
        text += chunk.toString()
        const lines = text.split('\n')
        text = lines.pop() ?? ''
        for (const line of lines) {
          const request = JSON.parse(line)
          const reply = request.id && answer(request)
          if (reply !== undefined) socket.write(`${JSON.stringify(reply)}\n`)
        }
      })
    })
    await new Promise<void>((resolve) => server.listen(folder.socket, resolve))
    return async () => {
      for (const socket of sockets) socket.destroy()
      await new Promise((resolve) => server.close(resolve))
    }
  }

  it('is absent where it cannot be read', async () => {
    const stop = await liar(({ id, names }) => ({ id, answer: names?.map(() => ({ state: 'open' })) }))
    const storage = host()
    expect(await storage.read(['a', 'b'])).toEqual([undefined, undefined])
    await expect(storage.add('a', tally())).rejects.toThrow(TypeError)
    await expect(storage.replace('a', undefined, move())).rejects.toThrow(TypeError)
    await expect(storage.transitions({ limit: 1 })).rejects.toThrow(TypeError)
    expect(await storage.reports(['a', 'b'])).toEqual([undefined, undefined])
    await stop()
  })

  it('is followed no further than an override, a hold or a report can go', async () => {
    const steps = [{ start: 5_000, calls: 3, failures: 1, rejected: 0, slow: 0 }]
    const entry = { circuit: 'a', from: 'open', to: 'open', at: '2026-11-21T00:00:00.000Z', counts: {}, act: 'updated' }
    const overrides = { failMax: 1e9, resetTimeout: 'Infinity', successThreshold: 0 }
    const answers: Record<string, unknown> = {
      reports: [{ at: 9_000, steps, processes: ['p'] }],
      transitions: [{ ...entry, overrides, forced: { state: 'open' } }],
    }
    const stop = await liar(({ id, verb }) => ({ id, answer: answers[verb] }))
    expect(await host().reports(['a'])).toEqual([
      { at: 9_000, steps: [{ ...steps[0], successes: 0 }], processes: ['p'] },
    ])
    expect(await host().transitions({ limit: 1 })).toMatchObject([
      {
        overrides: { failMax: 1_000_000, resetTimeout: Number.POSITIVE_INFINITY },
        forced: { state: 'open', until: undefined },
      },
    ])
    await stop()
  })

  it('is an error where it is another number of circuits', async () => {
    const stop = await liar(({ id }) => ({ id, answer: [] }))
    await expect(host().read(['a'])).rejects.toThrow('Expected 1 answers, got 0')
    await stop()
  })

  it('ends the connection where it is no message, and commands under way with it', async () => {
    const stop = await liar(() => 'x')
    await expect(host().read(['a'])).rejects.toThrow('The other process sent what cannot be read')
    await stop()
  })

  it('takes over from an owner that hangs, once it was known', async () => {
    const stop = await liar(({ id, names }) => (silent ? undefined : { id, answer: names?.map(() => null) ?? true }))
    const storage = host()
    const heard = new Heard()
    storage.watch('a', heard)
    expect(await storage.read(['a'])).toEqual([undefined])
    silent = true
    const error = await errorOf(storage.read(['a']))
    expect(error.message).toBe('The process that serves the circuits said nothing for 2000 ms')
    await until('taken over', () => heard.reconnects > 1)
    expect(await storage.add('a', tally())).toMatchObject({ listeners: 1 })
    await stop()
  })
})

describe('commands without a connection', () => {
  it('are rejected at once while it is paused, and never as an unhandled rejection', async () => {
    writeFileSync(folder.socket, 'no socket')
    const storage = host()
    storage.watch('a', new Heard())
    await until('a longer pause', async () => {
      const begun = performance.now()
      await errorOf(storage.read(['a']))
      return performance.now() - begun < 1
    })
    rmSync(folder.socket)
    await until('it heals', async () => (await storage.read(['a']).catch(() => undefined)) !== undefined)
  })

  it('are rejected when the storage is disposed of meanwhile, and nothing stays behind', async () => {
    const storage = host()
    const reading = storage.read(['a'])
    await storage.dispose()
    expect((await errorOf(reading)).message).toContain('disposed')
    expect(folder.files).toEqual([])
    await storage.dispose()
  })

  it('that are under way end with the storage', async () => {
    const [, other] = await pair()
    const reading = other.read(['a'])
    await other.dispose()
    expect((await errorOf(reading)).message).toContain('disposed')
  })
})

describe('a watcher', () => {
  it('that throws harms nobody', async () => {
    const [owner, other] = await pair()
    const warnings: string[] = []
    const warned = (warning: Error): void => void warnings.push(warning.message)
    process.on('warning', warned)
    const fault = (): never => {
      throw new Error('watcher fault')
    }
    other.watch('a', { changed: fault, noted: fault, reconnected: fault })
    const heard = new Heard()
    other.watch('a', heard)
    await other.read(['a'])
    await owner.replace('a', undefined, move())
    await until('the next one hears', () => heard.circuits.length === 1)
    await until('the fault is told', () => warnings.some((text) => text.includes('watcher fault')))
    process.off('warning', warned)
  })
})

/** What rejects while the group has no owner is tried again. */
async function retried<T>(run: () => Promise<T>): Promise<T> {
  let result: { value: T } | undefined
  await until('it works again', async () => {
    result = await run().then(
      (value) => ({ value }),
      () => undefined,
    )
    return result !== undefined
  })
  return (result as { value: T }).value
}
