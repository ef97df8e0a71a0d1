// The detail's two small tables, Counts and Thresholds, and the gauge of how near the circuit is to its next change.

import { counted, failedShare, grouped, length, moment } from './format.ts'
import { SPAN_MS, shareOf } from './counts.ts'
import { failuresToOpen } from './circuit.ts'
import { draw, find, make, put } from './dom.ts'
import { edgeOf } from './bands.ts'
import type { View } from './view.ts'

type Fact = readonly [name: string, ...value: (string | Node)[]]

/** `down`: storage does not answer, so there is no last minute. */
export function paintCounts(view: View, down: boolean, wallNow: number): void {
  const { seen, minute, trouble, kind } = view
  const known = down ? null : minute
  const facts: Fact[] = [
    ['Calls, last minute', known === null ? '–' : grouped(known.calls)],
    ['Failed', known === null ? '–' : shareOf(known)],
    rejectedFact(view, wallNow),
  ]
  if (kind === 'forced') facts.push(['Trials', 'none while held'])
  else if (trouble !== undefined) facts.push(['Trials, failed', `${trouble.failed} of ${trouble.trials}`])
  facts.push(['Late, not counted', seen.wire.late === null ? '–' : grouped(seen.wire.late)])
  facts.push(['Processes', seen.wire.processes === null ? '–' : grouped(seen.wire.processes)])
  fill(find('#d-counts'), facts)
  paintGauge(find('#d-gauge'), view)
}

function rejectedFact({ seen, trouble, all }: View, wallNow: number): Fact {
  const whole = trouble?.when !== undefined && edgeOf(seen) - trouble.when < SPAN_MS && trouble.at !== undefined
  const since = whole && trouble.at !== undefined ? `since ${moment(trouble.at, wallNow, false)}` : 'in 5 minutes'
  return [`Rejected ${since}`, all === null ? '–' : grouped(all.rejected)]
}

export function paintThresholds({ seen: { wire } }: View, wallNow: number): void {
  const { thresholds, overrides, policy } = wire
  const { failMax, resetTimeout, successThreshold, trials, inCode } = thresholds
  const opens = failMax === null ? (policy ?? '–') : `${counted(failMax, 'failure')}${failMax === 1 ? '' : ' in a row'}`
  fill(find('#d-policy'), [
    ['Opens at', ...was(overrides?.failMax, inCode.failMax, String), opens],
    [
      'Stays open',
      ...was(overrides?.resetTimeout, inCode.resetTimeout, length),
      resetTimeout === null ? '–' : length(resetTimeout),
    ],
    [
      'Closes after',
      ...was(overrides?.successThreshold, inCode.successThreshold, String),
      successThreshold === null ? '–' : counted(successThreshold, 'good trial'),
    ],
    ['Trials at once', trials === null ? '–' : String(trials)],
  ])
  const changed = find('#d-changed')
  changed.hidden = overrides === null
  if (overrides === null) return
  const names = (['failMax', 'resetTimeout', 'successThreshold'] as const).filter(
    (name) => overrides[name] !== undefined,
  )
  const when = overrides.at === null ? '' : ` at ${moment(overrides.at, wallNow, false)}`
  put(changed, `${names.join(', ')} changed by ${overrides.by ?? 'somebody'}${when}, until undone`)
}

function was(now: number | undefined, before: number | null, say: (n: number) => string): Node[] {
  return now === undefined || before === null ? [] : [make('span', { class: 'was' }, say(before))]
}

function fill(list: HTMLElement, facts: readonly Fact[]): void {
  list.replaceChildren(
    ...facts.map(([name, ...value]) => make('div', {}, make('dt', {}, name), make('dd', {}, ...value))),
  )
}

function paintGauge(gauge: HTMLElement, view: View): void {
  const { seen, kind } = view
  const { counts, thresholds } = seen.wire
  const failMax = failuresToOpen(seen.wire)
  gauge.replaceChildren()
  if (kind === 'forced') return
  const good = counts['trialSuccesses'] ?? 0
  const { successThreshold } = thresholds
  if (kind === 'half-open' && successThreshold !== null) {
    gauge.append(`${good} of ${successThreshold} good trials`, boxes(good, successThreshold, 'on good'))
  } else if (failMax !== null) {
    const failures = Math.min(failMax, Math.max(counts['failures'] ?? 0, counts['fleetFailures'] ?? 0))
    const row = kind === 'open' && failures === 0 ? failMax : failures
    gauge.append(`${row} of ${failMax} failures in a row`, boxes(row, failMax, 'on'))
  } else {
    const calls = counts['fleetCalls'] ?? counts['windowCalls']
    const failures = counts['fleetFailures'] ?? counts['windowFailures']
    if (calls === undefined || failures === undefined || calls === 0) return
    const limit = /^([\d.]+) % failed/.exec(seen.wire.policy ?? '')?.[1]
    const words = `${failedShare(failures, calls)} failed${limit === undefined ? '' : `, opens at ${limit} %`}`
    gauge.append(words, share(failures / calls, limit === undefined ? undefined : Number(limit)))
  }
}

const flat = { preserveAspectRatio: 'none', 'aria-hidden': 'true' }

function boxes(on: number, all: number, marked: string): SVGElement {
  const most = Math.min(all, 50)
  const svg = draw('svg', { ...flat, viewBox: `0 0 ${most * 20} 8` })
  for (let i = 0; i < most; i++) {
    const filled = i < Math.round((on / all) * most)
    const box = { x: i * 20 + 0.5, y: 0.5, width: 18, height: 7, 'vector-effect': 'non-scaling-stroke' }
    svg.append(draw('rect', { ...box, class: filled ? marked : 'off' }))
  }
  return svg
}

function share(of: number, limit: number | undefined): SVGElement {
  const svg = draw('svg', { ...flat, viewBox: '0 0 100 8' })
  const off = { x: 0.5, y: 0.5, width: 99, height: 7, class: 'off', 'vector-effect': 'non-scaling-stroke' }
  svg.append(draw('rect', off), draw('rect', { x: 0, y: 0, width: Math.round(of * 100), height: 8, class: 'on' }))
  if (limit !== undefined) svg.append(draw('rect', { x: limit - 0.4, y: 0, width: 0.8, height: 8, class: 'limit' }))
  return svg
}
