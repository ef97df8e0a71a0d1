// What every answer carries, whatever it says: a browser takes it for what it is, frames it nowhere, and tells nobody
// where it came from.

import type { Refusal } from './refusal.ts'

const EVERYWHERE = {
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
  'referrer-policy': 'no-referrer',
  'cross-origin-resource-policy': 'same-origin',
  'cross-origin-opener-policy': 'same-origin',
}

/** Of what is data: nothing may run or load, should a browser be made to show it. */
const DATA = {
  ...EVERYWHERE,
  'cache-control': 'no-store',
  'content-security-policy': "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
}

/** Of the page: its own files and nothing else, and no text becomes markup. */
export const PAGE: Readonly<Record<string, string>> = {
  ...EVERYWHERE,
  'cache-control': 'no-cache',
  'content-security-policy': [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "img-src 'self'",
    "connect-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
    "require-trusted-types-for 'script'",
    "trusted-types 'none'",
  ].join('; '),
  'permissions-policy': 'camera=(), geolocation=(), microphone=(), payment=(), usb=()',
}

export function json(body: object, status = 200, headers: Readonly<Record<string, string>> = {}): Response {
  const type = { 'content-type': 'application/json; charset=utf-8' }
  return new Response(JSON.stringify(body), { status, headers: { ...DATA, ...type, ...headers } })
}

export function refused(refusal: Refusal): Response {
  return json(refusal.body, refusal.statusCode, refusal.headers)
}

/** Server-sent events; proxies are asked not to collect them. */
export function events(body: ReadableStream<Uint8Array> | null): Response {
  const headers = { ...DATA, 'content-type': 'text/event-stream; charset=utf-8', 'x-accel-buffering': 'no' }
  return new Response(body, { headers })
}

/** Elsewhere on this server. */
export function moved(status: 303 | 308, location: string, headers: Readonly<Record<string, string>> = {}): Response {
  return new Response(null, { status, headers: { ...DATA, ...headers, location } })
}

/** The same without its body, as HEAD wants it. */
export function headOf({ status, headers }: Response): Response {
  return new Response(null, { status, headers })
}
