// Pushes: who watches hears of each change and each note, once, and of nothing else.

import { type Check, same } from './subject.ts'

export const pushCases: Readonly<Record<string, Check>> = {
  'tells every watcher of a move, the mover too': async (on) => {
    const name = on.name()
    const before = await on.add(name)
    const watchers = [await on.watch(name), await on.watch(name)]
    const after = await on.moved(name, before, {
      state: 'open',
      until: { in: 700 },
      why: 'it broke',
      move: 'move-4',
      mover: 'me',
    })
    await on.until(() => watchers.every(({ changes }) => changes.length > 0), 'both watchers hear of the move')
    for (const { changes, notes } of watchers) {
      const [change] = changes
      const { at: _, listeners: __, ...told } = change?.circuit ?? after
      const { at: ___, listeners: ____, ...stored } = after
      same([change?.name, told], [name, stored], 'what is heard')
      same([changes.length, notes.length], [1, 0], 'how much is heard')
    }
    for (const watcher of watchers) watcher.stop()
  },

  'tells nobody of a move that was refused, nor of counts': async (on) => {
    const name = on.name()
    const before = await on.add(name)
    const heard = await on.watch(name)
    await on.replace(name, { ...before, epoch: 99 }, { why: 'refused' })
    await on.add(name, { fails: [before.at], keep: { fails: 1 } })
    await on.moved(name, before, { why: 'made' })
    await on.until(() => heard.changes.length > 0, 'the move is heard')
    same(
      heard.changes.map(({ circuit }) => circuit?.why),
      ['made'],
      'what is heard',
    )
    same(heard.notes, [], 'the notes that are heard')
    heard.stop()
  },

  'tells a watcher of its own circuit only': async (on) => {
    const [name, other] = [on.name(), on.name()]
    const [before, beside] = [await on.add(name), await on.add(other)]
    const [heard, heardBeside] = [await on.watch(name), await on.watch(other)]
    await on.moved(other, beside, { why: 'other' })
    await on.until(() => heardBeside.changes.length > 0, 'the move of the other is heard')
    await on.moved(name, before, { why: 'own' })
    await on.until(() => heard.changes.length > 0, 'the own move is heard')
    same(
      heard.changes.map(({ circuit }) => circuit?.why),
      ['own'],
      'what is heard',
    )
    same(
      heardBeside.changes.map(({ circuit }) => circuit?.why),
      ['other'],
      'what is heard of the other',
    )
    heard.stop()
    heardBeside.stop()
  },

  'tells who stopped watching no more': async (on) => {
    const name = on.name()
    const before = await on.add(name)
    const [leaving, staying] = [await on.watch(name), await on.watch(name)]
    leaving.stop()
    leaving.stop()
    await on.moved(name, before)
    await on.until(() => staying.changes.length > 0, 'who stays hears')
    same(leaving.changes, [], 'what is heard after leaving')
    staying.stop()
    await on.until(async () => (await on.read(name))?.listeners === 0, 'nobody is counted after all left')
    const again = await on.watch(name)
    await on.moved(name, await on.read(name))
    await on.until(() => again.changes.length > 0, 'who comes again hears')
    same(staying.changes.length, 1, 'how much is heard after leaving')
    again.stop()
  },

  'tells in which order moves were made': async (on) => {
    const name = on.name()
    let last = await on.add(name)
    const heard = await on.watch(name)
    const epochs: number[] = []
    for (let turn = 0; turn < 10; turn++) {
      last = await on.moved(name, last)
      epochs.push(last.epoch)
    }
    await on.until(() => heard.changes.length === epochs.length, 'all moves are heard')
    same(
      heard.changes.map(({ circuit }) => circuit?.epoch ?? 0).sort((a, b) => a - b),
      epochs,
      'the epochs that are heard',
    )
    heard.stop()
  },
}
