// A client for one service, by name: fetch, with paths instead of URLs, through the service's breaker. It guards the
// dispatcher of the request, so a body that breaks off is seen.

import type { CircuitBreaker } from '../breaker.ts'
import { findCircuitBreakerError } from '../core/errors.ts'
import { type DispatcherLike, exempting, processDispatcher, type SkipBreaker, viewing } from '../outbound/nesting.ts'
import { circuitBreaker } from '../outbound/undici.ts'

/** A fetch that takes `skipBreaker`. */
export type GuardedFetch = (input: string | URL | Request, init?: RequestInit & SkipBreaker) => Promise<Response>

/** What `infuse.service()` answers. */
export interface ServiceClient {
  /** As `fetch`, with paths below the service's URL; the whole URL and a Request will do as well. @throws TypeError for another origin */
  readonly fetch: GuardedFetch
}

type Init = RequestInit & SkipBreaker & { dispatcher?: DispatcherLike }

export function serviceClient(name: string, base: URL, breaker: (name: string) => CircuitBreaker): ServiceClient {
  const guarded = viewing(circuitBreaker(breaker, { key: () => name }))
  return Object.freeze({
    fetch: async (input: string | URL | Request, init: Init = {}): Promise<Response> => {
      const dispatcher = init.dispatcher ?? processDispatcher
      const through = init.skipBreaker === true ? exempting(dispatcher) : guarded(dispatcher)
      try {
        return await fetch(targetOf(name, base, input), { ...init, dispatcher: through } as RequestInit)
      } catch (error) {
        throw rejectionIn(error)
      }
    },
  })
}

/** fetch hides what a dispatcher says behind an error of its own; the breaker's own is what callers look for. */
export function rejectionIn(error: unknown): unknown {
  if (!(error instanceof TypeError) || error.cause === undefined) return error
  return findCircuitBreakerError(error.cause) === error.cause ? error.cause : error
}

function targetOf(name: string, base: URL, input: string | URL | Request): URL | Request {
  const given = typeof input === 'object' && 'url' in input ? input.url : String(input)
  const url = URL.canParse(given) ? new URL(given) : below(base, given)
  if (url.origin !== base.origin) throw new TypeError(`Expected a path or URL of service "${name}", got another origin`)
  return typeof input === 'object' && 'url' in input ? input : url
}

/** A path below the service's URL, whose own path stays in front. */
function below(base: URL, path: string): URL {
  const root = base.href.slice(0, base.href.length - base.search.length - base.hash.length).replace(/\/$/, '')
  return new URL(`${root}${/^[/?#]/.test(path) ? '' : '/'}${path}`)
}
