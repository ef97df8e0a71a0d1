/**
 * What a round must have shown. Only order and counts are judged, never milliseconds: a busy machine changes those.
 * What reached payments is what payments itself has counted.
 */
import { failMax } from './charge.ts'
import { count, duration } from './figures.ts'
import type { Ledger } from './ledger.ts'

export interface Expectation {
  readonly text: string
  readonly met: boolean
  /** what was seen */
  readonly seen: string
}

/** With the breaker at most this share of what went wrong without it. */
const share = 1 / 4

export function expectations(ledger: Ledger): readonly Expectation[] {
  const [healthy, ...others] = ledger.acts.map((act) => act.name)
  const recovery = others.pop()
  const { transitions, guarded, bare } = ledger
  const last = transitions.at(-1)
  const seen = ledger.payments['guarded']
  const reached = seen?.whileSick ?? Infinity
  const reachedBare = ledger.payments['bare']?.whileSick ?? 0
  const wasted = guarded.during().wasted
  const wastedBare = bare.during().wasted
  const sick = transitions.filter((change) => others.includes(change.act))
  const trips = transitions.filter((change) => change.from === 'closed' && change.to === 'open')
  const opened = sick.find((change) => change.to === 'open')
  const closedEarly = sick.filter((change) => change.to === 'closed').length
  const wellDays = guarded.during(healthy ?? '')
  const odd = [...guarded.odd, ...bare.odd].map(([what, times]) => `${what} (${times})`)
  return [
    {
      // A machine that stands still for a second makes calls time out: then the circuit opens with good reason.
      text: 'nobody was turned away without cause while payments was healthy',
      met: wellDays.failedFast === 0 || wellDays.failedSlow >= failMax,
      seen: `${count(wellDays.failedFast)} turned away, ${count(wellDays.failedSlow)} waited in vain`,
    },
    {
      text: `the circuit opened at failure ${failMax} in a row`,
      met: opened !== undefined && trips.length > 0 && trips.every((change) => change.failCounter === failMax),
      seen: opened ? `it opened at failure ${trips.map((change) => change.failCounter).join(', ')}` : 'it never opened',
    },
    {
      text: 'payments was tried again, with one trial at a time',
      met: seen !== undefined && seen.trials >= 1 && seen.trialsAtOnce === 1,
      seen: `${seen?.trials ?? 0} trials, at most ${seen?.trialsAtOnce ?? 0} at once`,
    },
    {
      text: 'the circuit stayed shut off until payments was well again',
      met: opened !== undefined && closedEarly === 0,
      seen: opened ? `closed too early ${closedEarly} times` : 'it never opened',
    },
    {
      text: 'sick payments got much less to do from the guarded shop',
      met: reached < reachedBare * share,
      seen: `${count(reached)} calls, without a breaker ${count(reachedBare)}`,
    },
    {
      text: 'customers of the guarded shop lost much less time',
      met: wasted < wastedBare * share,
      seen: `${duration(wasted)}, without a breaker ${duration(wastedBare)}`,
    },
    {
      text: 'the circuit closed again by itself, and the shop sold',
      met: last?.to === 'closed' && last.act === recovery && guarded.during(recovery ?? '').served > 0,
      seen: last ? `last ${last.from} → ${last.to}, act '${last.act}'` : 'nothing changed',
    },
    {
      text: 'every order got an answer that was foreseen',
      met: odd.length === 0,
      seen: odd.length === 0 ? 'no other error' : odd.slice(0, 5).join(', '),
    },
  ]
}
