// What commands make of a snapshot, where the machine is not asked.
import { describe, expect, it } from 'vitest'
import { expireCommand, forceCommand, originOf, releaseCommand, retimeCommand } from '../../../src/core/commands.ts'
import { period, PRISTINE } from '../../../src/core/snapshot.ts'
import { wordsOf } from './support.ts'

const open = period({ state: 'open', since: 100, until: 160, why: 'it fails' })
const half = period({ state: 'half-open', since: 100, until: 160 })
const hold = { state: 'open', until: 500, by: 'ana', reason: 'repairs' } as const

describe('another open time', () => {
  it('counts from when the circuit opened, which it goes on to have done', () => {
    expect(retimeCommand(1_000)(open, 150, 0)).toEqual({ ...open, until: 1_100 })
  })

  it('is nothing to a circuit that is closed, on trial or held', () => {
    const held = forceCommand(hold)(open, 150, 0)
    for (const at of [PRISTINE, half, held]) expect(retimeCommand(1_000)(at, 150, 0)).toBe(at)
  })
})

describe('the end of a hold', () => {
  it('is nothing to a circuit that nobody holds', () => {
    for (const at of [PRISTINE, open]) {
      expect(expireCommand(at, 600, 0)).toBe(at)
      expect(releaseCommand()(at, 600, 0)).toBe(at)
    }
  })

  it('says what ended', () => {
    const ended = expireCommand(forceCommand(hold)(PRISTINE, 150, 0), 600, 0)
    expect(ended).toMatchObject({ forced: undefined, since: 500, by: undefined })
    expect(ended.why).toBe('the circuit was held open, and the time of that is over')
  })
})

describe('who says what', () => {
  it('is the command where no reason is given', () => {
    expect(originOf('open')).toEqual({ why: 'open() was called', by: undefined })
    expect(originOf('open', { by: 'ana', reason: 'repairs' })).toEqual({ why: 'repairs', by: 'ana' })
  })

  it.each([
    [{ who: 'ana' }, 'TypeError: Unknown option `who` of open; known are by, reason'],
    [{ reason: 5 }, 'TypeError: Expected `reason` to be a text, got `5` (number)'],
    [{ by: 5 }, 'TypeError: Expected `by` to be a text, got `5` (number)'],
    [null, 'TypeError: Expected `options` to be an object, got `null` (null)'],
  ])('%j is refused: %s', (options, words) => {
    expect(wordsOf(() => originOf('open', options as never))).toBe(words)
  })
})
