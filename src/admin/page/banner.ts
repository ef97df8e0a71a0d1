// What is wrong with the page's own eyes: storage down, connection lost, sign-in ended. It says since when, what that
// means and what happens next; the page behind it is dimmed and dated, never blank.

import { find, put, say } from './dom.ts'
import { age, countdown, timeOfDay } from './format.ts'
import type { Store } from './store.ts'

interface Words {
  readonly kind: 'bad' | 'warn'
  readonly title: string
  readonly text: string
  readonly button: string | undefined
}

export class Banner {
  readonly #store: Store
  readonly #node = find('#banner')
  readonly #expired = find<HTMLDialogElement>('#dlg-expired')
  #said = ''

  constructor(store: Store, retry: () => void) {
    this.#store = store
    find('.banner-button', this.#node).addEventListener('click', retry)
    // There is nothing to go back to: the page behind it does not move any more.
    this.#expired.addEventListener('cancel', (event) => event.preventDefault())
    find('#expired-reload').addEventListener('click', () => location.reload())
  }

  /** Also once a second: it counts. */
  paint(now: number): void {
    const words = this.#words(now)
    this.#node.hidden = words === undefined
    document.body.classList.toggle('stale', words !== undefined || this.#store.link.state === 'off')
    if (this.#store.link.state === 'off') this.#showExpired(this.#store.link.since)
    const title = words?.kind ?? ''
    if (title !== this.#said) {
      this.#said = title
      say(words === undefined ? 'What you see is live again.' : `${words.title} ${words.text}`)
    }
    if (words === undefined) return
    this.#node.classList.toggle('bad', words.kind === 'bad')
    this.#node.classList.toggle('warn', words.kind === 'warn')
    put(find('.banner-title', this.#node), words.title)
    put(find('.banner-text', this.#node), words.text)
    const button = find('.banner-button', this.#node)
    button.hidden = words.button === undefined
    put(button, words.button ?? '')
  }

  #words(now: number): Words | undefined {
    const { link, envelope, got, clock } = this.#store
    if (link.state === 'lost') {
      const wall = envelope === undefined ? undefined : clock.wallAt(link.since)
      const seen = wall === undefined ? '' : `What you see is from ${timeOfDay(wall)}. `
      const next = link.next <= now ? 'Trying again now.' : `Trying again in ${countdown(link.next - now)}.`
      return {
        kind: 'warn',
        title: envelope === undefined ? 'Nothing to show yet.' : `Connection lost ${age(now - link.since)} ago.`,
        text: `${seen}${link.why ?? 'The circuits go on without this page.'} ${next}`,
        button: 'Try now',
      }
    }
    if (envelope === undefined || envelope.storage.up) return undefined
    const { downFor, asOf } = envelope.storage
    const long = downFor === null ? '' : ` for ${age(downFor + now - got)}`
    const known = asOf === null ? '' : ` This page shows what was known at ${timeOfDay(asOf)}; the plots stop there.`
    return {
      kind: 'bad',
      title: `Storage has not answered${long}.`,
      text: `Processes go on protecting themselves, each for itself.${known}`,
      button: undefined,
    }
  }

  #showExpired(since: number): void {
    if (this.#expired.open) return
    const wall = this.#store.clock.wallAt(since)
    put(find('#expired-at'), wall === undefined ? 'before' : timeOfDay(wall))
    this.#expired.showModal()
  }
}
