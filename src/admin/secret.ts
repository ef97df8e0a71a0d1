// Secrets that are compared: by their hashes, all of one length, and in a time that does not depend on where two of them
// differ.

import { createHash, randomBytes, timingSafeEqual } from 'node:crypto'

/** What is kept of a secret. */
export type Digest = Buffer

export function digest(secret: string): Digest {
  return createHash('sha256').update(secret).digest()
}

/** 256 bits from the system, good for an address and a cookie. */
export function newSecret(): string {
  return randomBytes(32).toString('base64url')
}

/** Where in the list the secret is; all are compared, so that the time does not tell. */
export function findSecret(known: readonly Digest[], secret: string): number | undefined {
  const given = digest(secret)
  let found: number | undefined
  for (const [index, one] of known.entries()) if (timingSafeEqual(one, given)) found = index
  return found
}
