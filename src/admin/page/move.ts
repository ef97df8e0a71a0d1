// One line about a transition: when, what, why and who. A line that stands for several failed trials says how many.

import { copy, find, icon, make, put, set } from './dom.ts'
import type { Line } from './fold.ts'
import { afterTrial, counted, endOf, moment, sentence, timeOfDay, utc } from './format.ts'
import type { Moved } from './log.ts'
import { markOf } from './plot.ts'

const verbs = { open: 'opened', 'half-open': 'half-open', closed: 'closed' } as const

/** `number` is that of its flag in the plot; `wallNow` tells today from yesterday. */
export function moveLine({ moved, trials, first }: Line, wallNow: number, number?: number): HTMLLIElement {
  const { wire } = moved
  const node = copy<HTMLLIElement>('#t-move')
  const time = find<HTMLTimeElement>('time', node)
  time.dateTime = new Date(wire.at).toISOString()
  time.title = utc(wire.at)
  put(time, moment(wire.at, wallNow))
  const mark = markOf(wire)
  const dot = make('span', { class: 'm-dot', 'data-s': mark })
  dot.append(number === undefined ? icon(mark === 'update' ? 'person' : mark) : String(number))
  find('.m-mark', node).append(dot)
  put(find('.m-name', node), wire.circuit)
  put(find('.m-change', node), trials === 0 ? changeWords(wire) : `stays open, ${counted(trials, 'trial')} failed`)
  put(
    find('.m-why', node),
    trials > 1 ? `Last: ${afterTrial(why(wire))} First at ${timeOfDay(first.wire.at)}.` : why(wire),
  )
  const who = find('.m-who', node)
  who.dataset['person'] = wire.by === null ? 'no' : 'yes'
  set(find('use', who), 'href', `#i-${wire.by === null ? wire.scope : 'person'}`)
  put(find('span', who), wire.by ?? (wire.scope === 'local' ? (wire.process ?? 'local') : 'fleet'))
  return node
}

function changeWords({ kind, from, to, change, for: held, at }: Moved['wire']): string {
  if (kind === 'updated') return change ?? 'thresholds changed'
  if (kind === 'released') return `released, now ${to}`
  if (kind === 'forced') {
    const until = held === null ? 'until released' : `until ${moment(endOf(at + held), at, false)}`
    return `forced ${to} ${until}`
  }
  if (from !== to) return verbs[to]
  return to === 'closed' ? 'counts set to zero' : to === 'open' ? 'opened anew' : 'half-open anew'
}

function why({ by, why: words }: Moved['wire']): string {
  if (words === null) return ''
  return by === null ? sentence(words) : `“${words}”`
}
