// Infuse's patch(): every fetch of the process goes through a breaker without the calling code being touched. The
// process's dispatchers are guarded, and `fetch` is wrapped, which alone can carry `skipBreaker`. Both are put back; what
// somebody else has put over them since stays, and this guard lets everything pass from then on.

import type { Infuse } from '../infuse.ts'
import {
  type DispatcherLike,
  dispatcherSlots,
  exempting,
  globalDispatcher,
  noteGuarded,
  type SkipBreaker,
  viewing,
} from '../outbound/nesting.ts'
import { circuitBreaker } from '../outbound/undici.ts'
import { rejectionIn } from './client.ts'

type Fetch = typeof globalThis.fetch
type Init = (Omit<RequestInit, 'dispatcher'> & SkipBreaker & { dispatcher?: DispatcherLike }) | null | undefined
type Dispatch = DispatcherLike['dispatch']

export class Installation {
  readonly #guard: (dispatch: Dispatch) => Dispatch
  #undo: (() => void) | undefined
  #times = 0

  constructor(infuse: Infuse) {
    const guard = circuitBreaker(infuse)
    this.#guard = (dispatch) => {
      const guarded = guard(dispatch)
      return (options, handler) => (this.#times > 0 ? guarded : dispatch)(options, handler)
    }
  }

  /** Counted: as many {@link uninstall} undo it. */
  install(): void {
    if (this.#times++ > 0) return
    const undo = [...dispatcherSlots().map((slot) => this.#guardSlot(slot)), this.#wrapFetch()]
    this.#undo = () => {
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

  #guardSlot(slot: symbol): () => void {
    const before = Reflect.get(globalThis, slot) as DispatcherLike & {
      compose(interceptor: (dispatch: Dispatch) => Dispatch): DispatcherLike
    }
    const guarded = before.compose((dispatch) => this.#guard(dispatch))
    noteGuarded(guarded)
    Reflect.set(globalThis, slot, guarded)
    return () => {
      if (Reflect.get(globalThis, slot) === guarded) Reflect.set(globalThis, slot, before)
    }
  }

  #wrapFetch(): () => void {
    const before = Object.getOwnPropertyDescriptor(globalThis, 'fetch')
    const bare = globalThis.fetch
    const wrapped = this.#wrapped(bare)
    Object.defineProperty(globalThis, 'fetch', { value: wrapped, writable: true, configurable: true, enumerable: true })
    return () => {
      if (globalThis.fetch === wrapped && before !== undefined) Object.defineProperty(globalThis, 'fetch', before)
    }
  }

  #wrapped(bare: Fetch): Fetch {
    const guarded = viewing(this.#guard)
    const through = (init: Init): Init => {
      const own = init?.dispatcher
      if (init?.skipBreaker !== true) return own === undefined ? init : { ...init, dispatcher: guarded(own) }
      const dispatcher = own ?? globalDispatcher()
      return dispatcher === undefined ? init : { ...init, dispatcher: exempting(dispatcher) }
    }
    return function fetch(input, init) {
      return bare(input, through(init as Init) as RequestInit | undefined).catch((error: unknown) => {
        throw rejectionIn(error)
      })
    }
  }
}
