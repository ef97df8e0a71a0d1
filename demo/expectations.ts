/**
 * What a round must have shown. Only order and counts are judged, never milliseconds: a busy machine changes those.
 * What reached payments is what payments itself has counted.
 */
import { isTrip, makerOf, spreadOf } from './changes.ts'
import { count, duration } from './figures.ts'
import type { Ledger } from './ledger.ts'
import { failMax } from './script.ts'
import { shopNames } from './stage.ts'

export interface Expectation {
  readonly text: string
  readonly met: boolean
  /** what was seen */
  readonly seen: string
}

/** With the breaker at most this share of what went wrong without it. */
const share = 1 / 4

export function expectations(ledger: Ledger): readonly Expectation[] {
  return [...ofTheCircuit(ledger), ...ofTheCustomers(ledger)]
}

function ofTheCircuit(ledger: Ledger): readonly Expectation[] {
  const { changes, transitions, payments, aloneTimes } = ledger
  const { sick, recovery } = partsOf(ledger)
  const trips = changes.filter(isTrip)
  const [trip] = trips
  const failures = trips.map(({ told }) => told.reduce((total, { failCounter }) => total + failCounter, 0))
  const stopped = trips.map(({ told }) => told.length)
  const { trials, trialsAtOnce } = payments['guarded'] ?? { trials: 0, trialsAtOnce: 0 }
  const closedEarly = transitions.filter(({ to, act }) => to === 'closed' && sick.includes(act)).length
  const last = shopNames.map((name) => transitions.findLast(({ shop }) => shop === name))
  const resumed = last.filter((told) => told?.to === 'closed' && told.act === recovery).length
  const never = 'it never opened'
  return [
    {
      text: `the circuit opened after ${failMax} failures in a row, all shops' counted together`,
      met: trip !== undefined && failures.every((sum) => sum >= failMax),
      seen: trip === undefined ? never : `their failures at that time: ${failures.join(', ')}`,
    },
    {
      text: 'when one shop tripped, all three stopped',
      met: trip !== undefined && stopped.every((shops) => shops === shopNames.length),
      seen:
        trip === undefined
          ? never
          : `${makerOf(trip).shop} tripped; ${stopped[0]} stopped, the last ${duration(spreadOf(trip))} after the first`,
    },
    {
      // A shop that cannot reach the others goes on alone, and tries alone.
      text: 'payments was tried again, with one trial at a time in the fleet',
      met: trials >= 1 && (trialsAtOnce === 1 || (aloneTimes > 0 && trialsAtOnce <= shopNames.length)),
      seen: `${trials} trials, at most ${trialsAtOnce} at once${aloneTimes > 0 ? `, alone ${aloneTimes} times` : ''}`,
    },
    {
      text: 'all three stayed away until payments was well again',
      met: trip !== undefined && closedEarly === 0,
      seen: trip === undefined ? never : `closed too early ${closedEarly} times`,
    },
    {
      text: 'the circuit closed again by itself, and all three resumed',
      met: resumed === shopNames.length && ledger.guarded.during(recovery).served > 0,
      seen: `${resumed} closed, ${count(ledger.guarded.during(recovery).served)} sold in the last act`,
    },
  ]
}

function ofTheCustomers(ledger: Ledger): readonly Expectation[] {
  const { guarded, bare, payments } = ledger
  const { healthy } = partsOf(ledger)
  const reached = payments['guarded']?.whileSick ?? Infinity
  const reachedBare = payments['bare']?.whileSick ?? 0
  const wasted = guarded.during().wasted
  const wastedBare = bare.during().wasted
  const wellDays = guarded.during(healthy)
  const odd = [...guarded.odd, ...bare.odd].map(([what, times]) => `${what} (${times})`)
  return [
    {
      // A machine that stands still for a second makes calls time out: then the circuit opens with good reason.
      text: 'nobody was turned away without cause while payments was healthy',
      met: wellDays.failedFast === 0 || wellDays.failedSlow >= failMax,
      seen: `${count(wellDays.failedFast)} turned away, ${count(wellDays.failedSlow)} waited in vain`,
    },
    {
      text: 'sick payments got much less to do from the guarded shops',
      met: reached < reachedBare * share,
      seen: `${count(reached)} calls, without a breaker ${count(reachedBare)}`,
    },
    {
      text: 'customers of the guarded shops lost much less time',
      met: wasted < wastedBare * share,
      seen: `${duration(wasted)}, without a breaker ${duration(wastedBare)}`,
    },
    {
      text: 'every order got an answer that was foreseen',
      met: odd.length === 0,
      seen: odd.length === 0 ? 'no other error' : odd.slice(0, 5).join(', '),
    },
  ]
}

/** The names of the acts: the first, those in which payments is sick, the last. */
function partsOf(ledger: Ledger): {
  readonly healthy: string
  readonly sick: readonly string[]
  readonly recovery: string
} {
  const [healthy = '', ...others] = ledger.acts.map((act) => act.name)
  return { healthy, sick: others.slice(0, -1), recovery: others.at(-1) ?? '' }
}
