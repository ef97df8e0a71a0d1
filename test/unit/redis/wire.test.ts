// What storage holds is untrusted: whatever comes, decoding gives a circuit that holds together, or says that it is none.

import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { decode, decodeTransition, encodeMove, encodeTally } from '../../../src/redis/wire.ts'
import { moveOf } from '../../../src/testing/conformance/subject.ts'

const good = {
  kind: 'record',
  at: '1000',
  listeners: '3',
  v: '1',
  state: 'open',
  epoch: '900',
  period: '800',
  until: '5000',
  relapses: '2',
  successes: '0',
  leases: '',
  asked: '0',
  move: 'm',
  mover: 'p',
}

const said = (fields: object): ReturnType<typeof decode> => decode(JSON.stringify({ ...good, ...fields }))

describe('decode', () => {
  it('reads a record', () => {
    const circuit = {
      state: 'open',
      epoch: 900,
      period: 800,
      until: 5_000,
      at: 1_000,
      listeners: 3,
      counts: {},
      leases: [],
    }
    expect(said({})).toMatchObject({ kind: 'record', circuit })
  })

  it.each([
    ['state', 'ajar'],
    ['state', undefined],
    ['epoch', undefined],
    ['epoch', '-1'],
    ['epoch', '1e3'],
    ['epoch', '0x10'],
    ['epoch', ' 1'],
    ['epoch', 900],
    ['epoch', '9007199254740992'],
    ['period', ''],
    ['until', 'inf'],
    ['until', 'nan'],
    ['relapses', '1.5'],
    ['successes', null],
    ['at', 'now'],
  ])('finds no circuit where `%s` is %j', (field, value) => {
    expect(said({ [field]: value })).toEqual({ kind: 'garbled' })
  })

  it('clamps what is out of range', () => {
    const far = '9007199254740991'
    const circuit = { until: 8.64e15, relapses: 1_000_000, listeners: 1_000_000, why: 'x'.repeat(500) }
    expect(said({ until: far, relapses: far, listeners: far, why: 'x'.repeat(9_999) })).toMatchObject({ circuit })
  })

  it('reads no more than a thousand of anything', () => {
    const fails = Array.from({ length: 5_000 }, () => '7').join(',')
    expect(said({ fails })).toMatchObject({ circuit: { counts: { fails: Array.from({ length: 1_000 }, () => 7) } } })
  })

  it('makes something of any text', () => {
    const texts = fc.oneof(
      fc.string(),
      fc.json(),
      fc
        .dictionary(fc.constantFrom(...Object.keys(good), 'forced', 'fails'), fc.anything())
        .map((one) => JSON.stringify(one)),
    )
    fc.assert(
      fc.property(texts, (text) => {
        expect(['record', 'note', 'absent', 'garbled', 'newer']).toContain(decode(text).kind)
      }),
    )
  })

  it('makes something of a record with any field spoilt', () => {
    const spoilt = fc.tuple(
      fc.constantFrom(...Object.keys(good), 'leases', 'forced', 'forced_until', 'overrides', 'fails', 'slots', 'ok_at'),
      fc.oneof(fc.string(), fc.jsonValue()),
    )
    fc.assert(
      fc.property(spoilt, ([field, value]) => {
        const { kind, ...rest } = said({ [field]: value })
        if (kind !== 'record') return
        const { circuit } = rest as { circuit: Record<string, unknown> }
        for (const number of ['epoch', 'period', 'until', 'at', 'relapses', 'successes', 'listeners', 'asked'])
          expect(Number.isSafeInteger(circuit[number])).toBe(true)
      }),
    )
  })

  it.each([undefined, null, 7, [], {}, Buffer.from('x')])('takes %j for no answer', (answer) => {
    expect(decode(answer)).toEqual({ kind: 'garbled' })
  })

  it('reads an ask and a hush', () => {
    const ask = { kind: 'ask', epoch: '5', asked: '6', asker: 'a', since: '4', listeners: '2' }
    expect(decode(JSON.stringify(ask))).toEqual({
      kind: 'note',
      note: { kind: 'ask', epoch: 5, asked: 6, asker: 'a', since: 4, listeners: 2 },
    })
    expect(decode(JSON.stringify({ kind: 'hush', epoch: '5', asked: '6' }))).toEqual({
      kind: 'note',
      note: { kind: 'hush', epoch: 5, asked: 6 },
    })
    expect(decode(JSON.stringify({ kind: 'shout', epoch: '5', asked: '6' }))).toEqual({ kind: 'garbled' })
  })
})

describe('decodeTransition', () => {
  it('reads one, and none where states or time are spoilt', () => {
    const entry = { at: '1000', from: 'closed', to: 'open', why: 'w', fails: '3,2' }
    expect(decodeTransition('a', JSON.stringify(entry))).toEqual({
      circuit: 'a',
      from: 'closed',
      to: 'open',
      at: new Date(1_000),
      by: undefined,
      why: 'w',
      counts: { fails: [3, 2] },
    })
    for (const spoilt of [{ at: 'x' }, { from: 'ajar' }, { to: undefined }])
      expect(decodeTransition('a', JSON.stringify({ ...entry, ...spoilt }))).toBeUndefined()
    expect(decodeTransition('a', '[]')).toBeUndefined()
  })
})

describe('what is sent', () => {
  it('is texts alone, whatever the numbers', () => {
    const number = fc.oneof(
      fc.integer(),
      fc.double(),
      fc.constantFrom(Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 2 ** 53, 1e21),
    )
    fc.assert(
      fc.property(number, number, (one, other) => {
        const leases = [{ id: 'a,b=c', until: { in: other } }]
        const move = JSON.parse(
          encodeMove(undefined, moveOf({ until: one, relapses: other, leases, notBefore: one })),
        ) as Record<string, string>
        for (const field of ['until', 'relapses', 'not_before', 'expected']) expect(move[field]).toMatch(/^\d{1,16}$/)
        expect(move['leases']).toMatch(/^a%2Cb%3Dc=\+-?\d{1,16}$/)
        const tally = JSON.parse(
          encodeTally({ epoch: one, period: one, okAt: other, fails: [one, other], keep: { fails: other } }),
        ) as Record<string, string>
        expect(tally['fails']).toMatch(/^\d{1,16},\d{1,16}$/)
        expect(tally['keep_fails']).toMatch(/^\d{1,4}$/)
      }),
    )
  })

  it('cuts long texts', () => {
    const move = JSON.parse(encodeMove(undefined, moveOf({ why: 'x'.repeat(9_999), by: 'y'.repeat(9_999) }))) as Record<
      string,
      string
    >
    expect([move['why']?.length, move['by']?.length]).toEqual([500, 500])
  })
})
