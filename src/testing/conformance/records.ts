// Records: what is read, created and told apart.

import { type Check, holds, moveOf, same } from './subject.ts'

export const recordCases: Readonly<Record<string, Check>> = {
  'reads nothing where nobody wrote': async (on) => {
    same(await on.readAll([on.name(), on.name()]), [undefined, undefined], 'two circuits nobody wrote')
    same(await on.readAll([]), [], 'no circuits')
  },

  'reads several circuits in the order asked': async (on) => {
    const names = Array.from({ length: 120 }, () => on.name())
    const [first, middle, last] = [names[0], names[60], names[119]] as [string, string, string]
    await on.moved(last, undefined, { why: 'last' })
    await on.moved(first, undefined, { why: 'first' })
    await on.moved(middle, undefined, { why: 'middle' })
    const whys = (await on.readAll(names)).map((circuit) => circuit?.why)
    same(
      whys,
      names.map((name) => (name === first ? 'first' : name === middle ? 'middle' : name === last ? 'last' : undefined)),
      'what was read',
    )
  },

  'add creates a closed circuit of the epoch and period of the tally': async (on) => {
    const name = on.name()
    const added = await on.add(name, { epoch: 41, period: 40 })
    const { state, epoch, period, until, relapses, successes, leases, forced, counts, asker } = added
    same(
      { state, epoch, period, until, relapses, successes, leases, forced, counts, asker },
      { state: 'closed', epoch: 41, period: 40, until: 0, relapses: 0, successes: 0, leases: [], counts: {} },
      'the circuit',
    )
    same((await on.read(name))?.epoch, 41, 'the epoch that is read')
  },

  'keeps every field of a move': async (on) => {
    const name = on.name()
    const at = (await on.add(name)).at
    const move = {
      state: 'half-open' as const,
      until: at + 12_345,
      relapses: 3,
      successes: 2,
      leases: [
        { id: 'process-1.7', until: at + 1_000 },
        { id: 'odd, =%&é "id"', until: at + 2_000 },
      ],
      forced: { state: 'open' as const, until: at + 60_000 },
      overrides: { failMax: 7, resetTimeout: 1_500, successThreshold: 2 },
      policy: '5 failures in a row',
      by: 'Žofie 🦊',
      why: 'it said "no",\nand then\tnothing: 100 %',
      move: 'move-9',
      mover: 'mover-3',
    }
    const current = await on.moved(name, await on.read(name), { ...move, period: 77 })
    for (const circuit of [current, await on.read(name)]) {
      const { epoch, at: _, listeners: __, counts, asked: ___, asker, ...rest } = circuit ?? current
      same(rest, { ...move, period: 77 }, 'the circuit')
      same({ counts, asker }, { counts: {} }, 'what a move leaves empty')
      holds(epoch >= at, 'the epoch is no earlier than the time of the move')
    }
  },

  'forgets what a later move leaves out': async (on) => {
    const name = on.name()
    const full = {
      forced: { state: 'closed' as const, until: { in: 1_000 } },
      overrides: { failMax: 2 },
      policy: 'p',
      by: 'b',
      why: 'w',
      leases: [{ id: 'l', until: { in: 5 } }],
    }
    const before = await on.moved(name, undefined, full)
    await on.moved(name, before)
    const { forced, overrides, policy, by, why, leases } = (await on.read(name)) ?? before
    same({ forced, overrides, policy, by, why, leases }, { leases: [] }, 'what was left out')
  },

  'does not mix two circuits': async (on) => {
    const [one, other] = [on.name(), on.name()]
    const open = await on.moved(one, undefined, { state: 'open', why: 'one' })
    await on.add(other, { epoch: 5, period: 5, okAt: open.at, fails: [open.at], keep: { fails: 3 } })
    same((await on.read(one))?.counts, {}, 'the counts of the one')
    same((await on.read(one))?.state, 'open', 'the state of the one')
    same((await on.read(other))?.state, 'closed', 'the state of the other')
    same((await on.read(other))?.why, undefined, 'the reason of the other')
  },

  'tells names apart, whatever they are made of': async (on) => {
    const name = on.name()
    const long = `${name}-${'x'.repeat(300)}`
    const names = [
      `${name} a`,
      `${name}_a`,
      `${name}\u{1F98A}`,
      `${name}{a}`,
      `${name}*`,
      `${name}:a`,
      `${long}1`,
      `${long}2`,
      `http://${name}:8000/[a]`,
    ]
    for (const [index, each] of names.entries()) await on.moved(each, undefined, { relapses: index })
    same(
      (await on.readAll(names)).map((circuit) => circuit?.relapses),
      names.map((_, index) => index),
      'what was written under each',
    )
  },

  'tells a time that never goes back': async (on) => {
    const name = on.name()
    let last = 0
    for (let turn = 0; turn < 30; turn++) {
      const added = await on.add(name, { epoch: 1, period: 1 })
      const { current } = await on.replace(name, undefined, { notBefore: added.at + 60_000 })
      const circuit = await on.read(name)
      for (const at of [added.at, current?.at ?? 0, circuit?.at ?? 0]) {
        holds(Number.isSafeInteger(at) && at >= last, `the time is whole ms and not before ${last}: ${at}`)
        last = at
      }
    }
  },

  'lists circuits in use': async (on) => {
    if (on.storage.list === undefined) return
    const names = [on.name(), on.name()]
    for (const name of names) await on.add(name)
    await on.readAll(names)
    const listed = await on.settled(() => on.storage.list?.() ?? [])
    for (const name of names)
      same(
        listed.filter((one) => one === name),
        [name],
        'the list',
      )
  },

  'keeps changes of state, newest first': async (on) => {
    if (on.storage.transitions === undefined) return
    const [name, other] = [on.name(), on.name()]
    const added = await on.add(name)
    await on.add(name, { fails: [added.at - 1, added.at], okAt: added.at - 2, keep: { fails: 2 } })
    const open = await on.moved(name, added, { state: 'open', why: '2 calls failed' })
    const again = await on.moved(name, open, { state: 'open', why: 'no change of state' })
    const closed = await on.moved(name, again, { state: 'closed', by: 'Ada', why: 'fixed' })
    await on.moved(other, undefined, { state: 'open' })
    await on.readAll([name, other])
    const told = (await on.transitions({ circuit: name, limit: 10 })).map(({ at: _, ...rest }) => rest)
    const expected = [
      { circuit: name, from: 'open', to: 'closed', by: 'Ada', why: 'fixed', counts: {} },
      {
        circuit: name,
        from: 'closed',
        to: 'open',
        why: '2 calls failed',
        counts: { okAt: added.at - 2, fails: [added.at, added.at - 1] },
      },
    ]
    same(told, expected, 'the changes of one circuit')
    const [newest] = await on.transitions({ circuit: name, limit: 1 })
    holds(
      newest !== undefined && newest.at.getTime() >= open.at && newest.at.getTime() <= closed.at,
      'a change bears the time of the storage',
    )
    const all = await on.transitions({ limit: 100 })
    holds(
      [name, other].every((one) => all.some(({ circuit }) => circuit === one)),
      'the changes of all circuits hold both',
    )
    same(await on.transitions({ limit: 0 }), [], 'no changes')
  },

  'keeps what persons did, changes of state or not': async (on) => {
    if (on.storage.transitions === undefined) return
    const name = on.name()
    const added = await on.add(name)
    const until = added.at + 900_000
    const hold = { state: 'open', forced: { state: 'open', until }, by: 'Ada', why: 'repairs' } as const
    const held = await on.moved(name, added, hold)
    const overrides = { failMax: 3, resetTimeout: 1_500 }
    // Goes on as it was: nothing new but the overrides.
    const same_ = { ...hold, period: held.period, overrides }
    const changed = await on.moved(name, held, { ...same_, said: { by: 'Bob', why: 'too touchy' } })
    same([changed.by, changed.why, changed.period], ['Ada', 'repairs', held.period], 'whose state it still is')
    const released = await on.moved(name, changed, { state: 'half-open', overrides, by: 'Cy', why: 'done' })
    const trial = {
      state: 'half-open',
      overrides,
      period: released.period,
      by: 'Cy',
      leases: [{ id: 'x', until }],
    } as const
    const tried = await on.moved(name, released, trial)
    const again = await on.moved(name, tried, { state: 'half-open', overrides, by: 'Di', why: 'once more' })
    await on.moved(name, again, {
      state: 'half-open',
      period: again.period,
      by: 'Di',
      said: { by: 'Ed', why: 'undone' },
    })
    const told = (await on.transitions({ circuit: name, limit: 10 })).map(
      ({ at: _, counts: __, circuit: ___, ...rest }) => rest,
    )
    const stays = { from: 'half-open', to: 'half-open' }
    const forced = { state: 'open', until: new Date(until) }
    const expected = [
      { ...stays, by: 'Ed', why: 'undone', act: 'updated' },
      { ...stays, by: 'Di', why: 'once more' },
      { from: 'open', to: 'half-open', by: 'Cy', why: 'done', act: 'released' },
      { from: 'open', to: 'open', by: 'Bob', why: 'too touchy', act: 'updated', forced, overrides },
      { from: 'closed', to: 'open', by: 'Ada', why: 'repairs', act: 'forced', forced },
    ]
    same(told, expected, 'what persons did')
  },

  'disposes twice': async (on) => {
    await on.add(on.name())
    await on.storage.dispose?.()
    await on.storage.dispose?.()
  },

  'gives a circuit that one move made to 100 that want it': async (on) => {
    const name = on.name()
    const before = await on.add(name)
    const answers = await Promise.all(
      Array.from({ length: 100 }, (_, index) =>
        on.replace(name, before, moveOf({ state: 'open', mover: `mover-${index}` })),
      ),
    )
    same(answers.filter(({ replaced }) => replaced).length, 1, 'the number of moves made')
    const winner = answers.find(({ replaced }) => replaced)?.current?.mover
    for (const { current } of answers) same(current?.mover, winner, 'the mover that all are told')
    same((await on.read(name))?.mover, winner, 'the mover that is stored')
  },
}
