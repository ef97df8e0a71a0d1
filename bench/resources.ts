/**
 * What a breaker holds: heap, garbage per call, timers; and how many trials a crowd gets.
 * Each runs in a process that measures one variant and nothing else.
 */
import { createHook } from 'node:async_hooks'
import { setImmediate, setTimeout } from 'node:timers/promises'
import { callers, catchingLoop, plainLoop } from './loops.ts'
import { median } from './statistics.ts'
import { neverAgain, type Variant } from './variants.ts'

const usual = { tolerant: false, resetTimeout: neverAgain }

async function answer(): Promise<number> {
  return 1
}

async function fail(): Promise<number> {
  throw new Error('the dependency failed')
}

async function settledHeap(): Promise<number> {
  for (let pass = 0; pass < 4; pass++) {
    await setImmediate()
    globalThis.gc!()
  }
  return process.memoryUsage().heapUsed
}

export interface Held {
  /** Heap bytes of an instance that has answered one call. */
  readonly idle: number
  /** Heap bytes that stay when the last reference goes, without dispose. */
  readonly left: number
}

export async function held(variant: Variant): Promise<Held> {
  // Enough that the heap's own drift of some 100 kB is a few bytes each; opossum's are large and have timers.
  const amount = variant.library === 'opossum' ? 2_000 : 20_000
  const loop = plainLoop(variant)
  const instances: (object | undefined)[] = new Array<object | undefined>(amount)
  const fill = async (): Promise<void> => {
    for (let index = 0; index < amount; index++) {
      const breaker = variant.create(answer, usual)
      await loop(breaker, answer, 1)
      instances[index] = breaker
    }
  }
  // The first passes compile; their instances go the regular way.
  for (let pass = 0; pass < 2; pass++) {
    await fill()
    for (const breaker of instances) variant.destroy?.(breaker!)
    instances.fill(undefined)
    await settledHeap()
  }
  const before = await settledHeap()
  await fill()
  const full = await settledHeap()
  instances.fill(undefined)
  const after = await settledHeap()
  return { idle: (full - before) / amount, left: (after - before) / amount }
}

/** Bytes allocated per closed call. The process has a young generation that no collection empties meanwhile. */
export async function allocated(variant: Variant): Promise<number> {
  const count = 4_000
  const loop = plainLoop(variant)
  const breaker = variant.create(answer, usual)
  for (let warm = 0; warm < 10; warm++) await loop(breaker, answer, 10_000)
  const samples: number[] = []
  for (let pass = 0; pass < 7; pass++) {
    globalThis.gc!()
    await setImmediate()
    const before = process.memoryUsage().heapUsed
    await loop(breaker, answer, count)
    samples.push((process.memoryUsage().heapUsed - before) / count)
  }
  return median(samples)
}

export interface Crowd {
  /** Live timers, those that keep no process alive included. */
  readonly timersClosed: number
  readonly timersOpen: number
  /** How often the function was reached when so many called at once after the reset timeout. */
  readonly trials: number
  /** How many of the callers had no answer while the trial was under way. */
  readonly waiting: number
}

export async function crowd(variant: Variant): Promise<Crowd> {
  const timers = new Set<number>()
  const hook = createHook({
    init(id, type) {
      if (type === 'Timeout') timers.add(id)
    },
    destroy(id) {
      timers.delete(id)
    },
  }).enable()
  const resetTimeout = 50
  let reached = 0
  let mode: 'well' | 'sick' | 'hanging' = 'well'
  let release: (() => void) | undefined
  const gate = new Promise<void>((resolve) => {
    release = resolve
  })
  const fn = async (): Promise<number> => {
    reached++
    if (mode === 'sick') return fail()
    if (mode === 'hanging') await gate
    return 1
  }
  const breaker = variant.create(fn, { tolerant: false, resetTimeout })
  const loop = catchingLoop(variant)
  await loop(breaker, fn, 10)
  await setImmediate()
  const timersClosed = timers.size
  mode = 'sick'
  for (let before = -1; before !== reached; ) {
    before = reached
    await loop(breaker, fn, 20)
  }
  await setImmediate()
  const timersOpen = timers.size
  hook.disable()
  await setTimeout(resetTimeout * 2)
  mode = 'hanging'
  reached = 0
  let answered = 0
  const calls = callers(variant)(breaker, fn, 1_000).map((call) =>
    call.then(
      () => answered++,
      () => answered++,
    ),
  )
  await setTimeout(20)
  const result = { timersClosed, timersOpen, trials: reached, waiting: calls.length - answered }
  release!()
  await Promise.all(calls)
  variant.destroy?.(breaker)
  return result
}
