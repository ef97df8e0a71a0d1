// The dialogs of the six acts. Nothing is done without its dialog, and nothing is shown as done before the answer of
// the API says so.

import type { WireAction, WireForce } from '../wire.ts'
import { refusal } from './actions.ts'
import { act } from './api.ts'
import { type Hold, type Setting, doneWords, forceWords, plainWords } from './consequence.ts'
import { Dialog } from './dialog.ts'
import { findAll, find, put, say } from './dom.ts'
import type { Store } from './store.ts'
import { Thresholds } from './thresholds.ts'
import { toast } from './toast.ts'
import type { View } from './view.ts'

const MINUTE = 60_000
/** A week. */
const LONGEST = 10_080

export class Ask {
  readonly #store: Store
  readonly #back: () => void
  readonly #plain = new Dialog('#dlg-act')
  readonly #force = new Dialog('#dlg-force')
  readonly #thresholds = new Thresholds()

  /** `back` puts the focus on the circuit's row again. */
  constructor(store: Store, back: () => void) {
    this.#store = store
    this.#back = back
  }

  /** Opens the dialog of an act on the selected circuit, or says why it cannot. */
  ask(action: WireAction): void {
    const { selected } = this.#store
    const view = selected === undefined ? undefined : this.#store.view(selected)
    if (view === undefined) {
      say('Select a circuit first.')
      return
    }
    const refused = this.#store.canAct() ? refusal(action, view) : find('#d-locked p').textContent
    if (refused !== undefined) {
      say(refused)
      return
    }
    for (const node of findAll('.sign b')) put(node, this.#store.envelope?.actor ?? '')
    if (action === 'force') this.#askForce(view)
    else if (action === 'update') this.#askUpdate(view)
    else this.#askPlain(action, view)
  }

  #askPlain(action: Exclude<WireAction, 'force' | 'update'>, view: View): void {
    const words = plainWords(action, view, this.#setting())
    const send = (reason: string): Promise<void> => this.#send(view.name, action, { reason }, words.done)
    this.#plain.open({ send, closed: this.#back }, () =>
      this.#plain.paint(words.title, words.text, words.go, words.danger, words.caution),
    )
  }

  #askForce(view: View): void {
    const dialog = this.#force
    const other = dialog.input('other')
    const state = (): Hold => (checked(dialog.form, 'state') === 'closed' ? 'closed' : 'open')
    const minutes = (): number => (other.value === '' ? Number(checked(dialog.form, 'for')) : other.valueAsNumber)
    const words = (): ReturnType<typeof forceWords> => {
      const chosen = minutes()
      return forceWords(view, state(), (chosen >= 1 ? chosen : 15) * MINUTE, this.#setting())
    }
    dialog.open(
      {
        valid: () => minutes() >= 1 && minutes() <= LONGEST,
        input: (target) => {
          if (target instanceof HTMLInputElement && target.name === 'for') other.value = ''
          const { title, text, go, danger, caution } = words()
          dialog.paint(title, text, go, danger, caution)
        },
        send: (reason) => {
          const body: WireForce = { reason, state: state(), for: Math.round(minutes() * MINUTE) }
          return this.#send(view.name, 'force', body, words().done)
        },
        closed: this.#back,
      },
      () => undefined,
    )
  }

  #askUpdate(view: View): void {
    this.#thresholds.open(view, {
      send: (body) => this.#send(view.name, 'update', body, `${view.name} goes by its new thresholds`),
      undo: (body) => this.#send(view.name, 'update', body, `${view.name} goes by the values in code again`),
      closed: this.#back,
    })
  }

  #setting(): Setting {
    const { clock, envelope } = this.#store
    const now = clock.now()
    return { processes: envelope?.processes ?? null, now, wallNow: clock.wallAt(now) ?? 0 }
  }

  async #send(circuit: string, action: WireAction, body: object, done: string): Promise<void> {
    const answer = await act(circuit, action, body)
    this.#store.takeEnvelope(answer.body, answer.got)
    this.#store.takeCircuit(answer.body.circuit, answer.got)
    toast(doneWords(done, answer.body.processes))
  }
}

function checked(form: HTMLFormElement, name: string): string {
  return find<HTMLInputElement>(`input[name="${name}"]:checked`, form).value
}
