// The page on the real handler: a dashboard in a process of its own, an application in another, Redis between them, and
// a real browser in front. What the page does with each answer is tried beside it (test/browser).
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { buildPage } from '../../scripts/process.mjs'
import { Infuse } from '../../src/index.ts'
import { RedisStorage } from '../../src/redis/index.ts'
import { openPage, type Opened, startChromium } from '../browser/browser.ts'
import { compiled, root } from '../support/processes.ts'
import { type Connected, families } from '../support/redis-clients.ts'
import { RedisServer, until } from '../support/redis-server.ts'

const patient = 60_000
let server: RedisServer
let connected: Connected
let storage: RedisStorage
let infuse: Infuse
let dashboard: ChildProcess
let browser: Browser
let opened: Opened
let url: string
const asked: string[] = []

beforeAll(async () => {
  const library = compiled('admin-page')
  const built = await buildPage(join('build', 'test', 'admin-page', 'admin'))
  if (built.status !== 0) throw new Error(built.output)
  server = await RedisServer.start()
  connected = await families[0]!.single(server.port)
  storage = new RedisStorage(connected.client, { namespace: 'prod:shop', timeout: 2_000, refreshInterval: 500 })
  infuse = new Infuse({ service: 'shop', env: 'prod', storage, defaults: { failMax: 2, resetTimeout: 600_000 } })
  for (const name of ['payments', 'orders', 'http://mail:25']) infuse.breaker(name)
  await infuse.ready()
  const script = `
    import { createClient } from 'redis-6'
    import { RedisStorage } from '${library}redis/index.js'
    import { serveDashboard } from '${library}admin/index.js'
    const client = createClient({ url: '${server.url}' })
    await client.connect()
    const storage = new RedisStorage(client, { namespace: 'prod:shop', timeout: 2_000 })
    const { url } = await serveDashboard(storage, { actor: 'maria' })
    console.log(url)`
  dashboard = spawn(process.execPath, ['--input-type=module', '-e', script], {
    cwd: root,
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const [line] = (await once(dashboard.stdout as NonNullable<typeof dashboard.stdout>, 'data')) as [Buffer]
  url = String(line).trim()
  browser = await startChromium()
  opened = await openPage(browser)
  opened.page.on('request', (request) => asked.push(request.url()))
  await opened.page.goto(url)
  await opened.page.locator('#link-state[data-link="live"]').waitFor({ timeout: patient })
}, patient)
afterAll(async () => {
  await browser?.close()
  dashboard?.kill()
  await infuse?.dispose()
  await storage?.dispose()
  await connected?.end()
  await server?.[Symbol.asyncDispose]()
})

it('the token in the address became a cookie, and is not in the address any more', async () => {
  const { page, context } = opened
  expect(page.url()).toBe(new URL('/', url).href)
  expect(await page.evaluate('document.cookie')).toBe('')
  expect(await context.cookies()).toMatchObject([{ httpOnly: true, sameSite: 'Strict' }])
  const other = await openPage(browser)
  expect((await other.page.goto(url))?.status()).toBe(401)
  await other.context.close()
})

it('healthy circuits are there', async () => {
  const names = await opened.page.locator('.row .name').allTextContents()
  expect(names.toSorted()).toEqual(['http://mail:25', 'orders', 'payments'])
})

it(
  'a trip is on screen within 2 seconds',
  async () => {
    const { page } = opened
    const payments = infuse.breaker('payments')
    for (let turn = 0; turn < 2; turn++)
      await payments.call(() => Promise.reject(new Error('refused'))).catch(() => undefined)
    await until(() => payments.state === 'open')
    // From here the page has 2 s; a machine under load may take longer to draw, so the time is not judged, only that it
    // comes by a push of the stream: the list itself is read every 5 s.
    await page
      .locator('.row:has(.row-link[data-name="payments"]) .pill', { hasText: 'Open' })
      .waitFor({ timeout: patient })
    expect(await page.title()).toBe('1 open · Infuse')
  },
  patient,
)

it(
  'a circuit forced on the page is held in another process, and released',
  async () => {
    const { page } = opened
    const reason = '<b>draining</b> & "resting"'
    await page.locator('.row-link[data-name="orders"]').click()
    await page.locator('[data-act="force"]').click()
    await page.locator('#dlg-force').getByRole('textbox').first().fill(reason)
    await page.locator('#dlg-force button[type="submit"]').click()
    const orders = infuse.breaker('orders')
    await until(() => orders.explain().forced !== undefined)
    expect(orders.explain().forced).toMatchObject({ state: 'open', by: 'maria', reason })
    await expect(orders.call(() => Promise.resolve('x'))).rejects.toMatchObject({ reason: 'forced' })
    await page
      .locator('.row:has(.row-link[data-name="orders"])', { hasText: '<b>draining</b>' })
      .waitFor({ timeout: patient })
    await page.locator('[data-act="release"]').click()
    await page.locator('#dlg-act').getByRole('textbox').first().fill('rested')
    await page.locator('#dlg-act button[type="submit"]').click()
    await until(() => orders.explain().forced === undefined)
    expect(orders.state).toBe('half-open')
  },
  patient,
)

it('the browser asked nobody else, and has nothing to complain about', () => {
  expect(opened.said).toEqual([])
  const { origin } = new URL(url)
  expect(asked.filter((one) => !one.startsWith(`${origin}/`))).toEqual([])
  expect(asked.some((one) => one.endsWith('/events'))).toBe(true)
})
