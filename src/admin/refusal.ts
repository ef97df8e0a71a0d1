// Why a request is not answered as asked: a status, a code for programs, a sentence for people. The sentence names no
// host, secret or query string; what is not one of these is answered as a 500 that says nothing.

import type { WireError } from './wire.ts'

export class Refusal extends Error {
  readonly statusCode: number
  readonly code: string
  readonly field: string | undefined
  readonly headers: Readonly<Record<string, string>>

  constructor(
    statusCode: number,
    code: string,
    message: string,
    more: { field?: string; headers?: Readonly<Record<string, string>> } = {},
  ) {
    super(message)
    this.name = 'Refusal'
    this.statusCode = statusCode
    this.code = code
    this.field = more.field
    this.headers = more.headers ?? {}
  }

  get body(): WireError {
    const { statusCode, code, message, field } = this
    return { statusCode, code, message, ...(field !== undefined && { field }) }
  }
}

export function notFound(what: string): Refusal {
  return new Refusal(404, 'not-found', `There is no such ${what}.`)
}

export function invalid(field: string | undefined, message: string): Refusal {
  return new Refusal(422, 'invalid', message, field === undefined ? {} : { field })
}

export function storageDown(): Refusal {
  const headers = { 'retry-after': '1' }
  return new Refusal(503, 'storage-down', 'The storage of the circuits does not answer.', { headers })
}
