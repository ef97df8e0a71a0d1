import { describe, expect, it } from 'vitest'
import { checkNamespace } from '../../../src/fleet/namespace.ts'
import { keysOf, namesKey, slotOf, storedName } from '../../../src/redis/keys.ts'

describe('the keys of a circuit', () => {
  it.each([
    ['prod', 'payments', 'infuse:{prod:payments}', 'infuse:names:{prod}'],
    ['', 'payments', 'infuse:{payments}', 'infuse:names'],
    ['prod:{name}', 'payments', 'infuse:{prod:payments}', 'infuse:names:{prod}'],
    ['{name}', 'payments', 'infuse:{payments}', 'infuse:names'],
    ['{name}:prod', 'payments', 'infuse:{payments:prod}', 'infuse:names:{*:prod}'],
    ['{shop}', 'payments', 'infuse:{shop}:payments', 'infuse:names:{shop}'],
    ['eu:{shop}:{name}', 'a', 'infuse:eu:{shop}:a', 'infuse:names:eu:{shop}'],
  ])('of namespace `%s` and name `%s` begin with %s', (namespace, name, record, names) => {
    const keys = keysOf(namespace, name, undefined)
    expect([keys.record, keys.transitions, keys.mirrored]).toEqual([
      record,
      record.replace('infuse:', 'infuse:transitions:'),
      [],
    ])
    expect(namesKey(namespace)).toBe(names)
    expect([keys.steps, keys.processes, keys.alone]).toEqual(
      ['infuse:steps:', 'infuse:processes:', 'infuse:alone:'].map((kind) => record.replace('infuse:', kind)),
    )
    for (const key of [keys.transitions, keys.steps, keys.processes, keys.alone])
      expect(slotOf(key)).toBe(slotOf(keys.record))
  })

  it('keep a name that fits', () => {
    for (const name of ['a', 'http://payments:8000/[x]', 'x'.repeat(128)]) expect(storedName(name)).toBe(name)
  })

  it('shorten one that does not, and keep the short one as it is', () => {
    for (const name of ['', 'x'.repeat(129), 'a b', 'a{b}', 'ä', 'a\n', 'a*']) {
      const short = storedName(name)
      expect(short).toMatch(/^[\w.:\-/[\]]{1,128}$/)
      expect(storedName(short)).toBe(short)
    }
    expect(storedName('a b')).not.toBe(storedName('a_b'))
    expect(storedName('x'.repeat(200))).not.toBe(storedName('x'.repeat(201)))
  })

  it.each(['a b', 'a{b', '{}', 'a*', 'x'.repeat(129), 7])('refuse the namespace %j', (namespace) => {
    expect(() => checkNamespace(namespace as string)).toThrow('Expected `namespace`')
  })

  it('hash as a cluster does', () => {
    // Redis Cluster's own example, and its rules for braces.
    expect(slotOf('123456789')).toBe(0x31c3 % 16_384)
    expect(slotOf('{user1000}.following')).toBe(slotOf('{user1000}.followers'))
    expect(slotOf('foo{}{bar}')).not.toBe(slotOf('bar'))
    expect(slotOf('foo{{bar}}zap')).toBe(slotOf('{bar'))
    expect(slotOf('foo{bar}{zap}')).toBe(slotOf('bar'))
  })
})
