// The dialog of the three thresholds: what is changed is sent, what stays is left out, and one button undoes all.

import type { WireUpdate } from '../wire.ts'
import { canSet, failuresToOpen } from './circuit.ts'
import { Dialog } from './dialog.ts'
import { find, put } from './dom.ts'
import { length } from './format.ts'
import type { View } from './view.ts'

export interface ThresholdsAct {
  readonly send: (body: WireUpdate) => Promise<void>
  readonly undo: (body: WireUpdate) => Promise<void>
  readonly closed: () => void
}

const names = ['failMax', 'resetTimeout', 'successThreshold'] as const
type Name = (typeof names)[number]

/** The field is in seconds, the API in ms. */
const unit: Readonly<Record<Name, number>> = { failMax: 1, resetTimeout: 1_000, successThreshold: 1 }

export class Thresholds {
  readonly #dialog = new Dialog('#dlg-update')
  readonly #undo = find<HTMLButtonElement>('#dlg-update .undo')
  #act: ThresholdsAct | undefined
  #view: View | undefined

  constructor() {
    this.#undo.addEventListener('click', () => {
      const { overrides } = this.#view?.seen.wire ?? { overrides: null }
      const act = this.#act
      if (act === undefined || overrides === null || !this.#dialog.hasReason) return
      const undone = Object.fromEntries(
        names.filter((name) => overrides[name] !== undefined).map((name) => [name, null]),
      )
      void this.#dialog.submit((reason) => act.undo({ reason, ...undone }))
    })
  }

  open(view: View, act: ThresholdsAct): void {
    this.#act = act
    this.#view = view
    const dialog = this.#dialog
    dialog.open(
      {
        valid: () => dialog.form.checkValidity() && Object.keys(this.#changes(view)).length > 0,
        input: () => {
          this.#undo.disabled = view.seen.wire.overrides === null || !dialog.hasReason
        },
        send: (reason) => act.send({ reason, ...this.#changes(view) }),
        closed: act.closed,
      },
      () => this.#fill(view),
    )
  }

  #fill(view: View): void {
    const { name, seen } = view
    const { wire } = seen
    const { inCode } = wire.thresholds
    put(find('h2', this.#dialog.node), `Thresholds of ${name}`)
    for (const key of names) {
      const field = this.#dialog.input(key)
      const now = nowOf(key, view)
      // Where a trip policy or a function stands in its place there is no number to change.
      field.disabled = !canSet(key, wire)
      // What nobody told can be set, and can be left.
      field.required = now !== null
      field.value = now === null ? '' : String(now / unit[key])
      const code = inCode[key]
      const said = code === null ? 'not known here' : key === 'resetTimeout' ? length(code) : String(code)
      const small = field.parentElement?.querySelector('small')
      if (small) put(small, field.disabled ? 'set by a policy in code' : `in code: ${said}`)
    }
  }

  #changes(view: View): Partial<Record<Name, number>> {
    const changes: Partial<Record<Name, number>> = {}
    for (const key of names) {
      const field = this.#dialog.input(key)
      const value = Math.round(field.valueAsNumber * unit[key])
      if (!field.disabled && Number.isFinite(value) && value !== nowOf(key, view)) changes[key] = value
    }
    return changes
  }
}

/** The number it goes by now; null: nobody told, or there is none. */
function nowOf(key: Name, { seen: { wire } }: View): number | null {
  return key === 'failMax' ? failuresToOpen(wire) : wire.thresholds[key]
}
