// How the page looks: at every width without sideways scroll, without a fault that axe knows of, without colour, in
// forced colours, and quick with 200 circuits. The pictures are kept in reports/dashboard/.

import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import type { Page } from 'playwright-core'
import { describe, expect, it, vi } from 'vitest'
import { root } from '../../scripts/process.mjs'
import { incident, START, well } from './page-data.ts'
import { names, patient, rig, row, text } from './page-rig.ts'

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')
const widths = [400, 640, 860, 1280, 1600, 1920]
const picture = (name: string): string => join(root, 'reports/dashboard', `${name}.png`)
vi.setConfig({ testTimeout: patient })

/** How long each run of the page's timer takes. */
const timed = `
  const interval = window.setInterval
  window.ticks = []
  window.setInterval = (run, ms) => interval(() => {
    const start = performance.now()
    run()
    ticks.push(performance.now() - start)
  }, ms)
`
const on = rig('page-looks', timed)
const selecting = `(async () => {
  const times = []
  for (const name of ['geo', 'mail', 'catalog', 'payments', 'geo', 'mail']) {
    const start = performance.now()
    document.querySelector('.row-link[data-name="' + name + '"]').click()
    await Promise.resolve()
    document.querySelector('#detail').getBoundingClientRect()
    times.push(performance.now() - start)
  }
  return times
})()`

/** By how much the page, and the details in it, are wider than what shows them. */
function sideways(page: Page): Promise<readonly number[]> {
  return page.evaluate(
    "[document.documentElement, document.querySelector('#detail')].map((one) => one.scrollWidth - one.clientWidth)",
  )
}

describe('the page at every width', () => {
  it('never scrolls sideways, with details open or not', async () => {
    const page = await on.open()
    const check = async (): Promise<void> => {
      for (const width of widths) {
        await page.setViewportSize({ width, height: 900 })
        expect([width, await sideways(page)]).toEqual([width, [0, 0]])
      }
    }
    await check()
    await row(page, 'http://ledger.internal:8080').click()
    await check()
    await page.setViewportSize({ width: 1440, height: 900 })
  })

  it('shows details beside the list, as a drawer, or as a sheet', async () => {
    const page = await on.open()
    const widthOf = async (): Promise<number | undefined> => (await page.locator('#detail').boundingBox())?.width
    expect(await widthOf()).toBeCloseTo(475, -1)
    await page.setViewportSize({ width: 1000, height: 900 })
    await row(page, 'geo').click()
    await vi.waitFor(async () => expect(await widthOf()).toBe(560))
    await page.setViewportSize({ width: 400, height: 800 })
    expect(await widthOf()).toBe(400)
    expect(await page.evaluate('document.activeElement.id')).toBe('detail')
    const small = await page
      .locator('#detail .btn:visible, #detail .act:visible')
      .evaluateAll((buttons) =>
        buttons
          .map((button) => button.getBoundingClientRect())
          .filter(({ width, height }) => width < 40 || height < 40),
      )
    expect(small).toEqual([])
    await page.getByRole('button', { name: 'Close details' }).click()
    await vi.waitFor(async () => expect(await page.locator('#detail').isVisible()).toBe(false))
    expect(await page.evaluate('document.activeElement.dataset.name')).toBe('geo')
    await page.setViewportSize({ width: 1440, height: 900 })
  })

  it('makes pictures in light, dark, narrow, without colour and in forced colours', async () => {
    const page = await on.open(incident(), '#payments')
    await page.mouse.move(5, 5)
    await page.screenshot({ path: picture('light'), fullPage: true })
    await page.emulateMedia({ colorScheme: 'dark' })
    await page.screenshot({ path: picture('dark') })
    await page.locator('#detail').screenshot({ path: picture('detail-dark') })
    await page.evaluate('scrollTo(0, 0)')
    await page.emulateMedia({ colorScheme: 'light', forcedColors: 'active' })
    await page.screenshot({ path: picture('forced-colours') })
    await page.emulateMedia({ forcedColors: 'none' })
    await page.keyboard.press('f')
    await page.keyboard.type('Provider confirms an outage, status page 02:44')
    await page.screenshot({ path: picture('force-dialog') })
    await page.keyboard.press('Escape')
    await page.evaluate("document.documentElement.style.filter = 'grayscale(1)'")
    await page.screenshot({ path: picture('greyscale') })
    await page.evaluate("document.documentElement.style.filter = ''")
    await page.setViewportSize({ width: 400, height: 900 })
    await page.screenshot({ path: picture('narrow-detail') })
    await page.keyboard.press('Escape')
    await vi.waitFor(async () => expect(await page.locator('#detail').isVisible()).toBe(false))
    await page.screenshot({ path: picture('narrow'), fullPage: true })
    await page.setViewportSize({ width: 1440, height: 900 })
  })

  it('tells states apart without colour: each has a glyph, a word and a ribbon of its own', async () => {
    const page = await on.open()
    const glyphs = await page
      .locator('.row-link .pill use')
      .evaluateAll((uses) => uses.map((use) => use.getAttribute('href')))
    expect(new Set(glyphs)).toEqual(new Set(['#i-open', '#i-half-open', '#i-forced', '#i-closed']))
    const ribbons = async (name: string): Promise<(string | null)[]> =>
      row(page, name)
        .locator('[class^="rib-"]')
        .evaluateAll((all) => [...new Set(all.map((one) => one.getAttribute('class')))])
    expect(await ribbons('payments')).toEqual(['rib-closed', 'rib-open', 'rib-half-open'])
    expect(await ribbons('mail')).toEqual(['rib-closed', 'rib-forced'])
    expect(await row(page, 'mail').locator('.rib-forced').count()).toBe(2)
  })
})

describe('axe', () => {
  /** In `where` alone, and by one rule alone, where they are given: it looks at every node there is. */
  async function faults(page: Page, where = 'body', rule?: string): Promise<string[]> {
    const options = { resultTypes: ['violations'], ...(rule !== undefined && { runOnly: [rule] }) }
    const found = (await page.evaluate(`axe.run('${where}', ${JSON.stringify(options)})`)) as {
      violations: { id: string; nodes: { html: string; failureSummary?: string }[] }[]
    }
    return found.violations.map(
      ({ id, nodes }) => `${id}: ${nodes.map(({ html, failureSummary }) => `${html} ${failureSummary}`).join(' | ')}`,
    )
  }

  it('finds nothing, in light, in dark, in dialogs, narrow, and where storage is down', async () => {
    const page = await on.open()
    await page.evaluate(axe)
    expect(await faults(page)).toEqual([])
    await page.emulateMedia({ colorScheme: 'dark' })
    expect(await faults(page, 'body', 'color-contrast')).toEqual([])
    for (const key of ['f', 'e', 'c', '?']) {
      // A page that is looked at for seconds hears no heartbeat.
      await page.locator('#d-actions').waitFor()
      await page.keyboard.press(key)
      expect([key, await faults(page, 'dialog[open]', key === 'f' ? 'color-contrast' : undefined)]).toEqual([key, []])
      await page.emulateMedia({ colorScheme: 'light' })
      if (key === 'f') expect(await faults(page, 'dialog[open]')).toEqual([])
      await page.keyboard.press('Escape')
    }
    await page.emulateMedia({ colorScheme: 'dark' })
    on.server.storage = { up: false, ms: null, asOf: START - 80_000, downFor: 80_000 }
    on.server.beat()
    await page.locator('#banner.bad').waitFor()
    await page.setViewportSize({ width: 400, height: 900 })
    expect(await faults(page, 'body', 'color-contrast')).toEqual([])
    await page.emulateMedia({ colorScheme: 'light' })
    expect(await faults(page)).toEqual([])
    await page.setViewportSize({ width: 1440, height: 900 })
  })

  it('finds nothing where there is nothing, or where the sign-in has ended', async () => {
    const page = await on.open([])
    await page.evaluate(axe)
    expect(await faults(page)).toEqual([])
    on.server.signedIn = false
    on.server.cut()
    await page.locator('#dlg-expired[open]').waitFor()
    expect(await faults(page)).toEqual([])
  })
})

describe('rings', () => {
  it('turn evenly, and stand still where less motion is wanted', async () => {
    const page = await on.open()
    const durations = async (): Promise<unknown> =>
      page.evaluate(
        "[...new Set([...document.querySelectorAll('.ring .arc')].map((arc) => getComputedStyle(arc).transitionDuration))]",
      )
    expect(await durations()).toEqual(['0s'])
    await page.emulateMedia({ reducedMotion: 'no-preference' })
    expect(await durations()).toEqual(['1s'])
    await page.emulateMedia({ reducedMotion: 'reduce' })
  })
})

describe('200 circuits', () => {
  it('tick and select without a stutter (printed, not judged)', async () => {
    const page = await on.open([...incident(), ...well(180).slice(11)])
    const select = (await page.evaluate(selecting)) as number[]
    let ticks: number[] = []
    await vi.waitFor(
      async () => {
        ticks = (await page.evaluate('ticks')) as number[]
        expect(ticks.length).toBeGreaterThanOrEqual(3)
      },
      { timeout: 30_000, interval: 200 },
    )
    const said = (times: readonly number[]): string => times.map((ms) => ms.toFixed(1)).join(', ')
    console.log(`200 circuits, ms: ticks ${said(ticks)}; selecting with its layout ${said(select)}`)
    expect(await names(page)).toHaveLength(200)
    expect(await text(page, '#circuits-n')).toBe('200')
    expect(on.said).toEqual([])
  })
})
