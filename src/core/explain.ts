// A circuit in words: what it is doing, why, until when, and by which rule. Good enough to paste into an incident
// channel, so it says no more of an error than its code or its message without addresses' queries.

import type { Circuit } from './circuit.ts'
import type { FullClock } from './clock.ts'
import { describeCount, describeDuration } from './describe.ts'
import type { Rules } from './options.ts'
import type { CircuitState, Snapshot } from './snapshot.ts'

/** A state held by a person. */
export interface Forced {
  readonly state: 'open' | 'closed'
  /** `undefined`: until somebody releases it. */
  readonly until: Date | undefined
  readonly by: string | undefined
  readonly reason: string | undefined
}

/** Why a circuit is in the state it is in. */
export interface Explanation {
  readonly state: CircuitState
  /** Whether this process decided alone, or the fleet did. */
  readonly scope: 'local' | 'fleet'
  /** What brought it here, in words. */
  readonly reason: string
  /**
   * `failures` in a row, `trialSuccesses`, and with a rate policy `windowCalls`, `windowFailures`, `windowSlow`: all of
   * this process. With shared storage `fleetFailures`, `fleetCalls`, `fleetSlow` too: what the fleet had counted when
   * storage last said.
   */
  readonly counts: Readonly<Record<string, number>>
  /** The trip policy in words. */
  readonly policy: string
  readonly openedAt: Date | undefined
  /** When the next trial may go; `undefined` where any call may, or only a person can decide. */
  readonly nextTrialAt: Date | undefined
  readonly forced: Forced | undefined
  /** All of it as one paragraph. */
  readonly text: string
}

/** What there is to explain: the snapshot that counts, whose it is, and the counts behind it. */
export interface Matter {
  readonly name: string
  readonly snapshot: Snapshot
  readonly scope: 'local' | 'fleet'
  readonly counts: Readonly<Record<string, number>>
}

export function explain({ name, snapshot, scope, counts }: Matter, rules: Rules, clock: FullClock): Explanation {
  const now = clock.now()
  const wall = clock.wallNow()
  const toDate = (at: number): Date | undefined => (Number.isFinite(at) ? new Date(wall + at - now) : undefined)
  const trialAt = nextTrial(snapshot, rules.trials, now)
  const forced = snapshot.forced && { ...snapshot.forced, until: toDate(snapshot.forced.until) }
  const reason = snapshot.why ?? (snapshot.state === 'closed' ? 'nothing happened to it yet' : 'somebody asked for it')
  const story = [
    `Circuit "${name}" ${stateInWords(snapshot, now)}${becauseInWords(snapshot)}.`,
    nextInWords(snapshot, trialAt, now),
    countsInWords(counts, snapshot),
    `It opens at ${rules.trip.text}.`,
    overridesInWords(rules),
  ]
  const text = story.filter((sentence) => sentence !== '').join(' ')
  const openedAt = snapshot.openedAt === undefined ? undefined : new Date(snapshot.openedAt)
  const nextTrialAt = trialAt === undefined ? undefined : toDate(trialAt)
  return Object.freeze({
    state: snapshot.state,
    scope,
    reason,
    counts: Object.freeze(counts),
    policy: rules.trip.text,
    openedAt,
    nextTrialAt,
    forced,
    text,
  })
}

/** What a process's own circuit has counted. */
export function ownCounts(circuit: Circuit, rules: Rules, now: number): Record<string, number> {
  const counts: Record<string, number> = { failures: circuit.failures }
  for (const part of rules.parts) {
    const sums = circuit.sums(part, now)
    if (sums === undefined) continue
    counts['windowCalls'] = sums.ok + sums.bad
    counts['windowFailures'] = sums.bad
    counts['windowSlow'] = sums.slow
  }
  return counts
}

function nextTrial({ state, forced, until, leases }: Snapshot, trials: number, now: number): number | undefined {
  if (forced !== undefined || state === 'closed') return undefined
  if (state === 'open') return until
  const held = leases.filter((lease) => now < lease.until)
  return held.length < trials ? undefined : Math.min(...held.map((lease) => lease.until))
}

function stateInWords({ state, forced, since }: Snapshot, now: number): string {
  const word = forced === undefined ? state : `held ${forced.state}`
  return Number.isFinite(since) ? `has been ${word} for ${describeDuration(now - since)}` : `is ${word}`
}

function becauseInWords({ why, by, forced }: Snapshot): string {
  const who = by === undefined ? '' : ` by ${by}`
  if (why === undefined) return who
  return forced === undefined ? `${who}: ${why}` : `${who}, who says "${why}"`
}

function nextInWords({ state, forced, rampUp, since }: Snapshot, trialAt: number | undefined, now: number): string {
  if (forced !== undefined)
    return `This ends ${forced.until === Number.POSITIVE_INFINITY ? 'when somebody releases it' : `in ${describeDuration(forced.until - now)}`}.`
  if (state === 'closed')
    return now < since + rampUp
      ? `Traffic is back in full in ${describeDuration(since + rampUp - now)}.`
      : 'Calls pass.'
  if (state === 'half-open')
    return trialAt === undefined
      ? 'The next call is a trial.'
      : `A trial call is in flight; its answer is due in ${describeDuration(trialAt - now)}.`
  if (trialAt === undefined || trialAt === Number.POSITIVE_INFINITY)
    return 'Calls are rejected until somebody closes it.'
  return trialAt <= now
    ? 'The next call is a trial.'
    : `Calls are rejected; the next trial may go in ${describeDuration(trialAt - now)}.`
}

function overridesInWords({ overrides }: Rules): string {
  if (overrides === undefined) return ''
  const { failMax, resetTimeout, successThreshold } = overrides
  const set = [
    ...(failMax === undefined ? [] : [`failMax ${failMax}`]),
    ...(resetTimeout === undefined ? [] : [`resetTimeout ${describeDuration(resetTimeout)}`]),
    ...(successThreshold === undefined ? [] : [`successThreshold ${successThreshold}`]),
  ]
  return `Somebody has set ${set.join(', ')} for all who share it.`
}

function countsInWords(counts: Readonly<Record<string, number>>, { state }: Snapshot): string {
  const { failures = 0, windowCalls, windowFailures, windowSlow } = counts
  if (state !== 'closed') return ''
  const row = failures === 0 ? '' : `The last ${failures === 1 ? 'call' : describeCount(failures, 'call')} failed.`
  if (windowCalls === undefined || windowCalls === 0) return row
  const slow = windowSlow === 0 ? '' : `, ${windowSlow} slow`
  return `${row} Of ${describeCount(windowCalls, 'call')} lately, ${windowFailures} failed${slow}.`.trim()
}
