// That secrets are compared in constant time cannot be measured in a test that holds everywhere; that they are given,
// by hashes of one length and whether or not one was found already, to the function that does it, can.
import { beforeEach, expect, it, vi } from 'vitest'

const compared: [number, number][] = []
vi.mock('node:crypto', async (original) => {
  const crypto = await original<typeof import('node:crypto')>()
  const timingSafeEqual = (one: Buffer, other: Buffer): boolean => {
    compared.push([one.length, other.length])
    return crypto.timingSafeEqual(one, other)
  }
  return { ...crypto, timingSafeEqual }
})

const { bearer } = await import('../../src/admin/bearer.ts')
const { Session } = await import('../../src/admin/session.ts')
const { newSecret } = await import('../../src/admin/secret.ts')

beforeEach(() => {
  compared.length = 0
})

it('every token is compared with the given one, by hashes', () => {
  const tokens = ['first-of-the-tokens', 'second-of-the-tokens', 'third'.repeat(20)]
  const authorize = bearer(tokens.map((token) => ({ token, actor: token.slice(0, 5), can: [] })))
  for (const [token, actor] of [
    [tokens[0], 'first'],
    [tokens[2], 'third'],
    ['x', undefined],
    [`${tokens[0]}x`, undefined],
  ]) {
    compared.length = 0
    const identity = authorize(new Request('http://localhost/', { headers: { authorization: `Bearer ${token}` } }))
    expect((identity as { actor: string } | null)?.actor).toBe(actor)
    expect(compared).toEqual([
      [32, 32],
      [32, 32],
      [32, 32],
    ])
  }
})

it('the token and the cookie of a session are compared so too', () => {
  const session = new Session({ actor: 'joe', can: ['read'] })
  expect(session.redeem('x')).toBeUndefined()
  const [cookie = ''] = session.redeem(session.token)?.split(';') ?? []
  expect(compared).toEqual([
    [32, 32],
    [32, 32],
  ])
  for (const given of [cookie, cookie.slice(0, -1), `${cookie}x`]) {
    compared.length = 0
    session.recognise(new Request('http://localhost/', { headers: { cookie: given } }))
    expect(compared).toEqual([[32, 32]])
  }
})

it('secrets have 256 bits of chance', () => {
  const secrets = Array.from({ length: 100 }, newSecret)
  expect(new Set(secrets).size).toBe(100)
  for (const secret of secrets) expect(Buffer.from(secret, 'base64url')).toHaveLength(32)
})
