import { describe, expect, it } from 'vitest'
import { paint, type Sitting } from '../../../src/admin/portrait.ts'
import { fullClock } from '../../../src/core/clock.ts'
import { PRISTINE } from '../../../src/core/snapshot.ts'
import { ManualClock } from '../../../src/testing/index.ts'

const record: Sitting = {
  name: 'payments',
  snapshot: PRISTINE,
  scope: 'fleet',
  counts: {},
  clock: fullClock(new ManualClock()),
  rules: undefined,
  policy: '3 failures in a row',
  overrides: undefined,
  overridden: undefined,
  late: null,
  processes: null,
  local: null,
  trialBy: null,
  steps: undefined,
}

describe('a circuit of which a record is all there is', () => {
  it('says the policy that the record says', () => {
    expect(paint(record)).toMatchObject({ policy: '3 failures in a row', text: expect.stringContaining('3 failures') })
    const unknown = paint({ ...record, policy: undefined })
    expect(unknown.policy).toBeNull()
    expect(unknown.text).not.toContain('It opens')
  })

  it('says the threshold that a person has changed since', () => {
    const changed = paint({ ...record, overrides: { failMax: 9 } })
    expect(changed.text).toContain('It opens at 9 failures in a row.')
    expect(changed.thresholds.failMax).toBe(9)
  })

  it('says in how many processes it is so, where others let calls pass', () => {
    const of = (local: Sitting['local']): string | null => paint({ ...record, scope: 'local', local }).text
    expect(of({ open: 1, of: 24, who: 'p' })).toMatch(/ This is so in 1 of 24 processes; in the others calls pass\.$/)
    for (const local of [null, { open: 1, of: 1, who: null }, { open: null, of: 2, who: null }])
      expect(of(local)).not.toContain('processes')
  })

  it('leaves a policy that counts otherwise as it is', () => {
    const policy = '50 % failures in the last 10 s'
    expect(paint({ ...record, policy, overrides: { failMax: 9 } }).text).toContain(`It opens at ${policy}.`)
  })
})
