// Moves: compared and set on the epoch.

import { type Check, holds, same } from './subject.ts'

/** Storage ms from which a time stands for "without end". */
const FOREVER = 8.64e15

export const moveCases: Readonly<Record<string, Check>> = {
  'replaces what nobody wrote only where that is expected': async (on) => {
    const name = on.name()
    const made = await on.moved(name, undefined, { state: 'open', why: 'first' })
    const { replaced, current } = await on.replace(name, undefined, { state: 'closed', why: 'second' })
    same([replaced, current?.why, current?.epoch], [false, 'first', made.epoch], 'the second answer')
    const gone = await on.replace(on.name(), made, { state: 'closed' })
    same([gone.replaced, gone.current], [false, undefined], 'the answer where nothing is')
  },

  'takes an absent circuit and one of epoch 0 for the same': async (on) => {
    const name = on.name()
    await on.add(name)
    same((await on.replace(name, undefined, { state: 'open' })).replaced, true, 'whether it was replaced')
  },

  'refuses a move from another epoch and answers the current one': async (on) => {
    const name = on.name()
    const first = await on.moved(name, undefined, { why: 'first' })
    const second = await on.moved(name, first, { why: 'second' })
    const { replaced, current } = await on.replace(name, first, { why: 'third' })
    same([replaced, current?.epoch, current?.why], [false, second.epoch, 'second'], 'the answer')
    same((await on.read(name))?.why, 'second', 'what is stored')
  },

  'gives each move an epoch above the last, and no lower than its time': async (on) => {
    const name = on.name()
    let last = await on.add(name)
    for (let turn = 0; turn < 30; turn++) {
      const next = await on.moved(name, last)
      holds(
        next.epoch > last.epoch && next.epoch >= last.at,
        `an epoch after ${last.epoch} and ${last.at}: ${next.epoch}`,
      )
      last = next
    }
    const far = { ...last, epoch: last.at + 1_000_000 }
    await on.moved(name, last, { epoch: far.epoch })
    same((await on.moved(name, far)).epoch, far.epoch + 1, 'the epoch after one that is ahead of the time')
  },

  'begins a new period with its epoch, or keeps the one given': async (on) => {
    const name = on.name()
    const first = await on.moved(name, undefined, { period: 'new' })
    same(first.period, first.epoch, 'a new period')
    const second = await on.moved(name, first, { period: first.period })
    same(second.period, first.period, 'the period that goes on')
    holds(second.epoch > first.epoch, 'the epoch is a new one')
  },

  'takes back a newer circuit as it was': async (on) => {
    const [name, other] = [on.name(), on.name()]
    const lost = await on.moved(other, undefined, {
      state: 'half-open',
      until: { in: 500 },
      relapses: 2,
      successes: 1,
      leases: [{ id: 'lease', until: { in: 9_000 } }],
      why: 'kept',
    })
    const { at: _, listeners: __, counts: ___, asked: ____, asker: _____, ...kept } = lost
    for (const met of [undefined, await on.add(on.name())]) {
      const target = met === undefined ? name : on.name()
      if (met !== undefined) await on.add(target)
      const back = await on.moved(target, met, { ...kept, move: 'back' })
      const { at: _1, listeners: _2, counts: _3, asked: _4, asker: _5, ...stored } = back
      same(stored, { ...kept, move: 'back' }, 'what was given back')
    }
  },

  'dates what is left from when it writes': async (on) => {
    const name = on.name()
    const before = await on.add(name)
    const after = await on.moved(name, before, {
      state: 'half-open',
      until: { in: 5_000 },
      leases: [
        { id: 'a', until: { in: 2_000 } },
        { id: 'b', until: before.at + 7 },
      ],
      forced: { state: 'open', until: { in: 90_000 } },
    })
    const between = (time: number | undefined, left: number, what: string): void =>
      holds(
        time !== undefined && time >= before.at + left && time <= after.at + left,
        `${what} is ${left} ms after the move: ${time}`,
      )
    between(after.until, 5_000, 'until')
    between(after.leases[0]?.until, 2_000, 'the lease')
    between(after.forced?.until, 90_000, 'the force')
    same(after.leases[1]?.until, before.at + 7, 'a lease that has its time already')
  },

  'keeps times without end': async (on) => {
    const name = on.name()
    const first = await on.moved(name, undefined, {
      state: 'open',
      until: FOREVER,
      forced: { state: 'open', until: { in: FOREVER } },
    })
    holds(first.until >= FOREVER, 'a time without end stays one')
    holds((first.forced?.until ?? 0) >= FOREVER, 'a time that is endlessly far ahead is without end')
    const second = await on.moved(name, first, { state: 'open', until: { in: Number.POSITIVE_INFINITY } })
    holds(second.until >= FOREVER, 'Infinity is without end')
  },

  'refuses a move before its time': async (on) => {
    const name = on.name()
    const before = await on.add(name)
    const early = await on.replace(name, before, { state: 'open', notBefore: before.at + 60_000 })
    same([early.replaced, early.current?.state], [false, 'closed'], 'the answer before the time')
    same(
      (await on.replace(name, before, { state: 'open', notBefore: before.at })).replaced,
      true,
      'whether it was replaced in time',
    )
    const absent = await on.replace(on.name(), undefined, { notBefore: before.at + 60_000 })
    same([absent.replaced, absent.current], [false, undefined], 'the answer before the time, where nothing is')
  },

  'clears counts and asks with each move': async (on) => {
    const name = on.name()
    const { at } = await on.add(name)
    const keep = { fails: 5, slotWidth: 1_000, slots: 5 }
    const before = await on.add(name, {
      okAt: at,
      fails: [at],
      slots: [{ start: at, ok: 1, bad: 1, slow: 0 }],
      keep,
      ask: { id: 'ask', since: 0, every: 0 },
    })
    const after = await on.moved(name, before, { state: 'half-open', period: before.period })
    same([after.counts, after.asked, after.asker], [{}, 0, undefined], 'what is left')
    const late = await on.add(name, { epoch: before.epoch, fails: [at], keep })
    same(late.counts, {}, 'the counts after a late tally')
  },
}
