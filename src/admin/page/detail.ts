// The panel about one circuit: state and countdown, the explanation, what can be done, the plot, the numbers and every
// transition. Beside the list where there is room, else over it.

import { bandsOf, edgeOf, wordAt } from './bands.ts'
import { leftOf, type Seen } from './circuit.ts'
import { STEP_MS, STEPS, stepAt } from './counts.ts'
import { copy, draw, find, isWide, make, put } from './dom.ts'
import { paintActions } from './actions.ts'
import { paintCounts, paintThresholds } from './facts.ts'
import { counted, countdown, endOf, moment, sentence, timeOfDay, utc } from './format.ts'
import { moveLine } from './move.ts'
import { type Manner, paintArc, paintPill, ringFor } from './pill.ts'
import { Plot, flagged } from './plot.ts'
import { scopeTag } from './row.ts'
import type { Store } from './store.ts'
import type { View } from './view.ts'

export class Detail {
  readonly #store: Store
  readonly #panel = find('#detail')
  readonly #table = find<HTMLDetailsElement>('.as-table')
  readonly #plot: Plot
  #painted: View | undefined
  #history = ''
  #manner: Manner = { now: 0, asOf: undefined, lost: false }

  constructor(store: Store) {
    this.#store = store
    this.#plot = new Plot((moment) => store.clock.wallAt(moment) ?? 0)
    this.#table.addEventListener('toggle', () => this.#paintTable())
    let resized: ReturnType<typeof setTimeout> | undefined
    addEventListener('resize', () => {
      clearTimeout(resized)
      resized = setTimeout(() => this.#paintPlot(), 100)
    })
  }

  /** Whether it stands open over the list. */
  get isOver(): boolean {
    return !isWide() && this.#panel.classList.contains('shown')
  }

  paint(view: View | undefined, manner: Manner): void {
    find('.board').classList.toggle('solo', view === undefined)
    const changed = this.#painted !== view || this.#manner.asOf !== manner.asOf
    this.#manner = manner
    const other = this.#painted?.name !== view?.name
    this.#painted = view
    if (view === undefined) {
      this.#panel.classList.remove('shown')
      return
    }
    paintActions(view, this.#store)
    put(find('#d-explain'), this.#explanation(view))
    if (other) this.#panel.scrollTop = 0
    if (!changed) return
    put(find('#d-name'), view.name)
    this.#paintTags(view)
    this.#paintHold(view)
    this.#paintClock(view, other)
    const wallNow = this.#store.clock.wallNow()
    paintCounts(view, manner.asOf !== undefined, wallNow)
    paintThresholds(view, wallNow)
    this.#paintPlot()
    this.#paintTable()
    this.#paintHistory(view, wallNow)
  }

  /** Once a second. */
  tick(manner: Manner): void {
    this.#manner = manner
    if (this.#painted !== undefined) this.#tickClock(this.#painted.seen)
  }

  show(): void {
    this.#panel.classList.add('shown')
  }

  focus(): void {
    this.#panel.focus()
  }

  hide(): void {
    this.#panel.classList.remove('shown')
  }

  #explanation({ seen: { wire }, all }: View): string {
    const { asOf } = this.#manner
    const own = wire.text ?? ''
    const text = own === '' ? plain(wire.state, all?.failed ?? 0, wire.policy, wire.reason) : sentence(own)
    return asOf === undefined ? text : `As of ${timeOfDay(asOf)}: ${text}`
  }

  #paintTags({ seen, kind, trouble }: View): void {
    const pill = copy('#t-row').querySelector<HTMLElement>('.pill')
    if (pill === null) return
    pill.querySelector('.ring')?.remove()
    paintPill(pill, seen, null)
    const tags: Node[] = [pill, scopeTag(seen.wire)]
    if (kind !== 'closed' && trouble?.at !== undefined) {
      const since = make('span', { class: 'num', title: utc(trouble.at) })
      put(since, `since ${moment(trouble.at, this.#store.clock.wallNow())}`)
      tags.push(since)
    }
    find('#d-tags').replaceChildren(...tags)
  }

  #paintHold({ seen, trouble }: View): void {
    const note = find('#d-forced')
    const { forced } = seen.wire
    note.hidden = forced === null
    if (forced === null) return
    const wallNow = this.#store.clock.wallNow()
    const ends = forced.left === null ? undefined : endOf(this.#store.clock.wallAt(seen.got + forced.left) ?? 0)
    const at = trouble?.at === undefined ? '' : ` at ${moment(trouble.at, wallNow, false)}`
    const until = make('b', { class: 'num', ...(ends === undefined ? {} : { title: utc(ends) }) })
    until.append(ends === undefined ? 'somebody releases it' : moment(ends, wallNow, false))
    const words: (Node | string)[] = [
      make('b', {}, forced.by ?? 'Somebody'),
      ` forced it ${forced.state}${at}, until `,
      until,
    ]
    if (forced.reason !== null) words.push(': ', make('q', {}, forced.reason))
    find('p', note).replaceChildren(...words)
  }

  #paintClock({ seen, kind }: View, other: boolean): void {
    const box = find('#d-clock')
    if (leftOf(seen, this.#manner.now) === null) {
      box.replaceChildren()
      return
    }
    if (other || box.dataset['s'] !== kind || box.firstElementChild === null) {
      const ring = draw('svg', { class: 'ring', viewBox: '0 0 44 44', 'aria-hidden': 'true' })
      ring.append(draw('circle', { class: 'track', cx: 22, cy: 22, r: 19 }))
      ring.append(draw('circle', { class: 'arc', cx: 22, cy: 22, r: 19, pathLength: 100 }))
      const word = kind === 'forced' ? 'hold ends in' : kind === 'open' ? 'next trial in' : 'answer due in'
      box.replaceChildren(make('div', {}, word, make('b', { class: 'num' })), ring)
    }
    box.dataset['s'] = kind
    this.#tickClock(seen)
  }

  #tickClock(seen: Seen): void {
    const box = find('#d-clock')
    const node = box.querySelector('b')
    const left = leftOf(seen, this.#manner.now)
    if (node === null || left === null) return
    const hidden = this.#manner.asOf !== undefined && seen.wire.forced === null
    box.hidden = hidden
    put(node, `${this.#manner.lost ? '~' : ''}${countdown(left)}`)
    const arc = box.querySelector('.arc')
    if (arc !== null) paintArc(arc, ringFor(seen, this.#manner) ?? 0)
  }

  #paintPlot(): void {
    if (this.#painted !== undefined) this.#plot.paint(this.#painted, this.#manner.asOf)
  }

  #paintTable(): void {
    const view = this.#painted
    if (view === undefined || !this.#table.open) return
    const { seen, moves } = view
    const edge = this.#store.clock.wallAt(edgeOf(seen)) ?? 0
    const bands = bandsOf(seen, moves)
    const rows = Array.from({ length: STEPS }, (_, i) => {
      const sum = stepAt(seen.steps, i)
      const cells = [
        timeOfDay(edge - (STEPS - i) * STEP_MS),
        wordAt(bands, i),
        ...(sum === null ? ['–', '–', '–'] : [sum.answered, sum.failed, sum.rejected].map(String)),
      ]
      return make('tr', {}, ...cells.map((cell) => make('td', {}, cell)))
    })
    find('#plot-table').replaceChildren(...rows.toReversed())
  }

  #paintHistory(view: View, wallNow: number): void {
    const flags = flagged(view)
    const key = `${view.name} ${view.moves.length} ${view.moves[0]?.wire.id} ${flags.length}`
    if (key === this.#history) return
    this.#history = key
    const lines = view.moves.map((moved, i) => {
      const number = i < flags.length ? flags.length - i : undefined
      return moveLine({ moved, trials: 0, first: moved }, wallNow, number)
    })
    const none = make('li', { class: 'soft' }, 'No transition that storage still knows.')
    find('#d-moves').replaceChildren(...(lines.length > 0 ? lines : [none]))
  }
}

/** Where the API has no paragraph. */
function plain(state: string, failed: number, policy: string | null, reason: string | null): string {
  if (state !== 'closed') return reason === null ? '' : sentence(reason)
  const calls =
    failed === 0 ? 'No call failed in the last 5 minutes.' : `${counted(failed, 'call')} failed in the last 5 minutes.`
  return `Closed. ${calls}${policy === null ? '' : ` It opens at ${policy}.`}`
}
