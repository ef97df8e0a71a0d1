// The page in a real browser on the real handler: the dashboard by itself, over a real Redis that two other processes
// share. What one of them does is on the page, and what is done on the page holds in both.

import { join } from 'node:path'
import type { Page } from 'playwright-core'
import { afterAll, beforeAll, expect, it, vi } from 'vitest'
import { buildPage } from '../../scripts/process.mjs'
import type * as Admin from '../../src/admin/index.ts'
import type * as Redis from '../../src/redis/index.ts'
import { compiled, Fleet, now, type Peer } from '../support/processes.ts'
import { families } from '../support/redis-clients.ts'
import { RedisServer, until } from '../support/redis-server.ts'
import { type Opened, openPage, startChromium } from './browser.ts'
import { patient, row, text } from './page-rig.ts'

vi.setConfig({ testTimeout: patient, hookTimeout: patient })
const wait = { timeout: 30_000, interval: 50 }
// They report with their refresh: more often than by default, so that the test need not wait for it.
const options = { namespace: 'live:shop', refreshInterval: 1_000 }
/** Of a hold. */
const reason = 'the <b>stock</b> & "shelves" are being counted'
const asked: string[] = []
const endings: (() => unknown)[] = []

let redis: RedisServer
let fleet: Fleet
let one: Peer
let serve: (port?: number) => Promise<Admin.Dashboard>
let dashboard: Admin.Dashboard
let opened: Opened
let page: Page

beforeAll(async () => {
  const library = compiled('browser-live')
  const [built, browser, server] = await Promise.all([
    buildPage(join('build/test/browser-live', 'admin')),
    startChromium(),
    RedisServer.start(),
  ])
  endings.push(
    () => browser.close(),
    () => server[Symbol.asyncDispose](),
  )
  expect(built.output).toBe('')
  redis = server
  fleet = new Fleet(library, 2)
  endings.push(() => fleet[Symbol.asyncDispose]())
  const { serveDashboard } = (await import(`${library}admin/index.js`)) as typeof Admin
  const { RedisStorage } = (await import(`${library}redis/index.js`)) as typeof Redis
  const family = families.find(({ name }) => name === 'redis 6')
  const connected = await family?.single(redis.port)
  if (connected === undefined) throw new Error('no client')
  const storage = new RedisStorage(connected.client, options)
  endings.push(
    () => connected.end(),
    () => storage.dispose(),
  )
  serve = (port = 0) => serveDashboard(storage, { actor: 'maria', port })
  dashboard = await serve()
  endings.push(() => dashboard.close())
  await fleet.each(async (peer) => {
    await peer.storage('shared', { kind: 'redis', client: 'redis-6', port: redis.port, options })
    for (const name of ['payments', 'orders'])
      await peer.breaker(name, { storage: 'shared', failMax: 3, resetTimeout: 600_000 })
  })
  one = fleet.peers[0] as Peer
  opened = await openPage(browser)
  page = opened.page
  page.on('request', (request) => asked.push(new URL(request.url()).host))
})

afterAll(async () => {
  for (const end of endings.toReversed()) await end()
})

/** What stands in a circuit's pill. */
async function pill(name: string, says: string): Promise<void> {
  await row(page, name).locator('.pill-w').filter({ hasText: says }).waitFor()
}

async function everywhere(holds: (peer: Peer) => Promise<boolean>): Promise<void> {
  await until(async () => (await fleet.each(holds)).every(Boolean), wait.timeout)
}

async function toasted(): Promise<string> {
  await page.locator('#toast').waitFor()
  return text(page, '#toast')
}

it('turns the token into a cookie that no script reads, and takes it once', async () => {
  await page.goto(dashboard.url)
  await page.locator('#link-state[data-link="live"]').waitFor()
  expect(page.url()).toBe(`http://127.0.0.1:${dashboard.port}/`)
  const [cookie] = await opened.context.cookies()
  expect(cookie).toMatchObject({ httpOnly: true, sameSite: 'Strict' })
  expect(await page.evaluate('document.cookie')).toBe('')
  const again = await fetch(dashboard.url)
  expect([again.status, again.headers.get('set-cookie')]).toEqual([401, null])
  expect(await again.text()).toContain('This token was used before')
})

it('shows what another process trips', async () => {
  await one.call('payments', 'ok', 5)
  await one.call('payments', 'fail', 3)
  const tripped = await one.seen('payments', 'closed->open')
  await pill('payments', 'Open')
  console.log(`a trip in another process was on the page after ${Math.round(now() - tripped)} ms`)
  expect(await text(page, 'h1')).toMatch(/^payments opened \d+ s ago$/)
  expect(await page.title()).toBe('1 open · Infuse')
  await row(page, 'payments').click()
  expect(await text(page, '#d-explain')).toContain('3 calls in a row failed')
  await vi.waitFor(async () => expect(await text(page, '#d-moves .m-what')).toMatch(/opened$/), wait)
})

it('holds a circuit open in the other processes, for 15 minutes, and says so to everybody', async () => {
  expect(await fleet.each((peer) => peer.call('orders', 'ok'))).toEqual([['ok'], ['ok']])
  await vi.waitFor(async () => expect(await text(page, '#process-fact dd')).toBe('2 reporting'), wait)
  await row(page, 'orders').click()
  await page.keyboard.press('f')
  expect(await text(page, '#dlg-force .consequence')).toMatch(/^All 2 processes reject every call to orders/)
  await page.keyboard.type(reason)
  await page.getByRole('button', { name: 'Force open for 15 min' }).click()
  expect(await toasted()).toMatch(/^orders is held open until (?:\d+ \w+ )?\d\d:\d\d, in 2 processes\.$/)
  await pill('orders', 'Forced open')
  await everywhere(async (peer) => (await peer.look('orders')).forced?.reason === reason)
  expect(await fleet.each((peer) => peer.call('orders', 'ok'))).toEqual([['forced'], ['forced']])
  const { forced } = await one.look('orders')
  expect(forced).toMatchObject({ state: 'open', by: 'maria' })
  const said = await text(page, '.row-link[data-name="orders"] .reason')
  // In the last quarter of an hour of a day that is tomorrow.
  expect(said.replace(/(?:\d+ \w+ )?\d\d:\d\d/, 'then')).toBe(`maria until then: “${reason}”`)
  expect(await text(page, '.row-link[data-name="orders"] .due')).toMatch(/^1[45] min left$/)
})

it('releases it there too', async () => {
  await page.keyboard.press('r')
  await page.keyboard.type('counted')
  await page.keyboard.press('Enter')
  await everywhere(async (peer) => (await peer.look('orders')).forced === undefined)
  await until(async () => (await one.call('orders', 'ok'))[0] === 'ok')
  await pill('orders', 'Closed')
})

it('changes thresholds of which only the processes know what they are in code', async () => {
  // What the fields hold is read when the dialog opens: the page must know the processes' policy by then.
  await vi.waitFor(async () => expect(await text(page, '#d-policy')).toContain('3 failures in a row'), wait)
  await page.keyboard.press('e')
  await page.locator('#dlg-update[open]').waitFor()
  const failMax = page.locator('input[name="failMax"]')
  expect(await failMax.inputValue()).toBe('3')
  await page.keyboard.type('it must not happen twice')
  await failMax.fill('1')
  await page.getByRole('button', { name: 'Change thresholds' }).click()
  await page.locator('#dlg-update').waitFor({ state: 'hidden' })
  await vi.waitFor(async () => expect(await text(page, '#d-changed')).toMatch(/^failMax changed by maria/), wait)
  await everywhere(async (peer) => (await peer.look('orders')).text.includes('1 failure'))
  expect(await one.call('orders', 'fail')).toEqual(['tripped'])
  await pill('orders', 'Open')
})

it('tells everybody who did what, and why', async () => {
  await page.getByRole('button', { name: 'People' }).click()
  const lines = page.locator('#moves .move')
  await vi.waitFor(async () => expect(await lines.count()).toBe(3), wait)
  const told = async (part: string): Promise<string[]> => lines.locator(part).allTextContents()
  expect(await told('.m-why')).toEqual(['“it must not happen twice”', '“counted”', `“${reason}”`])
  expect(await told('.m-who')).toEqual(['maria', 'maria', 'maria'])
})

it('counts what all processes reported, asks nobody else, and says nothing to the console under its policy', async () => {
  await row(page, 'payments').click()
  await vi.waitFor(async () => expect(await text(page, '#d-counts')).toContain('Failed3 of 8'), wait)
  expect(await text(page, '#d-gauge')).toBe('3 of 3 failures in a row')
  expect(opened.said).toEqual([])
  expect(new Set(asked)).toEqual(new Set([`127.0.0.1:${dashboard.port}`]))
})

it('says that storage does not answer, offers nothing then, and goes on when it does', async () => {
  redis.freeze()
  await page.locator('#banner.bad').waitFor()
  expect(await text(page, '.banner-title')).toMatch(/^Storage has not answered for \d+ s\.$/)
  expect(await page.title()).toBe('Storage down · Infuse')
  expect(await page.locator('#d-actions').isVisible()).toBe(false)
  expect(await text(page, '#process-fact dd')).toBe('2 last known')
  redis.thaw()
  await page.locator('#d-actions').waitFor()
  expect(await page.locator('#banner').isVisible()).toBe(false)
  expect(opened.said).toEqual([])
})

it('says that the sign-in has ended when the dashboard was started anew', async () => {
  const { port } = dashboard
  await dashboard.close()
  await page.locator('#link-state[data-link="lost"]').waitFor()
  dashboard = await serve(port)
  await page.locator('#dlg-expired[open]').waitFor()
  expect(await text(page, '#link-state')).toBe('Signed out')
  await page.goto(dashboard.url)
  await page.locator('#link-state[data-link="live"]').waitFor()
  expect(await text(page, '#circuits-n')).toBe('2')
})

it('shows what one process keeps back alone, in how many that is so, and that closing it works there', async () => {
  const [, other] = fleet.peers
  // Time to object, however busy this machine is.
  const patiently = { ...options, confirm: 2_000, timeout: 2_000 }
  await fleet.each(async (peer) => {
    await peer.storage('patient', { kind: 'redis', client: 'redis-6', port: redis.port, options: patiently })
    await peer.breaker('search', { storage: 'patient', failMax: 3, resetTimeout: 600_000 })
  })
  await other?.traffic('search', 5)
  expect(await one.call('search', 'fail', 3)).toEqual(['failed', 'failed', 'tripped'])
  await pill('search', 'Open')
  expect(await text(page, '.row-link[data-name="search"] .scope')).toBe('local, 1 of 2')
  expect(await text(page, '.row-link[data-name="search"] .reason')).toMatch(/^\w+ only: 3 calls in a row failed: /)
  await row(page, 'search').click()
  expect(await text(page, '#d-explain')).toContain('This is so in 1 of 2 processes; in the others calls pass.')
  expect([(await one.look('search')).scope, await other?.state('search')]).toEqual(['local', 'closed'])
  await page.keyboard.press('c')
  await page.keyboard.type('repaired')
  await page.keyboard.press('Enter')
  await until(async () => (await one.call('search', 'ok'))[0] === 'ok')
  await pill('search', 'Closed')
  await other?.rest('search')
})
