// A circuit's state as a pill, and what it waits for in words. The ring is a countdown: one attribute a second.

import { type Seen, isSick, kindOf, leftOf, ringOf } from './circuit.ts'
import { find, put, set } from './dom.ts'
import { countdown, stateWord, timeOfDay } from './format.ts'

/** `ring`: how much of it stands, 0 to 100; null: it has none. */
export function paintPill(pill: HTMLElement, { wire }: Seen, ring: number | null): void {
  const kind = kindOf(wire)
  pill.dataset['s'] = kind
  pill.dataset['far'] = ring === null && kind !== 'closed' ? 'yes' : 'no'
  put(find('.pill-w', pill), wire.forced === null ? stateWord(wire.state) : `Forced ${wire.forced.state}`)
  set(find('use', pill), 'href', `#i-${kind === 'forced' ? 'forced' : wire.state}`)
  const arc = pill.querySelector('.arc')
  if (arc !== null) paintArc(arc, ring)
}

export function paintArc(arc: Element, ring: number | null): void {
  if (ring !== null) set(arc, 'stroke-dashoffset', (100 - ring).toFixed(1))
}

/** How the page looks at countdowns now. */
export interface Manner {
  readonly now: number
  /** Storage is down: nothing is known since (epoch ms); undefined: it is up. */
  readonly asOf: number | undefined
  /** The connection is lost: what is left is a guess. */
  readonly lost: boolean
}

/** The second line under a pill. */
export function dueWords(seen: Seen, { now, asOf, lost }: Manner): string {
  const { wire } = seen
  if (!isSick(wire)) return ''
  if (wire.forced === null && asOf !== undefined) return `as of ${timeOfDay(asOf)}`
  const left = leftOf(seen, now)
  if (wire.forced !== null) return left === null ? 'until released' : `${countdown(left)} left`
  if (left === null) return wire.state === 'open' ? 'until closed by hand' : 'next call is a trial'
  if (left === 0) return wire.state === 'open' ? 'next call is a trial' : 'answer is overdue'
  const time = `${lost ? '~' : ''}${countdown(left)}`
  return wire.state === 'open' ? `trial in ${time}` : `answer due in ${time}`
}

/** The ring under the same manner: what is not known has none. */
export function ringFor(seen: Seen, { now, asOf }: Manner): number | null {
  return seen.wire.forced === null && asOf !== undefined ? null : ringOf(seen, now)
}
