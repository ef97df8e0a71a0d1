// What errors say that servers of a test cannot bring about, and how keys are spelt.

import { describe, expect, it } from 'vitest'
import { isOthersTrouble } from '../../src/outbound/blame.ts'
import { fitName, normaliseOrigin } from '../../src/outbound/origin.ts'
import { formatRetryAfter, parseRetryAfter } from '../../src/outbound/retry-after.ts'
import { answerIn, verdictOfError } from '../../src/outbound/verdict.ts'

const coded = (code: string, message = code): Error => Object.assign(new Error(message), { code })
const fetchFailed = (cause?: unknown): TypeError =>
  cause === undefined ? new TypeError('fetch failed') : new TypeError('fetch failed', { cause })

describe('H11 an error', () => {
  const refused = new AggregateError([coded('ECONNREFUSED'), coded('ECONNREFUSED')])
  it.each([
    ['of the happy eyeballs', Object.assign(refused, { code: 'ECONNREFUSED' })],
    ['of the happy eyeballs behind fetch', fetchFailed(refused)],
    [
      'deep among the causes',
      fetchFailed(new Error('outer', { cause: new Error('middle', { cause: coded('EPIPE') }) })),
    ],
    ['of undici’s socket', coded('UND_ERR_SOCKET', 'other side closed')],
    ['of undici’s timers', coded('UND_ERR_HEADERS_TIMEOUT')],
    ['of a parser', coded('HPE_INVALID_CONSTANT')],
    ['of a fetch that says no cause', fetchFailed()],
    ['of a mock', fetchFailed(new Error('boom'))],
    ['that is no error', 'down'],
    ['that is nothing', undefined],
  ])('%s is a failure', (_, error) => {
    expect(verdictOfError(error, false)).toBe('failure')
  })

  it.each([
    ['an option that undici refuses', coded('UND_ERR_INVALID_ARG')],
    ['a dispatcher that was closed', coded('UND_ERR_CLOSED')],
    ['a dispatcher that was destroyed', fetchFailed(coded('UND_ERR_DESTROYED'))],
    ['a header that Node.js refuses', Object.assign(new TypeError('Invalid character'), { code: 'ERR_INVALID_CHAR' })],
    ['a URL that cannot be read', new TypeError('Failed to parse URL', { cause: coded('ERR_INVALID_URL') })],
    ['what fetch refuses', new TypeError('Request with GET/HEAD method cannot have body.')],
    ['a port that fetch refuses', fetchFailed(new Error('bad port'))],
    ['a redirect that the caller wanted none of', fetchFailed(new Error('unexpected redirect'))],
    ['an abort that the guard did not see', new DOMException('aborted', 'AbortError')],
    ['an abort behind an error', fetchFailed(new DOMException('aborted', 'AbortError'))],
  ])('of the caller’s own doing is no evidence: %s', (_, error) => {
    expect(verdictOfError(error, false)).toBe('ignore')
  })

  it('of an abort is a failure only where it is a timeout', () => {
    const timeout = new DOMException('timed out', 'TimeoutError')
    expect(verdictOfError(timeout, true)).toBe('failure')
    expect(verdictOfError(new Error('wrapped', { cause: timeout }), true)).toBe('failure')
    for (const reason of [coded('ECONNRESET'), 'no', undefined, null, 0, new DOMException('x', 'AbortError')]) {
      expect(verdictOfError(reason, true)).toBe('ignore')
    }
  })

  it('with causes in a circle ends', () => {
    const error = new Error('round')
    error.cause = error
    expect(verdictOfError(error, false)).toBe('failure')
  })

  it('of an interceptor stands for the answer that it hides', () => {
    const error = Object.assign(coded('UND_ERR_RESPONSE'), { statusCode: 503, headers: { 'retry-after': '4' } })
    expect(answerIn(error)?.status).toBe(503)
    expect(answerIn(error)?.header('retry-after')).toBe('4')
    expect(answerIn(error)?.header('infuse-dependency')).toBeUndefined()
    expect(answerIn(Object.assign(coded('UND_ERR_REQ_RETRY'), { statusCode: 429 }))?.status).toBe(429)
    expect(answerIn(Object.assign(coded('ELSE'), { statusCode: 503 }))).toBeUndefined()
    expect(answerIn(undefined)).toBeUndefined()
  })
})

describe('H8 an origin', () => {
  it.each([
    ['HTTP://Payments:80', 'http://payments'],
    ['https://payments.:443/charge?id=1#x', 'https://payments'],
    ['http://me:secret@payments:8000/', 'http://payments:8000'],
    ['http://bücher.example', 'http://xn--bcher-kva.example'],
    ['http://[::1]:8000', 'http://[::1]:8000'],
    [new URL('http://PAYMENTS:8000/charge'), 'http://payments:8000'],
    ['grpc://payments:50051', 'grpc://payments:50051'],
    [new URL('grpc://ledger:50051'), 'grpc://ledger:50051'],
  ])('written %s is spelt %s', (written, spelt) => {
    expect(normaliseOrigin(written)).toBe(spelt)
    expect(normaliseOrigin(written)).toBe(spelt)
  })

  it('that is none is refused', () => {
    expect(() => normaliseOrigin('payments')).toThrow(TypeError)
  })

  it.each(['a key with spaces', 'ü', 'x'.repeat(500), ''])('as a key that does not fit gets a hash: %s', (key) => {
    const fitted = fitName(key)
    expect(fitted).toMatch(/^[\w.:\-/[\]]{1,128}$/)
    expect(fitName(key)).toBe(fitted)
    expect(fitName(`${key}!`)).not.toBe(fitted)
  })
})

describe('Retry-After', () => {
  const now = Date.UTC(2026, 0, 1)
  it.each([
    ['7', 7_000],
    [' 0 ', 0],
    ['Thu, 01 Jan 2026 00:00:05 GMT', 5_000],
    ['Wed, 31 Dec 2025 00:00:00 GMT', 0],
    ['-1', undefined],
    ['1.5', undefined],
    ['soon', undefined],
    ['2026-01-02', undefined],
    ['', undefined],
    [null, undefined],
    [undefined, undefined],
  ])('%s is %s ms', (value, ms) => {
    expect(parseRetryAfter(value, now)).toBe(ms)
  })

  it('is told in whole seconds, one at least, and not at all where there is no end', () => {
    expect([0, 1, 1_000, 1_001, Infinity].map(formatRetryAfter)).toEqual(['1', '1', '1', '2', undefined])
  })
})

it('only a 503 can say that the trouble is somebody else’s', () => {
  expect(isOthersTrouble(503, ' Unavailable ')).toBe(true)
  expect(isOthersTrouble(500, 'unavailable')).toBe(false)
  expect(isOthersTrouble(503, 'available')).toBe(false)
  expect(isOthersTrouble(503, undefined)).toBe(false)
})
