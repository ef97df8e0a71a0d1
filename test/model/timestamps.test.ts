// S15 as a property: whatever happens to a circuit, in whatever order, its state and its timestamps agree, and it is
// never stuck: once its time and its trials' time are over, a call gets through.

import fc from 'fast-check'
import { expect, test } from 'vitest'
import { CircuitBreaker } from '../../src/index.ts'
import type { Permit } from '../../src/index.ts'
import { ManualClock } from '../../src/testing/index.ts'
import { endedSync } from '../support/async.ts'
import { down, fail, succeed } from '../support/breaker.ts'

const seed = process.env['INFUSE_SEED']
const resetTimeout = 1_000
const trialTimeout = 300

type World = {
  breaker: CircuitBreaker
  readonly clock: ManualClock
  readonly permits: Permit[]
  make(): CircuitBreaker
}

const actions: Readonly<Record<string, (world: World, draw: number) => void>> = {
  succeed: ({ breaker }) => void endedSync(() => succeed(breaker)),
  fail: ({ breaker }, draw) => fail(breaker, 1 + (draw % 3)),
  begin: ({ breaker, permits }) => {
    const asked = endedSync(() => breaker.acquireSync())
    if (asked.ok) permits.push(asked.value)
  },
  'end well': ({ permits }, draw) => permits.splice(draw % (permits.length || 1), 1)[0]?.success(),
  'end badly': ({ permits }, draw) => permits.splice(draw % (permits.length || 1), 1)[0]?.failure(down),
  'give up': ({ permits }, draw) => permits.splice(draw % (permits.length || 1), 1)[0]?.ignore(),
  wait: ({ clock }, draw) => clock.advance([0, 1, 299, 300, 999, 1_000, 5_000][draw % 7] ?? 0),
  'step the wall clock': ({ clock }, draw) =>
    clock.setWall(clock.wallNow() + ([-3_600_000, 3_600_000, -1][draw % 3] ?? 0)),
  open: ({ breaker }) => void breaker.open(),
  'half-open': ({ breaker }) => void breaker.halfOpen(),
  close: ({ breaker }) => void breaker.close(),
  'force open': ({ breaker }, draw) => void breaker.force('open', { for: draw % 2 === 0 ? 700 : Infinity }),
  'force closed': ({ breaker }, draw) => void breaker.force('closed', { for: draw % 2 === 0 ? 700 : Infinity }),
  release: ({ breaker }) => void breaker.release(),
  'set resetTimeout': ({ breaker }, draw) => {
    breaker.resetTimeout = [0, 500, resetTimeout][draw % 3] ?? resetTimeout
  },
  'move to a new process': (world) => {
    const text = world.breaker.snapshot()
    world.breaker = world.make()
    world.breaker.restore(text)
  },
}

function agree({ breaker }: World): void {
  const { state, openedAt } = breaker
  const explanation = breaker.explain()
  expect(explanation.state).toBe(state)
  expect(explanation.openedAt).toEqual(openedAt)
  if (state === 'closed') {
    expect(openedAt).toBeUndefined()
    expect(explanation.nextTrialAt).toBeUndefined()
    expect(breaker.successCounter).toBe(0)
  } else {
    expect(openedAt?.getTime()).toEqual(expect.any(Number))
    expect(Number.isFinite(openedAt?.getTime())).toBe(true)
  }
  if (state === 'open' && explanation.forced === undefined) {
    expect(Number.isFinite(explanation.nextTrialAt?.getTime())).toBe(true)
    expect(breaker.successCounter).toBe(0)
  }
  const told: unknown = JSON.parse(breaker.snapshot())
  expect(told).toMatchObject({ version: 1 })
}

test('S15 state and timestamps never disagree, and no circuit is stuck', () => {
  const step = fc.tuple(fc.constantFrom(...Object.keys(actions)), fc.nat({ max: 41 }))
  const run = fc.record({
    steps: fc.array(step, { maxLength: 40 }),
    trials: fc.constantFrom(1, 2),
    successThreshold: fc.constantFrom(1, 2),
  })
  fc.assert(
    fc.property(run, ({ steps, trials, successThreshold }) => {
      const clock = new ManualClock()
      const make = (): CircuitBreaker =>
        new CircuitBreaker({ clock, failMax: 2, resetTimeout, trialTimeout, trials, successThreshold })
      const world: World = { breaker: make(), clock, permits: [], make }
      agree(world)
      for (const [name, draw] of steps) {
        actions[name]?.(world, draw)
        agree(world)
      }

      const { breaker } = world
      if (breaker.explain().forced !== undefined) void breaker.release()
      clock.advance(Math.max(resetTimeout, trialTimeout))
      for (let call = 0; call < successThreshold; call++) expect(breaker.callSync(() => 'through')).toBe('through')
      expect(breaker.state).toBe('closed')
      agree(world)
    }),
    { numRuns: 1_500, ...(seed === undefined ? { seed: 42 } : { seed: Number(seed) }) },
  )
})
