// Who asks. The application says so; what it says is checked, since a slip there would let everybody in.

import { bad } from '../core/check.ts'
import { Refusal } from './refusal.ts'
import type { WireRight } from './wire.ts'

/** Somebody who was recognised. */
export interface Identity {
  /** As operators know them; stands beside what they did. */
  readonly actor: string
  /** `operate` is needed for whatever changes something. */
  readonly can: readonly ('read' | 'operate')[]
}

/** Recognises who sent a request; `null`: nobody that may see anything. What it throws denies. */
export type Authorize = (request: Request) => Identity | null | PromiseLike<Identity | null>

const LONGEST_ACTOR = 100
const UNSAFE = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu

/** @throws Refusal where nobody was recognised; whatever `authorize` throws; TypeError for what is no identity. */
export async function identify(authorize: Authorize, request: Request): Promise<Identity> {
  const said: unknown = await authorize(request)
  if (said === null || said === undefined) {
    const headers = { 'www-authenticate': 'Bearer realm="infuse"' }
    throw new Refusal(401, 'unauthenticated', 'Sign in first.', { headers })
  }
  return checkIdentity(said)
}

/** @throws TypeError */
export function checkIdentity(said: unknown): Identity {
  const { actor, can } = (typeof said === 'object' && said !== null ? said : {}) as Partial<Identity>
  const name = typeof actor === 'string' ? actor.replace(UNSAFE, '').trim().slice(0, LONGEST_ACTOR) : ''
  if (name === '') throw bad('actor', 'a text that is not empty, of what `authorize` answers', actor, 'string')
  if (!Array.isArray(can) || can.some((right) => right !== 'read' && right !== 'operate'))
    throw bad('can', "a list of 'read' and 'operate', of what `authorize` answers", can, 'array')
  return Object.freeze({ actor: name, can: Object.freeze([...(can as readonly WireRight[])]) })
}

/** @throws Refusal */
export function insistOn(right: WireRight, { can }: Identity): void {
  if (!can.includes(right)) throw new Refusal(403, 'forbidden', `You may not ${right} here.`)
}
