// Infuse's patch(): every fetch of the process goes through a breaker without the calling code being touched. The
// process's dispatchers are guarded, and `fetch` is wrapped, which alone can carry `skipBreaker`. Both are put back; what
// somebody else has put over them since stays, and this guard lets everything pass from then on.

import type { Infuse } from '../infuse.ts'
import {
  type DispatcherLike,
  dispatcherSlots,
  exempting,
  isView,
  noteGuarded,
  processDispatcher,
  type SkipBreaker,
  viewing,
} from '../outbound/nesting.ts'
import { circuitBreaker } from '../outbound/undici.ts'
import { rejectionIn } from './client.ts'
import { layer } from './layers.ts'

type Fetch = typeof globalThis.fetch
type Init = (Omit<RequestInit, 'dispatcher'> & SkipBreaker & { dispatcher?: DispatcherLike | null }) | null | undefined
type Dispatch = DispatcherLike['dispatch']
type Guard = (dispatch: Dispatch) => Dispatch
type Composable = DispatcherLike & { compose?(interceptor: Guard): DispatcherLike }

export class Installation {
  readonly #guard: Guard
  #undo: (() => void) | undefined
  #times = 0

  constructor(infuse: Infuse) {
    this.#guard = circuitBreaker(infuse)
  }

  /** Counted: as many {@link uninstall} undo it. */
  install(): void {
    if (this.#times++ > 0) return
    const { guard, end } = endable(this.#guard)
    const undo = [...dispatcherSlots().map((slot) => guardSlot(slot, guard)), wrapFetch(guard)]
    this.#undo = () => {
      end()
      for (const one of undo) one()
    }
  }

  uninstall(): void {
    if (this.#times === 0 || --this.#times > 0) return
    this.#undo?.()
    this.#undo = undefined
  }

  /** Undoes it, however often it was installed. */
  dispose(): void {
    this.#times = Math.min(this.#times, 1)
    this.uninstall()
  }
}

/** A guard that can be told to let everything pass: whoever holds on to what it guards must not be judged for ever. */
function endable(guard: Guard): { readonly guard: Guard; end(): void } {
  let ended = false
  return {
    guard: (dispatch) => {
      const guarded = guard(dispatch)
      return (options, handler) => (ended ? dispatch : guarded)(options, handler)
    },
    end: () => {
      ended = true
    },
  }
}

function guardSlot(slot: symbol, guard: Guard): () => void {
  const current = (): Composable => Reflect.get(globalThis, slot) as Composable
  const below = current()
  const over: Composable = below.compose?.(guard) ?? viewing(guard)(below)
  noteGuarded(over)
  Reflect.set(globalThis, slot, over)
  return layer(below, over, current, (before) => Reflect.set(globalThis, slot, before))
}

function wrapFetch(guard: Guard): () => void {
  const before = Object.getOwnPropertyDescriptor(globalThis, 'fetch')
  const below = globalThis.fetch
  const over = wrapped(below, guard)
  Object.defineProperty(globalThis, 'fetch', { value: over, writable: true, configurable: true, enumerable: true })
  const current = (): Fetch => globalThis.fetch
  return layer(below, over, current, () => {
    if (before !== undefined) Object.defineProperty(globalThis, 'fetch', before)
  })
}

function wrapped(bare: Fetch, guard: Guard): Fetch {
  const guarded = viewing(guard)
  const through = (init: Init): Init => {
    const own = init?.dispatcher ?? undefined
    // A guard has it, or has been told to leave it alone.
    if (isView(own)) return init
    if (init?.skipBreaker === true) return { ...init, dispatcher: exempting(own ?? processDispatcher) }
    return own === undefined ? init : { ...init, dispatcher: guarded(own) }
  }
  return async function fetch(input, init) {
    try {
      return await bare(input, through(init) as RequestInit | undefined)
    } catch (error) {
      throw rejectionIn(error)
    }
  }
}
