// Values in words, for messages that people read. Never throws, whatever it is given, and keeps query strings
// and credentials of addresses to itself.

const LONGEST = 120

/** An error in a few words: its code where it has one (its cause's included), else name and message. */
export function describeError(error: unknown): string {
  const code = findCode(error)
  if (code !== undefined) return code
  if (typeof error !== 'object' || error === null) return tidy(show(error))
  const { name, message } = error as { name?: unknown; message?: unknown }
  if (typeof message !== 'string' || message === '') return tidy(typeof name === 'string' ? name : show(error))
  return tidy(typeof name === 'string' && name !== 'Error' ? `${name}: ${message}` : message)
}

/** A value and its type, as error messages quote it: `x` (string). */
export function describeValue(value: unknown): string {
  const type = value === null ? 'null' : Array.isArray(value) ? 'array' : typeof value
  return `\`${show(value).slice(0, LONGEST)}\` (${type})`
}

/** Milliseconds as people say them: 250 ms, 1.5 s, 5 min, 2 h. */
export function describeDuration(ms: number): string {
  if (ms === Number.POSITIVE_INFINITY) return 'without end'
  if (ms < 1000) return `${Math.ceil(ms)} ms`
  if (ms < 120_000) return `${round(ms / 1000)} s`
  return ms < 7_200_000 ? `${round(ms / 60_000)} min` : `${round(ms / 3_600_000)} h`
}

/** 1 call, 5 calls. */
export function describeCount(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`
}

function round(value: number): number {
  return Math.round(value * 10) / 10
}

function findCode(error: unknown): string | undefined {
  let current = error
  for (let depth = 0; depth < 5 && typeof current === 'object' && current !== null; depth++) {
    const { code, cause } = current as { code?: unknown; cause?: unknown }
    if (typeof code === 'string' && code !== '') return tidy(code)
    current = cause
  }
  return undefined
}

function tidy(text: string): string {
  const plain = text
    .replace(/\s+/g, ' ')
    .replace(/\/\/[^/\s@]*@/g, '//')
    .replace(/(https?:\/\/[^\s?#]*)[?#]\S*/gi, '$1')
  // Never half a character.
  return plain.length > LONGEST ? `${plain.slice(0, LONGEST - 1).replace(/\p{Surrogate}$/u, '')}…` : plain
}

function show(value: unknown): string {
  if (typeof value === 'function') return value.name === '' ? 'function' : value.name
  try {
    return String(value)
  } catch {
    // An object without toString, or one whose toString throws, has no better name.
    return 'object'
  }
}
