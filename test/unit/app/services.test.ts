import { describe, expect, it } from 'vitest'
import { checkName, Services } from '../../../src/app/services.ts'

describe('the services of an application', () => {
  it('are known by their origin, however it is written', () => {
    const services = new Services()
    services.addAll({ payments: 'HTTP://Payments.:80/v1', stock: new URL('https://stock:8443') })
    expect(services.key('http://payments')).toBe('payments')
    expect(services.key('https://stock:8443')).toBe('stock')
    expect(services.key('http://other:8000')).toBe('http://other:8000')
    expect([services.has('payments'), services.has('http://other:8000')]).toEqual([true, false])
  })

  it('can be named again with the same URL', () => {
    const services = new Services()
    const base = services.add('payments', 'http://payments:8000/v1')
    expect(services.add('payments', 'http://payments:8000/v1').href).toBe(base.href)
  })

  it('have one URL each, and one origin belongs to one of them', () => {
    const services = new Services()
    services.add('payments', 'http://user:secret@payments:8000')
    expect(() => services.add('payments', 'http://other:8000')).toThrow(
      'Service "payments" has another URL already, at http://payments:8000; got one at http://other:8000',
    )
    expect(() => services.add('stock', 'http://PAYMENTS:8000/stock')).toThrow(
      'Services "payments" and "stock" have one origin, http://payments:8000: tell them apart with a guard\'s `key`',
    )
    expect(services.has('stock')).toBe(false)
  })

  it.each(['payments:8000', '/v1', '', 'mailto:a@b', 'http://'])('refuses a URL that leads nowhere: %s', (url) => {
    expect(() => new Services().add('payments', url)).toThrow('Expected `services.payments` to be an absolute URL')
  })

  it('does not repeat a URL that is none: it may hold a password', () => {
    expect(() => new Services().add('payments', 'user:secret@payments')).not.toThrow('secret')
  })

  it.each(['', 'a b', 'ä', 'x'.repeat(129), 5 as unknown as string, undefined as unknown as string])(
    'refuses %j as a name',
    (name) => {
      expect(() => checkName('service', name)).toThrow('Expected `service` to be a name of up to 128 letters')
    },
  )

  it.each(['payments', 'http://[::1]:8000', 'a/b-c_d.e', 'x'.repeat(128)])('takes %s as a name', (name) => {
    expect(checkName('service', name)).toBe(name)
  })
})
