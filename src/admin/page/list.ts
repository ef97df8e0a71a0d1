// The list: the sick ones first, each row where it belongs. It holds still: rows are sorted anew only while neither
// the pointer nor the focus is in it, so that nothing moves away under a hand.

import { find, findAll, put } from './dom.ts'
import type { Filter } from './filter.ts'
import { grouped } from './format.ts'
import { Row, type RowManner } from './row.ts'
import type { View } from './view.ts'

export class List {
  readonly #panel = find('#circuits')
  readonly #sick = find('#sick')
  readonly #well = find('#well')
  readonly #heading = find('#well-h')
  readonly #rows = new Map<string, Row>()
  readonly #filter: Filter
  #order: readonly string[] = []
  #selected: string | undefined
  #pointed = false

  constructor(filter: Filter, changed: () => void) {
    this.#filter = filter
    this.#panel.addEventListener('pointerenter', () => (this.#pointed = true))
    this.#panel.addEventListener('pointerleave', () => {
      this.#pointed = false
      changed()
    })
    this.#panel.addEventListener('focusout', ({ relatedTarget }) => {
      if (!(relatedTarget instanceof Node) || !this.#panel.contains(relatedTarget)) changed()
    })
    find('#sort-again').addEventListener('click', () => {
      this.#sort(this.#order)
      this.#showHeld()
    })
  }

  /** `views` in the order they should stand in. */
  paint(views: readonly View[], selected: string | undefined, manner: RowManner): void {
    for (const view of views) {
      let row = this.#rows.get(view.name)
      if (row === undefined) this.#rows.set(view.name, (row = new Row(view)))
      row.paint(view, manner)
    }
    if (this.#rows.size > views.length) this.#drop(new Set(views.map(({ name }) => name)))
    this.#order = views.map(({ name }) => name)
    if (this.#isHeld()) this.#append()
    else this.#sort(this.#order)
    this.#showHeld()
    put(find('#circuits-n'), grouped(views.length))
    this.#paintSelected(selected)
    this.filter()
  }

  /** Once a second; `now` in all rows that count down. */
  tick(manner: RowManner): void {
    for (const row of this.#rows.values()) row.tick(manner)
  }

  /** Shows what the filter lets through. */
  filter(): void {
    let shown = 0
    for (const row of this.#rows.values()) {
      const fits = this.#filter.fits(row.view)
      if (row.node.hidden === fits) row.node.hidden = !fits
      if (fits) shown++
    }
    find('#no-match').hidden = shown > 0 || this.#rows.size === 0
    const closed = this.#visible(this.#well).length
    this.#sick.hidden = this.#visible(this.#sick).length === 0
    this.#heading.hidden = closed === 0 || this.#sick.hidden
    put(this.#heading, `${closed} closed`)
    this.#paintStop()
  }

  link(name: string): HTMLAnchorElement | undefined {
    return this.#rows.get(name)?.link
  }

  /** The names that are shown, top down. */
  names(): string[] {
    return this.#links().flatMap(({ dataset }) => dataset['name'] ?? [])
  }

  #links(): HTMLAnchorElement[] {
    return findAll<HTMLAnchorElement>('.row:not([hidden]) .row-link', this.#panel)
  }

  #visible(list: HTMLElement): Element[] {
    return findAll('.row:not([hidden])', list)
  }

  #isHeld(): boolean {
    return this.#rows.size > 0 && (this.#pointed || this.#panel.contains(document.activeElement))
  }

  #drop(names: ReadonlySet<string>): void {
    for (const [name, row] of this.#rows) {
      if (names.has(name)) continue
      row.node.remove()
      this.#rows.delete(name)
    }
  }

  /** New rows stand last until all are sorted. */
  #append(): void {
    for (const row of this.#rows.values()) if (!row.node.isConnected) this.#home(row).append(row.node)
  }

  #home(row: Row): HTMLElement {
    return row.view.kind === 'closed' ? this.#well : this.#sick
  }

  #sort(order: readonly string[]): void {
    const next = new Map<HTMLElement, Element | null>([
      [this.#sick, this.#sick.firstElementChild],
      [this.#well, this.#well.firstElementChild],
    ])
    const focused = document.activeElement
    for (const name of order) {
      const row = this.#rows.get(name)
      if (row === undefined) continue
      const home = this.#home(row)
      const place = next.get(home) ?? null
      if (place === row.node) next.set(home, row.node.nextElementSibling)
      else home.insertBefore(row.node, place)
    }
    if (focused instanceof HTMLElement && focused !== document.activeElement) focused.focus({ preventScroll: true })
  }

  /** Offers to sort where the order had to wait. */
  #showHeld(): void {
    const standing = findAll('.row-link', this.#panel).map((link) => link.dataset['name'])
    const waiting = this.#order.some((name, i) => standing[i] !== name) || this.#misplaced()
    find('#sort-again').hidden = !waiting
  }

  #misplaced(): boolean {
    return [...this.#rows.values()].some((row) => row.node.parentElement !== this.#home(row))
  }

  #paintSelected(selected: string | undefined): void {
    if (this.#selected === selected && (selected === undefined || this.link(selected)?.ariaCurrent === 'true')) return
    if (this.#selected !== undefined) this.link(this.#selected)?.removeAttribute('aria-current')
    this.#selected = selected
    if (selected !== undefined) this.link(selected)?.setAttribute('aria-current', 'true')
  }

  /** One tab stop for the whole list: the selected row, else the first one. */
  #paintStop(): void {
    const links = this.#links()
    const focused = links.find((link) => link === document.activeElement)
    const selected = links.find(({ dataset }) => dataset['name'] === this.#selected)
    const stop = focused ?? selected ?? links[0]
    for (const row of this.#rows.values()) {
      const index = row.link === stop ? 0 : -1
      if (row.link.tabIndex !== index) row.link.tabIndex = index
    }
  }
}
