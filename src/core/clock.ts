// Where time comes from. Everything in the library that needs the time or a timer asks a Clock; nothing reads
// the system directly. Monotonic time decides, wall time is only for people. Timers never keep a process alive.

/** The time, injected. */
export interface Clock {
  /** Monotonic time in ms. Only differences matter. */
  now(): number
  /** Epoch ms for what people read (`openedAt`, transitions). @default Date.now() */
  wallNow?(): number
  /**
   * Runs `run` once after `ms` and returns a function that cancels it. Without it the system's timers are used;
   * `ManualClock` brings its own, so that tests need not sleep.
   */
  after?(ms: number, run: () => void): () => void
}

/** A clock with nothing left out. */
export interface FullClock {
  now(): number
  wallNow(): number
  after(ms: number, run: () => void): () => void
}

/** setTimeout fires at once above this. */
const LONGEST_TIMER = 2 ** 31 - 1

const systemClock: FullClock = {
  now: () => performance.now(),
  wallNow: () => Date.now(),
  after(ms, run) {
    let left = ms
    let timer: ReturnType<typeof setTimeout>
    const arm = (): void => {
      const span = Math.min(left, LONGEST_TIMER)
      left -= span
      timer = setTimeout(left > 0 ? arm : run, span)
      // Browsers return a number, Node an object that would keep the process alive.
      if (typeof timer === 'object') timer.unref()
    }
    arm()
    return () => clearTimeout(timer)
  },
}

/** Fills in what a caller's clock leaves out. */
export function fullClock(clock: Clock | undefined): FullClock {
  if (clock === undefined) return systemClock
  return {
    now: () => clock.now(),
    wallNow: () => clock.wallNow?.() ?? systemClock.wallNow(),
    after: (ms, run) => (clock.after === undefined ? systemClock.after(ms, run) : clock.after(ms, run)),
  }
}
