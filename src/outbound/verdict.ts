// What the outcome of a request says about whom it went to; the same in every adapter. Refused, reset, DNS, TLS and
// timeouts are failures, and so are 500, 502, 503 and 504; every other answer is a success. What the caller did wrong,
// or did not want to wait for, is no evidence.

import type { Verdict } from '../core/verdict.ts'

const FAILING_STATUSES: ReadonlySet<number> = new Set([500, 502, 503, 504])

/** Errors of undici that are the caller's own doing. */
const OWN_MISTAKES: ReadonlySet<unknown> = new Set([
  'UND_ERR_INVALID_ARG',
  'UND_ERR_INVALID_RETURN_VALUE',
  'UND_ERR_REQ_CONTENT_LENGTH_MISMATCH',
  'UND_ERR_NOT_SUPPORTED',
  'UND_ERR_CLOSED',
  'UND_ERR_DESTROYED',
  'UND_ERR_ABORTED',
  'ERR_INVALID_URL',
  'ERR_INVALID_ARG_TYPE',
  'ERR_INVALID_ARG_VALUE',
  'ERR_INVALID_PROTOCOL',
  'ERR_INVALID_CHAR',
  'ERR_INVALID_HTTP_TOKEN',
  'ERR_HTTP_INVALID_HEADER_VALUE',
  'ERR_UNESCAPED_CHARACTERS',
])

/** Errors of undici that are answers: interceptors that throw for a status, or gave up on repeating, make them. */
const ANSWERS: ReadonlySet<unknown> = new Set(['UND_ERR_RESPONSE', 'UND_ERR_REQ_RETRY'])

// What a fetch says that heard nothing from the network, where it does not say why: in Node.js, and in browsers and mocks.
const NETWORK_ERROR = /^(fetch failed|Failed to fetch|Load failed|NetworkError|network error|terminated)/i

// What the built-in fetch refuses by itself, or finds wrong with an answer that came.
const OWN_RULES =
  /^(bad port|URL scheme must be a HTTP\(S\) scheme|unexpected redirect|redirect count exceeded|integrity mismatch)/

const DEEPEST = 8

/** Whether an answer with this status counts as failure. */
export function isFailingStatus(status: number): boolean {
  return FAILING_STATUSES.has(status)
}

/** What an error of a request says. `aborted`: by the caller; only a timeout that the caller set is evidence then. */
export function verdictOfError(error: unknown, aborted: boolean): Verdict {
  if (aborted) return isTimeout(error) ? 'failure' : 'ignore'
  return isOwnMistake(error) ? 'ignore' : 'failure'
}

/** The answer that an error stands for, where it does. */
export function answerIn(
  error: unknown,
): { readonly status: number; header(name: string): string | undefined } | undefined {
  const { code, statusCode, headers } = (error ?? {}) as { code?: unknown; statusCode?: unknown; headers?: unknown }
  if (typeof statusCode !== 'number' || !ANSWERS.has(code)) return undefined
  const all = (headers ?? {}) as Readonly<Record<string, string | readonly string[] | undefined>>
  return { status: statusCode, header: (name) => [all[name]].flat()[0] }
}

/** A timeout of `AbortSignal.timeout`, wherever it stands among the causes. */
function isTimeout(error: unknown): boolean {
  return some(error, ({ name }) => name === 'TimeoutError')
}

function isOwnMistake(error: unknown): boolean {
  return isRefusedByFetch(error) || some(error, ({ name, code }) => name === 'AbortError' || OWN_MISTAKES.has(code))
}

/** Fetch says a TypeError to everything; what it refuses before it asks anybody has no cause, or one without a code. */
function isRefusedByFetch(error: unknown): boolean {
  if (!(error instanceof TypeError) || (error as { code?: unknown }).code !== undefined) return false
  if (error.cause === undefined) return !NETWORK_ERROR.test(error.message)
  return error.cause instanceof Error && OWN_RULES.test(error.cause.message)
}

/** Whether something holds for an error or one of its causes. */
function some(error: unknown, holds: (error: { name?: unknown; code?: unknown }) => boolean): boolean {
  let current = error
  for (let depth = 0; depth < DEEPEST && typeof current === 'object' && current !== null; depth++) {
    if (holds(current)) return true
    current = (current as { cause?: unknown }).cause
  }
  return false
}
