// Debian's chromium for the tests, with a profile of its own; and what every page is asked: what it wrote to its console.

import { mkdtempSync, rmSync } from 'node:fs'
import { accessSync, constants } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { type BrowserContext, type BrowserContextOptions, type Page, chromium } from 'playwright-core'

const args = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
]

/** A browser is one context with its profile. */
export interface Chromium {
  readonly context: BrowserContext
  close(): Promise<void>
}

/** @throws where there is no chromium on PATH: a test that cannot run must fail. */
export async function startChromium(options: BrowserContextOptions = {}): Promise<Chromium> {
  const profile = mkdtempSync(join(tmpdir(), 'infuse-chromium-'))
  const context = await chromium.launchPersistentContext(profile, {
    executablePath: findChromium(),
    args,
    headless: true,
    timezoneId: 'UTC',
    locale: 'en-GB',
    ...options,
  })
  return {
    context,
    async close() {
      await context.close()
      rmSync(profile, { recursive: true, force: true, maxRetries: 5 })
    },
  }
}

/** A page and everything its console said. */
export async function openPage(context: BrowserContext): Promise<{ page: Page; said: string[] }> {
  const said: string[] = []
  const page = await context.newPage()
  page.on('console', (message) => said.push(`${message.type()}: ${message.text()}`))
  page.on('pageerror', (error) => said.push(`error: ${error.message}`))
  return { page, said }
}

function findChromium(): string {
  for (const folder of (process.env['PATH'] ?? '').split(delimiter)) {
    const path = join(folder, 'chromium')
    try {
      accessSync(path, constants.X_OK)
      return path
    } catch {
      // Not in this folder.
    }
  }
  throw new Error('no chromium on PATH: install the package chromium')
}
