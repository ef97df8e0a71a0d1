import { describe, expect, it } from 'vitest'
import {
  age,
  countdown,
  counted,
  failedShare,
  grouped,
  length,
  rate,
  sentence,
} from '../../../../src/admin/page/format.ts'
import { EventParser } from '../../../../src/admin/page/sse.ts'

describe('numbers and times as the page writes them', () => {
  it('rounds what is left up and what has passed down', () => {
    expect(countdown(17_001)).toBe('18 s')
    expect(age(17_999)).toBe('17 s')
    expect(countdown(-5)).toBe('0 s')
  })

  it('grows coarser with length', () => {
    expect([59_000, 252_000, 599_000, 600_000, 3_600_000, 11_520_000, 180_000_000].map(age)).toEqual([
      '59 s',
      '4 min 12 s',
      '9 min 59 s',
      '10 min',
      '1 h 00 min',
      '3 h 12 min',
      '2 days',
    ])
    expect([500, 60_000, 900_000, 5_400_000, 14_400_000].map(length)).toEqual([
      '0.5 s',
      '60 s',
      '15 min',
      '90 min',
      '4 h',
    ])
  })

  it('writes a small sample as it is, and no sample as a dash', () => {
    expect(failedShare(0, 0)).toBe('–')
    expect(failedShare(1, 2)).toBe('1 of 2')
    expect(failedShare(10, 19)).toBe('10 of 19')
    expect(failedShare(10, 20)).toBe('50 %')
    expect(failedShare(1, 400)).toBe('<1 %')
    expect(failedShare(0, 5)).toBe('0 %')
  })

  it('rounds rates, but never a few calls to none', () => {
    expect([0, 0.04, 0.34, 9.96, 41.5, 12_345].map(rate)).toEqual(['0', '<0.1', '0.3', '10', '42', '12\u2009345'])
    expect(grouped(1_234_567)).toBe('1\u2009234\u2009567')
  })

  it('makes plurals and sentences', () => {
    expect([counted(1, 'trial'), counted(3, 'trial'), counted(2, 'process')]).toEqual([
      '1 trial',
      '3 trials',
      '2 processes',
    ])
    expect(sentence('the trial call failed: ECONNREFUSED')).toBe('The trial call failed: ECONNREFUSED.')
    expect(sentence('web-3: it broke!')).toBe('web-3: it broke!')
    expect(sentence(' ')).toBe('')
  })
})

describe('the parser of server-sent events', () => {
  const all = (...parts: string[]): unknown[] => {
    const parser = new EventParser()
    return parts.flatMap((part) => parser.push(part))
  }

  it('gives events however the text is cut', () => {
    const text = 'event: heartbeat\ndata: {"a":1}\n\n: a comment\nevent: circuit\r\ndata: one\r\ndata: two\r\n\r\n'
    const events = [
      { event: 'heartbeat', data: '{"a":1}' },
      { event: 'circuit', data: 'one\ntwo' },
    ]
    expect(all(text)).toEqual(events)
    expect(all(...text.split(''))).toEqual(events)
  })

  it('leaves out what has no data, and what is not complete', () => {
    expect(all('event: circuit\n\nretry: 5\n\ndata: cut')).toEqual([])
    expect(all('data:plain\n\n')).toEqual([{ event: 'message', data: 'plain' }])
  })
})
