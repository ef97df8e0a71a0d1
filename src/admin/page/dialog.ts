// What all dialogs of an act have in common: a reason that is required, a button that is off until the form is valid,
// an error that stays in the dialog with what was typed, and the focus, which goes back to the circuit's row.

import { ApiError } from './api.ts'
import { find, put } from './dom.ts'

export interface Act {
  /** Whether the form says enough, the reason aside. */
  readonly valid?: (() => boolean) | undefined
  /** After each input. */
  readonly input?: ((target: EventTarget | null) => void) | undefined
  /** Sends it; what it throws is shown. */
  readonly send: (reason: string) => Promise<void>
  readonly closed: () => void
}

export class Dialog {
  readonly node: HTMLDialogElement
  readonly form: HTMLFormElement
  readonly go: HTMLButtonElement
  #act: Act | undefined
  #sending = false

  constructor(selector: string) {
    this.node = find<HTMLDialogElement>(selector)
    this.form = find<HTMLFormElement>('form', this.node)
    this.go = find<HTMLButtonElement>('.primary', this.node)
    find('.cancel', this.node).addEventListener('click', () => this.node.close())
    this.node.addEventListener('close', () => this.#act?.closed())
    this.form.addEventListener('input', ({ target }) => {
      this.#act?.input?.(target)
      this.#check()
    })
    this.form.addEventListener('submit', (event) => {
      event.preventDefault()
      if (!this.go.disabled) void this.submit((reason) => this.#act?.send(reason) ?? Promise.resolve())
    })
  }

  /** A form with nothing in it but `prepare`'s values; the focus starts in the reason. */
  open(act: Act, prepare: () => void): void {
    this.#act = act
    this.form.reset()
    this.#fail('')
    prepare()
    act.input?.(null)
    this.#check()
    this.node.showModal()
    this.#reason.focus()
  }

  /** Sends by this button or another one; closes when it is done. */
  async submit(send: (reason: string) => Promise<void>): Promise<void> {
    if (this.#sending) return
    this.#sending = true
    this.#check()
    this.#fail('')
    try {
      await send(this.#reason.value.trim())
      this.node.close()
    } catch (error) {
      this.#fail(error instanceof ApiError ? error.message : 'It did not work, and nobody said why.')
    }
    this.#sending = false
    this.#check()
  }

  /** Whether there is a reason. */
  get hasReason(): boolean {
    return this.#reason.value.trim() !== ''
  }

  input(name: string): HTMLInputElement {
    return find<HTMLInputElement>(`input[name="${name}"]`, this.form)
  }

  paint(title: string, text: string, go: string, danger: boolean, caution: string | undefined): void {
    put(find('h2', this.node), title)
    put(find('.consequence', this.node), text)
    put(this.go, go)
    this.go.classList.toggle('danger', danger)
    const node = find('.caution', this.node)
    node.hidden = caution === undefined
    put(find('span', node), caution ?? '')
  }

  get #reason(): HTMLInputElement {
    return this.input('reason')
  }

  #check(): void {
    this.go.disabled = this.#sending || !this.hasReason || this.#act?.valid?.() === false
  }

  #fail(message: string): void {
    const node = find('.fault', this.node)
    node.hidden = message === ''
    put(node, message)
  }
}
