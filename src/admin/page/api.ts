// The API, by addresses relative to the page, so that it works wherever it is mounted. An answer carries the moment it
// came; what went wrong is an ApiError with words for people.

import type { WireAction, WireCircuitAnswer, WireCircuits, WireError, WireTransitions } from '../wire.ts'

const PATIENCE = 10_000

export class ApiError extends Error {
  readonly status: number
  readonly field: string | undefined

  constructor(status: number, message: string, field?: string) {
    super(message)
    this.name = 'ApiError'
    this.status = status
    this.field = field
  }
}

/** An answer, and when it came (ms of the page's clock). */
export interface Got<T> {
  readonly body: T
  readonly got: number
}

export function getCircuits(): Promise<Got<WireCircuits>> {
  return ask<WireCircuits>('circuits')
}

export function getTransitions(limit: number, circuit?: string): Promise<Got<WireTransitions>> {
  const of = circuit === undefined ? '' : `circuit=${encodeURIComponent(circuit)}&`
  return ask<WireTransitions>(`transitions?${of}limit=${limit}`)
}

export function act(circuit: string, action: WireAction, body: object): Promise<Got<WireCircuitAnswer>> {
  return ask<WireCircuitAnswer>(`circuits/${encodeURIComponent(circuit)}/${action}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  })
}

/** The stream of events, open until the signal says stop. */
export async function openEvents(signal: AbortSignal): Promise<ReadableStream<Uint8Array>> {
  const response = await reach('events', { signal, headers: { accept: 'text/event-stream' } })
  if (response.ok && response.body !== null) return response.body
  throw await refused(response)
}

async function ask<T>(path: string, init: RequestInit = {}): Promise<Got<T>> {
  const response = await reach(path, { ...init, signal: AbortSignal.timeout(PATIENCE) })
  const got = performance.now()
  if (!response.ok) throw await refused(response)
  return { body: (await response.json()) as T, got }
}

async function reach(path: string, init: RequestInit): Promise<Response> {
  try {
    return await fetch(path, { cache: 'no-store', credentials: 'same-origin', ...init })
  } catch (error) {
    const late = error instanceof DOMException && error.name === 'TimeoutError'
    throw new ApiError(0, late ? 'No answer within 10 s. It may still happen.' : 'The server cannot be reached.')
  }
}

async function refused(response: Response): Promise<ApiError> {
  try {
    const { message, field } = (await response.json()) as WireError
    return new ApiError(response.status, message, field)
  } catch {
    // Not the API's own answer: a proxy's page, or nothing at all.
    return new ApiError(response.status, `The server answered ${response.status}.`)
  }
}
