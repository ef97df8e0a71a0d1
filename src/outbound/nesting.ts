// Guards within guards: a request is judged once, by the outermost. Guards that are built on undici see from the
// options of a request that one above them has it, or that its caller wants none.

import { isModern } from './handlers.ts'

/** The mark of a request that is guarded already; in the global registry, since two copies may live in one process. */
export const GUARDED: symbol = Symbol.for('infuse-breaker.guarded')

/** As far as a dispatcher of undici matters here. */
export interface DispatcherLike {
  // biome-ignore lint/suspicious/noExplicitAny: each version of undici has its own options and handlers
  dispatch(options: any, handler: any): boolean
}

/** Options of an undici request, as far as guards read them. */
export interface DispatchOptions {
  readonly origin?: string | URL | undefined
  readonly path: string
  readonly method: string
  /** An EventEmitter will do for undici as well. */
  readonly signal?: { readonly aborted?: boolean; readonly reason?: unknown } | null | undefined
  readonly skipBreaker?: boolean | undefined
  readonly [GUARDED]?: boolean | undefined
}

/** Whether a guard lets a request be: somebody else judges it, or nobody. */
export function isExempt(options: DispatchOptions): boolean {
  return options[GUARDED as keyof DispatchOptions] === true || options.skipBreaker === true
}

// Node.js 20 takes a microsecond for a property added to a copy, where its successors take a few nanoseconds; an object
// that has the property before it gets the others is no problem there, and dear for them.
const ADDS_SLOWLY = Number.parseInt(process.versions.v8, 10) < 12

/** The same request, exempt from every guard below. */
export const exempt: <O extends object>(options: O) => O = ADDS_SLOWLY
  ? (options) => Object.assign({ [GUARDED]: true }, options)
  : (options) => ({ ...options, [GUARDED]: true })

type Dispatch = DispatcherLike['dispatch']

/** A dispatcher seen through an interceptor. Its mark says that whose requests come this way are judged here, or not at all. */
class View implements DispatcherLike {
  readonly dispatch: Dispatch
  readonly #dispatcher: DispatcherLike & { readonly isMockActive?: boolean }
  readonly [GUARDED] = true

  constructor(dispatcher: DispatcherLike, interceptor: (dispatch: Dispatch) => Dispatch) {
    this.#dispatcher = dispatcher
    this.dispatch = interceptor((options, handler) => dispatcher.dispatch(options, handler))
  }

  /** fetch gives dispatchers of tests the body as it was written. */
  get isMockActive(): boolean | undefined {
    return this.#dispatcher.isMockActive
  }
}

/** Dispatchers seen through an interceptor; the same one for the same dispatcher. */
export function viewing(interceptor: (dispatch: Dispatch) => Dispatch): (dispatcher: DispatcherLike) => DispatcherLike {
  const views = new WeakMap<DispatcherLike, DispatcherLike>()
  return (dispatcher) => {
    let view = views.get(dispatcher)
    if (view === undefined) {
      view = new View(dispatcher, interceptor)
      views.set(dispatcher, view)
    }
    return view
  }
}

/** Whether a guard above has seen to what goes to this dispatcher. */
export function isView(dispatcher: DispatcherLike | null | undefined): boolean {
  return (dispatcher as { [GUARDED]?: unknown } | null | undefined)?.[GUARDED] === true
}

/** A dispatcher whose requests no guard below looks at. */
export const exempting: (dispatcher: DispatcherLike) => DispatcherLike = viewing(
  (dispatch) => (options, handler) => dispatch(exempt(options), handler),
)

// undici keeps the process's dispatcher where all of its copies find it: those up to version 7 under the first of these,
// those from 8 on under the second. Where both are there the first may be a wrapper that only speaks to old handlers.
const FIRST: symbol = Symbol.for('undici.globalDispatcher.1')
const SECOND: symbol = Symbol.for('undici.globalDispatcher.2')

type ProcessDispatcher = DispatcherLike & { readonly isMockActive?: boolean }

function inSlot(slot: symbol): ProcessDispatcher | undefined {
  return Reflect.get(globalThis, slot) as ProcessDispatcher | undefined
}

/** Where the process's dispatchers stand. */
export function dispatcherSlots(): readonly symbol[] {
  // Touching it loads the built-in undici, which makes its dispatcher then.
  void globalThis.Headers
  return [FIRST, SECOND].filter((slot) => inSlot(slot) !== undefined)
}

/** Whichever dispatcher a fetch would use that was given none: each copy of undici looks for the one it can talk to. */
export const processDispatcher: ProcessDispatcher = {
  dispatch(options, handler) {
    const [mine, other] = isModern(handler) ? [SECOND, FIRST] : [FIRST, SECOND]
    const dispatcher = inSlot(mine) ?? inSlot(other)
    if (dispatcher === undefined) throw new Error('Nothing in this process has loaded undici yet')
    return dispatcher.dispatch(options, handler)
  },
  get isMockActive() {
    return (inSlot(FIRST) ?? inSlot(SECOND))?.isMockActive === true
  },
}

const GUARDED_DISPATCHERS = new WeakSet<DispatcherLike>()

/** Remembers that a dispatcher is guarded, so that guards above it tell it to let their requests be. */
export function noteGuarded(dispatcher: DispatcherLike): void {
  GUARDED_DISPATCHERS.add(dispatcher)
}

function isProcessGuarded(): boolean {
  return [FIRST, SECOND].some((slot) => {
    const dispatcher = inSlot(slot)
    return dispatcher !== undefined && GUARDED_DISPATCHERS.has(dispatcher)
  })
}

/** What a caller of fetch can say about guards; `undefined` members are as good as none. */
export interface SkipBreaker {
  /** This request alone is neither counted nor stopped. @default false */
  skipBreaker?: boolean | undefined
}

declare global {
  interface RequestInit {
    /** This request alone is neither counted nor stopped by a guard of infuse-breaker. @default false */
    skipBreaker?: boolean | undefined
  }
}

/** Options of a fetch whose request no guard below looks at; the same options where none is there. */
export function exemptInit<I extends object>(init: I | undefined | null): I | undefined | null {
  const given = (init as { dispatcher?: DispatcherLike | null } | null | undefined)?.dispatcher ?? undefined
  if (given === undefined ? !isProcessGuarded() : isView(given)) return init
  return { ...(init as I), dispatcher: exempting(given ?? processDispatcher) }
}
