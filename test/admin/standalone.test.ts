import { once } from 'node:events'
import { createServer } from 'node:http'
import { networkInterfaces } from 'node:os'
import { afterEach, describe, expect, it } from 'vitest'
import { bearer, type Dashboard, type DashboardOptions, serveDashboard } from '../../src/admin/index.ts'
import { Session } from '../../src/admin/session.ts'
import { MemoryStorage } from '../../src/index.ts'
import { type Answer, ask, Ear } from './rig.ts'

const reason = 'the bank is down'
const open: Dashboard[] = []
afterEach(async () => {
  for (const one of open.splice(0)) await one.close()
})

async function serve(options: DashboardOptions = {}): Promise<Dashboard & { readonly token: string }> {
  const storage = new MemoryStorage()
  storage.add('payments', { epoch: 0, period: 0, keep: {} })
  const dashboard = await serveDashboard(storage, options)
  open.push(dashboard)
  return { ...dashboard, token: new URL(dashboard.url).searchParams.get('token') ?? '' }
}

function get({ port }: Dashboard, path: string, headers: Readonly<Record<string, string>> = {}): Promise<Answer> {
  return ask(port, path, { headers: { 'x-who': '', ...headers } })
}

async function signIn(dashboard: Dashboard & { readonly token: string }): Promise<string> {
  const { status, headers } = await get(dashboard, `/?token=${dashboard.token}`)
  expect([status, headers.location]).toEqual([303, '/'])
  return String(headers['set-cookie']?.[0]).split(';')[0] ?? ''
}

describe('the dashboard by itself', () => {
  it('is on this machine alone, for who has the token, once', async () => {
    const dashboard = await serve({ actor: 'joe' })
    expect(dashboard.url).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/\?token=[\w-]{43}$/)
    for (const path of ['/', '/circuits', '/events', '/?token=', '/?token=x', `/circuits?token=${dashboard.token}`])
      expect((await get(dashboard, path)).status).toBe(401)
    const first = await get(dashboard, `/?token=${dashboard.token}`)
    expect(first.status).toBe(303)
    const [cookie = ''] = first.headers['set-cookie'] ?? []
    expect(cookie).toMatch(/; HttpOnly; SameSite=Strict$/)
    expect(cookie).not.toContain(dashboard.token)
    expect(first.headers['cache-control']).toBe('no-store')
    expect(first.headers['referrer-policy']).toBe('no-referrer')
    const again = await get(dashboard, `/?token=${dashboard.token}`)
    expect([again.status, again.headers['set-cookie']]).toEqual([401, undefined])
    const headers = { cookie: `other=1; ${cookie.split(';')[0]}` }
    expect((await get(dashboard, '/', headers)).status).toBe(200)
    const { json } = await get(dashboard, '/circuits', headers)
    expect(json).toMatchObject({ actor: 'joe', can: ['read', 'operate'], allowMutations: true })
    // Whoever reloads the address they were given is not sent away.
    expect((await get(dashboard, `/?token=${dashboard.token}`, headers)).headers.location).toBe('/')
  })

  it('is not signed in to by HEAD, by another site, or by a wrong cookie', async () => {
    const dashboard = await serve()
    await ask(dashboard.port, `/?token=${dashboard.token}`, { method: 'HEAD', headers: { 'x-who': '' } })
    const foreign = { origin: 'http://evil.example' }
    expect((await get(dashboard, `/?token=${dashboard.token}`, foreign)).status).toBe(403)
    const cookie = await signIn(dashboard)
    const [name = '', value = ''] = cookie.split('=')
    for (const wrong of [`${name}=`, `${name}=x`, `${name}=${value}x`, `x${cookie}`, `${name}=${dashboard.token}`])
      expect((await get(dashboard, '/circuits', { cookie: wrong })).status).toBe(401)
    expect((await get(dashboard, '/circuits', { cookie })).status).toBe(200)
  })

  it('acts for who is signed in, by name', async () => {
    const dashboard = await serve({ actor: 'joe' })
    const headers = { 'x-who': '', cookie: await signIn(dashboard), origin: `http://127.0.0.1:${dashboard.port}` }
    const body = { reason, state: 'open' }
    const done = await ask(dashboard.port, '/circuits/payments/force', { method: 'POST', headers, body })
    expect(done.json.circuit.forced).toMatchObject({ state: 'open', by: 'joe', reason })
    const foreign = { ...headers, origin: 'http://evil.example' }
    expect(
      (await ask(dashboard.port, '/circuits/payments/release', { method: 'POST', headers: foreign, body })).status,
    ).toBe(403)
  })

  it('can be read-only', async () => {
    const dashboard = await serve({ allowMutations: false })
    const headers = { 'x-who': '', cookie: await signIn(dashboard) }
    const answer = await ask(dashboard.port, '/circuits/payments/open', { method: 'POST', headers, body: { reason } })
    expect(answer.json.code).toBe('read-only')
  })

  it.each(['evil.example', 'localhost.evil.example', '127.0.0.1', '127.0.0.1:1', '0.0.0.0', '[::1]:1'])(
    'has no other name: 403 for Host %s, whatever comes with it',
    async (host) => {
      const dashboard = await serve()
      const cookie = await signIn(dashboard)
      for (const path of ['/', '/circuits', '/events', `/?token=${dashboard.token}`]) {
        const { status, json } = await get(dashboard, path, { cookie, host })
        expect([status, json.code]).toEqual([403, 'wrong-host'])
      }
      for (const name of ['localhost', 'LOCALHOST', '[::1]'])
        expect((await get(dashboard, '/circuits', { cookie, host: `${name}:${dashboard.port}` })).status).toBe(200)
    },
  )

  it('breaks by no Host', async () => {
    const dashboard = await serve()
    for (const host of ['a b', '[::bad', '%00']) expect((await get(dashboard, '/', { host })).status).toBe(400)
  })

  it.each(['0.0.0.0', '::', '10.0.0.7', '192.168.1.1', 'example.com', '128.0.0.1', '0', '127.0.0.1.evil.example'])(
    'does not start at %s without authorize',
    async (host) => {
      await expect(serve({ host })).rejects.toThrow(/`host`.*this machine alone.*`authorize` is not given/)
    },
  )

  it('starts at another address for whom authorize knows, and without a token', async () => {
    const token = 'a-token-of-the-operators'
    const authorize = bearer([{ token, actor: 'robot', can: ['read'] }])
    const dashboard = await serve({ host: '0.0.0.0', authorize })
    expect(dashboard.url).toBe(`http://0.0.0.0:${dashboard.port}/`)
    expect((await get(dashboard, '/circuits')).status).toBe(401)
    expect((await get(dashboard, '/?token=x')).status).toBe(401)
    const headers = { authorization: `Bearer ${token}`, host: 'ops.example' }
    expect((await get(dashboard, '/circuits', headers)).json.actor).toBe('robot')
  })

  it('listens nowhere else', async () => {
    const dashboard = await serve()
    const outside = Object.values(networkInterfaces())
      .flatMap((addresses) => addresses ?? [])
      .find(({ internal, family }) => !internal && family === 'IPv4')
    if (outside === undefined) return
    await expect(fetch(`http://${outside.address}:${dashboard.port}/`)).rejects.toThrow('fetch failed')
  })

  it('ends its streams when it is closed', async () => {
    const dashboard = await serve()
    const ear = await Ear.open(dashboard.port, '/events', { 'x-who': '', cookie: await signIn(dashboard) })
    await ear.hear('heartbeat')
    await dashboard.close()
    await expect(get(dashboard, '/')).rejects.toThrow()
  })

  it('says when its port is taken', async () => {
    const other = createServer()
    other.listen(0, '127.0.0.1')
    await once(other, 'listening')
    const { port } = other.address() as { port: number }
    await expect(serve({ port })).rejects.toMatchObject({ code: 'EADDRINUSE' })
    other.close()
  })

  it.each([
    [{ port: -1 }, /`port`/],
    [{ port: 70_000 }, /`port`/],
    [{ actor: '' }, /`actor`/],
    [{ host: 'a b' }, /`host`/],
    [{ allowMutations: 1 }, /`allowMutations`/],
    [{ token: 'x' }, /Unknown option `token`/],
  ])('refuses %j', async (options, message) => {
    await expect(serve(options as DashboardOptions)).rejects.toThrow(message)
  })
})

describe('a session', () => {
  it('is nobody before its token was used', () => {
    const session = new Session({ actor: 'joe', can: ['read'] })
    expect(session.recognise(new Request('http://localhost/', { headers: { cookie: 'infuse_=;' } }))).toBeNull()
    expect(session.redeem('')).toBeUndefined()
    expect(session.redeem(session.token)).toMatch(/^infuse_[\w-]{8}=/)
    expect(session.redeem(session.token)).toBeUndefined()
  })
})

describe('bearer tokens', () => {
  const token = 'a-token-of-sixteen'
  const robot = { token, actor: 'robot', can: ['read'] as const }
  const who = (authorization?: string) =>
    bearer([{ token: 'another-token-of-the-same', actor: 'other', can: [] }, robot])(
      new Request('http://localhost/', authorization === undefined ? {} : { headers: { authorization } }),
    )

  it('say who bears them', () => {
    expect(who(`Bearer ${token}`)).toEqual({ actor: 'robot', can: ['read'] })
    expect(who(`bearer   ${token}`)).toMatchObject({ actor: 'robot' })
  })

  it.each([
    undefined,
    '',
    'Bearer',
    'Bearer ',
    `Basic ${token}`,
    token,
    `Bearer ${token}x`,
    `Bearer ${token.slice(1)}`,
    `Bearer ${token} ${token}`,
  ])('are nobody: %s', (authorization) => {
    expect(who(authorization)).toBeNull()
  })

  it('must be good, and are in no message', () => {
    expect(() => bearer([])).toThrow(/`tokens`/)
    expect(() => bearer([{ ...robot, token: 'short' }])).toThrow(/^Expected `token` of robot to have 16 characters/)
    expect(() => bearer([robot, { ...robot, actor: 'other' }])).toThrow(/once/)
    expect(() => bearer([{ ...robot, actor: '' }])).toThrow(/`actor`/)
    expect(() => bearer(undefined as never)).toThrow(/`tokens`/)
  })
})
