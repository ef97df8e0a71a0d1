// A dependency on real HTTP: it answers what it is told to, hangs, and goes down and comes up on the same port.

import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'

type Answer = (request: IncomingMessage, response: ServerResponse) => void

export class Dependency {
  readonly port: number
  /** Requests that arrived, in all. */
  hits = 0
  /** Requests that ended before they were answered. */
  gone = 0
  answer: Answer = (_request, response) => response.end('ok')
  #server: Server | undefined

  private constructor(server: Server, port: number) {
    this.port = port
    this.#use(server)
  }

  static async start(): Promise<Dependency> {
    const server = await listen(0)
    return new Dependency(server, (server.address() as { port: number }).port)
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`
  }

  /** From now on every request gets this status. */
  says(status: number, headers: Record<string, string> = {}): void {
    this.answer = (_request, response) => response.writeHead(status, headers).end('said')
  }

  /** From now on no request is answered. */
  hang(): void {
    this.answer = () => undefined
  }

  async down(): Promise<void> {
    const server = this.#server
    this.#server = undefined
    server?.closeAllConnections()
    if (server !== undefined) await new Promise((resolve) => server.close(resolve))
  }

  async up(): Promise<void> {
    if (this.#server === undefined) this.#use(await listen(this.port))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.down()
  }

  #use(server: Server): void {
    this.#server = server
    server.on('request', (request: IncomingMessage, response: ServerResponse) => {
      this.hits++
      response.on('close', () => {
        if (!response.writableFinished) this.gone++
      })
      this.answer(request, response)
    })
  }
}

async function listen(port: number): Promise<Server> {
  const server = createServer()
  server.listen(port, '127.0.0.1')
  await once(server, 'listening')
  return server
}
