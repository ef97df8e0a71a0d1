// A session for one person at one machine: a token that is good once, which a terminal prints, becomes a cookie that no
// script reads and no other site sends. Neither is kept, only their hashes.

import { systemClock } from '../core/clock.ts'
import type { Identity } from './identity.ts'
import { type Digest, digest, findSecret, newSecret } from './secret.ts'

/** 12 h: a shift. */
const LIFETIME = 12 * 3_600_000

export class Session {
  /** Good once. */
  readonly token: string = newSecret()
  readonly #identity: Identity
  readonly #cookie = `infuse_${newSecret().slice(0, 8)}`
  #token: Digest | undefined = digest(this.token)
  #secret: Digest | undefined
  #until = 0

  constructor(identity: Identity) {
    this.#identity = identity
  }

  /** The `Set-Cookie` for who has the token, the first time. */
  redeem(token: string): string | undefined {
    if (this.#token === undefined || findSecret([this.#token], token) === undefined) return undefined
    this.#token = undefined
    const secret = newSecret()
    this.#secret = digest(secret)
    this.#until = systemClock.now() + LIFETIME
    // Cookies know no port: the name keeps two dashboards of one machine apart.
    return `${this.#cookie}=${secret}; Path=/; Max-Age=${LIFETIME / 1_000}; HttpOnly; SameSite=Strict`
  }

  /** Who sent the request, as `authorize` says it. */
  recognise({ headers }: Request): Identity | null {
    if (this.#secret === undefined || systemClock.now() >= this.#until) return null
    const prefix = `${this.#cookie}=`
    const cookies = (headers.get('cookie') ?? '').split(';').map((one) => one.trim())
    const given = cookies.find((one) => one.startsWith(prefix))
    if (given === undefined || findSecret([this.#secret], given.slice(prefix.length)) === undefined) return null
    return this.#identity
  }
}
