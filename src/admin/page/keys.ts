// Keys: arrows move, letters ask. None of them acts without its dialog, and single letters can be switched off on this
// device (WCAG 2.1.4).

import type { WireAction } from '../wire.ts'
import { find } from './dom.ts'

export interface KeyHandlers {
  step(by: number): void
  enter(name: string): void
  escape(): void
  findByName(): void
  toggleKind(place: number): void
  toTimeline(): void
  ask(action: WireAction): void
}

const letters: Readonly<Record<string, WireAction>> = {
  h: 'half-open',
  c: 'close',
  o: 'open',
  f: 'force',
  r: 'release',
  e: 'update',
}
const KEPT = 'infuse-letters'

export function listenToKeys(on: KeyHandlers): void {
  const help = find<HTMLDialogElement>('#dlg-help')
  const letterKeys = find<HTMLInputElement>('#keys-on')
  letterKeys.checked = recall() !== 'off'
  letterKeys.addEventListener('change', () => keep(letterKeys.checked ? 'on' : 'off'))
  find('#help-button').addEventListener('click', () => help.showModal())
  document.addEventListener('keydown', (event) => {
    const { target, key } = event
    if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return
    if (!(target instanceof HTMLElement) || document.querySelector('dialog[open]') !== null) return
    if (key === 'Escape') on.escape()
    else if (/^(?:INPUT|TEXTAREA|SELECT)$/.test(target.tagName)) return
    else if (key === 'ArrowDown' || key === 'ArrowUp') {
      if (target !== document.body && target.closest('.circuits') === null) return
      on.step(key === 'ArrowDown' ? 1 : -1)
    } else if (key === 'Enter') {
      const name = target.closest<HTMLElement>('.row-link')?.dataset['name']
      if (name === undefined) return
      on.enter(name)
    } else if (!letterKeys.checked || !letter(key.toLowerCase())) return
    event.preventDefault()
  })

  function letter(key: string): boolean {
    const action = letters[key]
    if (action !== undefined) on.ask(action)
    else if (key === 'j' || key === 'k') on.step(key === 'j' ? 1 : -1)
    else if (key === '/') on.findByName()
    else if (key === '?') help.showModal()
    else if (key === 't') on.toTimeline()
    else if (/^[1-4]$/.test(key)) on.toggleKind(Number(key))
    else return false
    return true
  }
}

function recall(): string | null {
  try {
    return localStorage.getItem(KEPT)
  } catch {
    // Storage is switched off in this browser: the default holds.
    return null
  }
}

function keep(value: string): void {
  try {
    localStorage.setItem(KEPT, value)
  } catch {
    // As above: it holds until the page is left.
  }
}
