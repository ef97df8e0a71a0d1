// The admin API and its page as one function from a request to a response. The order of its questions is the order of
// its trust: is the host one, does another site's page ask, who asks, what for, may they, and only then what of it.

import { bad } from '../core/check.ts'
import { warn } from '../core/warning.ts'
import { type CircuitStorage, checkStorage } from '../fleet/storage.ts'
import type { Infuse } from '../infuse.ts'
import { Assets } from './assets.ts'
import { readJson } from './body.ts'
import { envelopeOf } from './envelope.ts'
import { type Identity, identify, insistOn } from './identity.ts'
import { LocalSource } from './local.ts'
import { describeApi } from './openapi.ts'
import { type AdminOptions, type AdminSettings, resolveOptions } from './options.ts'
import { orderOf } from './order.ts'
import { invalid, notFound, Refusal } from './refusal.ts'
import { events, headOf, json, moved, refused } from './reply.ts'
import { METHODS, type Route, routeOf } from './routes.ts'
import { hostOf, insistOnSameOrigin } from './same-origin.ts'
import { SharedSource } from './shared.ts'
import type { AdminSource } from './source.ts'
import { Streams } from './streams.ts'
import type { WireCircuitAnswer, WireCircuits, WireTransitions } from './wire.ts'

/** Answers requests. Never rejects: what goes wrong is a 500 that says nothing, and a warning of the process. */
export interface AdminHandler {
  (request: Request): Promise<Response>
  /** Ends the streams of events and lets go of what is administered. */
  dispose(): void
}

const DEFAULT_LIMIT = 100
const MOST_TRANSITIONS = 1_000

/**
 * The admin API and dashboard of an application's circuits, or of those in a storage.
 * @throws TypeError or RangeError for a bad option; `authorize` is required.
 */
export function adminHandler(source: Infuse | CircuitStorage, options: AdminOptions): AdminHandler {
  const admin = new Admin(sourceOf(source), resolveOptions(options))
  return Object.assign((request: Request) => admin.answer(request), { dispose: () => admin.dispose() })
}

class Admin {
  readonly #source: AdminSource
  readonly #settings: AdminSettings
  readonly #assets = new Assets()
  readonly #streams: Streams

  constructor(source: AdminSource, settings: AdminSettings) {
    this.#source = source
    this.#settings = settings
    this.#streams = new Streams(source, settings.maxStreams)
  }

  async answer(request: Request): Promise<Response> {
    const response = await this.#attempt(request)
    return request.method === 'HEAD' ? headOf(response) : response
  }

  async #attempt(request: Request): Promise<Response> {
    try {
      return await this.#answer(request)
    } catch (error) {
      if (error instanceof Refusal) return refused(error)
      warn('The admin handler failed', error)
      return refused(new Refusal(500, 'failed', 'Something went wrong; the log of the process says what.'))
    }
  }

  dispose(): void {
    this.#streams.dispose()
    this.#source.dispose()
  }

  async #answer(request: Request): Promise<Response> {
    insistOnSameOrigin(request, hostOf(request))
    const identity = await identify(this.#settings.authorize, request)
    const { pathname, search, searchParams } = new URL(request.url)
    const { basePath } = this.#settings
    // Addresses on the page are relative to its own.
    if (pathname === basePath && basePath !== '') return moved(308, `${basePath}/${search}`)
    const path = pathname.startsWith(`${basePath}/`) ? pathname.slice(basePath.length + 1) : undefined
    const route = path === undefined ? undefined : routeOf(path)
    if (route === undefined) throw notFound('address')
    // What is no file of the page is no address, by any method.
    if (route.kind !== 'asset') insistOnMethod(request.method, route)
    if (route.kind === 'action') return this.#act(request, route, identity)
    insistOn('read', identity)
    return this.#read(request, route, identity, searchParams)
  }

  async #read(
    request: Request,
    route: Exclude<Route, { kind: 'action' }>,
    identity: Identity,
    query: URLSearchParams,
  ): Promise<Response> {
    switch (route.kind) {
      case 'circuits':
        return this.#circuits(identity)
      case 'circuit':
        return this.#circuit(route.name, identity)
      case 'transitions':
        return this.#transitions(query)
      case 'events':
        return request.method === 'HEAD' ? events(null) : this.#listen(request, identity)
      case 'description':
        return json(describeApi(this.#settings.basePath))
      default: {
        const response = await this.#assets.answer(route.file, request)
        if (response === undefined) throw notFound('address')
        insistOnMethod(request.method, route)
        return response
      }
    }
  }

  async #circuits(identity: Identity): Promise<Response> {
    const { circuits, ...survey } = await this.#source.survey(true)
    const envelope = envelopeOf(this.#source, survey, identity, this.#settings)
    return json({ ...envelope, circuits } satisfies WireCircuits)
  }

  async #circuit(name: string, identity: Identity): Promise<Response> {
    const found = await this.#source.circuit(name)
    if (found === undefined) throw notFound('circuit')
    const envelope = envelopeOf(this.#source, found, identity, this.#settings)
    return json({ ...envelope, circuit: found.circuit } satisfies WireCircuitAnswer)
  }

  async #transitions(query: URLSearchParams): Promise<Response> {
    const limit = limitOf(query.get('limit'))
    const entries = await this.#source.transitions(query.get('circuit') ?? undefined, limit + 1)
    const answer = { at: Date.now(), transitions: entries.slice(0, limit), more: entries.length > limit }
    return json(answer satisfies WireTransitions)
  }

  #listen(request: Request, identity: Identity): Response {
    const { authorize } = this.#settings
    return this.#streams.open({
      signal: request.signal,
      isKnown: async () => (await identify(authorize, request)).can.includes('read'),
      envelope: (survey) => envelopeOf(this.#source, survey, identity, this.#settings),
    })
  }

  async #act(
    request: Request,
    { name, action }: Extract<Route, { kind: 'action' }>,
    identity: Identity,
  ): Promise<Response> {
    if (!this.#settings.allowMutations) throw new Refusal(403, 'read-only', 'Nothing can be changed here.')
    insistOn('operate', identity)
    const order = orderOf(action, identity.actor, await readJson(request))
    await this.#source.carryOut(name, order)
    return this.#circuit(name, identity)
  }
}

function sourceOf(source: Infuse | CircuitStorage): AdminSource {
  if (isInfuse(source)) {
    const { storage } = source
    return storage?.shared === undefined ? new LocalSource(source) : new SharedSource(storage, source)
  }
  try {
    return new SharedSource(checkStorage(source), undefined)
  } catch {
    throw bad('source', 'an Infuse or a storage', source, 'source')
  }
}

function isInfuse(source: Infuse | CircuitStorage): source is Infuse {
  return typeof source === 'object' && source !== null && 'breakers' in source && typeof source.breaker === 'function'
}

function insistOnMethod(method: string, { kind }: Route): void {
  const wanted = METHODS[kind]
  if (method === wanted || (method === 'HEAD' && wanted === 'GET')) return
  const allow = wanted === 'GET' ? 'GET, HEAD' : wanted
  throw new Refusal(405, 'method', `This address takes ${wanted}.`, { headers: { allow } })
}

function limitOf(text: string | null): number {
  if (text === null) return DEFAULT_LIMIT
  const limit = /^\d{1,6}$/.test(text) ? Number(text) : 0
  if (limit >= 1) return Math.min(limit, MOST_TRANSITIONS)
  throw invalid('limit', `limit must be a whole number from 1 to ${MOST_TRANSITIONS}.`)
}
