// What happened to all circuits, newest first: everybody's, people's, or the selected circuit's. Failed trials are
// folded unless one circuit is looked at.

import { find, findAll, make, put } from './dom.ts'
import { folded, unfolded } from './fold.ts'
import { moveLine } from './move.ts'
import type { Store } from './store.ts'

const PAGE = 14

export class Timeline {
  readonly #store: Store
  readonly #readMore: () => Promise<void>
  readonly #list = find('#moves')
  readonly #buttons = findAll<HTMLButtonElement>('.seg button')
  #who = 'all'
  #most = PAGE
  #painted = ''

  constructor(store: Store, readMore: () => Promise<void>) {
    this.#store = store
    this.#readMore = readMore
    for (const button of this.#buttons) {
      button.addEventListener('click', () => this.#choose(button.dataset['who'] ?? 'all'))
    }
  }

  paint(): void {
    const { log, selected, more } = this.#store
    const one = find<HTMLButtonElement>('#who-one')
    one.hidden = selected === undefined
    put(one, selected ?? '')
    if (this.#who === 'one' && selected === undefined) this.#press('all')
    const key = JSON.stringify([log.version, this.#who, this.#who === 'one' ? selected : '', this.#most, more])
    if (key === this.#painted) return
    this.#painted = key
    const lines = this.#lines()
    const wallNow = this.#store.clock.wallNow()
    const nodes: HTMLElement[] = lines.slice(0, this.#most).map((line) => moveLine(line, wallNow))
    if (nodes.length === 0) nodes.push(make('li', { class: 'soft' }, 'None that storage still knows.'))
    else if (lines.length > this.#most || more) nodes.push(this.#earlier(lines.length))
    this.#list.replaceChildren(...nodes)
  }

  #lines(): ReturnType<typeof folded> {
    const { log, selected } = this.#store
    if (this.#who === 'one' && selected !== undefined) return unfolded(log.of(selected))
    if (this.#who === 'people') return unfolded(log.all.filter(({ wire }) => wire.by !== null))
    return folded(log.all)
  }

  #earlier(known: number): HTMLElement {
    const button = make('button', { class: 'linkish', type: 'button' }, 'Earlier')
    button.addEventListener('click', () => {
      const at = Math.min(this.#most, known)
      this.#most += PAGE * 2
      const show = (): void => {
        this.paint()
        const next = this.#list.children[at]
        if (!(next instanceof HTMLElement)) return
        next.tabIndex = -1
        next.focus()
      }
      if (known > this.#most || !this.#store.more) show()
      else void this.#readMore().then(show)
    })
    return make('li', { class: 'more' }, button)
  }

  #choose(who: string): void {
    this.#press(who)
    this.#most = PAGE
    this.paint()
  }

  #press(who: string): void {
    this.#who = who
    for (const button of this.#buttons) button.setAttribute('aria-pressed', String(button.dataset['who'] === who))
  }
}
