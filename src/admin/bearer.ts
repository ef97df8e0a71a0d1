// An `authorize` for programs: whoever has a token is who it was given to.

import { bad, checkArray } from '../core/check.ts'
import { type Authorize, checkIdentity, type Identity } from './identity.ts'
import { digest, findSecret } from './secret.ts'

/** A token, and whom it makes of its bearer. */
export interface BearerToken extends Identity {
  /** At least 16 characters, by chance: `openssl rand -base64 32`. */
  readonly token: string
}

const SHORTEST = 16

/**
 * Recognises `Authorization: Bearer …`; tokens are compared in constant time. For the page a cookie is needed, since a
 * browser sends no such header by itself.
 * @throws TypeError or RangeError for a token that is too short, given twice, or somebody who is none.
 */
export function bearer(tokens: readonly BearerToken[]): Authorize {
  const identities = checkArray('tokens', tokens).map((one) => checkIdentity(one))
  const digests = tokens.map(({ token }, index) => {
    // The token itself is in no message.
    if (typeof token !== 'string' || token.length < SHORTEST)
      throw new RangeError(`Expected \`token\` of ${identities[index]?.actor} to have ${SHORTEST} characters or more`)
    return digest(token)
  })
  if (digests.length === 0) throw bad('tokens', 'a list of at least one', tokens, 'object')
  if (new Set(tokens.map(({ token }) => token)).size < tokens.length)
    throw new RangeError('Expected each `token` to be given once')
  return ({ headers }) => {
    const [, token] = /^Bearer +([\w\-.~+/]+=*)$/i.exec(headers.get('authorization') ?? '') ?? []
    const found = token === undefined ? undefined : findSecret(digests, token)
    return found === undefined ? null : (identities[found] ?? null)
  }
}
