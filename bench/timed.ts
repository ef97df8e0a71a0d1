/**
 * The timed measures: what one sample of each is.
 * Every sample has a fresh breaker, made and destroyed outside the timed part.
 */
import { burst, catchingLoop, type Loop, plainLoop, syncLoop } from './loops.ts'
import { median } from './statistics.ts'
import { neverAgain, type Tuning, type Variant } from './variants.ts'

/** Nanoseconds per call. */
export type Sample = () => Promise<number>

export interface TimedMeasure {
  readonly title: string
  /** Part of the rounds asked for; single calls vary more and cost less. */
  readonly share: number
  /** Undefined: this variant has no such form. */
  prepare(variant: Variant): Sample | undefined
}

const usual: Tuning = { tolerant: false, resetTimeout: neverAgain }
const tolerant: Tuning = { tolerant: true, resetTimeout: neverAgain }
const failure = new Error('the dependency failed')

async function answer(): Promise<number> {
  return 1
}

async function fail(): Promise<number> {
  throw failure
}

/** Fails every second time. */
function alternating(): () => Promise<number> {
  let calls = 0
  return async () => {
    if ((calls++ & 1) === 1) throw failure
    return 1
  }
}

async function timed(count: number, run: () => unknown): Promise<number> {
  const start = process.hrtime.bigint()
  await run()
  return Number(process.hrtime.bigint() - start) / count
}

function check(holds: boolean, variant: Variant, what: string): void {
  if (!holds) throw new Error(`${variant.id}: ${what}`)
}

const closed: TimedMeasure = {
  title: 'closed success',
  share: 1,
  prepare(variant) {
    const count = 20_000
    const loop = plainLoop(variant)
    return async () => {
      const breaker = variant.create(answer, usual)
      const nanoseconds = await timed(count, () => loop(breaker, answer, count))
      variant.destroy?.(breaker)
      return nanoseconds
    }
  },
}

const wrap: TimedMeasure = {
  title: 'closed success through a wrapped function',
  share: 1,
  prepare(variant) {
    const { wrapped } = variant
    if (wrapped === undefined) return undefined
    const count = 20_000
    const loop = plainLoop(variant, wrapped.expression)
    return async () => {
      const breaker = variant.create(answer, usual)
      const fn = wrapped.make(breaker, answer)
      return timed(count, () => loop(breaker, fn, count))
    }
  },
}

const sync: TimedMeasure = {
  title: 'closed success without a promise',
  share: 1,
  prepare(variant) {
    if (variant.sync === undefined) return undefined
    const count = 100_000
    const loop = syncLoop(variant)
    const fn = () => 1
    return async () => {
      const breaker = variant.create(answer, usual)
      const start = process.hrtime.bigint()
      loop(breaker, fn, count)
      return Number(process.hrtime.bigint() - start) / count
    }
  },
}

const failing: TimedMeasure = {
  title: 'every second call fails',
  share: 1,
  prepare(variant) {
    const count = 1_000
    const loop = catchingLoop(variant)
    return async () => {
      const fn = alternating()
      const breaker = variant.create(fn, tolerant)
      let caught: number | undefined
      const nanoseconds = await timed(count, async () => {
        caught = await loop(breaker, fn, count)
      })
      variant.destroy?.(breaker)
      check(caught === count / 2 && (await fn()) === 1, variant, 'did not stay closed')
      return nanoseconds
    }
  },
}

const rejected: TimedMeasure = {
  title: 'rejected and caught',
  share: 1,
  prepare(variant) {
    const count = 1_000
    const loop = catchingLoop(variant)
    return async () => {
      let reached = 0
      const fn =
        variant.library === 'bare'
          ? fail
          : async () => {
              reached++
              throw failure
            }
      const breaker = variant.create(fn, usual)
      for (let before = -1; before !== reached && variant.library !== 'bare'; ) {
        before = reached
        await loop(breaker, fn, 20)
      }
      const before = reached
      const nanoseconds = await timed(count, () => loop(breaker, fn, count))
      check(reached === before, variant, 'did not stay open')
      variant.destroy?.(breaker)
      return nanoseconds
    }
  },
}

const inflight: TimedMeasure = {
  title: '1000 in flight',
  share: 1,
  prepare(variant) {
    const [width, bursts] = [1_000, 5]
    const loop = burst(variant)
    return async () => {
      // Answered by the loop, once all calls have begun.
      let waiting: ((value: number) => void)[] = []
      const fn = () =>
        new Promise<number>((resolve) => {
          waiting.push(resolve)
        })
      const release = () => {
        for (const resolve of waiting) resolve(1)
        waiting = []
      }
      const breaker = variant.create(fn, usual)
      const nanoseconds = await timed(width * bursts, async () => {
        for (let index = 0; index < bursts; index++) await loop(breaker, fn, release, width)
      })
      variant.destroy?.(breaker)
      return nanoseconds
    }
  },
}

/** So few failures a sample would time the interpreter. */
async function compileFailures(variant: Variant, loop: Loop): Promise<void> {
  const fn = alternating()
  const breaker = variant.create(fn, tolerant)
  await loop(breaker, fn, 5_000)
  variant.destroy?.(breaker)
}

/** One failure after so many good calls: what a window that keeps calls, or sorts them, pays. */
function failureAfter(calls: number): TimedMeasure {
  return {
    title: `one failure with ${calls.toLocaleString('en').replace(',', ' ')} calls in the window`,
    share: calls > 10_000 ? 0.25 : 0.5,
    prepare(variant) {
      const fill = plainLoop(variant)
      const once = catchingLoop(variant)
      let compiled = false
      return async () => {
        if (!compiled) await compileFailures(variant, once)
        compiled = true
        let healthy = true
        const fn = async () => {
          if (healthy) return 1
          throw failure
        }
        const breaker = variant.create(fn, usual)
        await fill(breaker, fn, calls)
        const singles: number[] = []
        for (let index = 0; index < 16; index++) {
          healthy = false
          singles.push(await timed(1, () => once(breaker, fn, 1)))
          // Never two in a row: nothing may open.
          healthy = true
          await fill(breaker, fn, 1)
        }
        variant.destroy?.(breaker)
        return median(singles)
      }
    },
  }
}

export const timedMeasures: Readonly<Record<string, TimedMeasure>> = {
  closed,
  wrap,
  sync,
  failing,
  rejected,
  inflight,
  'window-1000': failureAfter(1_000),
  'window-100000': failureAfter(100_000),
}
