// What an act would do, said before it is done: how many processes, how many calls a second, until when, and what
// happens then. What nobody reported is left out of the sentence.

import type { WireAction } from '../wire.ts'
import { leftOf } from './circuit.ts'
import { demandOf, isBad, shareOf } from './counts.ts'
import { counted, countdown, endOf, length, rate, timeOfDay } from './format.ts'
import type { View } from './view.ts'

/** What the dialogs know besides the circuit. */
export interface Setting {
  readonly processes: number | null
  readonly now: number
  readonly wallNow: number
}

export interface Words {
  readonly title: string
  readonly text: string
  /** Verb and object. */
  readonly go: string
  /** Calls will be rejected, or sent where they fail. */
  readonly danger: boolean
  readonly caution: string | undefined
  /** What is true afterwards. */
  readonly done: string
}

export type Hold = 'open' | 'closed'

export function plainWords(action: Exclude<WireAction, 'force' | 'update'>, view: View, setting: Setting): Words {
  if (action === 'open') return openWords(view, setting)
  if (action === 'close') return closeWords(view, setting)
  return action === 'release' ? releaseWords(view, setting) : halfOpenWords(view, setting)
}

function openWords(view: View, setting: Setting): Words {
  const { name, seen } = view
  const { state, thresholds } = seen.wire
  const reset = thresholds.resetTimeout === null ? undefined : length(thresholds.resetTimeout)
  if (state === 'open') {
    const left = leftOf(seen, setting.now)
    const instead = left === null ? '' : ` instead of ${countdown(left)}`
    const text = `It stays open; the next trial goes out ${reset === undefined ? 'a whole open time from now' : `in ${reset}${instead}`}.`
    return words(`Open ${name}?`, text, 'Start the time anew', `${name} is open, its time started anew`)
  }
  const trial = reset === undefined ? 'A trial goes out when its time is up.' : `A trial goes out after ${reset}.`
  const text = `${everyProcess(setting)} to ${name}${demand(view, ', about ', ' a second')}. ${trial}`
  return { ...words(`Open ${name}?`, text, `Open ${name}`, `${name} is open`), danger: true }
}

function halfOpenWords(view: View, _setting: Setting): Words {
  const { name, seen } = view
  const { state, thresholds } = seen.wire
  if (state === 'closed') {
    const text = `One call at a time goes out, over the whole fleet; the rest${demand(view, ', about ', ' a second')}, is rejected until it succeeds.`
    const asked = words(
      `Let ${name} prove itself?`,
      text.replace('rest, is', 'rest is'),
      'Make it half-open',
      `${name} is half-open`,
    )
    return { ...asked, danger: true }
  }
  const again = thresholds.resetTimeout === null ? 'again' : `again for ${length(thresholds.resetTimeout)}`
  const text = `One call goes out, over the whole fleet. If it succeeds ${closesAfter(view)}; if it fails the circuit is open ${again}.`
  return words(`Try ${name} now?`, text, 'Let one call through', `${name} is half-open: its next call is a trial`)
}

function closesAfter({ seen: { wire } }: View): string {
  const needed = wire.thresholds.successThreshold
  return needed === null || needed === 1 ? 'the circuit closes' : `it counts as one of the ${needed} that close it`
}

function closeWords(view: View, setting: Setting): Words {
  const { name, seen, trouble } = view
  const { state, policy } = seen.wire
  if (state === 'closed') {
    return words(
      `Close ${name}?`,
      'It stays closed and its counts start at zero.',
      `Close ${name}`,
      `${name} is closed, its counts are zero`,
    )
  }
  const opens = policy === null ? '' : `; it opens again at ${policy}`
  const text = `${all(setting)} call ${name} again at once${demand(view, ', about ', ' calls a second')}. Counts start at zero${opens}.`
  const failed = (trouble?.failed ?? 0) > 0
  const caution = state === 'open' && failed ? 'Its last trial failed. Half-open would try one call first.' : undefined
  return { ...words(`Close ${name}?`, text, `Close ${name}`, `${name} is closed`), danger: true, caution }
}

function releaseWords(view: View, setting: Setting): Words {
  const { name, seen, minute } = view
  const { forced } = seen.wire
  const left = leftOf(seen, setting.now)
  const instead = left === null ? '' : `, not at ${timeOfDay(endOf(setting.wallNow + left), false)}`
  const by = forced?.by ?? undefined
  const text = `The hold${by === undefined ? '' : ` by ${by}`} ends now${instead}. The circuit decides by itself again.`
  const failing = forced?.state === 'closed' && minute !== null && isBad(minute)
  const caution = failing ? `${shareOf(minute)} of its calls fail: it may open.` : undefined
  return { ...words(`Release ${name}?`, text, `Release ${name}`, `${name} is released and decides by itself`), caution }
}

/** `held`: ms. */
export function forceWords(view: View, hold: Hold, held: number, setting: Setting): Words {
  const { name, seen } = view
  const until = timeOfDay(setting.wallNow + held, false)
  const day = held >= 86_400_000 ? ` in ${length(held)}` : ''
  const text =
    hold === 'open'
      ? `${everyProcess(setting, 'every call')} to ${name}${demand(view, ', about ', ' a second')}, until ${until}${day}. No trial goes out. Then the circuit decides by itself again.`
      : `${all(setting)} call ${name} until ${until}${day}${demand(view, ', about ', ' calls a second')}, whatever fails. Then the circuit decides by itself again.`
  const failing = hold === 'closed' && (seen.wire.state !== 'closed' || (view.minute !== null && isBad(view.minute)))
  return {
    title: `Force ${name}`,
    text,
    go: `Force ${hold} for ${length(held)}`,
    danger: true,
    caution: failing ? `${name} is failing now. Callers will wait for it and get its errors.` : undefined,
    done: `${name} is held ${hold} until ${until}`,
  }
}

/** `payments is held open until 03:06, in 24 processes.` */
export function doneWords(done: string, processes: number | null): string {
  return processes === null || processes === 0 ? `${done}.` : `${done}, in ${counted(processes, 'process')}.`
}

function words(title: string, text: string, go: string, done: string): Words {
  return { title, text, go, done, danger: false, caution: undefined }
}

function all({ processes }: Setting): string {
  if (processes === null || processes === 0) return 'All processes'
  return processes === 1 ? 'The one process there is will' : `All ${processes} processes`
}

function everyProcess(setting: Setting, what = 'their calls'): string {
  return setting.processes === 1 ? `The one process there is rejects ${what}` : `${all(setting)} reject ${what}`
}

function demand({ seen }: View, before: string, after: string): string {
  const perSecond = demandOf(seen.steps)
  return perSecond === null || perSecond === 0 ? '' : `${before}${rate(perSecond)}${after}`
}
