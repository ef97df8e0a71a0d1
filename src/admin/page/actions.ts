// The six buttons: each says what it would do to this circuit as it is now, or why it cannot. Where nobody can act,
// the reason and the shell's command stand in their place.

import { canSet, failuresToOpen } from './circuit.ts'
import { find, findAll, put, set } from './dom.ts'
import { length } from './format.ts'
import type { Store } from './store.ts'
import type { View } from './view.ts'
import type { WireAction } from '../wire.ts'

export function paintActions(view: View, store: Store): void {
  const can = store.canAct()
  find('#d-actions').hidden = !can
  find('#d-locked').hidden = can
  if (!can) paintLocked(view.name, store)
  for (const button of findAll<HTMLButtonElement>('.act')) {
    const action = button.dataset['act'] as WireAction
    put(find('span', button), hint(action, view))
    set(button, 'aria-disabled', String(refusal(action, view) !== undefined))
  }
}

/** Why an action is not to be had, in a sentence; undefined: it is. */
export function refusal(action: WireAction, { name, seen: { wire } }: View): string | undefined {
  if (action === 'release') return wire.forced === null ? `${name} is not held.` : undefined
  if (wire.forced === null || action === 'force' || action === 'update') return undefined
  return `${name} is held ${wire.forced.state} by ${wire.forced.by ?? 'somebody'}; release it first.`
}

function hint(action: WireAction, { seen: { wire } }: View): string {
  const { forced, state } = wire
  if (action === 'force') return forced === null ? 'hold open or closed' : 'change the hold'
  if (action === 'release') return forced === null ? 'nothing is held' : 'end the hold now'
  if (action === 'update') return thresholds(wire)
  if (forced !== null) return 'held, release first'
  if (action === 'close') return state === 'closed' ? 'set counts to zero' : 'let all calls pass'
  if (action === 'open') return state === 'open' ? 'start its time anew' : 'reject calls now'
  return { closed: 'one call at a time', 'half-open': 'start the trials anew', open: 'try one call now' }[state]
}

function thresholds(wire: View['seen']['wire']): string {
  const { resetTimeout } = wire.thresholds
  const failures = failuresToOpen(wire)
  if (failures === null && canSet('failMax', wire)) return 'change its numbers'
  const parts = [
    failures === null ? 'by rate' : `${failures} in a row`,
    ...(resetTimeout === null ? [] : [length(resetTimeout)]),
  ]
  return parts.join(', ')
}

function paintLocked(name: string, store: Store): void {
  const locked = find('#d-locked')
  const { envelope } = store
  const shell = store.isReadOnly() && envelope !== undefined ? envelope.shellCommand : null
  put(find('p', locked), whyLocked(store, shell !== null))
  const code = find('code', locked)
  code.hidden = shell === null
  if (shell !== null) put(code, shell.replaceAll('{name}', /[[\]]/.test(name) ? `'${name}'` : name))
}

function whyLocked(store: Store, hasShell: boolean): string {
  const { envelope, link } = store
  if (store.isReadOnly()) {
    const why =
      envelope?.allowMutations === false ? 'this page was set up to show only' : 'your sign-in has the right “read”'
    return `You can look here, not act: ${why}.${hasShell ? ' From a shell that reaches storage:' : ''}`
  }
  if (link.state === 'live' && envelope?.storage.up === false) {
    return 'No action until storage answers: a change could not reach the processes.'
  }
  return 'No action until the connection is back: this page cannot see what it would change.'
}
