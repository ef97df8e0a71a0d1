// Every sentence that a circuit has about itself.
import { describe, expect, it } from 'vitest'
import { closeCommand, forceCommand, openCommand } from '../../../src/core/commands.ts'
import { explain, type Explanation, ownCounts } from '../../../src/core/explain.ts'
import { followOverrides } from '../../../src/core/overrides.ts'
import { anyOf, consecutive, failureRate, slowRate } from '../../../src/core/trip.ts'
import { failOnce, succeedOnce, ticket, world, type World } from './support.ts'

const tell = (at: World): Explanation => {
  const { snapshot } = at.circuit
  const counts = { ...ownCounts(at.circuit, at.rules, at.clock.now()), trialSuccesses: snapshot.successes }
  return explain({ name: 'db', snapshot, scope: 'local', counts }, at.rules, at.clock)
}
const text = (at: World): string => tell(at).text
const hold = (state: 'open' | 'closed', until: number, by?: string, reason?: string) => ({ state, until, by, reason })
const LAST = 'It opens at 5 failures in a row.'

describe('an explanation', () => {
  it('of a new circuit is frozen and has little to say', () => {
    const told = tell(world())
    expect(told).toEqual({
      state: 'closed',
      scope: 'local',
      reason: 'nothing happened to it yet',
      counts: { failures: 0, trialSuccesses: 0 },
      policy: '5 failures in a row',
      openedAt: undefined,
      nextTrialAt: undefined,
      forced: undefined,
      text: `Circuit "db" is closed. Calls pass. ${LAST}`,
    })
    expect([Object.isFrozen(told), Object.isFrozen(told.counts)]).toEqual([true, true])
  })

  it.each([
    [{ failMax: 3 }, 'failMax 3', '3 failures in a row'],
    [{ resetTimeout: 1_500 }, 'resetTimeout 1.5 s', '5 failures in a row'],
    [{ successThreshold: 2 }, 'successThreshold 2', '5 failures in a row'],
    [
      { failMax: 1, resetTimeout: 50, successThreshold: 2 },
      'failMax 1, resetTimeout 50 ms, successThreshold 2',
      '1 failure',
    ],
  ])('says what somebody has set: %j', (overrides, set, policy) => {
    const at = world()
    followOverrides(at.rules, overrides)
    const told = `Somebody has set ${set} for all who share it.`
    expect(text(at)).toBe(`Circuit "db" is closed. Calls pass. It opens at ${policy}. ${told}`)
  })

  it('counts failures in a row', () => {
    const at = world()
    failOnce(at)
    expect(text(at)).toBe(`Circuit "db" is closed. Calls pass. The last call failed. ${LAST}`)
    failOnce(at)
    expect(text(at)).toBe(`Circuit "db" is closed. Calls pass. The last 2 calls failed. ${LAST}`)
    expect(tell(at).counts).toEqual({ failures: 2, trialSuccesses: 0 })
  })

  it('counts windows', () => {
    const at = world({ trip: anyOf(consecutive(9), failureRate()) })
    expect(text(at)).not.toContain('lately')
    expect(tell(at).counts).toEqual({
      failures: 0,
      trialSuccesses: 0,
      windowCalls: 0,
      windowFailures: 0,
      windowSlow: 0,
    })
    succeedOnce(at)
    expect(text(at)).toContain('Calls pass. Of 1 call lately, 0 failed. It opens')
    failOnce(at)
    expect(text(at)).toContain('Calls pass. The last call failed. Of 2 calls lately, 1 failed. It opens')
    at.circuit.settle(ticket(at), 'success', true, undefined, at.rules, at.clock)
    expect(text(at)).toContain('Calls pass. Of 3 calls lately, 1 failed, 1 slow. It opens')
    expect(tell(at).counts).toMatchObject({ windowCalls: 3, windowFailures: 1, windowSlow: 1 })
    at.manual.advance(10_000)
    expect(text(at)).not.toContain('lately')
  })

  it('names the policy', () => {
    const trip = slowRate({ count: 5 })
    const at = world({ trip, slowCall: 5 })
    expect(tell(at).policy).toBe(trip.text)
    expect(text(at)).toContain(`It opens at ${trip.text}.`)
  })
})

describe('an open circuit', () => {
  it('says why, since when, and when it tries', () => {
    const at = world({ failMax: 1, resetTimeout: 5_000 })
    failOnce(at)
    at.manual.advance(1_500)
    const told = tell(at)
    expect(told).toMatchObject({
      state: 'open',
      reason: '1 call failed: boom',
      openedAt: new Date(500_000),
      nextTrialAt: new Date(505_000),
      forced: undefined,
    })
    expect(told.text).toBe(
      'Circuit "db" has been open for 1.5 s: 1 call failed: boom. Calls are rejected; the next trial may go in 3.5 s. ' +
        'It opens at 1 failure.',
    )
  })

  it('whose time is over tries with the next call', () => {
    const at = world({ failMax: 1, resetTimeout: 5_000 })
    failOnce(at)
    at.manual.advance(4_999)
    expect(text(at)).toContain('. Calls are rejected; the next trial may go in 1 ms. ')
    at.manual.advance(1)
    expect(text(at)).toContain('. The next call is a trial. ')
    expect(tell(at).nextTrialAt).toEqual(new Date(505_000))
  })

  it('without end waits for somebody', () => {
    const at = world({ failMax: 1, resetTimeout: Number.POSITIVE_INFINITY })
    failOnce(at)
    expect(text(at)).toContain('. Calls are rejected until somebody closes it. ')
    expect(tell(at).nextTrialAt).toBeUndefined()
  })

  it('that nobody gave a reason for was asked to be', () => {
    const at = world()
    at.circuit.command(openCommand(at.rules, at.circuit.lastFailure, { why: undefined, by: 'ann' }), at.clock)
    expect(tell(at).reason).toBe('somebody asked for it')
    expect(text(at)).toMatch(/^Circuit "db" has been open for 0 ms by ann\. /)
    at.circuit.command(openCommand(at.rules, at.circuit.lastFailure, { why: undefined, by: undefined }), at.clock)
    expect(text(at)).toMatch(/^Circuit "db" has been open for 0 ms\. /)
    at.circuit.command(openCommand(at.rules, at.circuit.lastFailure, { why: 'a drill', by: 'ann' }), at.clock)
    expect(text(at)).toMatch(/^Circuit "db" has been open for 0 ms by ann: a drill\. /)
    expect(tell(at).reason).toBe('a drill')
  })
})

describe('a half-open circuit', () => {
  it('tries with the next call, or says when the answer is due', () => {
    const at = world({ failMax: 1, resetTimeout: 100, trials: 2, trialTimeout: 2_000, successThreshold: 3 })
    failOnce(at)
    at.manual.advance(100)
    succeedOnce(at)
    expect(text(at)).toMatch(/^Circuit "db" has been half-open for 0 ms: .*\. The next call is a trial\. It opens/)
    expect(tell(at)).toMatchObject({ nextTrialAt: undefined, counts: { trialSuccesses: 1, failures: 0 } })
    ticket(at)
    expect(text(at)).toContain('. The next call is a trial. ')
    at.manual.advance(500)
    ticket(at)
    expect(text(at)).toContain('. A trial call is in flight; its answer is due in 1.5 s. ')
    expect(tell(at).nextTrialAt).toEqual(new Date(502_100))
    at.manual.advance(1_499)
    expect(text(at)).toContain('its answer is due in 1 ms. ')
    at.manual.advance(1)
    expect(text(at)).toContain('. The next call is a trial. ')
    expect(tell(at).nextTrialAt).toBeUndefined()
  })

  it('has no sentence on counts', () => {
    const at = world({ failMax: 1, resetTimeout: 0, successThreshold: 2 })
    failOnce(at)
    ticket(at)
    expect(text(at)).not.toContain('The last call failed')
  })
})

describe('a circuit that closed lately', () => {
  it('says when its traffic is back', () => {
    const at = world({ failMax: 1, rampUp: 3_000 })
    failOnce(at)
    at.circuit.command(closeCommand(at.rules), at.clock)
    at.manual.advance(1_000)
    expect(text(at)).toBe(
      'Circuit "db" has been closed for 1 s: close() was called. Traffic is back in full in 2 s. It opens at 1 failure.',
    )
    at.manual.advance(1_999)
    expect(text(at)).toContain('Traffic is back in full in 1 ms.')
    at.manual.advance(1)
    expect(text(at)).toContain('. Calls pass. ')
    expect(tell(at)).toMatchObject({ nextTrialAt: undefined, openedAt: undefined })
  })
})

describe('a held circuit', () => {
  it('says by whom, why and until when', () => {
    const at = world()
    at.circuit.command(forceCommand(hold('open', 61_000, 'ann', 'a move')), at.clock)
    at.manual.advance(500)
    expect(text(at)).toBe(
      `Circuit "db" has been held open for 500 ms by ann, who says "a move". This ends in 59.5 s. ${LAST}`,
    )
    expect(tell(at)).toMatchObject({
      state: 'open',
      reason: 'a move',
      nextTrialAt: undefined,
      openedAt: new Date(500_000),
      forced: { state: 'open', until: new Date(560_000), by: 'ann', reason: 'a move' },
    })
  })

  it('without end, name and reason says so', () => {
    const at = world()
    at.circuit.command(forceCommand(hold('closed', Number.POSITIVE_INFINITY)), at.clock)
    expect(text(at)).toBe(`Circuit "db" has been held closed for 0 ms. This ends when somebody releases it. ${LAST}`)
    expect(tell(at)).toMatchObject({
      state: 'closed',
      forced: { state: 'closed', until: undefined, by: undefined, reason: undefined },
    })
  })
})
