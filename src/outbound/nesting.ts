// Guards within guards: a request is judged once, by the outermost. Guards that are built on undici see from the
// options of a request that one above them has it, or that its caller wants none.

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

/** The same request, exempt from every guard below. */
export function exempt<O extends object>(options: O): O {
  return { ...options, [GUARDED]: true }
}

type Dispatch = DispatcherLike['dispatch']

/** Dispatchers seen through an interceptor; the same one for the same dispatcher. */
export function viewing(interceptor: (dispatch: Dispatch) => Dispatch): (dispatcher: DispatcherLike) => DispatcherLike {
  const views = new WeakMap<DispatcherLike, DispatcherLike>()
  return (dispatcher) => {
    let view = views.get(dispatcher)
    if (view === undefined) {
      view = { dispatch: interceptor((options, handler) => dispatcher.dispatch(options, handler)) }
      views.set(dispatcher, view)
    }
    return view
  }
}

/** A dispatcher whose requests no guard below looks at. */
export const exempting: (dispatcher: DispatcherLike) => DispatcherLike = viewing(
  (dispatch) => (options, handler) => dispatch(exempt(options), handler),
)

// undici keeps its global dispatcher under the first of these up to version 7, and as the second from 8 on.
const SLOTS = ['undici.globalDispatcher.1', 'undici.globalDispatcher.2'].map((name) => Symbol.for(name))

/** Where the process's global dispatchers stand; the built-in fetch has one once it was used. */
export function dispatcherSlots(): readonly symbol[] {
  // Touching it loads the built-in undici, which makes its dispatcher then.
  void globalThis.Headers
  return SLOTS.filter((slot) => Reflect.get(globalThis, slot) !== undefined)
}

/** The dispatcher of the built-in fetch. */
export function globalDispatcher(): DispatcherLike | undefined {
  const slot = dispatcherSlots().at(-1)
  return slot === undefined ? undefined : (Reflect.get(globalThis, slot) as DispatcherLike)
}

const GUARDED_DISPATCHERS = new WeakSet<DispatcherLike>()

/** Remembers that a dispatcher is guarded, so that guards above it tell it to let their requests be. */
export function noteGuarded(dispatcher: DispatcherLike): void {
  GUARDED_DISPATCHERS.add(dispatcher)
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
  const given = (init as { dispatcher?: DispatcherLike } | null | undefined)?.dispatcher
  const dispatcher = given ?? globalDispatcher()
  if (dispatcher === undefined || (given === undefined && !GUARDED_DISPATCHERS.has(dispatcher))) return init
  return { ...(init as I), dispatcher: exempting(dispatcher) }
}
