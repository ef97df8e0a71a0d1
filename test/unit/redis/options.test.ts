import { describe, expect, it, vi } from 'vitest'
import { type RedisClient, RedisStorage } from '../../../src/redis/index.ts'

const client = { evalsha: async () => [], eval: async () => [], options: {} } as unknown as RedisClient

describe('new RedisStorage', () => {
  it('has defaults', () => {
    expect(new RedisStorage(client).shared).toEqual({
      timeout: 100,
      confirm: 50,
      refreshInterval: 5_000,
      whenDown: 'last-known',
    })
  })

  it('takes what it is given, and `undefined` for not given', () => {
    const shared = { timeout: 7, confirm: 0, refreshInterval: 900, whenDown: 'closed' } as const
    expect(new RedisStorage(client, { ...shared, namespace: undefined, mirror: undefined }).shared).toEqual(shared)
    expect(new RedisStorage(client, { timeout: undefined }).shared.timeout).toBe(100)
  })

  const bad: readonly (readonly [string, unknown, RegExp])[] = [
    ['timeout', 0, /`timeout`.*`0` \(number\)/],
    ['confirm', -1, /`confirm`/],
    ['refreshInterval', '5', /`refreshInterval`.*`5` \(string\)/],
    ['whenDown', 'ajar', /`whenDown`.*`ajar` \(string\)/],
    ['namespace', 'a b', /`namespace`.*`a b` \(string\)/],
    ['mirror', 'hystrix', /`mirror`.*`hystrix` \(string\)/],
    ['mirror', null, /`mirror`/],
    ['timeOut', 5, /Unknown option `timeOut`/],
  ]
  it.each(bad)('refuses `%s` %j', (option, value, message) => {
    expect(() => new RedisStorage(client, { [option]: value })).toThrow(message)
  })

  it.each([undefined, null, 'redis://localhost', {}, { evalsha: 1 }])('refuses %j for a client', (value) => {
    expect(() => new RedisStorage(value as RedisClient)).toThrow(
      'Expected `client` to be a client of redis, ioredis or iovalkey',
    )
  })

  it('rejects what is no answer of its script', async () => {
    const odd = (answer: unknown): RedisStorage =>
      new RedisStorage({ evalsha: async () => answer, eval: async () => answer, options: {} } as unknown as RedisClient)
    vi.spyOn(process, 'emitWarning').mockImplementation(() => undefined)
    await expect(odd('OK').read(['a'])).rejects.toThrow('Redis answered with something else than a list')
    await expect(odd([]).add('a', { epoch: 0, period: 0, keep: {} })).rejects.toThrow('something else than a circuit')
    await expect(odd(null).list()).resolves.toEqual([])
  })
})
