// What keeps circuits of equal names apart where several applications or environments share one store.

import { bad } from '../core/check.ts'

const NAMESPACE = /^[\w.:\-/[\]]*(?:\{[\w.:\-/[\]]+\}[\w.:\-/[\]]*)*$/
const LONGEST = 128

/** Refuses a namespace that keys could not carry. */
export function checkNamespace(namespace: string): string {
  if (typeof namespace === 'string' && namespace.length <= LONGEST && NAMESPACE.test(namespace)) return namespace
  throw bad('namespace', 'at most 128 of letters, digits, _.:-/[] and {name}', namespace, 'string')
}

/** What all circuits of a namespace have in common: `prod` and `prod:{name}` are one. */
export function groupOf(namespace: string): string {
  return namespace.replace(/(?:^|:)\{name\}$/, '').replaceAll('{name}', '*')
}
