import { connect } from 'node:net'
import { once } from 'node:events'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { adminHandler, type AdminOptions } from '../../src/admin/index.ts'
import { Infuse, MemoryStorage } from '../../src/index.ts'
import { until } from '../support/redis-server.ts'
import { Rig, warnings } from './rig.ts'

let infuse: Infuse
let rig: Rig
beforeAll(async () => {
  infuse = new Infuse({ service: 'shop', env: 'test' })
  infuse.breaker('payments')
  rig = await Rig.start(infuse)
})
afterAll(async () => {
  await rig[Symbol.asyncDispose]()
  await infuse.dispose()
})

const REASON = { reason: 'the bank is down' }
const state = (): string => infuse.breaker('payments').state

describe('the handler does not start', () => {
  const start = (options: unknown) => () => adminHandler(infuse, options as AdminOptions)

  it('without authorize', () => {
    expect(start({})).toThrow(/`authorize`.*does not start without.*`undefined`/)
    expect(start({ authorize: true })).toThrow(TypeError)
    expect(start(undefined)).toThrow(TypeError)
  })

  it.each([
    [{ allowMutation: true }, /Unknown option `allowMutation`/],
    [{ allowMutations: 'yes' }, /`allowMutations`/],
    [{ basePath: 'admin' }, /`basePath`/],
    [{ basePath: '//evil.example' }, /`basePath`/],
    [{ basePath: '/a?b' }, /`basePath`/],
    [{ maxStreams: 0 }, /`maxStreams`/],
  ])('with %j', (options, message) => {
    expect(start({ authorize: () => null, ...options })).toThrow(message)
  })

  it('on what is neither an Infuse nor a storage', () => {
    const of = (source: unknown) => () => adminHandler(source as MemoryStorage, { authorize: () => null })
    for (const source of [undefined, null, {}, 'storage', []]) expect(of(source)).toThrow(/`source`/)
  })
})

describe('who asks', () => {
  it.each([
    '/',
    '/circuits',
    '/circuits/payments',
    '/transitions',
    '/events',
    '/openapi.json',
    '/nothing',
    '/dashboard.css',
  ])('is asked for: 401 at %s without an identity', async (path) => {
    const { status, json, headers } = await rig.ask(path, { headers: { 'x-who': '' } })
    expect(status).toBe(401)
    expect(json).toEqual({ statusCode: 401, code: 'unauthenticated', message: 'Sign in first.' })
    expect(headers['www-authenticate']).toBeDefined()
  })

  it('is asked for before a change: 401', async () => {
    const { status } = await rig.post('/circuits/payments/open', REASON, { 'x-who': '' })
    expect(status).toBe(401)
    expect(state()).toBe('closed')
  })

  it('needs the right: 403', async () => {
    const { status, json } = await rig.post('/circuits/payments/open', REASON, { 'x-who': 'reader' })
    expect([status, json.code]).toEqual([403, 'forbidden'])
    expect((await rig.ask('/circuits', { headers: { 'x-who': 'reader' } })).status).toBe(200)
    expect(state()).toBe('closed')
  })

  it('needs the right to read for reading: 403', async () => {
    await using other = await Rig.start(infuse, { authorize: () => ({ actor: 'blind', can: ['operate'] }) })
    for (const path of ['/', '/circuits', '/events']) expect((await other.get(path)).status).toBe(403)
  })

  it('cannot change anything where mutations are not allowed: 403', async () => {
    await using other = await Rig.start(infuse, { allowMutations: undefined })
    const { status, json } = await other.post('/circuits/payments/open', REASON)
    expect([status, json.code]).toEqual([403, 'read-only'])
    expect((await other.get('/circuits')).json.allowMutations).toBe(false)
    expect(state()).toBe('closed')
  })

  it.each([
    ['throws', () => Promise.reject(new Error('ldap://10.0.0.7 refused admin:hunter2'))],
    ['answers something else', () => ({ user: 'maria' })],
    ['answers an empty actor', () => ({ actor: ' \u0000', can: ['read'] })],
    ['answers unknown rights', () => ({ actor: 'maria', can: ['everything'] })],
    ['answers true', () => true],
  ])('is nobody where authorize %s: a 500 that says nothing', async (_, authorize) => {
    using warned = warnings()
    await using other = await Rig.start(infuse, { authorize: authorize as AdminOptions['authorize'] })
    const { status, text } = await other.post('/circuits/payments/open', REASON)
    expect(status).toBe(500)
    expect(text).not.toMatch(/ldap|hunter2|10\.0|actor|can/)
    await until(() => warned.all.some(({ message }) => message.startsWith('The admin handler failed')))
    expect(state()).toBe('closed')
  })

  it('is known by a name without tricks', async () => {
    const authorize = () => ({ actor: ' <b>maria</b>\u202E\n ', can: ['read' as const] })
    await using other = await Rig.start(infuse, { authorize })
    expect((await other.get('/circuits')).json.actor).toBe('<b>maria</b>')
  })
})

describe('another site', () => {
  const post = (headers: Readonly<Record<string, string>>) => rig.post('/circuits/payments/open', REASON, headers)

  it.each([
    'http://evil.example',
    'https://evil.example',
    'null',
    'file://',
    'http://',
    'nonsense',
    'http://127.0.0.1',
    'http://127.0.0.1:1',
  ])('cannot change anything: 403 for Origin %s', async (origin) => {
    const { status, json } = await post({ origin })
    expect([status, json.code]).toEqual([403, 'foreign-origin'])
    expect(state()).toBe('closed')
  })

  it.each(['cross-site', 'same-site', 'CROSS-SITE', 'whatever'])('cannot: 403 for Sec-Fetch-Site %s', async (site) => {
    expect((await post({ 'sec-fetch-site': site })).status).toBe(403)
    expect((await post({ 'sec-fetch-site': site, origin: `http://${rig.host}` })).status).toBe(403)
    expect((await post({ 'sec-fetch-site': site, 'sec-fetch-mode': 'navigate' })).status).toBe(403)
    expect(state()).toBe('closed')
  })

  it('whose name was made to point here cannot: 403 where Origin is not the Host', async () => {
    const { status } = await post({ origin: `http://${rig.host}`, host: 'evil.example' })
    expect(status).toBe(403)
    expect(state()).toBe('closed')
  })

  it('cannot read, or hold streams open: 403', async () => {
    for (const path of ['/circuits', '/events', '/']) {
      expect((await rig.ask(path, { headers: { origin: 'http://evil.example' } })).status).toBe(403)
      expect((await rig.ask(path, { headers: { 'sec-fetch-site': 'cross-site' } })).status).toBe(403)
    }
  })

  it('can have a link that somebody follows', async () => {
    const headers = { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'navigate' }
    expect((await rig.ask('/circuits', { headers })).status).toBe(200)
  })

  it('is told from our own page, TLS taken off by a proxy or not', async () => {
    for (const origin of [`http://${rig.host}`, `https://${rig.host}`]) {
      expect((await post({ origin, 'sec-fetch-site': 'same-origin' })).status).toBe(200)
    }
    expect((await post({ origin: 'https://ops.example', host: 'ops.example:443' })).status).toBe(200)
    await infuse.breaker('payments').close()
  })

  it('gets no leave by a preflight: 405 and no Access-Control header', async () => {
    const headers = { origin: `http://${rig.host}`, 'access-control-request-method': 'POST' }
    const answer = await rig.ask('/circuits/payments/open', { method: 'OPTIONS', headers })
    expect(answer.status).toBe(405)
    expect(Object.keys(answer.headers).filter((name) => name.startsWith('access-control'))).toEqual([])
  })
})

describe('a wrong Host', () => {
  it.each(['a b', 'evil.example/../', '[::bad', 'x@y', '%00', 'a:b:c', '"', 'http://x'])(
    'is refused and breaks nothing: %s',
    async (host) => {
      const { status, json } = await rig.ask('/circuits', { headers: { host } })
      expect([status, json.code]).toEqual([400, 'bad-host'])
    },
  )

  it('decides nothing about where an answer leads', async () => {
    await using other = await Rig.start(infuse, { basePath: '/admin' })
    const { status, headers } = await other.ask('/admin?x=1', { headers: { host: 'evil.example' } })
    expect([status, headers.location]).toEqual([308, '/admin/?x=1'])
  })

  it.each(['http://evil.example/circuits', '*', 'circuits'])('nor does the address: %s', async (target) => {
    const socket = connect(rig.port, '127.0.0.1')
    await once(socket, 'connect')
    socket.write(`GET ${target} HTTP/1.1\r\nHost: ${rig.host}\r\nX-Who: maria\r\nConnection: close\r\n\r\n`)
    let text = ''
    for await (const chunk of socket) text += String(chunk)
    expect(text).toMatch(/^HTTP\/1\.1 400 /)
  })

  it('nor do two slashes', async () => {
    expect((await rig.get('//evil.example/circuits')).status).toBe(404)
  })
})

describe('methods', () => {
  it.each(['open', 'half-open', 'close', 'force', 'release', 'update'])(
    'GET changes nothing: 405 at %s',
    async (action) => {
      for (const method of ['GET', 'HEAD', 'PUT', 'PATCH', 'DELETE']) {
        const { status, headers } = await rig.ask(`/circuits/payments/${action}?reason=x`, { method })
        expect([status, headers.allow]).toEqual([405, 'POST'])
      }
      expect(state()).toBe('closed')
    },
  )

  it.each(['/circuits', '/circuits/payments', '/transitions', '/events', '/openapi.json', '/'])(
    'POST is none of %s: 405',
    async (path) => {
      const { status, headers } = await rig.post(path, REASON)
      expect([status, headers.allow]).toEqual([405, 'GET, HEAD'])
    },
  )

  it('HEAD is GET without a body', async () => {
    for (const path of ['/circuits', '/', '/events']) {
      const { status, text, headers } = await rig.ask(path, { method: 'HEAD' })
      expect([status, text]).toEqual([200, ''])
      expect(headers['content-type']).toBeDefined()
    }
  })
})

describe('addresses', () => {
  it.each([
    '/nothing',
    '/circuits/',
    '/circuits/unknown',
    '/circuits/__proto__',
    '/circuits/constructor',
    '/circuits/payments/explode',
    '/circuits/payments/open/now',
    '/circuits/%E0%A4%A',
    '/circuits/%00',
    '/openapi.json/x',
    '/handler.js',
    '/..%2fhandler.ts',
    '/%2e%2e%2f%2e%2e%2fpackage.json',
    '/page.ts',
    '/main.ts',
    '/tsconfig.json',
    '/constructor',
    '/__proto__',
  ])('there is nothing at %s: 404', async (path) => {
    expect((await rig.get(path)).status).toBe(404)
  })

  it('there is nothing to move by another name: 404', async () => {
    for (const name of ['unknown', '__proto__', 'constructor', '%00', '..'])
      expect((await rig.post(`/circuits/${name}/open`, REASON)).status).toBe(404)
    expect(infuse.breakers.size).toBe(1)
    expect((await rig.post('/nothing', REASON)).status).toBe(404)
  })

  it('lie below the base path', async () => {
    await using other = await Rig.start(infuse, { basePath: '/ops/circuits/' })
    expect((await other.get('/ops/circuits/circuits')).status).toBe(200)
    for (const path of ['/circuits', '/ops/circuitsX/circuits', '/ops'])
      expect((await other.get(path)).status).toBe(404)
    expect((await other.get('/ops/circuits')).headers.location).toBe('/ops/circuits/')
  })
})

describe('a body', () => {
  const send = (raw: string | Buffer, headers: Readonly<Record<string, string>>) =>
    rig.ask('/circuits/payments/open', { method: 'POST', raw, headers })

  it.each([
    '',
    'text/plain',
    'application/x-www-form-urlencoded',
    'multipart/form-data',
    'application/jsonx',
    'text/json',
  ])('must be JSON: 415 for Content-Type %j', async (type) => {
    expect((await send(JSON.stringify(REASON), { 'content-type': type })).status).toBe(415)
    expect(state()).toBe('closed')
  })

  it.each(['', '{', 'reason=x', '\u0000', '{"reason": "x"'])('must be JSON: 415 for %j', async (raw) => {
    const { status, text } = await send(raw, { 'content-type': 'application/json' })
    expect(status).toBe(415)
    expect(text).not.toContain('Unexpected')
  })

  it('must not be packed: 415', async () => {
    const headers = { 'content-type': 'application/json', 'content-encoding': 'gzip' }
    expect((await send(JSON.stringify(REASON), headers)).status).toBe(415)
  })

  it('must be small: 413, told or not', async () => {
    const raw = JSON.stringify({ reason: 'x'.repeat(20_000) })
    expect((await send(raw, { 'content-type': 'application/json' })).status).toBe(413)
    const chunked = { 'content-type': 'application/json', 'transfer-encoding': 'chunked' }
    expect((await send(raw, chunked)).status).toBe(413)
    expect(state()).toBe('closed')
  })

  it('may say its charset', async () => {
    const { status } = await send(JSON.stringify(REASON), { 'content-type': 'Application/JSON; charset=utf-8' })
    expect(status).toBe(200)
    await infuse.breaker('payments').close()
  })

  it.each([
    ['open', {}, 'reason'],
    ['open', { reason: '' }, 'reason'],
    ['open', { reason: '  \t ' }, 'reason'],
    ['open', { reason: 7 }, 'reason'],
    ['open', { reason: 'x'.repeat(201) }, 'reason'],
    ['open', { reason: 'a\nb' }, 'reason'],
    ['open', { reason: 'a\u0000b' }, 'reason'],
    ['open', { reason: 'a\u001b[31mb' }, 'reason'],
    ['open', { reason: 'a\u202eb' }, 'reason'],
    ['open', { reason: 'a\ud800b' }, 'reason'],
    ['open', { reason: 'x', for: 1_000 }, 'for'],
    ['open', { reason: 'x', colour: 'red' }, 'colour'],
    ['close', { reason: 'x', state: 'open' }, 'state'],
    ['force', { reason: 'x' }, 'state'],
    ['force', { reason: 'x', state: 'half-open' }, 'state'],
    ['force', { reason: 'x', state: 'open', for: 0 }, 'for'],
    ['force', { reason: 'x', state: 'open', for: -1 }, 'for'],
    ['force', { reason: 'x', state: 'open', for: '15m' }, 'for'],
    ['force', { reason: 'x', state: 'open', for: null }, 'for'],
    ['force', { reason: 'x', state: 'open', for: 1e12 }, 'for'],
    ['update', { reason: 'x' }, undefined],
    ['update', { reason: 'x', failMax: 0 }, 'failMax'],
    ['update', { reason: 'x', failMax: 1.5 }, 'failMax'],
    ['update', { reason: 'x', failMax: '5' }, 'failMax'],
    ['update', { reason: 'x', failMax: 1e9 }, 'failMax'],
    ['update', { reason: 'x', resetTimeout: -1 }, 'resetTimeout'],
    ['update', { reason: 'x', resetTimeout: true }, 'resetTimeout'],
    ['update', { reason: 'x', successThreshold: [] }, 'successThreshold'],
    ['open', [], undefined],
    ['open', null, undefined],
    ['open', 'reason', undefined],
  ])('must be good: 422 for %s %j', async (action, body, field) => {
    const { status, json } = await rig.post(`/circuits/payments/${action}`, body)
    expect([status, json.code, json.field]).toEqual([422, 'invalid', field])
    expect(state()).toBe('closed')
  })

  it.each([
    '{"reason":"x","__proto__":{"state":"open"}}',
    '{"__proto__":{"reason":"x"}}',
    '{"reason":"x","constructor":{"prototype":{"polluted":1}}}',
    '{"reason":"x","toString":1}',
  ])('has no way to the prototype: 422 for %s', async (raw) => {
    expect((await send(raw, { 'content-type': 'application/json' })).status).toBe(422)
    expect(({} as { polluted?: unknown }).polluted).toBeUndefined()
    expect(state()).toBe('closed')
  })
})

describe('every answer', () => {
  it.each([
    ['/circuits', 200],
    ['/nothing', 404],
    ['/events', 403],
  ])('%s is data and nothing else', async (path, status) => {
    const asking = status === 403 ? { headers: { origin: 'http://evil.example' } } : {}
    const answer = await rig.ask(path, asking)
    expect(answer.status).toBe(status)
    expect(answer.headers).toMatchObject({
      'content-type': 'application/json; charset=utf-8',
      'cache-control': 'no-store',
      'x-content-type-options': 'nosniff',
      'x-frame-options': 'DENY',
      'referrer-policy': 'no-referrer',
      'cross-origin-resource-policy': 'same-origin',
      'content-security-policy': expect.stringContaining("default-src 'none'"),
    })
  })

  it('of the page allows its own files alone, and no markup out of text', async () => {
    const { status, headers } = await rig.get('/')
    expect(status).toBe(200)
    const policy = String(headers['content-security-policy'])
    for (const part of [
      "default-src 'none'",
      "script-src 'self'",
      "style-src 'self'",
      "connect-src 'self'",
      "base-uri 'none'",
      "form-action 'none'",
      "frame-ancestors 'none'",
      "require-trusted-types-for 'script'",
    ])
      expect(policy).toContain(part)
    expect(policy).not.toMatch(/unsafe|\*|https?:/)
    expect(headers['cache-control']).toBe('no-cache')
    const tag = String(headers.etag)
    const again = await rig.ask('/', { headers: { 'if-none-match': tag } })
    expect([again.status, again.text]).toEqual([304, ''])
  })

  it('carries markup as text', async () => {
    const reason = '</script><img src=x onerror=alert(1)> & "quoted"'
    const done = await rig.post('/circuits/payments/force', { reason, state: 'open' })
    expect(done.status).toBe(200)
    expect(done.json.circuit.forced.reason).toBe(reason)
    const { headers, json } = await rig.get('/transitions')
    expect(headers['content-type']).toBe('application/json; charset=utf-8')
    expect(json.transitions[0]).toMatchObject({ why: reason, by: 'maria', kind: 'forced' })
    await infuse.breaker('payments').close()
  })

  it('of a fault says nothing of it', async () => {
    using warned = warnings()
    const storage = new MemoryStorage()
    storage.list = () => {
      throw new Error('connect ECONNREFUSED redis://:hunter2@db-7.internal:6379?x=secret')
    }
    await using other = await Rig.start(storage)
    for (const path of ['/circuits', '/circuits/payments', '/transitions', '/circuits/payments/open']) {
      const answer = path.endsWith('open') ? await other.post(path, REASON) : await other.get(path)
      expect(answer.text).not.toMatch(/hunter2|db-7|6379|secret|ECONN/)
    }
    await until(() => warned.all.some(({ message }) => message.includes('of its storage')))
    expect(warned.all.map(({ message }) => message).join()).not.toContain('hunter2')
  })
})
