// The bar at the top, the headline and the strip's two facts.

import { find, findAll, make, put } from './dom.ts'
import { age, grouped, timeOfDay, utc } from './format.ts'
import { type Piece, headline } from './headline.ts'
import type { Store } from './store.ts'
import type { View } from './view.ts'

const linkWords = { connecting: 'Connecting', live: 'Live', lost: 'Reconnecting', off: 'Signed out' } as const

export class Top {
  readonly #store: Store
  #ages: { readonly node: HTMLElement; readonly since: number }[] = []
  #said = ''

  constructor(store: Store) {
    this.#store = store
  }

  paint(views: readonly View[]): void {
    const { envelope, link } = this.#store
    const state = find('#link-state')
    state.dataset['link'] = link.state
    put(find('.link-word', state), linkWords[link.state])
    if (envelope === undefined) return
    put(find('#where-name'), envelope.service ?? envelope.namespace ?? '')
    const env = find('.env')
    env.hidden = envelope.env === null
    put(env, envelope.env ?? '')
    find('.where').hidden = envelope.env === null && envelope.service === null && envelope.namespace === null
    put(find('.actor-name'), envelope.actor)
    put(find('#right-chip'), this.#store.isReadOnly() ? 'read-only' : 'operate')
    this.#paintFacts()
    this.#paintHeadline(views)
  }

  /** Once a second. */
  tick(now: number): void {
    const wall = this.#store.clock.wallAt(now)
    if (wall !== undefined) {
      const clock = find<HTMLTimeElement>('#wall')
      put(clock, timeOfDay(wall))
      clock.title = utc(wall)
    }
    for (const { node, since } of this.#ages) put(node, age(now - since))
  }

  #paintFacts(): void {
    const { envelope } = this.#store
    if (envelope === undefined) return
    const { storage, processes } = envelope
    const fact = find('#storage-fact')
    fact.dataset['up'] = storage.up ? 'yes' : 'no'
    put(find('b', fact), storage.up ? 'Up' : 'Down')
    const since = storage.asOf === null ? '' : `since ${timeOfDay(storage.asOf)}`
    put(find('.soft', fact), storage.up ? latency(storage.ms) : since)
    const reporters = find('#process-fact')
    put(find('b', reporters), processes === null ? '–' : grouped(processes))
    put(find('.soft', reporters), storage.up ? 'reporting' : 'last known')
  }

  #paintHeadline(views: readonly View[]): void {
    const { envelope, clock } = this.#store
    if (envelope === undefined) return
    const now = clock.now()
    const { lead, sub, title } = headline({ views, storage: envelope.storage, now, wallNow: clock.wallNow() })
    if (document.title !== title) document.title = title
    const said = JSON.stringify([lead, sub])
    if (said === this.#said) return
    this.#said = said
    this.#ages = []
    const focused = document.activeElement instanceof HTMLElement ? document.activeElement.dataset['name'] : undefined
    const inside = find('.lead').contains(document.activeElement)
    find('#lead').replaceChildren(...lead.map((piece) => this.#piece(piece, now)))
    find('#lead-sub').replaceChildren(...sub.map((piece) => this.#piece(piece, now)))
    // A reader that stood on a name stands on it again.
    if (inside)
      findAll('.lead a')
        .find(({ dataset }) => dataset['name'] === focused)
        ?.focus({ preventScroll: true })
  }

  #piece(piece: Piece, now: number): Node | string {
    if (typeof piece === 'string') return piece
    if ('name' in piece) {
      return make(
        'a',
        { href: `#${encodeURIComponent(piece.name)}`, 'data-name': piece.name },
        make('b', {}, piece.name),
      )
    }
    const node = make('span', { class: 'num' })
    put(node, age(now - piece.since))
    this.#ages.push({ node, since: piece.since })
    return node
  }
}

function latency(ms: number | null): string {
  if (ms === null) return ''
  return `${ms < 10 ? ms.toFixed(1) : Math.round(ms)} ms`
}
