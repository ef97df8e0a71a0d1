// Debian's chromium for the tests, and what every page is asked in the end: what it wrote to its console.

import { accessSync, constants } from 'node:fs'
import { delimiter, join } from 'node:path'
import { type Browser, type BrowserContext, type BrowserContextOptions, type Page, chromium } from 'playwright-core'

const args = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
]

/** One for a test file; each context in it has a profile of its own. @throws where there is no chromium on PATH. */
export function startChromium(): Promise<Browser> {
  return chromium.launch({ executablePath: findChromium(), args, headless: true })
}

/** A page, and everything its console said. */
export interface Opened {
  readonly context: BrowserContext
  readonly page: Page
  readonly said: string[]
}

/** A page of a new profile: UTC, light, still, 1440 × 900 unless told otherwise. */
export async function openPage(browser: Browser, options: BrowserContextOptions = {}): Promise<Opened> {
  const context = await browser.newContext({
    timezoneId: 'UTC',
    locale: 'en-GB',
    colorScheme: 'light',
    // Sixty pictures a second of rings that move, drawn without a graphics card, take half of the time there is.
    reducedMotion: 'reduce',
    viewport: { width: 1440, height: 900 },
    ...options,
  })
  const said: string[] = []
  const page = await context.newPage()
  page.on('console', (message) => said.push(`${message.type()}: ${message.text()}`))
  page.on('pageerror', (error) => said.push(`error: ${error.message}`))
  return { context, page, said }
}

const programs = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable']

function findChromium(): string {
  const folders = (process.env['PATH'] ?? '').split(delimiter)
  for (const path of programs.flatMap((program) => folders.map((folder) => join(folder, program)))) {
    try {
      accessSync(path, constants.X_OK)
      return path
    } catch {
      // Not in this folder.
    }
  }
  throw new Error('no chromium on PATH: install the package chromium')
}
