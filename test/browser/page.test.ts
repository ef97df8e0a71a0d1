// The dashboard's page in a real browser, under its policy, against a real server that says what the API would say.

import type { Page } from 'playwright-core'
import { describe, expect, it, vi } from 'vitest'
import { incident, make, START, well } from './page-data.ts'
import { names, patient, rig, row, text } from './page-rig.ts'

const on = rig('page-test')
const until = { timeout: 20_000, interval: 50 }
vi.setConfig({ testTimeout: patient })

describe('the page on an incident', () => {
  let opened: Promise<Page> | undefined
  /** One page for the tests that only look. */
  function reading(): Promise<Page> {
    opened ??= on.open()
    return opened
  }

  it('says in its first sentence what broke first, since when, and what followed', async () => {
    const page = await reading()
    expect(await text(page, 'h1')).toMatch(/^payments opened first, 4 min \d+ s ago$/)
    expect(await text(page, '#lead-sub')).toMatch(
      /^\d+ calls a second are being rejected\. fraud-check followed 19 s later; inventory is being tried now\. search-suggest is open in one process only; geo and mail are held by people\.$/,
    )
    expect(await page.title()).toBe('3 open · Infuse')
  })

  it('counts every circuit once: the four numbers add up', async () => {
    const page = await reading()
    const counts = (await page.locator('.stat-n').allTextContents()).map(Number)
    expect(counts).toEqual([3, 1, 2, 14])
    expect(await text(page, '#circuits-n')).toBe('20')
  })

  it('says how storage and processes are, who looks, and what they may do', async () => {
    const page = await reading()
    expect(await text(page, '#storage-fact dd')).toBe('Up 0.6 ms')
    expect(await text(page, '#process-fact dd')).toBe('24 reporting')
    expect(await text(page, '#actor')).toBe('maraoperate')
    expect(await text(page, '.where')).toBe('/ shop prod')
  })

  it('lists the likely cause first, then what is tried, held, watched and well', async () => {
    const page = await reading()
    const sick = ['payments', 'fraud-check', 'search-suggest', 'inventory', 'geo', 'mail']
    expect(await names(page, '#sick')).toEqual(sick)
    expect((await names(page, '#well')).slice(0, 3)).toEqual(['checkout-tax', 'recommendations', 'cart-store'])
    const heights = await page.locator('#sick .row-link').evaluateAll((rows) => rows.map((r) => r.clientHeight))
    for (const height of heights) expect(height).toBeGreaterThanOrEqual(72)
    expect(await row(page, 'catalog').evaluate((r) => r.clientHeight)).toBe(36)
  })

  it('truncates no name at 1440', async () => {
    const page = await reading()
    const cut = await page
      .locator('.name')
      .evaluateAll((all) => all.filter((n) => n.scrollWidth > n.clientWidth).length)
    expect(cut).toBe(0)
  })

  it('counts down by what was left, though the clock of this browser is years off', async () => {
    const page = await reading()
    const due = row(page, 'payments').locator('.due')
    await vi.waitFor(async () => expect(await due.textContent()).toMatch(/^trial in (?:1[0-7]|\d)\u00A0s$/), until)
    expect(await text(page, '#wall')).toMatch(/^02:5[12]:\d\d$/)
    expect(await text(page, '#d-tags .num')).toBe('since 02:47:12')
    expect(await page.locator('#d-tags .num').getAttribute('title')).toBe('2026-11-21 02:47:12 UTC')
    expect(await page.locator('#moves time').first().getAttribute('title')).toMatch(/ UTC$/)
  })

  it('says of a hold who, until when and why, and of a local circuit in how many processes', async () => {
    const page = await reading()
    expect(await text(page, '.row-link[data-name="geo"] .reason')).toBe(
      'mara until 03:30: “Provider maintenance until 03:30, CHG-4412”',
    )
    expect(await text(page, '.row-link[data-name="geo"] .due')).toBe('38 min left')
    expect(await text(page, '.row-link[data-name="mail"] .reason')).toMatch(/38 % fail, none rejected\.$/)
    expect(await text(page, '.row-link[data-name="search-suggest"] .scope')).toBe('local, 1 of 24')
  })

  it('writes few calls as they are, and none as a dash', async () => {
    const page = await reading()
    const cells = (name: string): Promise<string[]> =>
      row(page, name).locator('.c-num > span:first-child').allTextContents()
    expect((await cells('payments'))[1]).toBe('1 of 1')
    expect((await cells('geo')).slice(0, 2)).toEqual(['0', '–'])
    expect(await text(page, '.row-link[data-name="warehouse-events"] .reason')).toBe('no call in 5 minutes')
  })

  it('draws one instant through all plots', async () => {
    const page = await reading()
    const plot = await row(page, 'payments').locator('.c-plot').boundingBox()
    await page.mouse.move((plot?.x ?? 0) + (plot?.width ?? 0) / 2, (plot?.y ?? 0) + 20)
    expect(await page.locator('#circuits.crossed').count()).toBe(1)
    expect(await text(page, '.axis-at')).toMatch(/^02:4[89]:\d\d$/)
    expect(await page.locator('.axis-at').isVisible()).toBe(true)
    await page.mouse.move(5, 5)
    expect(await page.locator('#circuits.crossed').count()).toBe(0)
  })

  it('folds trials that changed nothing, shows people alone, and one circuit in full', async () => {
    const page = await reading()
    const changes = async (): Promise<string[]> =>
      (await page.locator('#moves .m-what').allTextContents()).map((line) => line.replaceAll('\u00A0', ' '))
    expect(await changes()).toContain('payments stays open, 4 trials failed')
    expect(await text(page, '#moves .move:has-text("payments stays open") .m-why')).toBe(
      'Last: connect ECONNREFUSED. First at 02:47:44.',
    )
    await page.getByRole('button', { name: 'People' }).click()
    expect(await changes()).toEqual([
      'mail forced closed until 03:10',
      'geo forced open until 03:30',
      'pricing failMax 5 → 8',
    ])
    expect(await text(page, '#moves .m-why')).toBe('“Test mailbox bounces trip it, INC-2291”')
    await page.locator('#who-one').click()
    expect(await changes()).toHaveLength(9)
    await page.getByRole('button', { name: 'Everyone' }).click()
  })

  it('shows more transitions when asked for earlier ones', async () => {
    const page = await reading()
    const before = await page.locator('#moves .move').count()
    await page.getByRole('button', { name: 'Earlier' }).click()
    expect(await page.locator('#moves .move').count()).toBeGreaterThan(before)
  })

  it('asks nothing of anybody else and says nothing to the console', async () => {
    const page = await reading()
    await page.keyboard.press('?')
    await page.keyboard.press('Escape')
    await page.keyboard.press('f')
    await page.keyboard.press('Escape')
    expect(on.said).toEqual([])
    expect(on.server.strange).toEqual([])
  })

  it('explains one circuit: words, thresholds, counts, and every transition with its flag', async () => {
    const page = await on.open()
    expect(await text(page, '#d-name')).toBe('payments')
    expect(await text(page, '#d-explain')).toMatch(/^5 calls in a row failed within 2 s, seen by 19 of 24 processes/)
    expect(await text(page, '#d-gauge')).toBe('5 of 5 failures in a row')
    expect(await page.locator('#d-counts > div').allTextContents()).toContain('Trials, failed4 of 4')
    expect(await page.locator('#d-policy > div').allTextContents()).toEqual([
      'Opens at5 failures in a row',
      'Stays open60 s',
      'Closes after1 good trial',
      'Trials at once1',
    ])
    expect(await page.locator('#d-moves .m-dot').allTextContents()).toEqual([
      '9',
      '8',
      '7',
      '6',
      '5',
      '4',
      '3',
      '2',
      '1',
    ])
    expect(await page.locator('#big .flag-t').allTextContents()).toEqual(['1', '2', '3', '4', '5', '6', '7', '8', '9'])
    const places = await page
      .locator('#big .flag-c')
      .evaluateAll((all) => all.map((one) => Number(one.getAttribute('cx'))))
    for (const [i, x] of places.entries()) expect(x - (places[i - 1] ?? 0)).toBeGreaterThan(16)
    await row(page, 'pricing').click()
    expect(await text(page, '#d-changed')).toBe('failMax changed by tomas at 02:19, until undone')
    expect(await text(page, '#d-policy .was')).toBe('5')
  })

  it('reads single steps of the plot by arrow keys, and all of them as a table', async () => {
    const page = await on.open()
    await page.locator('#big').focus()
    await page.keyboard.press('ArrowLeft')
    expect(await text(page, '#readout')).toMatch(/^02:51:\d\d {2}open · 0 answered, 0 failed, \d+ rejected$/)
    await page.keyboard.press('ArrowLeft')
    expect(await page.locator('#big .cross').getAttribute('d')).toMatch(/^M/)
    await page.getByText('Show as a table').click()
    expect(await page.locator('#plot-table tr').count()).toBe(60)
  })

  it('shows markup in names and reasons as text', async () => {
    const name = '<img src=x onerror=alert(1)>'
    const why = '<script>alert(2)</script> & <b>bold</b>'
    const held = make(name, {
      state: 'open',
      base: 3,
      since: 9_000,
      text: why,
      forced: { state: 'open', left: 60_000, period: 90_000, by: '<i>eve</i>', reason: why },
      moves: [[-9, 'forced', why, '<i>eve</i>', 90_000]],
    })
    const page = await on.open([held, ...well()])
    expect((await names(page))[0]).toBe(name)
    expect(await text(page, '#d-explain')).toContain(why)
    expect(await text(page, '#moves .m-why')).toBe(`“${why}”`)
    expect(await page.locator('main img, main script, main i:not(.sw):not(.axis i)').count()).toBe(0)
    expect(on.said).toEqual([])
  })
})

describe('the list', () => {
  it('shows only one state by number keys and buttons, and names by /', async () => {
    const page = await on.open()
    await page.keyboard.press('3')
    expect(await names(page)).toEqual(['geo', 'mail'])
    await page.keyboard.press('3')
    await page.keyboard.press('/')
    await page.keyboard.type('PAY')
    expect(await names(page)).toEqual(['payments'])
    await page.keyboard.press('Escape')
    expect(await names(page)).toHaveLength(20)
    await page.locator('.stat[data-filter="half-open"]').click()
    expect(await names(page)).toEqual(['inventory'])
    await page.locator('#find').fill('zzz')
    await page.getByRole('button', { name: 'Show all' }).click()
    expect(await names(page)).toHaveLength(20)
  })

  it('shows at once what storage says, and sorts it where it belongs', async () => {
    const page = await on.open()
    trip('catalog')
    await vi.waitFor(async () => expect(await names(page, '#sick')).toContain('catalog'), until)
    expect(await page.title()).toBe('4 open · Infuse')
    expect(await text(page, '.row-link[data-name="catalog"] .reason')).toBe('5 failures in a row: ECONNRESET.')
    on.server.gone('sms')
    await vi.waitFor(async () => expect(await names(page)).not.toContain('sms'), until)
  })

  it('holds still while the pointer is in it', async () => {
    const page = await on.open()
    await row(page, 'cart-store').hover()
    trip('catalog')
    const pill = row(page, 'catalog').locator('.pill-w')
    await vi.waitFor(async () => expect(await pill.textContent()).toBe('Open'), until)
    expect(await names(page, '#sick')).not.toContain('catalog')
    expect(await page.locator('#sort-again').isVisible()).toBe(true)
    await page.mouse.move(5, 5)
    await vi.waitFor(async () => expect(await names(page, '#sick')).toContain('catalog'), until)
    expect(await page.locator('#sort-again').isVisible()).toBe(false)
  })

  it('holds still while the focus is in it, and sorts when asked', async () => {
    const page = await on.open()
    await row(page, 'payments').focus()
    trip('catalog')
    await page.locator('#sort-again').waitFor()
    expect(await names(page, '#sick')).not.toContain('catalog')
    await page.locator('#sort-again').click()
    expect(await names(page, '#sick')).toContain('catalog')
  })

  it('keeps the selected circuit in the address', async () => {
    const page = await on.open(incident(), '#geo')
    expect(await text(page, '#d-name')).toBe('geo')
    await row(page, 'http://ledger.internal:8080').click()
    expect(new URL(page.url()).hash).toBe('#http%3A%2F%2Fledger.internal%3A8080')
    await page.reload()
    await vi.waitFor(async () => expect(await text(page, '#d-name')).toBe('http://ledger.internal:8080'), until)
  })
})

describe('the keyboard', () => {
  it('goes from the skip link through the filters to one stop for the whole list', async () => {
    const page = await on.open()
    const focused = (): Promise<string> => page.evaluate('document.activeElement.textContent.trim()')
    await page.keyboard.press('Tab')
    expect(await focused()).toBe('Skip to circuits')
    await page.keyboard.press('Enter')
    expect(await page.evaluate('document.activeElement.id')).toBe('circuits')
    const stops = await page.locator('.row-link[tabindex="0"]').count()
    expect(stops).toBe(1)
  })

  it('moves by arrows and letters, goes into the details and back', async () => {
    const page = await on.open()
    await page.keyboard.press('j')
    expect(await text(page, '#d-name')).toBe('fraud-check')
    await page.keyboard.press('ArrowDown')
    expect(await text(page, '#d-name')).toBe('search-suggest')
    await page.keyboard.press('k')
    expect(await text(page, '#d-name')).toBe('fraud-check')
    expect(await row(page, 'fraud-check').getAttribute('aria-current')).toBe('true')
    await page.keyboard.press('Enter')
    expect(await page.evaluate('document.activeElement.id')).toBe('detail')
    expect(await text(page, '#say')).toMatch(/^fraud-check: /)
    await page.keyboard.press('Escape')
    expect(await page.evaluate('document.activeElement.dataset.name')).toBe('fraud-check')
    expect(await page.locator('#detail').isVisible()).toBe(false)
    await page.keyboard.press('t')
    expect(await page.evaluate('document.activeElement.id')).toBe('timeline')
  })

  it('leaves single letters alone where they are switched off', async () => {
    const page = await on.open()
    await page.keyboard.press('?')
    await page.locator('#keys-on').uncheck()
    await page.keyboard.press('Escape')
    await page.keyboard.press('f')
    expect(await page.locator('dialog[open]').count()).toBe(0)
    await page.reload()
    await page.locator('#link-state[data-link="live"]').waitFor()
    await page.keyboard.press('?')
    expect(await page.locator('dialog[open]').count()).toBe(0)
    await page.locator('#help-button').click()
    expect(await page.locator('#keys-on').isChecked()).toBe(false)
    await page.locator('#keys-on').check()
  })
})

describe('an act', () => {
  it('says its consequence, wants a reason, and shows what is true afterwards', async () => {
    const page = await on.open()
    await page.keyboard.press('f')
    const dialog = page.locator('#dlg-force')
    expect(await text(page, '#dlg-force .consequence')).toMatch(
      /^All 24 processes reject every call to payments, about \d+ a second, until 03:06\. No trial goes out\./,
    )
    const go = dialog.getByRole('button', { name: 'Force open for 15 min' })
    expect(await go.isDisabled()).toBe(true)
    expect(await page.evaluate('document.activeElement.name')).toBe('reason')
    await page.keyboard.type('  Provider confirms an outage ')
    await page.keyboard.press('Enter')
    await vi.waitFor(
      async () => expect(await text(page, '#toast')).toBe('payments is held open until 03:06, in 24 processes.'),
      until,
    )
    expect(on.server.posted).toEqual([
      {
        circuit: 'payments',
        action: 'force',
        body: { reason: 'Provider confirms an outage', state: 'open', for: 900_000 },
      },
    ])
    expect(await dialog.isVisible()).toBe(false)
    expect(await page.evaluate('document.activeElement.dataset.name')).toBe('payments')
    expect(await text(page, '.row-link[data-name="payments"] .pill-w')).toBe('Forced open')
    expect(await text(page, '.row-link[data-name="payments"] .reason')).toBe(
      'mara until 03:06: “Provider confirms an outage”',
    )
    expect(await text(page, '#moves .m-what')).toBe('payments forced open until 03:06')
  })

  it('can hold closed for another time, with a caution where it fails', async () => {
    const page = await on.open()
    await page.getByRole('button', { name: 'Force…' }).click()
    await page.locator('input[name="state"][value="closed"]').check()
    await page.locator('input[name="other"]').fill('90')
    expect(await text(page, '#dlg-force .caution')).toMatch(/^payments is failing now/)
    await page.locator('#dlg-force input[name="reason"]').fill('must go through')
    await page.getByRole('button', { name: 'Force closed for 90 min' }).click()
    await vi.waitFor(() => expect(on.server.posted[0]?.body).toMatchObject({ state: 'closed', for: 5_400_000 }), until)
  })

  const plain = [
    [
      'h',
      'half-open',
      'Try payments now?',
      'Let one call through',
      'payments is half-open: its next call is a trial, in 24 processes.',
    ],
    ['c', 'close', 'Close payments?', 'Close payments', 'payments is closed, in 24 processes.'],
    ['o', 'open', 'Open payments?', 'Start the time anew', 'payments is open, its time started anew, in 24 processes.'],
  ] as const
  it.each(plain)('%s asks before %s', async (key, action, title, go, done) => {
    const page = await on.open()
    await page.keyboard.press(key)
    expect(await text(page, '#dlg-act h2')).toBe(title)
    expect((await text(page, '#dlg-act .consequence')).length).toBeGreaterThan(30)
    await page.keyboard.press('Escape')
    expect(on.server.posted).toEqual([])
    await page.keyboard.press(key)
    await page.keyboard.type('because')
    await page.locator('#dlg-act').getByRole('button', { name: go }).click()
    await vi.waitFor(async () => expect(await text(page, '#toast')).toBe(done), until)
    expect(on.server.posted).toEqual([{ circuit: 'payments', action, body: { reason: 'because' } }])
  })

  it('changes only the thresholds that were changed, in ms, and can undo them', async () => {
    const page = await on.open()
    await page.keyboard.press('e')
    const go = page.getByRole('button', { name: 'Change thresholds' })
    await page.keyboard.type('slow provider')
    expect(await go.isDisabled()).toBe(true)
    await page.locator('input[name="resetTimeout"]').fill('45.5')
    await go.click()
    await vi.waitFor(() => expect(on.server.posted).toHaveLength(1), until)
    expect(on.server.posted[0]?.body).toEqual({ reason: 'slow provider', resetTimeout: 45_500 })
    await page.locator('#dlg-update').waitFor({ state: 'hidden' })
    await row(page, 'pricing').click()
    await page.keyboard.press('e')
    await page.keyboard.type('over')
    await page.getByRole('button', { name: 'Back to the values in code' }).click()
    await vi.waitFor(() => expect(on.server.posted).toHaveLength(2), until)
    expect(on.server.posted[1]?.body).toEqual({ reason: 'over', failMax: null })
  })

  it('keeps an error in the dialog with what was typed, and changes nothing on the page', async () => {
    const page = await on.open()
    on.server.refusal = {
      statusCode: 422,
      code: 'invalid',
      message: 'A reason has 1 to 200 characters.',
      field: 'reason',
    }
    await page.keyboard.press('c')
    await page.keyboard.type('try it')
    await page.keyboard.press('Enter')
    await vi.waitFor(
      async () => expect(await text(page, '#dlg-act .fault')).toBe('A reason has 1 to 200 characters.'),
      until,
    )
    expect(await page.locator('#dlg-act input[name="reason"]').inputValue()).toBe('try it')
    expect(await text(page, '.row-link[data-name="payments"] .pill-w')).toBe('Open')
    on.server.refusal = undefined
    await page.keyboard.press('Enter')
    await page.locator('#dlg-act').waitFor({ state: 'hidden' })
  })

  it('refuses in words what a held circuit cannot do, and releases it', async () => {
    const page = await on.open(incident(), '#geo')
    for (const action of ['open', 'close', 'half-open']) {
      expect(await page.locator(`.act[data-act="${action}"]`).getAttribute('aria-disabled')).toBe('true')
    }
    await page.keyboard.press('o')
    expect(await page.locator('dialog[open]').count()).toBe(0)
    expect(await text(page, '#say')).toBe('geo is held open by mara; release it first.')
    await page.keyboard.press('r')
    expect(await text(page, '#dlg-act .consequence')).toBe(
      'The hold by mara ends now, not at 03:30. The circuit decides by itself again.',
    )
    await page.keyboard.type('done early')
    await page.keyboard.press('Enter')
    await vi.waitFor(
      async () => expect(await text(page, '.row-link[data-name="geo"] .pill-w')).toBe('Half-open'),
      until,
    )
  })
})

describe('the other states', () => {
  it('all well: says so, with the last change, and gives the transitions the right column', async () => {
    const page = await on.open(well())
    expect(await text(page, 'h1')).toBe('All 11 circuits are closed')
    expect(await page.title()).toBe('Infuse')
    expect(await page.locator('#detail').isVisible()).toBe(false)
    const list = await page.locator('#circuits').boundingBox()
    const moves = await page.locator('#timeline').boundingBox()
    expect(moves?.x).toBeGreaterThan((list?.x ?? 0) + (list?.width ?? 0) - 1)
  })

  it('empty: says which namespace was read and what makes a circuit appear', async () => {
    const page = await on.open([])
    expect(await text(page, 'h1')).toBe('Nothing to show yet')
    expect(await text(page, '#empty-reads')).toBe('This page reads namespace prod:shop.')
    expect(await page.locator('.board').isVisible()).toBe(false)
  })

  it('storage down: dates what is shown, shows no rates, offers no action, and goes on when it is back', async () => {
    const page = await on.open()
    on.server.storage = { up: false, ms: null, asOf: START - 80_000, downFor: 80_000 }
    on.server.beat()
    await page.locator('#banner.bad').waitFor()
    expect(await text(page, '.banner-title')).toMatch(/^Storage has not answered for 1 min \d+ s\.$/)
    expect(await text(page, '.banner-text')).toContain('This page shows what was known at 02:50:04')
    await vi.waitFor(
      async () => expect(await text(page, '.row-link[data-name="payments"] .due')).toBe('as of 02:50:04'),
      until,
    )
    expect(await row(page, 'payments').locator('.c-num > span:first-child').allTextContents()).toEqual(['–', '–', '–'])
    expect(await page.locator('#d-actions').isVisible()).toBe(false)
    expect(await text(page, '#d-locked p')).toBe(
      'No action until storage answers: a change could not reach the processes.',
    )
    expect(await text(page, '#d-explain')).toMatch(/^As of 02:50:04: /)
    expect(await text(page, 'h1')).toBe('3 circuits were open when storage stopped answering')
    expect(await page.title()).toBe('Storage down · Infuse')
    on.server.storage = { up: true, ms: 0.7, asOf: null, downFor: 0 }
    on.server.beat()
    await page.locator('#d-actions').waitFor()
    expect(await page.locator('#banner').isVisible()).toBe(false)
  })

  it('reconnecting: three seconds without a heartbeat, a guess before countdowns, no action, and back by itself', async () => {
    const page = await on.open()
    trip('catalog')
    on.server.beats = false
    await page.locator('#link-state[data-link="lost"]').waitFor({ timeout: 15_000 })
    expect(await text(page, '.banner-title')).toMatch(/^Connection lost \d+ s ago\.$/)
    expect(await text(page, '.banner-text')).toMatch(
      /^What you see is from 02:51:\d\d\. The circuits go on without this page\. Trying again/,
    )
    expect(await text(page, '.row-link[data-name="catalog"] .due')).toMatch(/^trial in ~\d.* s$/)
    expect(await page.locator('#d-actions').isVisible()).toBe(false)
    on.server.beats = true
    await page.getByRole('button', { name: 'Try now' }).click()
    await page.locator('#link-state[data-link="live"]').waitFor()
    expect(await page.locator('#banner').isVisible()).toBe(false)
    on.server.cut()
    await page.locator('#link-state[data-link="lost"]').waitFor()
    await page.locator('#link-state[data-link="live"]').waitFor()
  })

  it('read-only: the command of the shell stands where the actions are', async () => {
    on.server.reset([])
    const page = await on.open()
    on.server.actor = 'jonas'
    on.server.can = ['read']
    on.server.beat()
    await vi.waitFor(async () => expect(await text(page, '#right-chip')).toBe('read-only'), until)
    expect(await text(page, '#d-locked p')).toBe(
      'You can look here, not act: your sign-in has the right “read”. From a shell that reaches storage:',
    )
    expect(await text(page, '#d-locked code')).toBe('infuse force payments open --for 15m --reason "…"')
    await page.keyboard.press('f')
    expect(await page.locator('dialog[open]').count()).toBe(0)
    expect(await text(page, '#say')).toMatch(/^You can look here, not act/)
  })

  it('sign-in ended: a modal that stays, the page frozen behind it', async () => {
    const page = await on.open()
    on.server.signedIn = false
    on.server.cut()
    await page.locator('#dlg-expired[open]').waitFor()
    expect(await text(page, '#dlg-expired p')).toMatch(
      /^What you see behind this is from 02:51:\d\d and no longer moves\./,
    )
    await page.keyboard.press('Escape')
    expect(await page.locator('#dlg-expired').isVisible()).toBe(true)
    expect(await text(page, '#link-state')).toBe('Signed out')
    on.server.signedIn = true
    await page.getByRole('button', { name: 'I have signed in, reload' }).click()
    await page.locator('#link-state[data-link="live"]').waitFor()
  })
})

function trip(name: string): void {
  on.server.change(
    name,
    {
      state: 'open',
      since: 0,
      retryAfter: 90_000,
      period: 90_000,
      reason: '5 failures in a row: ECONNRESET',
      counts: { failures: 5 },
    },
    {
      kind: 'moved',
      from: 'closed',
      to: 'open',
      by: null,
      why: '5 failures in a row: ECONNRESET',
      change: null,
      for: null,
      scope: 'fleet',
      process: null,
    },
  )
}
