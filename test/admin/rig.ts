// A real server with the admin handler on it, and requests as raw as a client can make them: fetch would not send a
// wrong Host or somebody else's Origin.
import { once } from 'node:events'
import { createServer, request, type IncomingHttpHeaders, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Infuse, CircuitStorage } from '../../src/index.ts'
import { type AdminHandler, type AdminOptions, adminHandler, nodeListener } from '../../src/admin/index.ts'
import type { Identity } from '../../src/admin/identity.ts'
import { EventParser, type ServerEvent } from '../../src/admin/page/sse.ts'
import { until } from '../support/redis-server.ts'

export interface Answer {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly text: string
  // biome-ignore lint/suspicious/noExplicitAny: tests look into whatever came
  readonly json: any
}

export interface Asking {
  readonly method?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: unknown
  /** Sent as it is. */
  readonly raw?: string | Buffer
}

/** Who is who by a header of the tests: `x-who: maria`, `reader`, or nobody. */
export function byHeader({ headers }: Request): Identity | null {
  const who = headers.get('x-who')
  if (who === null) return null
  return who === 'reader' ? { actor: 'reader', can: ['read'] } : { actor: who, can: ['read', 'operate'] }
}

export class Rig {
  readonly handler: AdminHandler
  readonly server: Server

  private constructor(handler: AdminHandler, server: Server) {
    this.handler = handler
    this.server = server
  }

  static async start(
    source: Infuse | CircuitStorage,
    options: Partial<AdminOptions> = {},
    make: (source: Infuse | CircuitStorage, options: AdminOptions) => AdminHandler = adminHandler,
  ): Promise<Rig> {
    const handler = make(source, { authorize: byHeader, allowMutations: true, ...options })
    const server = createServer((incoming, outgoing) => void nodeListener(handler)(incoming, outgoing))
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    return new Rig(handler, server)
  }

  get port(): number {
    return (this.server.address() as AddressInfo).port
  }

  get host(): string {
    return `127.0.0.1:${this.port}`
  }

  /** As maria, unless headers say who; `x-who: ''` is nobody. */
  ask(path: string, asking: Asking = {}): Promise<Answer> {
    return ask(this.port, path, asking)
  }

  get(path: string): Promise<Answer> {
    return this.ask(path)
  }

  post(path: string, body: unknown, headers: Readonly<Record<string, string>> = {}): Promise<Answer> {
    return this.ask(path, { method: 'POST', body, headers })
  }

  /** Listens to events until it is told to stop. */
  async listen(path = '/events'): Promise<Ear> {
    return Ear.open(this.port, path)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.handler.dispose()
    this.server.closeAllConnections()
    this.server.close()
    await once(this.server, 'close')
  }
}

export async function ask(
  port: number,
  path: string,
  { method = 'GET', headers = {}, body, raw }: Asking = {},
): Promise<Answer> {
  const content = raw ?? (body === undefined ? undefined : JSON.stringify(body))
  const type = body === undefined ? {} : { 'content-type': 'application/json' }
  const all = Object.entries({ 'x-who': 'maria', ...type, ...headers }).filter(([, value]) => value !== '')
  const outgoing = request({ host: '127.0.0.1', port, path, method, headers: Object.fromEntries(all), agent: false })
  outgoing.on('error', () => undefined)
  outgoing.end(content)
  const [incoming] = (await once(outgoing, 'response')) as [import('node:http').IncomingMessage]
  let text = ''
  incoming.setEncoding('utf8')
  for await (const chunk of incoming) text += String(chunk)
  const isJson = incoming.headers['content-type']?.startsWith('application/json') === true
  const json = isJson && text !== '' ? (JSON.parse(text) as unknown) : undefined
  return { status: incoming.statusCode ?? 0, headers: incoming.headers, text, json }
}

/** A stream of events. */
export class Ear {
  readonly events: ServerEvent[] = []
  ended = false
  readonly status: number
  readonly #stop: () => void

  private constructor(status: number, stop: () => void) {
    this.status = status
    this.#stop = stop
  }

  static async open(port: number, path: string, headers: Readonly<Record<string, string>> = {}): Promise<Ear> {
    const all = Object.entries({ 'x-who': 'maria', ...headers }).filter(([, value]) => value !== '')
    const outgoing = request({ host: '127.0.0.1', port, path, headers: Object.fromEntries(all), agent: false })
    outgoing.end()
    const [incoming] = (await once(outgoing, 'response')) as [import('node:http').IncomingMessage]
    const ear = new Ear(incoming.statusCode ?? 0, () => outgoing.destroy())
    const parser = new EventParser()
    incoming.setEncoding('utf8')
    incoming.on('data', (text: string) => void ear.events.push(...parser.push(text)))
    incoming.on('error', () => undefined)
    incoming.on('close', () => {
      ear.ended = true
    })
    return ear
  }

  // biome-ignore lint/suspicious/noExplicitAny: tests look into whatever came
  of(kind: string): any[] {
    return this.events.filter(({ event }) => event === kind).map(({ data }) => JSON.parse(data) as unknown)
  }

  /** Waits for an event that fits. */
  // biome-ignore lint/suspicious/noExplicitAny: tests look into whatever came
  async hear(kind: string, fits: (data: any) => boolean = () => true): Promise<any> {
    // biome-ignore lint/suspicious/noExplicitAny: the same
    let found: any
    await until(() => {
      found = this.of(kind).find(fits)
      return found !== undefined
    })
    return found
  }

  stop(): void {
    this.#stop()
  }
}

/** What the process is warned of while this lives. */
export function warnings(): { readonly all: Error[]; [Symbol.dispose](): void } {
  const all: Error[] = []
  const hear = (warning: Error): void => void all.push(warning)
  process.on('warning', hear)
  return { all, [Symbol.dispose]: () => void process.off('warning', hear) }
}
