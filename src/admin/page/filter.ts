// Which rows are shown: by the name that is typed, and by one of the four states.

import type { Kind } from './circuit.ts'
import { find, findAll, put } from './dom.ts'
import type { View } from './view.ts'

export class Filter {
  readonly input: HTMLInputElement = find<HTMLInputElement>('#find')
  readonly #stats: readonly HTMLElement[] = findAll('.stat')
  readonly #changed: () => void
  #kind: string | undefined

  constructor(changed: () => void) {
    this.#changed = changed
    this.input.addEventListener('input', changed)
    for (const stat of this.#stats) stat.addEventListener('click', () => this.toggle(stat))
    find('#clear-find').addEventListener('click', () => {
      this.clear()
      this.input.focus()
    })
  }

  fits({ name, kind }: View): boolean {
    const text = this.input.value.trim().toLowerCase()
    return (this.#kind === undefined || kind === this.#kind) && name.toLowerCase().includes(text)
  }

  /** Only this state, or all again; `stat` is its button or the button's place, from 1. */
  toggle(stat: HTMLElement | number): void {
    const button = typeof stat === 'number' ? this.#stats[stat - 1] : stat
    if (button === undefined) return
    const on = button.getAttribute('aria-pressed') !== 'true'
    this.#kind = on ? button.dataset['filter'] : undefined
    for (const other of this.#stats) other.setAttribute('aria-pressed', String(on && other === button))
    this.#changed()
  }

  clear(): void {
    this.input.value = ''
    this.#kind = undefined
    for (const stat of this.#stats) stat.setAttribute('aria-pressed', 'false')
    this.#changed()
  }

  /** The four numbers; they add up to the number of circuits. */
  paint(views: readonly View[]): void {
    for (const stat of this.#stats) {
      const n = views.filter(({ kind }) => kind === (stat.dataset['filter'] as Kind)).length
      put(find('.stat-n', stat), String(n))
      stat.classList.toggle('zero', n === 0)
    }
  }
}
