// Counts: what `add` merges, drops, keeps, asks and hushes.

import type { Counts, Tally } from '../../fleet/storage.ts'
import { type Check, holds, same } from './subject.ts'

export const countCases: Readonly<Record<string, Check>> = {
  'keeps the newest success and the newest failures': async (on) => {
    const name = on.name()
    const { at } = await on.add(name)
    const keep = { fails: 3 }
    await on.add(name, { okAt: at - 50, fails: [at - 10, at - 30], keep })
    await on.add(name, { okAt: at - 90, fails: [at - 20], keep })
    const added = await on.add(name, { fails: [at - 5, at - 40], keep })
    same(added.counts, { okAt: at - 50, fails: [at - 5, at - 10, at - 20] }, 'the counts')
    same((await on.read(name))?.counts, added.counts, 'the counts that are read')
  },

  'keeps two failures of one moment apart': async (on) => {
    const name = on.name()
    const { at } = await on.add(name)
    await on.add(name, { fails: [at, at], keep: { fails: 5 } })
    same((await on.add(name, { fails: [at], keep: { fails: 5 } })).counts.fails, [at, at, at], 'the failures')
  },

  'adds up slots of one start and keeps the newest': async (on) => {
    const name = on.name()
    const { at } = await on.add(name)
    const start = Math.floor(at / 1_000) * 1_000
    const keep = { slotWidth: 1_000, slots: 3 }
    await on.add(name, {
      slots: [
        { start: start - 1_000, ok: 1, bad: 2, slow: 1 },
        { start: start - 4_000, ok: 9, bad: 9, slow: 9 },
      ],
      keep,
    })
    await on.add(name, {
      slots: [
        { start: start + 999, ok: 3, bad: 0, slow: 0 },
        { start: start - 2_000, ok: 1, bad: 1, slow: 0 },
      ],
      keep,
    })
    const { counts } = await on.add(name, { slots: [{ start: start - 500, ok: 10, bad: 20, slow: 5 }], keep })
    const slots = [
      { start, ok: 3, bad: 0, slow: 0 },
      { start: start - 1_000, ok: 11, bad: 22, slow: 6 },
      { start: start - 2_000, ok: 1, bad: 1, slow: 0 },
    ]
    same(counts.slots, slots, 'the slots, newest first')
  },

  'merges tallies to the same in any order': async (on) => {
    const { at } = await on.add(on.name())
    const start = Math.floor(at / 100) * 100
    const keep = { fails: 4, slotWidth: 100, slots: 3 }
    const tallies: readonly Counts[] = [
      { okAt: at - 7, fails: [at - 3, at - 8], slots: [{ start, ok: 1, bad: 0, slow: 0 }] },
      { okAt: at - 2, fails: [at - 5], slots: [{ start: start - 100, ok: 0, bad: 4, slow: 1 }] },
      {
        fails: [at - 1, at - 1, at - 9],
        slots: [
          { start: start - 300, ok: 5, bad: 5, slow: 5 },
          { start, ok: 2, bad: 2, slow: 2 },
        ],
      },
      { okAt: at - 4, slots: [{ start: start - 200, ok: 8, bad: 0, slow: 0 }] },
    ]
    const results: Counts[] = []
    for (const order of orders(tallies)) {
      const name = on.name()
      for (const counts of order) await on.add(name, { ...counts, keep })
      results.push((await on.read(name))?.counts ?? {})
    }
    for (const counts of results) same(counts, results[0], 'the counts')
  },

  'loses no tally of 100 that come at once': async (on) => {
    const name = on.name()
    const { at } = await on.add(name)
    const keep = { fails: 200, slotWidth: 1_000, slots: 2 }
    const slot = { start: at, ok: 1, bad: 2, slow: 3 }
    await Promise.all(
      Array.from({ length: 100 }, (_, index) => on.add(name, { fails: [at - index], slots: [slot], keep })),
    )
    const counts = (await on.read(name))?.counts
    same(
      counts?.fails,
      Array.from({ length: 100 }, (_, index) => at - index),
      'the failures',
    )
    same(
      counts?.slots?.map(({ ok, bad, slow }) => [ok, bad, slow]),
      [[100, 200, 300]],
      'the slots',
    )
  },

  'leaves counts alone that a tally has no use for': async (on) => {
    const name = on.name()
    const { at } = await on.add(name)
    const start = Math.floor(at / 1_000) * 1_000
    const slots = [{ start, ok: 1, bad: 1, slow: 0 }]
    await on.add(name, { fails: [at], keep: { fails: 5 } })
    await on.add(name, { slots, keep: { slotWidth: 1_000, slots: 5 } })
    same((await on.add(name)).counts, { fails: [at], slots }, 'the counts of two policies')
  },

  'drops a tally of another epoch and answers what is stored': async (on) => {
    const name = on.name()
    const before = await on.add(name)
    const open = await on.moved(name, before, { state: 'open' })
    for (const epoch of [before.epoch, open.epoch + 1]) {
      const tally: Partial<Tally> = {
        epoch,
        period: epoch,
        okAt: open.at,
        fails: [open.at],
        keep: { fails: 5 },
        ask: { id: 'late', since: 0, every: 0 },
      }
      const added = await on.add(name, tally)
      same([added.epoch, added.state, added.counts, added.asker], [open.epoch, 'open', {}, undefined], 'the circuit')
    }
  },

  'stamps an ask, once in `every`': async (on) => {
    const name = on.name()
    const { at } = await on.add(name)
    const heard = await on.watch(name)
    const asked = await on.add(name, {
      fails: [at],
      keep: { fails: 1 },
      ask: { id: 'ask-1', since: at - 70, every: 60_000 },
    })
    holds(asked.asked >= at, 'the ask bears the time of the storage')
    same(asked.asker, 'ask-1', 'the asker')
    same(asked.counts.fails, [at], 'the counts that came with the ask')
    const again = await on.add(name, { ask: { id: 'ask-2', since: at, every: 60_000 } })
    same([again.asker, again.asked], ['ask-1', asked.asked], 'the ask that goes on')
    const after = await on.add(name, { ask: { id: 'ask-3', since: at, every: 0 } })
    same(after.asker, 'ask-3', 'the asker of an ask that is due')
    await on.until(() => heard.notes.length >= 2, 'two asks are heard')
    const note = { kind: 'ask', epoch: 0, asked: asked.asked, asker: 'ask-1', since: at - 70, listeners: 1 }
    same(heard.notes[0], { name, note }, 'the first ask that is heard')
    same(heard.notes.length, 2, 'the number of asks heard')
    heard.stop()
  },

  'hushes an ask for good': async (on) => {
    const name = on.name()
    await on.add(name)
    const heard = await on.watch(name)
    await on.add(name, { hush: true })
    const { asked } = await on.add(name, { ask: { id: 'ask-1', since: 0, every: 0 } })
    const hushed = await on.add(name, { hush: true })
    same([hushed.asker, hushed.asked], [undefined, asked], 'the ask')
    await on.add(name, { hush: true })
    same(
      (await on.add(name, { ask: { id: 'ask-2', since: 0, every: 60_000 } })).asker,
      undefined,
      'the asker so soon after',
    )
    await on.moved(name, await on.read(name))
    await on.until(() => heard.changes.length === 1, 'the move is heard')
    same(
      heard.notes.map(({ note }) => note.kind),
      ['ask', 'hush'],
      'the notes that are heard',
    )
    same(heard.notes[1]?.note, { kind: 'hush', epoch: 0, asked }, 'the hush')
    heard.stop()
  },
}

function orders<T>(all: readonly T[]): readonly (readonly T[])[] {
  if (all.length < 2) return [all]
  return all.flatMap((one, index) => orders(all.filter((_, other) => other !== index)).map((rest) => [one, ...rest]))
}
