// The guard for fetch, as a function around a function: the built-in one, undici's, node-fetch, or what a test puts in
// their place. It sees heads of answers, not bodies: an answer that breaks off later is no failure here (the undici
// guard sees that).

import { rejectSoon } from '../calls/rejection.ts'
import { enter, Exchange } from './exchange.ts'
import { exemptInit } from './nesting.ts'
import { type Breakers, type GuardOptions, type Guarding, resolveGuarding } from './options.ts'

export type { SkipBreaker } from './nesting.ts'
export type { Breakers, GuardOptions, GuardRequest } from './options.ts'

// biome-ignore lint/suspicious/noExplicitAny: any fetch can be guarded, whichever types it has
type AnyFetch = (input: any, init?: any) => Promise<any>

interface Init {
  readonly method?: string | undefined
  readonly signal?: AbortSignal | null | undefined
  readonly skipBreaker?: boolean | undefined
}

interface Answer {
  readonly status: number
  readonly headers?: { get(name: string): string | null }
}

/** A request on its way: as it was given, and what the guard has to know. */
interface Request {
  readonly input: unknown
  readonly init: Init | undefined
  readonly method: string
  readonly url: URL
  readonly signal: AbortSignal | null | undefined
}

/**
 * A fetch like the one given, every request of which goes through the breaker of its origin or `key`. Per request
 * `skipBreaker: true` in the init leaves it out.
 * @throws TypeError for breakers or options that are none.
 */
export function guardFetch<F extends AnyFetch>(fetch: F, breakers: Breakers, options?: GuardOptions): F {
  const guarding = resolveGuarding(breakers, options)
  const guarded = (input: unknown, init?: Init): Promise<unknown> => {
    const request = describe(input, init)
    if (request === undefined || request.signal?.aborted) return fetch(input, init)
    if (init?.skipBreaker === true) return fetch(input, exemptInit(init))
    return pass(guarding, fetch, request)
  }
  return guarded as F
}

function pass(guarding: Guarding, fetch: AnyFetch, request: Request): Promise<unknown> {
  const { method, url } = request
  let answer: ReturnType<typeof enter>
  try {
    answer = enter(guarding, method, url.origin, url.pathname + url.search)
  } catch (error) {
    return rejectSoon(error)
  }
  const begin = (late: Awaited<typeof answer>): Promise<unknown> =>
    late instanceof Exchange ? send(fetch, request, late) : rejectSoon(late)
  return answer instanceof Promise ? answer.then(begin) : begin(answer)
}

async function send(fetch: AnyFetch, { input, init, signal }: Request, exchange: Exchange): Promise<unknown> {
  let answer: Answer | undefined
  try {
    answer = (await fetch(input, exemptInit(init))) as Answer | undefined
  } catch (error) {
    if (signal?.aborted) exchange.failed(signal.reason, true)
    else exchange.failed(error)
    throw error
  }
  // A stand-in for fetch may answer anything.
  if (typeof answer?.status === 'number') exchange.answered(answer.status, (name) => answer.headers?.get(name))
  exchange.completed()
  return answer
}

/** What the guard has to know; `undefined` for what goes to no dependency, or nowhere. */
function describe(input: unknown, init: Init | undefined): Request | undefined {
  const given = (typeof input === 'object' && input !== null && !(input instanceof URL) ? input : {}) as Init & {
    readonly url?: string
  }
  const text = given.url ?? String(input)
  if (!URL.canParse(text)) return undefined
  const url = new URL(text)
  if (url.protocol !== 'http:' && url.protocol !== 'https:') return undefined
  const method = (init?.method ?? given.method ?? 'GET').toUpperCase()
  return { input, init, method, url, signal: init?.signal === undefined ? given.signal : init.signal }
}
