// What somebody wants of a circuit, out of a body that can hold anything: every field is one that the action knows, and
// good for something; a misspelt `for` must not become a hold of another length.

import { invalid, notFound } from './refusal.ts'
import type { WireAction } from './wire.ts'

/** What to change: `null` undoes, what is left out stays. `resetTimeout` in ms. */
export interface Changes {
  readonly failMax?: number | null
  readonly resetTimeout?: number | null
  readonly successThreshold?: number | null
}

/** What is wanted, by whom and why. `for` in ms. */
export type Order = { readonly by: string; readonly reason: string } & (
  | { readonly action: 'open' | 'half-open' | 'close' | 'release' }
  | { readonly action: 'force'; readonly state: 'open' | 'closed'; readonly for: number }
  | { readonly action: 'update'; readonly changes: Changes }
)

type Body = ReadonlyMap<string, unknown>

export const ACTIONS: readonly WireAction[] = ['open', 'half-open', 'close', 'force', 'release', 'update']
export const LONGEST_REASON = 200
/** ms of a hold for which nobody said how long. */
export const DEFAULT_HOLD: number = 15 * 60_000
/** 30 days: whoever needs longer needs a change in code. */
export const LONGEST_HOLD: number = 30 * 24 * 3_600_000
export const MOST_COUNT = 1_000_000

const FIELDS: Readonly<Record<WireAction, readonly string[]>> = {
  open: ['reason'],
  'half-open': ['reason'],
  close: ['reason'],
  release: ['reason'],
  force: ['reason', 'state', 'for'],
  update: ['reason', 'failMax', 'resetTimeout', 'successThreshold'],
}
// Control characters, those that turn the direction of text, and halves of a character.
const UNSAFE = /[\p{Cc}\p{Zl}\p{Zp}\p{Cs}\u200e\u200f\u202a-\u202e\u2066-\u2069]/u

function isAction(text: string): text is WireAction {
  return ACTIONS.some((action) => action === text)
}

/** @throws Refusal for a body that does not say what is wanted, naming the field. */
export function orderOf(action: string, by: string, given: unknown): Order {
  if (!isAction(action)) throw notFound('action')
  const body = fieldsOf(action, given)
  const common = { by, reason: reasonOf(body.get('reason')) }
  if (action === 'force')
    return { ...common, action, state: heldState(body.get('state')), for: holdOf(body.get('for')) }
  return action === 'update' ? { ...common, action, changes: changesOf(body) } : { ...common, action }
}

function fieldsOf(action: WireAction, given: unknown): Body {
  if (typeof given !== 'object' || given === null || Array.isArray(given))
    throw invalid(undefined, 'The body must be an object.')
  // A map, since a name such as `__proto__` is one like any other there.
  const body = new Map(Object.entries(given))
  for (const field of body.keys()) {
    if (!FIELDS[action].includes(field))
      throw invalid(shown(field), `A field is none of ${action}; it has ${FIELDS[action].join(', ')}.`)
  }
  return body
}

function reasonOf(value: unknown): string {
  const reason = typeof value === 'string' ? value.trim() : ''
  if (reason === '') throw invalid('reason', 'Say why: a reason is needed.')
  if (reason.length > LONGEST_REASON) throw invalid('reason', `The reason may have ${LONGEST_REASON} characters.`)
  if (UNSAFE.test(reason)) throw invalid('reason', 'The reason must be one line of plain text.')
  return reason
}

function heldState(value: unknown): 'open' | 'closed' {
  if (value === 'open' || value === 'closed') return value
  throw invalid('state', 'The state to hold must be open or closed.')
}

function holdOf(value: unknown): number {
  if (value === undefined) return DEFAULT_HOLD
  if (typeof value === 'number' && value >= 1 && value <= LONGEST_HOLD) return value
  throw invalid('for', `The hold must be 1 to ${LONGEST_HOLD} milliseconds.`)
}

function changesOf(body: Body): Changes {
  const changes: Changes = {
    ...changeOf(body, 'failMax', count),
    ...changeOf(body, 'resetTimeout', duration),
    ...changeOf(body, 'successThreshold', count),
  }
  if (Object.keys(changes).length > 0) return changes
  throw invalid(undefined, 'Give failMax, resetTimeout or successThreshold; null undoes.')
}

function changeOf(body: Body, field: keyof Changes, check: (field: string, value: unknown) => number): Changes {
  const value = body.get(field)
  if (value === undefined) return {}
  return { [field]: value === null ? null : check(field, value) }
}

function count(field: string, value: unknown): number {
  if (Number.isSafeInteger(value) && (value as number) >= 1 && (value as number) <= MOST_COUNT) return value as number
  throw invalid(field, `${field} must be a whole number from 1 to ${MOST_COUNT}, or null.`)
}

function duration(field: string, value: unknown): number {
  if (typeof value === 'number' && value >= 0 && value <= LONGEST_HOLD) return value
  throw invalid(field, `${field} must be 0 to ${LONGEST_HOLD} milliseconds, or null.`)
}

/** A name out of a body, for an answer. */
function shown(field: string): string {
  return field.replace(/[^\w-]/g, '').slice(0, 40)
}
