// Circuits for the page's tests: an incident as the design shows it, in the words of the API. Times are seconds before
// the page was opened; the shop's clock stands at 02:51:24 UTC, whatever the machine's says.

import type { WireCircuit, WireSteps, WireTransition } from '../../src/admin/wire.ts'

export const START = Date.UTC(2026, 10, 21, 2, 51, 24)
const STEPS = 60

/** [from, to, state] in seconds, before 0. */
type Band = readonly [
  from: number,
  to: number,
  state: 'open' | 'half-open' | 'forced-open' | 'forced-closed',
  good?: true,
]
/** [when, kind or state, why, by, change or ms of a hold] */
type Move = readonly [
  at: number,
  what: 'open' | 'half-open' | 'closed' | 'forced' | 'released' | 'updated',
  why: string,
  by?: string,
  more?: string | number,
]

export interface Spec extends Partial<Omit<WireCircuit, 'name' | 'steps' | 'thresholds'>> {
  readonly base: number
  readonly bands?: readonly Band[]
  readonly fails?: (t: number) => number
  /** Share of the calls that a band rejects. */
  readonly share?: number
  readonly moves?: readonly Move[]
  readonly thresholds?: Partial<WireCircuit['thresholds']>
  readonly process?: string
}

export interface Made {
  readonly circuit: WireCircuit
  readonly transitions: readonly Omit<WireTransition, 'ago'>[]
}

let seed = 7
function random(): number {
  seed = (seed * 1_664_525 + 1_013_904_223) >>> 0
  return seed / 2 ** 32
}

export function make(name: string, spec: Spec): Made {
  const { base, bands = [], fails, share, moves = [], thresholds, process, ...given } = spec
  const at = { failMax: 5, resetTimeout: 30_000, successThreshold: 1, trials: 1, ...thresholds }
  const circuit: WireCircuit = {
    name,
    state: 'closed',
    scope: 'fleet',
    counts: { failures: 0 },
    openedAt: null,
    since: null,
    retryAfter: null,
    period: null,
    reason: null,
    text: null,
    forced: null,
    policy: at.failMax === null ? null : `${at.failMax} failures in a row`,
    overrides: null,
    relapses: 0,
    late: 0,
    processes: 24,
    local: null,
    trialBy: null,
    ...given,
    thresholds: {
      ...at,
      inCode: {
        failMax: 5,
        resetTimeout: at.resetTimeout,
        successThreshold: at.successThreshold,
        ...thresholds?.inCode,
      },
    },
    steps: series(base, bands, fails, share),
  }
  return { circuit, transitions: moves.map((move, i) => transition(circuit, move, moves[i + 1], process ?? null)) }
}

function transition(
  { name, scope, forced }: WireCircuit,
  [at, what, why, by, more]: Move,
  before: Move | undefined,
  process: string | null,
): Omit<WireTransition, 'ago'> {
  const states = {
    open: 'open',
    'half-open': 'half-open',
    closed: 'closed',
    forced: forced?.state ?? 'open',
    released: 'half-open',
    updated: 'closed',
  } as const
  const kind = what === 'forced' || what === 'released' || what === 'updated' ? what : 'moved'
  const earlier = before?.[1] ?? (what === 'half-open' ? 'open' : 'closed')
  return {
    id: `${name}@${at}`,
    circuit: name,
    kind,
    from: what === 'closed' ? 'half-open' : states[earlier],
    to: states[what],
    at: START + at * 1_000,
    by: by ?? null,
    why,
    change: typeof more === 'string' ? more : null,
    for: typeof more === 'number' ? more : null,
    scope,
    process: scope === 'local' ? process : null,
  }
}

function series(base: number, bands: readonly Band[], fails: Spec['fails'] = () => 0, share = 1): WireSteps {
  const columns = Array.from({ length: STEPS }, (_, i) => {
    const t = (i - STEPS) * 5
    const asked = base * 5 * (0.93 + random() * 0.14) * (1 + 0.06 * Math.sin(i / 7 + base))
    const band = bands.find(([from, to]) => t + 2.5 >= from && t + 2.5 < to)
    const blocked = band !== undefined && band[2] !== 'forced-closed' ? asked * share : 0
    const trial = bands.find(([from, , state]) => state === 'half-open' && from >= t && from < t + 5)
    const failures = Math.round((asked - blocked) * fails(t) + (trial !== undefined && trial[3] === undefined ? 1 : 0))
    const successes = Math.max(0, Math.round(asked - blocked - failures + (trial === undefined ? 0 : 1)))
    return { successes, failures, rejected: Math.round(blocked) }
  })
  return {
    behind: 0,
    calls: columns.map(({ successes, failures }) => successes + failures),
    successes: columns.map(({ successes }) => successes),
    failures: columns.map(({ failures }) => failures),
    rejected: columns.map(({ rejected }) => rejected),
    slow: columns.map(() => 0),
  }
}

function relapses(start: number, trials: readonly number[]): Band[] {
  const bands: Band[] = []
  let at = start
  for (const trial of trials) {
    bands.push([at, trial, 'open'], [trial, trial + 2, 'half-open'])
    at = trial + 2
  }
  return [...bands, [at, 0, 'open']]
}

function trials(times: readonly number[], error: string): Move[] {
  return times.flatMap((t): Move[] => [
    [t + 2, 'open', `the trial call failed: ${error}`],
    [t, 'half-open', 'its time is over, a trial call goes out'],
  ])
}

const healthy: readonly (readonly [name: string, base: number, fails: number])[] = [
  ['cart-store', 64, 0.001],
  ['catalog', 212, 0.002],
  ['currency-rates', 2.4, 0],
  ['feature-flags', 35, 0],
  ['http://ledger.internal:8080', 16, 0.012],
  ['image-resize', 12, 0.008],
  ['loyalty', 7.5, 0],
  ['sessions', 188, 0],
  ['shipping-rates', 4.2, 0.02],
  ['sms', 0.3, 0],
  ['warehouse-events', 0, 0],
]

/** What is closed and well; `n` more of them for the page with many. */
export function well(n = 0): Made[] {
  const named = healthy.map(([name, base, f]) => {
    const outage = (t: number): number => (name.includes('ledger') && t > -260 && t < -240 ? 0.2 : 0)
    return make(name, { base, fails: (t) => outage(t) || (random() < 0.12 ? f * 6 : f / 3) })
  })
  const tenants = Array.from({ length: n }, (_, i) =>
    make(`tenant-${String(i).padStart(3, '0')}:webhook`, { base: 0.5 + random() * 20 }),
  )
  return [...named, ...tenants]
}

/** Three open, one tried, two held, two with a word, twelve well. */
export function incident(): Made[] {
  seed = 7
  return [payments(), fraudCheck(), searchSuggest(), inventory(), geo(), mail(), ...watched(), ...well()]
}

function payments(): Made {
  const times = [-42, -102, -162, -222]
  return make('payments', {
    state: 'open',
    base: 42,
    since: 40_000,
    openedAt: START - 40_000,
    retryAfter: 18_000,
    period: 60_000,
    thresholds: { resetTimeout: 60_000 },
    counts: { failures: 5 },
    bands: relapses(-252, times.toReversed()),
    fails: (t) => (t < -252 && t >= -260 ? 0.7 : 0),
    reason: 'the trial call failed: connect ECONNREFUSED',
    text: '5 calls in a row failed within 2 s, seen by 19 of 24 processes; the last with “connect ECONNREFUSED”. Since then 4 trials went out and all 4 were refused. One call goes out when the time is up: if it succeeds the circuit closes, if it fails it stays open for another 60 s.',
    relapses: 4,
    late: 2,
    moves: [...trials(times, 'connect ECONNREFUSED'), [-252, 'open', '5 calls in a row failed: connect ECONNREFUSED']],
  })
}

function fraudCheck(): Made {
  const times = [-53, -113, -173]
  return make('fraud-check', {
    state: 'open',
    base: 18,
    since: 51_000,
    openedAt: START - 51_000,
    retryAfter: 7_000,
    period: 60_000,
    policy: '50 % failed in the last 10 s',
    thresholds: {
      failMax: null,
      resetTimeout: 60_000,
      inCode: { failMax: null, resetTimeout: 60_000, successThreshold: 1 },
    },
    counts: { failures: 3, windowCalls: 148, windowFailures: 92, fleetCalls: 148, fleetFailures: 92 },
    bands: relapses(-233, times.toReversed()),
    fails: (t) => (t < -233 && t >= -247 ? 0.62 : t < -247 ? 0.01 : 0),
    reason: 'the trial call failed: 503 Service Unavailable',
    text: '92 of 148 calls failed within 10 s (62 %, the limit is 50 %); the last with “503 Service Unavailable”. 3 trials since then failed the same way. One call goes out when the time is up: if it succeeds the circuit closes.',
    relapses: 3,
    moves: [
      ...trials(times, '503 Service Unavailable'),
      [-233, 'open', '62 % of 148 calls failed within 10 s: 503 Service Unavailable'],
    ],
  })
}

function searchSuggest(): Made {
  const times = [-7, -35, -65]
  return make('search-suggest', {
    state: 'open',
    scope: 'local',
    process: 'web-3',
    local: { open: 1, of: 24, who: 'web-3' },
    base: 118,
    share: 0.045,
    since: 5_000,
    openedAt: START - 5_000,
    retryAfter: 25_000,
    period: 30_000,
    counts: { failures: 5 },
    bands: relapses(-95, times.toReversed()),
    fails: (t) => (t < -95 && t > -108 ? 0.03 : 0.002),
    reason: 'the trial call failed: timed out after 800 ms',
    text: 'Only the process web-3 is open: 5 of its calls in a row timed out after 800 ms. The other 23 processes call search-suggest without trouble, so the trouble is likely web-3 itself or its network.',
    late: 1,
    moves: [...trials(times, 'timed out after 800 ms'), [-95, 'open', '5 calls in a row timed out after 800 ms']],
  })
}

function inventory(): Made {
  return make('inventory', {
    state: 'half-open',
    base: 31,
    since: 6_000,
    retryAfter: 4_000,
    period: 5_000,
    thresholds: { successThreshold: 2 },
    counts: { trialSuccesses: 1 },
    trialBy: 'worker-5',
    bands: [
      [-140, -110, 'open'],
      [-110, -108, 'half-open'],
      [-108, -48, 'open'],
      [-48, -46, 'half-open'],
      [-46, -6, 'open'],
      [-6, 0, 'half-open', true],
    ],
    fails: (t) => (t < -140 && t >= -150 ? 0.5 : 0),
    reason: 'its time is over, a trial call goes out',
    text: 'One trial succeeded in 84 ms, a second one is out from worker-5. If it succeeds the circuit closes and traffic returns; if it fails, or gives no answer within its 5 s, calls stay rejected.',
    moves: [
      [-6, 'half-open', 'its time is over, a trial call goes out'],
      ...trials([-48, -110], 'read ECONNRESET'),
      [-140, 'open', '5 calls in a row failed: read ECONNRESET'],
    ],
  })
}

function geo(): Made {
  const why = 'Provider maintenance until 03:30, CHG-4412'
  return make('geo', {
    state: 'open',
    forced: { state: 'open', left: 2_316_000, period: 3_636_000, by: 'mara', reason: why },
    base: 9,
    since: 1_320_000,
    bands: [[-300, 0, 'forced-open']],
    reason: why,
    text: 'Held open by a person. Every call is rejected and no trial goes out until the hold ends; then the circuit decides by itself again.',
    moves: [[-1_320, 'forced', why, 'mara', 3_636_000]],
  })
}

function mail(): Made {
  const why = 'Test mailbox bounces trip it, INC-2291'
  return make('mail', {
    state: 'closed',
    forced: { state: 'closed', left: 1_116_000, period: 1_800_000, by: 'tomas', reason: why },
    base: 6,
    since: 684_000,
    bands: [[-300, 0, 'forced-closed']],
    fails: () => 0.38,
    reason: why,
    text: 'Held closed by a person. Every call goes out although 38 % fail; without the hold it would be open now. When the hold ends, the circuit decides by itself again.',
    moves: [
      [-684, 'forced', why, 'tomas', 1_800_000],
      [-871, 'open', '5 calls in a row failed: 550 mailbox unavailable'],
    ],
  })
}

function watched(): Made[] {
  return [
    make('checkout-tax', {
      base: 22,
      counts: { failures: 3 },
      fails: (t) => (t > -20 ? 0.3 : t > -60 ? 0.04 : 0),
      text: 'Closed. The last 3 calls in a row failed, the latest with “socket hang up”; it opens at 5.',
    }),
    make('recommendations', {
      base: 57,
      since: 41_000,
      retryAfter: 19_000,
      period: 60_000,
      bands: [
        [-190, -160, 'open'],
        [-160, -158, 'half-open'],
        [-158, -43, 'open'],
        [-43, -41, 'half-open', true],
      ],
      fails: (t) => (t < -190 && t > -200 ? 0.5 : 0),
      text: 'Closed 41 s ago after a good trial. Traffic returns over 60 s.',
      moves: [
        [-41, 'closed', 'the trial call succeeded'],
        [-43, 'half-open', 'its time is over, a trial call goes out'],
        ...trials([-160], 'ETIMEDOUT'),
        [-190, 'open', '5 calls in a row failed: ETIMEDOUT'],
      ],
    }),
    make('pricing', {
      base: 96,
      fails: () => 0.001,
      thresholds: { failMax: 8 },
      overrides: { failMax: 8, by: 'tomas', at: START - 1_930_000 },
      moves: [[-1_930, 'updated', 'Black Friday, slow provider, fewer trips wanted', 'tomas', 'failMax 5 → 8']],
    }),
  ]
}
