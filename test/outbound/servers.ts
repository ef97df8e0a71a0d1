// The servers that outbound guards are tried with: one that answers as its path says, one with a certificate that nobody
// knows, one that takes connections and says nothing. All on ports of their own, and they count what reaches them.

import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import http, { type IncomingMessage, type ServerResponse } from 'node:http'
import https from 'node:https'
import net, { type AddressInfo, type Server, type Socket } from 'node:net'

/** More than sockets and clients keep for whoever reads later. */
const LARGE = 8 * 1024 * 1024

/** A listening server, with what came to it. */
export class Listening {
  readonly sockets: Set<Socket> = new Set()
  /** Connections there have been. */
  connections = 0
  readonly #server: Server
  readonly #scheme: string

  private constructor(server: Server, scheme: string) {
    this.#server = server
    this.#scheme = scheme
    server.on('connection', (socket: Socket) => {
      this.connections++
      this.sockets.add(socket)
      socket.on('close', () => this.sockets.delete(socket))
      socket.on('error', () => undefined)
    })
  }

  static async start(server: Server, scheme: string): Promise<Listening> {
    const listening = new Listening(server, scheme)
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    return listening
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port
  }

  get origin(): string {
    return `${this.#scheme}://127.0.0.1:${this.port}`
  }

  async end(): Promise<void> {
    const closed = once(this.#server, 'close')
    this.#server.close()
    for (const socket of this.sockets) socket.destroy()
    await closed
  }
}

/**
 * Answers as the path says: /status/503, /reset, /hang, /half (a head and half a body, then nothing), /cut (half a body,
 * then the end), /large, /hold (until {@link release}), /echo, /busy?7 (503 and Retry-After), /blameless, /redirect.
 */
export class Dependency {
  readonly requests: { readonly method: string; readonly path: string }[] = []
  readonly listening: Listening
  readonly #held: (() => void)[] = []

  private constructor(listening: Listening) {
    this.listening = listening
  }

  static async start(): Promise<Dependency> {
    const server = http.createServer()
    server.on('connect', (_request, socket) => socket.end('HTTP/1.1 200 Connection established\r\n\r\n'))
    server.on('upgrade', (_request, socket) =>
      socket.end('HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: parrot\r\n\r\n'),
    )
    const dependency = new Dependency(await Listening.start(server, 'http'))
    server.on('request', (request, response) => dependency.#answer(request, response))
    return dependency
  }

  get origin(): string {
    return this.listening.origin
  }

  /** How many requests are being held. */
  get held(): number {
    return this.#held.length
  }

  /** Answers what is held. */
  release(): void {
    for (const answer of this.#held.splice(0)) answer()
  }

  end(): Promise<void> {
    this.release()
    return this.listening.end()
  }

  #answer(request: IncomingMessage, response: ServerResponse): void {
    const path = request.url ?? '/'
    this.requests.push({ method: request.method ?? '', path })
    const [, what = '', value = ''] = /^\/(\w*)[/?]?([^?]*)/.exec(path) ?? []
    const ways: Record<string, () => void> = {
      status: () => response.writeHead(Number(value), { 'x-asked': path }).end(isEmpty(value) ? '' : `status ${value}`),
      reset: () => request.socket.resetAndDestroy(),
      hang: () => undefined,
      half: () => void response.writeHead(200, { 'content-length': '20' }).write('0123456789'),
      cut: () => {
        response.writeHead(200, { 'content-length': '20' }).write('0123456789', () => request.socket.destroy())
      },
      large: () => response.writeHead(200, { 'content-length': String(LARGE) }).end(Buffer.alloc(LARGE)),
      hold: () => void this.#held.push(() => response.end('held')),
      echo: () => void request.pipe(response),
      busy: () => response.writeHead(503, { 'retry-after': value }).end('busy'),
      blameless: () =>
        response.writeHead(503, { 'infuse-dependency': 'unavailable', 'retry-after': '9' }).end('not my fault'),
      redirect: () => response.writeHead(302, { location: '/status/200' }).end(),
    }
    const answer = ways[what]
    if (answer === undefined) response.writeHead(200, { 'x-asked': path }).end('fine')
    else answer()
  }
}

function isEmpty(status: string): boolean {
  return status === '204' || status === '304'
}

const read = (name: string): Buffer => readFileSync(new URL(`self-signed/${name}.pem`, import.meta.url))

/** The key and certificate of servers whom nobody has reason to trust. */
export const selfSigned: { readonly key: Buffer; readonly cert: Buffer } = { key: read('key'), cert: read('cert') }

/** Answers everybody who trusts its certificate, which nobody does unless told to. */
export function startUntrusted(): Promise<Listening> {
  const server = https.createServer(selfSigned, (_request, response) => response.end('trusted'))
  server.on('tlsClientError', () => undefined)
  return Listening.start(server, 'https')
}

/** Takes connections and says nothing. */
export function startSilent(): Promise<Listening> {
  return Listening.start(net.createServer(), 'https')
}

/** An origin where nobody listens. */
export async function refusingOrigin(): Promise<string> {
  const listening = await Listening.start(net.createServer(), 'http')
  const { origin } = listening
  await listening.end()
  return origin
}
