// `Retry-After`, both ways: what a dependency asks its callers to wait, and what a service tells its own.

/**
 * ms to wait, from seconds or an HTTP date (RFC 9110, 10.2.3); `undefined` where it says neither.
 * @param wallNow epoch ms
 */
export function parseRetryAfter(value: string | null | undefined, wallNow: number): number | undefined {
  if (value === null || value === undefined) return undefined
  const text = value.trim()
  if (/^\d{1,15}$/.test(text)) return Number(text) * 1_000
  // Date.parse takes much that is no HTTP date; all of those name a day and a month.
  const date = /^[A-Z][a-z]{2}/.test(text) ? Date.parse(text) : Number.NaN
  return Number.isNaN(date) ? undefined : Math.max(0, date - wallNow)
}

/** Whole seconds, rounded up, one at least; `undefined` where there is no end. */
export function formatRetryAfter(ms: number): string | undefined {
  return Number.isFinite(ms) ? String(Math.max(1, Math.ceil(ms / 1_000))) : undefined
}
