import { lstatSync, writeFileSync } from 'node:fs'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { StoredCircuit } from '../../src/fleet/storage.ts'
import { run } from '../traps/child.ts'
import { Folder, hostModule, listening, move, Other, tally, until } from './processes.ts'

const module = hostModule('host')

let folder: Folder
let others: Other[]
beforeEach(() => {
  folder = new Folder()
  others = []
})
afterEach(async () => {
  await Promise.all(others.map((other) => other.kill()))
  folder[Symbol.dispose]()
})

function start(count: number, path = folder.socket): readonly Other[] {
  const started = Array.from({ length: count }, () => Other.process(module, path))
  others.push(...started)
  return started
}

/** Starts so many, and waits until all of them watch a circuit. */
async function group(count: number): Promise<readonly Other[]> {
  const all = start(count)
  await Promise.all(all.map((other) => other.tell('watch', 'a')))
  await shared(all, count)
  return all
}

/** Waits until so many are of one group, by what each of them sees. */
async function shared(all: readonly Other[], count: number): Promise<void> {
  for (const other of all) {
    await until(
      `${count} listeners`,
      async () => (await other.add('a', tally()).catch(() => undefined))?.listeners === count,
    )
  }
}

function owners(all: readonly Other[]): readonly Other[] {
  return all.filter(({ pid }) => listening(pid, folder.path) > 0)
}

function theOwner(all: readonly Other[]): { readonly owner: Other; readonly rest: readonly Other[] } {
  const [owner, ...more] = owners(all)
  expect(more).toEqual([])
  return { owner: owner as Other, rest: all.filter((other) => other !== owner) }
}

describe('processes of one machine', () => {
  it('share circuits, and each hears of every change once', async () => {
    const all = await group(8)
    const { current } = await (all[3] as Other).replace('a', await (all[3] as Other).read('a'), move({ why: 'eight' }))
    for (const other of all) {
      expect(await other.read('a')).toMatchObject({ state: 'open', epoch: current?.epoch })
      await until('it is told', async () => {
        const heard = await other.tell<{ changed?: StoredCircuit }[]>('heard')
        return heard.filter(({ changed }) => changed?.why === 'eight').length === 1
      })
    }
  })

  it('let one of many win a move', async () => {
    const all = await group(8)
    const results = await Promise.all(all.map((other) => other.replace('b', undefined, move())))
    expect(results.filter(({ replaced }) => replaced)).toHaveLength(1)
    expect(new Set(results.map(({ current }) => current?.epoch)).size).toBe(1)
  })

  it('lose no count, whoever adds it', async () => {
    const all = await group(4)
    const slot = { start: 0, ok: 1, bad: 2, slow: 0 }
    const adds = all.flatMap((other) =>
      Array.from({ length: 50 }, () => other.add('b', tally({ keep: { slotWidth: 1_000, slots: 5 }, slots: [slot] }))),
    )
    await Promise.all(adds)
    expect((await all[0]?.read('b'))?.counts.slots).toEqual([{ start: 0, ok: 200, bad: 400, slow: 0 }])
  })

  it('elect one, however many start at once', async () => {
    const all = await group(20)
    expect(owners(all)).toHaveLength(1)
    expect(folder.files).toEqual(['host.sock'])
    expect(lstatSync(folder.socket).mode & 0o777).toBe(0o600)
  }, 30_000)

  it('do not meet at different paths', async () => {
    const [here] = start(1)
    const [there] = start(1, `${folder.path}/there.sock`)
    await here?.replace('a', undefined, move())
    expect(await there?.read('a')).toBeUndefined()
    expect((await here?.read('a'))?.state).toBe('open')
  })

  it('do not meet as users with different folders for temporary files, and do by default', async () => {
    const env = { ...process.env, TMPDIR: folder.path }
    const [one, two] = [Other.process(module, '', env), Other.process(module, '', env)]
    others.push(one, two)
    await one.replace('a', undefined, move())
    expect((await two.read('a'))?.state).toBe('open')
    expect(folder.files).toEqual([`infuse-${process.geteuid?.()}`])
  })
})

describe('when the owner is killed', () => {
  it('another takes over, and what the rest knew is put back', async () => {
    const all = await group(6)
    const { owner, rest } = theOwner(all)
    const { current } = await owner.replace('a', await owner.read('a'), move({ why: 'kept' }))
    const epoch = (current as StoredCircuit).epoch
    for (const other of rest) {
      await until('it knows', async () =>
        (await other.tell<{ changed?: StoredCircuit }[]>('heard')).some(({ changed }) => changed?.epoch === epoch),
      )
    }
    await owner.kill()
    for (const other of rest) {
      await until('the circuit is back', async () => (await other.read('a').catch(() => undefined))?.epoch === epoch)
      expect(await other.read('a')).toMatchObject({ state: 'open', period: current?.period })
    }
    await until('one serves', () => owners(rest).length === 1)
    await shared(rest, 5)
    const next = await rest[1]?.replace('a', await rest[1].read('a'), move())
    expect(next?.replaced).toBe(true)
    expect(next?.current?.epoch).toBeGreaterThan(epoch)
    for (const other of rest) expect(await other.tell('unhandled')).toBe(0)
  }, 20_000)

  it('again and again, while all of them work, the last one is still right', async () => {
    const all = await group(6)
    let left = all
    let epoch = 0
    const working = all.map(async (other) => {
      // Until its process is killed.
      for (;;) {
        await other.add('work', tally({ fails: [1] })).catch(() => {})
        if (other.dead) return
      }
    })
    while (left.length > 1) {
      const mover = left.at(-1) as Other
      await until('a move', async () => {
        const moved = await mover.read('a').then(
          (met) => mover.replace('a', met, move()),
          () => undefined,
        )
        if (!moved?.replaced) return false
        expect(moved.current?.epoch).toBeGreaterThan(epoch)
        epoch = (moved.current as StoredCircuit).epoch
        return true
      })
      for (const other of left) {
        await until('all know', async () => ((await other.read('a').catch(() => undefined))?.epoch ?? 0) >= epoch)
      }
      await until('one serves', () => owners(left).length === 1)
      const { owner, rest } = theOwner(left)
      await owner.kill()
      left = rest
    }
    const [last] = left as [Other]
    await until('the last one', async () => (await last.read('a').catch(() => undefined)) !== undefined)
    expect((await last.read('a'))?.epoch).toBe(epoch)
    expect(await last.tell('unhandled')).toBe(0)
    await last.kill()
    await Promise.all(working)
  }, 60_000)

  it('nobody has to be there for the next one to start', async () => {
    const [first] = await group(1)
    await first?.kill()
    expect(folder.files).toEqual(['host.sock'])
    const [second] = await group(1)
    expect(await second?.read('b')).toBeUndefined()
  })
})

describe('breakers of several processes', () => {
  const state = (other: Other) => other.tell<string>('state', 'payments')

  it('open together, stay open when the owner is killed, are open for who starts then, and close together', async () => {
    const all = start(4)
    expect(await Promise.all(all.map(state))).toEqual(['closed', 'closed', 'closed', 'closed'])
    await Promise.all(all.map((other) => other.tell('fail', 'payments', 5)))
    for (const other of all) await until('open', async () => (await other.read('payments'))?.state === 'open')
    const { owner, rest } = theOwner(all)
    await owner.kill()
    await until('the circuit is back', async () => {
      const met = await Promise.all(rest.map((other) => other.read('payments').catch(() => undefined)))
      return met.every((circuit) => circuit?.state === 'open')
    })
    const [late] = start(1) as [Other]
    expect(await state(late)).toBe('open')
    expect(await Promise.all(rest.map(state))).toEqual(['open', 'open', 'open'])
    await late.tell('close', 'payments')
    for (const other of rest) await until('closed', async () => (await state(other)) === 'closed')
  }, 20_000)
})

describe('an owner that is stopped', () => {
  it('is replaced, and joins the others when it goes on', async () => {
    const all = await group(4)
    const { owner, rest } = theOwner(all)
    await owner.replace('a', await owner.read('a'), move({ why: 'kept' }))
    owner.signal('SIGSTOP')
    // A command in flight is how the others notice.
    const asked = Promise.allSettled(rest.map((other) => other.read('a')))
    await until('another serves', () => owners(rest).length === 1, 15_000)
    await asked
    for (const other of rest)
      await until('it is back', async () => (await other.read('a').catch(() => undefined))?.why === 'kept')
    owner.signal('SIGCONT')
    await until('it has stepped down', () => owners(all).length === 1)
    await shared(all, 4)
    expect(await owner.read('a')).toMatchObject({ why: 'kept' })
    for (const other of all) expect(await other.tell('unhandled')).toBe(0)
  }, 40_000)

  it('for a moment only stays the owner', async () => {
    const all = await group(3)
    const { owner, rest } = theOwner(all)
    const blocked = owner.tell('block', 700)
    await Promise.all(rest.map((other) => other.read('a')))
    await blocked
    expect(theOwner(all).owner).toBe(owner)
  })

  it('is not the one that is busy itself', async () => {
    const all = await group(3)
    const { owner, rest } = theOwner(all)
    const [busy] = rest as [Other, Other]
    const reading = busy.read('a')
    const blocked = busy.tell('block', 3_000)
    await Promise.all([reading, blocked, busy.read('a')])
    expect(theOwner(all).owner).toBe(owner)
  }, 20_000)
})

describe('worker threads', () => {
  it('share circuits as processes do, and one goes on when the serving one ends', async () => {
    const threads = Array.from({ length: 4 }, () => Other.thread(module, folder.socket))
    others.push(...threads)
    await Promise.all(threads.map((thread) => thread.tell('watch', 'a')))
    await shared(threads, 4)
    expect(listening(process.pid, folder.path)).toBe(1)
    const [first, ...rest] = threads as [Other, ...Other[]]
    const { current } = await first.replace('a', await first.read('a'), move())
    await until('all know', async () => {
      const heard = await Promise.all(rest.map((thread) => thread.tell<{ changed?: StoredCircuit }[]>('heard')))
      return heard.every((list) => list.some(({ changed }) => changed?.epoch === current?.epoch))
    })
    for (const thread of threads.slice(0, 3)) {
      await thread.kill()
    }
    const last = threads[3] as Other
    await until('it is back', async () => (await last.read('a').catch(() => undefined))?.epoch === current?.epoch)
  }, 20_000)
})

describe('a process with nothing else to do', () => {
  const using = (body: string): string => `
    import { HostStorage } from ${JSON.stringify(module)}
    const storage = new HostStorage({ path: ${JSON.stringify(folder.socket)} })
    const watcher = { changed() {}, noted() {}, reconnected() {} }
    ${body}`

  it.each([
    ['never used its storage', ''],
    ['serves', `storage.watch('a', watcher); storage.read(['a']).then(() => console.log('done'))`],
    ['did not wait for an answer', `storage.read(['a'])`],
    ['disposed of its storage', `storage.read(['a']).then(() => storage.dispose()).then(() => console.log('done'))`],
  ])('ends by itself when it %s', async (_, body) => {
    const { code, killed, err } = await run(using(body))
    expect({ code, killed, err }).toEqual({ code: 0, killed: false, err: '' })
  })

  it('ends by itself when it is connected to another', async () => {
    await group(1)
    const hold = `setTimeout(() => {}, 300); storage.watch('a', watcher); storage.read(['a']).then(() => console.log(process.getActiveResourcesInfo().join()))`
    const { code, killed, out, err } = await run(using(hold))
    expect({ code, killed, err }).toEqual({ code: 0, killed: false, err: '' })
    expect(out).toBe('Timeout\n')
  })

  it('ends by itself while its owner is stopped and it has a lot to say', async () => {
    const [owner] = await group(1)
    const tallies = `
      const tally = { epoch: 0, period: 0, keep: { fails: 5 }, fails: Array.from({ length: 10_000 }, () => 1_700_000_000_000) }
      setTimeout(() => {}, 500)
      await storage.read(['a'])
      process.kill(${owner?.pid}, 'SIGSTOP')
      for (let i = 0; i < 20; i++) storage.add('a', tally).catch(() => {})`
    const { code, killed, err } = await run(using(tallies), { guard: 8_000 })
    owner?.signal('SIGCONT')
    expect({ code, killed, err }).toEqual({ code: 0, killed: false, err: '' })
  }, 15_000)

  it('ends by itself while it cannot connect', async () => {
    const { code, killed, err } = await run(
      `import { writeFileSync } from 'node:fs'; writeFileSync(${JSON.stringify(folder.socket)}, '')\n${using(`storage.watch('a', watcher)`)}`,
    )
    expect({ code, killed }).toEqual({ code: 0, killed: false })
    expect(err.match(/is no socket/g)).toHaveLength(1)
  })
})

describe('a cluster', () => {
  it('elects one of its workers, not the primary for all of them', async () => {
    const file = `${folder.path}/cluster.mjs`
    const script = `
      import cluster from 'node:cluster'
      import { HostStorage } from ${JSON.stringify(module)}
      if (cluster.isPrimary) {
        const circuits = []
        cluster.setupPrimary({ exec: ${JSON.stringify(file)} })
        for (let i = 0; i < 3; i++) cluster.fork()
        cluster.on('message', (worker, message) => {
          circuits.push(message)
          if (circuits.length < 3) return
          console.log(JSON.stringify(circuits))
          for (const one of Object.values(cluster.workers)) one.kill()
        })
      } else {
        const storage = new HostStorage({ path: ${JSON.stringify(folder.socket)} })
        storage.watch('a', { changed() {}, noted() {}, reconnected() {} })
        const poll = setInterval(async () => {
          const tally = { epoch: 0, period: 0, keep: {} }
          const { listeners } = await storage.add('a', tally).catch(() => ({ listeners: 0 }))
          if (listeners < 3) return
          clearInterval(poll)
          process.send({ listeners })
        }, 10)
      }`
    writeFileSync(file, script)
    const { code, out, err } = await run(`await import(${JSON.stringify(file)})`, { guard: 15_000 })
    expect({ code, err, out: out.trim() }).toEqual({
      code: 0,
      err: '',
      out: JSON.stringify(Array.from({ length: 3 }, () => ({ listeners: 3 }))),
    })
  }, 20_000)
})
