// What the tests of the page share: one browser and one server for a file, and a page that has read its circuits.

import { join } from 'node:path'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll } from 'vitest'
import { buildPage, root } from '../../scripts/process.mjs'
import { type Opened, openPage, startChromium } from './browser.ts'
import { type Made, incident } from './page-data.ts'
import { PageServer } from './page-server.ts'

export interface Rig {
  readonly server: PageServer
  /** The page anew, on these circuits, when it has drawn them. `at` is the address' hash. */
  open(circuits?: readonly Made[], at?: string): Promise<Page>
  /** What the console of the page said since. */
  readonly said: readonly string[]
}

/** Chromium takes its time on a busy machine. */
export const patient = 60_000

/** `name` is the folder of the compiled page, so that test files do not share one. `first` runs before its scripts. */
export function rig(name: string, first?: string): Rig {
  let server: PageServer | undefined
  let browser: Browser | undefined
  /** One for all tests: a new profile takes longer than a test. */
  let shared: Opened | undefined
  let times = 0
  beforeAll(async () => {
    const starting = startChromium()
    const built = await buildPage(`build/${name}`)
    if (built.status !== 0) throw new Error(built.output)
    server = await PageServer.start(join(root, 'build', name, 'page'))
    browser = await starting
    shared = await openPage(browser)
    if (first !== undefined) await shared.page.addInitScript(first)
  }, patient)
  afterAll(async () => {
    await browser?.close()
    await server?.stop()
  })
  const there = <T>(value: T | undefined): T => {
    if (value === undefined) throw new Error('not started')
    return value
  }
  return {
    get server() {
      return there(server)
    },
    get said() {
      return there(shared).said
    },
    async open(circuits = incident(), at = '') {
      const { page, said } = there(shared)
      there(server).reset(circuits)
      said.length = 0
      // Another hash alone would not load the page anew.
      await page.goto(`${there(server).url}?${++times}${at}`)
      await page.locator('#link-state[data-link="live"]').waitFor()
      await page.mouse.move(5, 5)
      return page
    },
  }
}

/** The names in the list as they stand. */
export function names(page: Page, list = '#circuits'): Promise<string[]> {
  return page.locator(`${list} .row:not([hidden]) .name`).allTextContents()
}

/** Text with its spaces as they are typed. */
export async function text(page: Page, selector: string): Promise<string> {
  const found = await page.locator(selector).first().textContent()
  return (found ?? '').replace(/[\u00A0\u2009]/g, ' ').trim()
}

export function row(page: Page, name: string): ReturnType<Page['locator']> {
  return page.locator(`.row-link[data-name="${name}"]`)
}
