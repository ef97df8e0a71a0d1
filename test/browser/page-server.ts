// A real HTTP server with the compiled page under its policy and a wire API that does as the test says: mounted below
// a path, as an application would mount it, with a heartbeat a second.

import { readFileSync } from 'node:fs'
import { type IncomingMessage, type Server, type ServerResponse, createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import type {
  WireCircuit,
  WireCircuits,
  WireEnvelope,
  WireError,
  WireRight,
  WireTransition,
} from '../../src/admin/wire.ts'
import { type Made, START } from './page-data.ts'

const policy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "connect-src 'self'",
  "img-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
  "require-trusted-types-for 'script'",
  "trusted-types 'none'",
].join('; ')

const types: Readonly<Record<string, string>> = {
  html: 'text/html; charset=utf-8',
  css: 'text/css',
  js: 'text/javascript',
  svg: 'image/svg+xml',
}
const base = '/ops/breakers/'

export interface Posted {
  readonly circuit: string
  readonly action: string
  readonly body: Readonly<Record<string, unknown>>
}

export class PageServer {
  readonly posted: Posted[] = []
  /** Every address that was asked for outside of the page and its API. */
  readonly strange: string[] = []
  actor = 'mara'
  can: readonly WireRight[] = ['read', 'operate']
  storage: WireEnvelope['storage'] = { up: true, ms: 0.6, asOf: null, downFor: 0 }
  processes = 24
  /** What `POST`s are refused with. */
  refusal: WireError | undefined
  signedIn = true
  /** A heartbeat each second; without, the page is cut off. */
  beats = true
  accepts = true
  readonly #folder: string
  readonly #server: Server
  readonly #streams = new Set<ServerResponse>()
  readonly #made = new Map<string, Made>()
  #extra: Omit<WireTransition, 'ago'>[] = []
  #begun = performance.now()
  readonly #timer: NodeJS.Timeout

  private constructor(folder: string) {
    this.#folder = folder
    this.#server = createServer((request, response) => void this.#answer(request, response))
    this.#timer = setInterval(() => this.beat(), 1_000)
  }

  static async start(folder: string): Promise<PageServer> {
    const server = new PageServer(folder)
    await new Promise<void>((resolve) => server.#server.listen(0, '127.0.0.1', resolve))
    return server
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}${base}`
  }

  /** The shop as new: these circuits, everything well with the page itself. */
  reset(circuits: readonly Made[]): void {
    this.#made.clear()
    for (const made of circuits) this.#made.set(made.circuit.name, made)
    this.#extra = []
    this.#begun = performance.now()
    this.posted.length = 0
    this.actor = 'mara'
    this.can = ['read', 'operate']
    this.storage = { up: true, ms: 0.6, asOf: null, downFor: 0 }
    this.refusal = undefined
    this.signedIn = true
    this.beats = true
    this.accepts = true
  }

  /** Changes a circuit and says so. */
  change(
    name: string,
    change: Partial<WireCircuit>,
    move?: Omit<WireTransition, 'ago' | 'at' | 'circuit' | 'id'>,
  ): void {
    const made = this.#made.get(name)
    if (made === undefined) throw new Error(`no ${name}`)
    const { steps: _, ...circuit } = { ...made.circuit, ...change }
    this.#made.set(name, { ...made, circuit: { ...circuit, steps: made.circuit.steps } })
    this.send('circuit', { at: this.#now(), circuit: this.#aged({ ...circuit }) })
    if (move === undefined) return
    const at = this.#now()
    const transition = { ...move, circuit: name, at, id: `${name}@${at}` }
    this.#extra.unshift(transition)
    this.send('transition', { ...transition, ago: 0 })
  }

  gone(name: string): void {
    this.#made.delete(name)
    this.send('circuit', { at: this.#now(), gone: name })
  }

  beat(): void {
    if (this.beats) this.send('heartbeat', this.#envelope())
  }

  send(event: string, data: object): void {
    for (const stream of this.#streams) stream.write(`event: ${event}\ndata: ${JSON.stringify(data)}\n\n`)
  }

  /** Ends every stream, as a proxy or a restart would. */
  cut(): void {
    for (const stream of this.#streams) stream.destroy()
  }

  async stop(): Promise<void> {
    clearInterval(this.#timer)
    this.cut()
    this.#server.closeAllConnections()
    await new Promise((resolve) => this.#server.close(resolve))
  }

  #now(): number {
    return START + performance.now() - this.#begun
  }

  #envelope(): WireEnvelope {
    return {
      at: this.#now(),
      namespace: 'prod:shop',
      env: 'prod',
      service: 'shop',
      storage: this.storage,
      processes: this.processes,
      can: this.can,
      actor: this.actor,
      allowMutations: true,
      shellCommand: 'infuse force {name} open --for 15m --reason "…"',
    }
  }

  /** What is left grows less, as the storage's would. */
  #aged(circuit: WireCircuit): WireCircuit {
    const passed = performance.now() - this.#begun
    const { retryAfter, forced, since } = circuit
    const left = (ms: number | null): number | null => (ms === null ? null : Math.max(0, ms - passed))
    return {
      ...circuit,
      retryAfter: left(retryAfter),
      since: since === null ? null : since + passed,
      forced: forced === null ? null : { ...forced, left: left(forced.left) },
    }
  }

  #circuits(): WireCircuits {
    return { ...this.#envelope(), circuits: [...this.#made.values()].map(({ circuit }) => this.#aged(circuit)) }
  }

  #transitions(circuit: string | null): WireTransition[] {
    const all = [...this.#extra, ...[...this.#made.values()].flatMap(({ transitions }) => transitions)]
    const now = this.#now()
    return all
      .filter((one) => circuit === null || one.circuit === circuit)
      .toSorted((a, b) => b.at - a.at)
      .map((one) => ({ ...one, ago: now - one.at }))
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { pathname, searchParams } = new URL(request.url ?? '/', 'http://page.test')
    const path = pathname.startsWith(base) ? pathname.slice(base.length) : undefined
    if (!this.accepts) return void request.socket.destroy()
    if (path === '' || /^[\w-]+\.(?:js|css|html|svg)$/.test(path ?? ''))
      return this.#asset(path || 'index.html', response)
    if (!this.signedIn)
      return json(response, 401, { statusCode: 401, code: 'unauthenticated', message: 'Sign in first.' })
    if (path === 'circuits') return json(response, 200, this.#circuits())
    if (path === 'transitions') {
      return json(response, 200, {
        at: this.#now(),
        transitions: this.#transitions(searchParams.get('circuit')),
        more: false,
      })
    }
    if (path === 'events') return this.#stream(response)
    const [, name, action] = /^circuits\/([^/]+)\/([a-z-]+)$/.exec(path ?? '') ?? []
    if (request.method === 'POST' && name !== undefined && action !== undefined) {
      return this.#post(decodeURIComponent(name), action, await read(request), response)
    }
    this.strange.push(pathname)
    json(response, 404, { statusCode: 404, code: 'not-found', message: 'There is nothing here.' })
  }

  #asset(name: string, response: ServerResponse): void {
    const type = types[name.split('.').at(-1) ?? ''] ?? ''
    response.writeHead(200, {
      'content-type': type,
      'content-security-policy': policy,
      'x-content-type-options': 'nosniff',
      // The page is opened many times, its files are many, and they stay what they are.
      ...(name !== 'index.html' && { 'cache-control': 'max-age=3600' }),
    })
    response.end(readFileSync(join(this.#folder, name)))
  }

  #stream(response: ServerResponse): void {
    response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store' })
    this.#streams.add(response)
    response.on('close', () => this.#streams.delete(response))
    this.beat()
  }

  #post(name: string, action: string, text: string, response: ServerResponse): void {
    if (this.refusal !== undefined) return json(response, this.refusal.statusCode, this.refusal)
    const body = JSON.parse(text) as Record<string, unknown>
    this.posted.push({ circuit: name, action, body })
    const reason = String(body['reason'])
    const common = { by: this.actor, why: reason, change: null, for: null, scope: 'fleet' as const, process: null }
    if (action === 'force') {
      const state = body['state'] === 'closed' ? 'closed' : 'open'
      const left = Number(body['for'])
      this.change(
        name,
        {
          state,
          since: 0,
          forced: { state, left: left + performance.now() - this.#begun, period: left, by: this.actor, reason },
        },
        { ...common, kind: 'forced', from: 'closed', to: state, for: left },
      )
    } else if (action === 'release') {
      this.change(
        name,
        { state: 'half-open', forced: null, retryAfter: null },
        { ...common, kind: 'released', from: 'open', to: 'half-open' },
      )
    } else if (action === 'update') {
      this.change(
        name,
        { overrides: { failMax: Number(body['failMax']), by: this.actor, at: this.#now() } },
        { ...common, kind: 'updated', from: 'closed', to: 'closed', change: 'failMax 5 → 9' },
      )
    } else {
      const to = ({ open: 'open', close: 'closed', 'half-open': 'half-open' } as const)[action] ?? 'closed'
      this.change(
        name,
        {
          state: to,
          retryAfter: to === 'open' ? 60_000 + performance.now() - this.#begun : null,
          period: 60_000,
          since: 0,
        },
        { ...common, kind: 'moved', from: 'open', to },
      )
    }
    const circuit = this.#made.get(name)?.circuit
    if (circuit !== undefined) json(response, 200, { ...this.#envelope(), circuit: this.#aged(circuit) })
  }
}

function json(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { 'content-type': 'application/json' })
  response.end(JSON.stringify(body))
}

async function read(request: IncomingMessage): Promise<string> {
  let text = ''
  for await (const chunk of request) text += String(chunk)
  return text
}
