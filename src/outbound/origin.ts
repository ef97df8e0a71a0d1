// The identity of whom a request goes to: one spelling for an origin however it was written, and names that fit
// everywhere a circuit's name goes (storage keys, metrics, URLs). Credentials never get into it.

import { createHash } from 'node:crypto'

const FITS = /^[\w.:\-/[\]]{1,128}$/
const MISFITS = /[^\w.:\-/[\]]+/g
const LONGEST = 128
const HASH = 12

/** An origin and nothing else: paths differ each time, and credentials are not kept in memory. */
const BARE = /^[^/?#@]+:\/\/[^/?#@]+\/?$/

/** So many origins and names are remembered; what comes on top is looked at anew each time. */
const MOST = 1_000
const ORIGINS = new Map<string, string>()
const FITTING = new Set<string>()

/**
 * `scheme://host[:port]` of a URL or origin: lower case, international names in ASCII, without credentials, default
 * port and trailing dot.
 * @throws TypeError for a text that is no absolute URL.
 */
export function normaliseOrigin(url: string | URL): string {
  const written = typeof url === 'string' ? url : url.href
  const known = ORIGINS.get(written)
  if (known !== undefined) return known
  const spelt = spell(url)
  if (ORIGINS.size < MOST && BARE.test(written)) ORIGINS.set(written, spelt)
  return spelt
}

function spell(url: string | URL): string {
  const { protocol, hostname, port } = typeof url === 'string' ? new URL(url) : url
  const host = hostname.toLowerCase().replace(/\.$/, '')
  return `${protocol}//${host}${port === '' ? '' : `:${port}`}`
}

/** The key itself, or where it does not fit as a name what is left of it with a hash of the whole. */
export function fitName(key: string): string {
  if (FITTING.has(key)) return key
  if (FITS.test(key)) {
    if (FITTING.size < MOST) FITTING.add(key)
    return key
  }
  const hash = createHash('sha256').update(key).digest('hex').slice(0, HASH)
  return `${key.replace(MISFITS, '_').slice(0, LONGEST - HASH - 1)}-${hash}`
}

/** Whether a text can be a circuit's name in an application. */
export function isName(name: unknown): name is string {
  return typeof name === 'string' && FITS.test(name)
}
