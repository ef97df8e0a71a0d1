import { describe, expect, it } from 'vitest'
import { bandsOf, wordAt } from '../../../../src/admin/page/bands.ts'
import { barsOf } from '../../../../src/admin/page/bars.ts'
import { type Seen, leftOf, ringOf } from '../../../../src/admin/page/circuit.ts'
import { PageClock } from '../../../../src/admin/page/clock.ts'
import { forceWords, plainWords } from '../../../../src/admin/page/consequence.ts'
import { shareOf, stepAt, sumOf } from '../../../../src/admin/page/counts.ts'
import { folded } from '../../../../src/admin/page/fold.ts'
import { headline, spoken } from '../../../../src/admin/page/headline.ts'
import { Log } from '../../../../src/admin/page/log.ts'
import { type View, byNeed, viewOf } from '../../../../src/admin/page/view.ts'
import type { WireSteps, WireTransition } from '../../../../src/admin/wire.ts'
import { type Made, type Spec, START, incident, make } from '../../../browser/page-data.ts'

const GOT = 1_000_000
const up = { up: true, ms: 1, asOf: null, downFor: 0 }

/** The page's view of circuits, as of the moment the answer came. */
function viewsOf(made: readonly Made[], now = GOT): View[] {
  const log = new Log()
  log.add(
    made.flatMap(({ transitions }) => transitions.map((one) => ({ ...one, ago: START - one.at }))),
    GOT,
  )
  return made.map(({ circuit }) => viewOf(seenOf(circuit), log.of(circuit.name), now, START + now - GOT)).sort(byNeed)
}

function seenOf(wire: Made['circuit']): Seen {
  return { wire, got: GOT, steps: wire.steps ?? null, stepsGot: GOT }
}

function one(spec: Spec, name = 'payments'): View {
  const [view] = viewsOf([make(name, spec)])
  if (view === undefined) throw new Error('no view')
  return view
}

function say(made: readonly Made[], storage = up): { lead: string; sub: string; title: string } {
  const { lead, sub, title } = headline({ views: viewsOf(made), storage, now: GOT, wallNow: START })
  return { lead: spoken(lead, GOT), sub: spoken(sub, GOT), title }
}

describe('the headline', () => {
  it('names the oldest automatic opening, its age, and those that followed', () => {
    expect(say(incident())).toMatchObject({ lead: 'payments opened first, 4 min 12 s ago', title: '3 open · Infuse' })
  })

  it('says opened, not opened first, of one alone', () => {
    const moves = [[-30, 'open', '5 failures in a row']] as const
    expect(say([make('a', { state: 'open', base: 0, since: 30_000, moves })])).toEqual({
      lead: 'a opened 30 s ago',
      sub: 'No call is being rejected. ',
      title: '1 open · Infuse',
    })
  })

  it('leaves out an age that nobody reported', () => {
    expect(say([make('a', { state: 'open', base: 0 })]).lead).toBe('a opened')
  })

  it('names people where nothing opened by itself', () => {
    const held = { state: 'open', left: null, period: null, by: 'mara', reason: 'why' } as const
    expect(say([make('a', { state: 'open', base: 0, forced: held })]).lead).toBe('a is held open by mara')
    const opened = make('b', { state: 'open', base: 0, moves: [[-9, 'open', 'drill', 'tomas']] })
    expect(say([opened]).lead).toBe('b was opened by tomas')
    expect(say([opened, make('a', { state: 'open', base: 0, forced: held })]).lead).toBe(
      '2 circuits are not closed, all of them by people',
    )
  })

  it('is calm where all is closed, and honest where storage is down', () => {
    expect(say([make('a', { base: 1 }), make('b', { base: 1 })])).toEqual({
      lead: 'All 2 circuits are closed',
      sub: 'No change is known of.',
      title: 'Infuse',
    })
    expect(say([]).lead).toBe('Nothing to show yet')
    expect(say(incident(), { ...up, up: false }).lead).toBe('3 circuits were open when storage stopped answering')
  })
})

describe('a countdown', () => {
  it('ages what was left by the clock of the page alone', () => {
    const seen = one({ state: 'open', base: 1, retryAfter: 18_000, period: 60_000 }).seen
    expect(leftOf(seen, GOT + 10_000)).toBe(8_000)
    expect(leftOf(seen, GOT + 99_000)).toBe(0)
    expect(ringOf(seen, GOT + 10_000)).toBeCloseTo(13.33)
  })

  it('is none where there is no end, or nothing to wait for', () => {
    expect(leftOf(one({ state: 'open', base: 1 }).seen, GOT)).toBeNull()
    expect(leftOf(one({ base: 1, retryAfter: 5_000 }).seen, GOT)).toBeNull()
  })
})

describe('the clock of the page', () => {
  it('goes by what the server said, and does not flicker with the way of the answers', () => {
    const clock = new PageClock(() => 500)
    expect(clock.wallAt(500)).toBeUndefined()
    clock.told(START, 500)
    clock.told(START + 120, 500)
    expect(clock.wallAt(1_500)).toBe(START + 1_000)
    clock.told(START + 3_600_000, 500)
    expect(clock.wallNow()).toBe(START + 3_600_000)
  })
})

describe('the bands behind a plot', () => {
  it('are made of transitions, newest last, up to the right edge', () => {
    const view = one({
      state: 'open',
      base: 10,
      since: 10_000,
      moves: [
        [-10, 'open', 'the trial call failed'],
        [-12, 'half-open', ''],
        [-100, 'open', ''],
      ],
    })
    expect(view.bands).toEqual([
      { from: 100_000, to: 12_000, kind: 'open', word: 'open' },
      { from: 12_000, to: 10_000, kind: 'half-open', word: 'half-open' },
      { from: 10_000, to: 0, kind: 'open', word: 'open' },
    ])
    expect([wordAt(view.bands, 59), wordAt(view.bands, 0)]).toEqual(['open', 'closed'])
  })

  it('go by the circuit where the transitions lag behind it', () => {
    const [made] = [make('a', { state: 'open', base: 1, since: 20_000 })]
    expect(bandsOf(seenOf(made.circuit), [])).toEqual([{ from: 20_000, to: 0, kind: 'open', word: 'open' }])
  })

  it('reach back to the left edge for what began before it', () => {
    const held = { state: 'closed', left: 5, period: 9, by: 'a', reason: 'b' } as const
    const view = one({ state: 'closed', base: 1, forced: held, moves: [[-900, 'forced', 'b', 'a', 9]] })
    expect(view.bands).toEqual([{ from: 300_000, to: 0, kind: 'forced', word: 'forced closed' }])
  })

  it('are unknown where nobody reported, and only there', () => {
    const seen = seenOf(make('a', { base: 1 }).circuit)
    const gone = Array.from({ length: 60 }, (_, i) => (i < 44 ? 7 : null))
    const steps: WireSteps = { behind: 0, calls: gone, successes: null, failures: gone, rejected: gone, slow: gone }
    expect(bandsOf({ ...seen, steps }, [])).toEqual([{ from: 80_000, to: 0, kind: 'unknown', word: 'no data' }])
    expect(bandsOf({ ...seen, steps: null }, [])).toMatchObject([{ from: 300_000, to: 0, kind: 'unknown' }])
    const open = seenOf(make('a', { state: 'open', base: 1, since: 100_000 }).circuit)
    expect(bandsOf({ ...open, steps }, []).map(({ from, to, kind }) => [from, to, kind])).toEqual([
      [100_000, 80_000, 'open'],
      [80_000, 0, 'unknown'],
    ])
  })
})

describe('the numbers', () => {
  const column = (n: number | null): (number | null)[] => Array.from({ length: 60 }, () => n)
  const steps = (calls: number | null, failures: number, rejected: number): WireSteps => ({
    behind: 0,
    calls: column(calls),
    successes: null,
    failures: column(failures),
    rejected: column(rejected),
    slow: column(0),
  })

  it('count the rejected in no denominator', () => {
    const sum = sumOf(steps(10, 1, 500), 12)
    expect(sum).toEqual({ seconds: 60, calls: 120, answered: 108, failed: 12, rejected: 6_000 })
    expect(sum && shareOf(sum)).toBe('10 %')
  })

  it('are none where nothing is known', () => {
    expect(sumOf(steps(null, 0, 0))).toBeNull()
    expect(sumOf(null)).toBeNull()
    const young = Array.from({ length: 60 }, (_, i) => (i < 56 ? null : 10))
    expect(sumOf({ ...steps(0, 0, 0), calls: young }, 12)).toMatchObject({ seconds: 20, calls: 40 })
    expect(stepAt(steps(0, 0, 0), 3)).toEqual({ seconds: 5, calls: 0, answered: 0, failed: 0, rejected: 0 })
  })

  it('draw four paths whatever their number, and nothing of a step that is unknown', () => {
    const frame = { width: 300, height: 40, gap: 1, peak: 20, quiet: true }
    const bars = barsOf(steps(10, 5, 10), frame)
    expect(bars.failed.match(/M/g)).toHaveLength(60)
    expect(bars.edge.match(/M/g)).toHaveLength(60)
    expect(barsOf(steps(null, 5, 10), frame)).toEqual({ answered: '', failed: '', rejected: '', edge: '' })
    expect(barsOf(steps(1_000, 5, 0), { ...frame, peak: 1_000 }).failed).toBe('')
  })
})

describe('the timeline', () => {
  const move = (
    at: number,
    from: WireTransition['from'],
    to: WireTransition['to'],
    by: string | null = null,
  ): WireTransition => ({
    id: String(at),
    circuit: 'a',
    kind: 'moved',
    from,
    to,
    at: START + at,
    ago: -at,
    by,
    why: 'x',
    change: null,
    for: null,
    scope: 'fleet',
    process: null,
  })
  const linesOf = (...moves: WireTransition[]): (readonly [number, number])[] => {
    const log = new Log()
    log.add(moves, GOT)
    return folded(log.all).map(({ moved, trials }) => [moved.wire.at - START, trials] as const)
  }

  it('folds failed trials with the moves that let them out, and nothing else', () => {
    const lines = linesOf(
      move(-1, 'open', 'half-open'),
      move(-2, 'half-open', 'open'),
      move(-3, 'open', 'half-open'),
      move(-4, 'half-open', 'open'),
      move(-5, 'open', 'half-open'),
      move(-6, 'closed', 'open'),
    )
    expect(lines).toEqual([
      [-1, 0],
      [-2, 2],
      [-6, 0],
    ])
  })

  it('keeps the trials of two outages apart, and what a person did', () => {
    const lines = linesOf(
      move(-1, 'half-open', 'open'),
      move(-2, 'open', 'half-open', 'mara'),
      move(-3, 'closed', 'open'),
      move(-4, 'half-open', 'closed'),
      move(-5, 'open', 'half-open'),
      move(-6, 'half-open', 'open'),
      move(-7, 'open', 'half-open'),
      move(-8, 'closed', 'open'),
    )
    expect(lines).toEqual([
      [-1, 1],
      [-2, 0],
      [-3, 0],
      [-4, 0],
      [-5, 0],
      [-6, 1],
      [-8, 0],
    ])
  })

  it('knows each transition once, however often it is told', () => {
    const log = new Log()
    const moves = [move(-1, 'closed', 'open'), move(-2, 'half-open', 'closed')]
    log.add(moves, GOT)
    log.add(moves, GOT + 5)
    expect([log.all.length, log.version, log.of('a').length, log.of('b').length]).toEqual([2, 1, 2, 0])
  })
})

describe('the order of the list', () => {
  it('puts the likely cause first', () => {
    const opened = (at: number): Spec => ({ state: 'open', base: 1, since: -at * 1_000, moves: [[at, 'open', '']] })
    const made = [
      make('well', { base: 1 }),
      make('watched', { base: 1, counts: { failures: 3 } }),
      make('held', {
        base: 1,
        state: 'closed',
        forced: { state: 'closed', left: 9, period: 9, by: null, reason: null },
      }),
      make('tried', { base: 1, state: 'half-open' }),
      make('local', { ...opened(-900), scope: 'local' }),
      make('young', opened(-10)),
      make('old', opened(-90)),
    ]
    expect(viewsOf(made).map(({ name }) => name)).toEqual(['old', 'young', 'local', 'tried', 'held', 'watched', 'well'])
  })
})

describe('a consequence', () => {
  const setting = { processes: 24, now: GOT, wallNow: START }

  it('says how many processes and calls, and what happens then', () => {
    const closed = one({ base: 10, thresholds: { resetTimeout: 30_000 } })
    expect(plainWords('open', closed, setting)).toMatchObject({ danger: true, go: 'Open payments' })
    expect(plainWords('open', closed, setting).text).toMatch(
      /^All 24 processes reject their calls to payments, about [\d.]+ a second\. A trial goes out after 30 s\.$/,
    )
    expect(plainWords('half-open', closed, setting).text).toMatch(
      /the rest, about [\d.]+ a second, is rejected until it succeeds\.$/,
    )
  })

  it('leaves out of the sentence what nobody reported', () => {
    const silent = one({ base: 0 })
    const alone = { ...setting, processes: null }
    expect(plainWords('open', silent, alone).text).toBe(
      'All processes reject their calls to payments. A trial goes out after 30 s.',
    )
    expect(plainWords('half-open', silent, alone).text).toBe(
      'One call at a time goes out, over the whole fleet; the rest is rejected until it succeeds.',
    )
    expect(plainWords('close', one({ base: 0, state: 'open', policy: null }), { ...setting, processes: 1 }).text).toBe(
      'The one process there is will call payments again at once. Counts start at zero.',
    )
  })

  it('warns where calls will fail', () => {
    const failing = one({ base: 10, fails: () => 0.4 })
    expect(forceWords(failing, 'closed', 900_000, setting).caution).toMatch(/^payments is failing now/)
    expect(forceWords(failing, 'open', 900_000, setting).caution).toBeUndefined()
    const held = { state: 'closed', left: 60_000, period: 60_000, by: 'mara', reason: 'x' } as const
    expect(plainWords('release', one({ base: 10, fails: () => 0.4, forced: held }), setting).caution).toMatch(
      /^40 % of its calls fail/,
    )
  })
})
