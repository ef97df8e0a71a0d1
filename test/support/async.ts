// Promises a test settles by hand, and the outcome of a promise as a value. Nothing here waits on a real clock.

export interface Deferred<T> {
  readonly promise: Promise<T>
  resolve(value: T): void
  reject(error: unknown): void
}

export function deferred<T = string>(): Deferred<T> {
  let resolve!: (value: T) => void
  let reject!: (error: unknown) => void
  const promise = new Promise<T>((yes, no) => {
    resolve = yes
    reject = no
  })
  return { promise, resolve, reject }
}

/** Lets every promise reaction that is due run, however long the chain (up to `turns` links). */
export async function flush(turns = 20): Promise<void> {
  for (let turn = 0; turn < turns; turn++) await undefined
}

export type Settled<T = unknown> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly error: any }

/** How a promise ended, as a value; it never rejects. */
export function ended<T>(promise: PromiseLike<T>): Promise<Settled<T>> {
  return Promise.resolve(promise).then(
    (value) => ({ ok: true as const, value }),
    (error: unknown) => ({ ok: false as const, error }),
  )
}

/** How a synchronous call ended, as a value. */
export function endedSync<T>(fn: () => T): Settled<T> {
  try {
    return { ok: true, value: fn() }
  } catch (error) {
    return { ok: false, error }
  }
}

/** A promise watched from now on: `settled` is undefined as long as it is pending. */
export function watch<T>(promise: PromiseLike<T>): {
  settled: Settled<T> | undefined
  readonly done: Promise<Settled<T>>
} {
  const done = ended(promise)
  const watched: { settled: Settled<T> | undefined; readonly done: Promise<Settled<T>> } = { settled: undefined, done }
  void done.then((settled) => {
    watched.settled = settled
  })
  return watched
}

/** The error a promise rejects with; throws when it resolves. */
export async function errorOf(promise: PromiseLike<unknown>): Promise<any> {
  const settled = await ended(promise)
  if (settled.ok) throw new Error(`Expected a rejection, got ${String(settled.value)}`)
  return settled.error
}
