// Requests that another site's page made its reader's browser send. Browsers say where a request comes from, in
// `Origin` and `Sec-Fetch-Site`, and no page can change what they say; programs say nothing and are let pass.

import { Refusal } from './refusal.ts'

const HOST = /^(?:\[[\da-f:.]+\]|[\w.-]+)(?::\d{1,5})?$/i

/** The `Host` that the client named. @throws Refusal for what can be none. */
export function hostOf({ headers, url }: Request): string {
  const host = headers.get('host') ?? new URL(url).host
  if (HOST.test(host)) return host
  throw new Refusal(400, 'bad-host', 'The Host of the request is none.')
}

/** @throws Refusal where another site's page sent it; `host` is the request's. */
export function insistOnSameOrigin({ headers, method }: Request, host: string): void {
  const origin = headers.get('origin')
  if (origin !== null && !isSame(origin, host)) throw foreign()
  const site = headers.get('sec-fetch-site')
  if (site === null || site === 'same-origin' || site === 'none') return
  // A link from elsewhere that somebody follows: it shows them what they may see, and tells the other site nothing.
  const isFollowed = (method === 'GET' || method === 'HEAD') && headers.get('sec-fetch-mode') === 'navigate'
  if (!isFollowed) throw foreign()
}

/** A proxy may have taken the TLS off, so the scheme is not compared. */
function isSame(origin: string, host: string): boolean {
  if (!/^https?:\/\//.test(origin) || !URL.canParse(origin)) return false
  const { protocol, host: from } = new URL(origin)
  const here = `${protocol}//${host}`
  return URL.canParse(here) && new URL(here).host === from
}

function foreign(): Refusal {
  return new Refusal(403, 'foreign-origin', 'The request comes from another origin.')
}
