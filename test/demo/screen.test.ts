/** The live screen, drawn from a ledger that nobody played. */
import { beforeEach, expect, test, vi } from 'vitest'
import { addTo, type FleetChange, isTrip, makerOf, spreadOf, type Told } from '../../demo/changes.ts'
import { frame } from '../../demo/frame.ts'
import { Ledger } from '../../demo/ledger.ts'
import { width } from '../../demo/paint.ts'
import { newScreen } from '../../demo/screen.ts'
import { overtime, script } from '../../demo/script.ts'
import { shopNames } from '../../demo/stage.ts'

const plain = (_style: unknown, text: string): string => text
let ledger: Ledger

beforeEach(() => {
  ledger = new Ledger(script, 20)
  for (const act of script) {
    ledger.begin(act)
    for (let order = 0; order < 2_000; order += 1) {
      ledger.guarded.came()
      ledger.guarded.left(act.health === 'healthy' ? 'served' : 'failed fast', 1)
      ledger.bare.came()
      ledger.bare.left(act.health === 'healthy' ? 'served' : 'failed slow', 1_000)
    }
    ledger.tick()
  }
  for (let change = 0; change < 20; change += 1) {
    tellAll('open', change * 10_000)
    tellAll('half-open', change * 10_000 + 5_000)
  }
  ledger.breakers = shopNames.map(() => ({
    state: 'half-open',
    text: 'A paragraph for a person. '.repeat(20),
    stats: { calls: 0, successes: 0, failures: 0, ignored: 0, rejected: 0, slow: 0, late: 0, trials: 0 },
    nextTrialAt: undefined,
  }))
})

/** One change of the fleet, made by the second shop. */
function tellAll(to: 'open' | 'half-open', stamp: number): void {
  for (const [index, shop] of shopNames.entries()) {
    ledger.transition(shop, {
      from: to === 'open' ? 'half-open' : 'open',
      to,
      origin: index === 1 ? 'local' : 'remote',
      reason: 'a reason that goes on and on '.repeat(9),
      failCounter: 5,
      stamp: stamp + [3.4, 1, 250][index]!,
    })
  }
}

test.each([
  [78, 20],
  [80, 24],
  [100, 40],
  [300, 90],
])('the screen fits %i columns and %i rows', (columns, rows) => {
  const lines = frame(ledger, 'round 100 · Ctrl-C ends', { columns, rows }, plain)
  expect(lines.length).toBeLessThan(rows)
  expect(Math.max(...lines.map(width))).toBeLessThanOrEqual(columns)
})

test('the screen of 80 columns and 24 rows shows both sides, the three circuits, the explanation and the last changes', () => {
  const text = frame(ledger, 'Ctrl-C ends', { columns: 80, rows: 24 }, plain).join('\n')
  for (const part of ['no breaker', '4,000', 'wasted', 'A paragraph', 'trial of shop 2']) expect(text).toContain(part)
  expect(text).toMatch(/shop 1 ◐ HALF-OPEN +shop 2 ◐ HALF-OPEN +shop 3 ◐ HALF-OPEN/)
  // Who made the change, and how much later the others had it.
  expect(text).toMatch(/→ half-open shop 2, 1 \+2\.4 ms, 3 \+249 ms +a reason/)
})

test('what the shops tell is one change each time, in whichever order it arrives', () => {
  const told = (shop: string, to: 'open' | 'half-open', stamp: number): Told => ({
    shop,
    to,
    stamp,
    from: 'closed',
    origin: shop === 'b' ? 'local' : 'remote',
    reason: undefined,
    failCounter: 0,
    at: 0,
    act: '',
  })
  const changes: FleetChange[] = []
  for (const one of [
    told('b', 'open', 10),
    told('a', 'open', 12),
    told('b', 'half-open', 500),
    told('c', 'open', 11),
    told('b', 'open', 700),
    told('c', 'half-open', 501),
    told('a', 'half-open', 502),
    told('a', 'open', 703),
    told('c', 'open', 702),
    told('a', 'open', 9_000),
  ])
    addTo(changes, one)
  expect(changes.map((change) => [change.to, makerOf(change).shop, change.told.length, spreadOf(change)])).toEqual([
    ['open', 'b', 3, 2],
    ['half-open', 'b', 3, 2],
    ['open', 'b', 3, 3],
    ['open', 'a', 1, 0],
  ])
  expect(changes.filter(isTrip)).toHaveLength(3)
})

test('the address of the dashboard stands on the narrowest screen with all its characters', () => {
  const address = `http://127.0.0.1:65535/?token=${'x'.repeat(43)}`
  const lines = frame(ledger, 'Ctrl-C ends', { columns: 78, rows: 20 }, plain, address)
  expect(lines.filter((line) => line.trim() === address)).toHaveLength(1)
  expect(Math.max(...lines.map(width))).toBeLessThanOrEqual(78)
})

test('colours change no width', () => {
  const size = { columns: 80, rows: 24 }
  const coloured = frame(ledger, '', size, (_style, text) => `\x1b[1m${text}\x1b[22m`)
  expect(coloured.join('')).toContain('\x1b[')
  expect(coloured.map(width)).toEqual(frame(ledger, '', size, plain).map(width))
})

test('a terminal that is too narrow gets a line that says so', () => {
  expect(frame(ledger, '', { columns: 40, rows: 24 }, plain)).toHaveLength(1)
})

test('the screen gives the terminal back once', () => {
  const write = vi.fn<(text: string) => boolean>(() => true)
  const screen = newScreen({ columns: 80, rows: 24, write }, () => '', plain)
  screen.end()
  expect(write).not.toHaveBeenCalled()
  screen.began(ledger)
  screen.tick(ledger)
  expect(write.mock.calls[0]?.[0]).toContain('\x1b[?1049h')
  screen.end()
  screen.end()
  expect(write.mock.calls.filter(([text]) => text.includes('\x1b[?1049l'))).toHaveLength(1)
})

test('the script with all its overtime is over in less than 40 s', () => {
  expect(script.reduce((total, act) => total + act.seconds, overtime)).toBeLessThan(36)
})
