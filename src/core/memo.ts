// A circuit as JSON text, for processes that live for one request. Times are kept as ages and what is left, with the
// wall time of the moment; on the way back the time between is taken off, never added, so a clock that went back
// cannot prolong anything. Text that is no memo of this version is refused whole.

import type { Circuit } from './circuit.ts'
import type { FullClock } from './clock.ts'
import { describeValue } from './describe.ts'
import { type CircuitState, type Hold, period } from './snapshot.ts'
import type { WindowMemo } from './window.ts'

interface Memo {
  readonly version: 1
  /** Epoch ms. */
  readonly savedAt: number
  readonly state: CircuitState
  /** ms since the period began; `null`: always. */
  readonly age: number | null
  /** ms until `until`; `null`: without end. */
  readonly left: number | null
  readonly relapses: number
  readonly successes: number
  readonly rampUp: number
  readonly openedAt: number | null
  readonly forced: {
    readonly state: 'open' | 'closed'
    readonly left: number | null
    readonly by?: string | undefined
    readonly reason?: string | undefined
  } | null
  readonly why?: string | undefined
  readonly by?: string | undefined
  readonly failures: number
  readonly windows: Readonly<Record<string, WindowMemo>>
}

const VERSION = 1

export function toMemo(circuit: Circuit, clock: FullClock): string {
  const { state, since, until, relapses, successes, rampUp, openedAt, forced, why, by } = circuit.snapshot
  const now = clock.now()
  const memo: Memo = {
    version: VERSION,
    savedAt: clock.wallNow(),
    state,
    age: finite(now - since),
    left: finite(until - now),
    relapses,
    successes,
    rampUp,
    openedAt: openedAt ?? null,
    forced:
      forced === undefined
        ? null
        : { state: forced.state, left: finite(forced.until - now), by: forced.by, reason: forced.reason },
    why,
    by,
    failures: circuit.failures,
    windows: Object.fromEntries(circuit.windows.map(({ key, window }) => [key, window.dump(now)])),
  }
  return JSON.stringify(memo)
}

/** @throws SyntaxError for what is no JSON, TypeError for what is no memo; nothing has changed then. */
export function fromMemo(json: string, circuit: Circuit, clock: FullClock): void {
  const memo = checkMemo(JSON.parse(json))
  const now = clock.now()
  const wall = clock.wallNow()
  const elapsed = Math.max(0, wall - memo.savedAt)
  const later = (left: number | null): number => (left === null ? Number.POSITIVE_INFINITY : now + left - elapsed)
  const since = memo.age === null ? Number.NEGATIVE_INFINITY : now - memo.age - elapsed
  const forced: Hold | undefined =
    memo.forced === null
      ? undefined
      : {
          state: memo.forced.state,
          until: later(memo.forced.left),
          by: memo.forced.by,
          reason: memo.forced.reason,
        }
  const { state, relapses, successes, rampUp, why, by } = memo
  const openedAt = memo.openedAt === null ? undefined : Math.min(memo.openedAt, wall)
  const until = memo.age === null ? Number.NEGATIVE_INFINITY : later(memo.left)
  circuit.restore(
    period({ state, since, until, relapses, successes, rampUp, openedAt, forced, why, by }),
    memo.failures,
    clock,
  )
  for (const { key, window } of circuit.windows) {
    const dump = memo.windows[key]
    if (dump !== undefined) window.load(dump, now, elapsed)
  }
}

function finite(value: number): number | null {
  return Number.isFinite(value) ? value : null
}

function checkMemo(value: unknown): Memo {
  const memo = asRecord(value)
  if (memo['version'] !== VERSION) throw refuse('version', memo['version'])
  check(memo, 'state', isState)
  check(memo, 'savedAt', isNumber)
  for (const key of ['relapses', 'successes', 'failures']) check(memo, key, isCount)
  check(memo, 'rampUp', isLength)
  check(memo, 'age', (one) => one === null || isLength(one))
  check(memo, 'left', (one) => one === null || isNumber(one))
  check(memo, 'openedAt', (one) => (memo['state'] === 'closed' ? one === null : isNumber(one)))
  for (const key of ['why', 'by']) check(memo, key, isText)
  if (memo['forced'] !== null) checkForced(asRecord(memo['forced']), memo['state'])
  for (const window of Object.values(asRecord(memo['windows']))) checkWindow(asRecord(window))
  return memo as unknown as Memo
}

function checkForced(forced: Record<string, unknown>, state: unknown): void {
  check(forced, 'state', (one) => one === state && state !== 'half-open')
  check(forced, 'left', (one) => one === null || isNumber(one))
  for (const key of ['by', 'reason']) check(forced, key, isText)
}

function checkWindow(window: Record<string, unknown>): void {
  if ('calls' in window) {
    check(window, 'calls', (one) => typeof one === 'string' && /^[0-3]*$/.test(one))
    return
  }
  check(window, 'slots', Array.isArray)
  for (const slot of window['slots'] as unknown[]) {
    check(asRecord(slot), 'age', isNumber)
    for (const key of ['ok', 'bad', 'slow']) check(asRecord(slot), key, isCount)
  }
}

function check(record: Record<string, unknown>, key: string, accepts: (value: unknown) => boolean): void {
  if (!accepts(record[key])) throw refuse(key, record[key])
}

function asRecord(value: unknown): Record<string, unknown> {
  if (typeof value === 'object' && value !== null) return value as Record<string, unknown>
  throw refuse('snapshot', value)
}

function refuse(key: string, value: unknown): TypeError {
  return new TypeError(
    `Expected a snapshot of version ${VERSION} made by snapshot(); its \`${key}\` is ${describeValue(value)}`,
  )
}

function isState(value: unknown): boolean {
  return value === 'closed' || value === 'open' || value === 'half-open'
}

function isNumber(value: unknown): boolean {
  return typeof value === 'number' && Number.isFinite(value)
}

function isLength(value: unknown): boolean {
  return isNumber(value) && (value as number) >= 0
}

function isCount(value: unknown): boolean {
  return Number.isSafeInteger(value) && (value as number) >= 0
}

function isText(value: unknown): boolean {
  return value === undefined || typeof value === 'string'
}
