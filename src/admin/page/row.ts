// One row of the list: a link with state, name and reason, plot and numbers. It writes only what is new.

import { paintArc, paintPill, type Manner, dueWords, ringFor } from './pill.ts'
import { copy, find, findAll, icon, make, put, set } from './dom.ts'
import { isBad, shareOf } from './counts.ts'
import { leftOf } from './circuit.ts'
import { endOf, moment, rate, utc } from './format.ts'
import { Spark } from './spark.ts'
import type { View } from './view.ts'

const units = [' calls per second', ' failed', ' rejected per second']

/** What a row's words depend on besides its circuit. */
export interface RowManner extends Manner {
  /** Epoch ms of a moment of the page's clock. */
  readonly wallAt: (moment: number) => number
}

export class Row {
  readonly node: HTMLLIElement = copy<HTMLLIElement>('#t-row')
  readonly link: HTMLAnchorElement = find<HTMLAnchorElement>('a', this.node)
  view: View
  readonly #pill = find('.pill', this.node)
  readonly #due = find('.due', this.node)
  readonly #arc = find<SVGElement>('.arc', this.node)
  readonly #spark = new Spark()
  readonly #cells: readonly HTMLElement[]
  #painted: View | undefined
  #down = false

  constructor(view: View) {
    this.view = view
    this.link.href = `#${encodeURIComponent(view.name)}`
    this.link.tabIndex = -1
    this.link.dataset['name'] = view.name
    const name = find('.name', this.node)
    put(name, view.name)
    name.title = view.name
    find('.c-plot', this.node).append(this.#spark.node)
    this.#cells = findAll('.c-num', this.node).map((cell, i) => {
      const value = make('span')
      cell.append(value, make('span', { class: 'vh' }, units[i] ?? ''))
      return value
    })
  }

  paint(view: View, manner: RowManner): void {
    const down = manner.asOf !== undefined
    if (this.#painted === view && this.#down === down) return
    this.#painted = view
    this.#down = down
    this.view = view
    this.node.classList.toggle('watch', view.watch)
    this.#paintScope(view)
    this.#paintReason(view, manner)
    this.#paintNumbers(view, down)
    this.#spark.draw(view)
    paintPill(this.#pill, view.seen, ringFor(view.seen, manner))
    put(this.#due, dueWords(view.seen, manner))
  }

  /** Once a second: the countdown, where there is one. */
  tick(manner: Manner): void {
    if (this.view.kind === 'closed' || this.node.hidden) return
    if (leftOf(this.view.seen, manner.now) === null) return
    put(this.#due, dueWords(this.view.seen, manner))
    paintArc(this.#arc, ringFor(this.view.seen, manner))
  }

  #paintScope({ seen: { wire } }: View): void {
    const scope = find('.scope', this.node)
    scope.dataset['scope'] = wire.scope
    set(find('use', scope), 'href', `#i-${wire.scope}`)
    put(find('span', scope), scopeWords(wire))
  }

  #paintReason({ seen, reason }: View, { wallAt }: RowManner): void {
    const node = find('.reason', this.node)
    const { forced } = seen.wire
    if (forced === null) {
      put(node, reason)
      return
    }
    const ends = forced.left === null ? undefined : endOf(wallAt(seen.got + forced.left))
    const until = ends === undefined ? 'released' : moment(ends, wallAt(seen.got), false)
    const said = forced.reason === null ? '' : `: “${forced.reason}”`
    const words = ` until ${until}${said}${reason === '' ? '' : `. ${reason}`}`
    const who = forced.by ?? 'somebody'
    if (node.textContent !== who + words) node.replaceChildren(make('b', {}, who), words)
    if (ends !== undefined) node.title = utc(ends)
  }

  #paintNumbers({ minute }: View, down: boolean): void {
    const [calls, failed, rejected] = this.#cells
    if (calls === undefined || failed === undefined || rejected === undefined) return
    const known = down ? null : minute
    put(calls, known === null ? '–' : rate(known.calls / known.seconds))
    put(failed, known === null ? '–' : shareOf(known))
    put(rejected, known === null ? '–' : rate(known.rejected / known.seconds))
    const mark = (cell: HTMLElement, name: string, on: boolean): boolean | undefined =>
      cell.parentElement?.classList.toggle(name, on)
    mark(calls, 'zero', known === null || known.calls === 0)
    mark(failed, 'zero', known === null || known.failed === 0)
    mark(failed, 'bad', known !== null && isBad(known))
    mark(rejected, 'zero', known === null || known.rejected === 0)
  }
}

/** `fleet`, or `local, 1 of 24`. */
function scopeWords({ scope, local }: View['seen']['wire']): string {
  if (scope === 'fleet') return 'fleet'
  if (local === null || local.open === null) return 'local'
  return `local, ${local.open}${local.of === null ? '' : ` of ${local.of}`}`
}

/** The same with its four squares. */
export function scopeTag(wire: View['seen']['wire']): HTMLElement {
  return make('span', { class: 'scope', 'data-scope': wire.scope }, icon(wire.scope), scopeWords(wire))
}
