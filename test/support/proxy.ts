// A network that misbehaves: a TCP proxy that delays, cuts, refuses and swallows. It keeps the order of bytes; what it
// swallowed for a while arrives when it heals, as TCP would see to it.

import { once } from 'node:events'
import { connect, createServer, type Server, type Socket } from 'node:net'

type Weather = 'fair' | 'refusing' | 'black hole'

interface Chunk {
  readonly bytes: Buffer | undefined
  readonly due: number
}

export class Proxy {
  readonly port: number
  readonly #server: Server
  readonly #target: number
  readonly #sockets = new Set<Socket>()
  readonly #pipes = new Set<Pipe>()
  #weather: Weather = 'fair'
  #delay = 0

  private constructor(server: Server, port: number, target: number) {
    this.#server = server
    this.port = port
    this.#target = target
    server.on('connection', (socket) => this.#join(socket))
  }

  /** A proxy in front of a loopback port. */
  static async start(target: number): Promise<Proxy> {
    const server = createServer()
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    const address = server.address()
    if (typeof address !== 'object' || address === null) throw new Error('The proxy has no port')
    return new Proxy(server, address.port, target)
  }

  /** Every byte takes so many ms longer, in both directions. */
  delay(ms: number): void {
    this.#delay = ms
  }

  /** Resets all connections; new ones are welcome. */
  cut(): void {
    for (const socket of this.#sockets) socket.resetAndDestroy()
    this.#sockets.clear()
  }

  /** Resets all connections, and each new one. */
  refuse(): void {
    this.#weather = 'refusing'
    this.cut()
  }

  /** Connections stay, new ones are taken, nothing arrives and nothing is said. */
  swallow(): void {
    this.#weather = 'black hole'
  }

  /** Back to normal; what was swallowed arrives now. */
  heal(): void {
    this.#weather = 'fair'
    this.#delay = 0
    for (const pipe of this.#pipes) pipe.pump()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.refuse()
    this.#server.close()
    await once(this.#server, 'close')
  }

  #join(near: Socket): void {
    if (this.#weather === 'refusing') {
      near.resetAndDestroy()
      return
    }
    const far = connect(this.#target, '127.0.0.1')
    const ends = [near, far]
    const pipes = [new Pipe(this, near, far), new Pipe(this, far, near)]
    for (const pipe of pipes) this.#pipes.add(pipe)
    for (const socket of ends) {
      socket.setNoDelay(true)
      this.#sockets.add(socket)
      socket.on('error', () => undefined)
      socket.on('close', () => {
        for (const one of ends) {
          this.#sockets.delete(one)
          one.destroy()
        }
        for (const pipe of pipes) this.#pipes.delete(pipe)
      })
    }
  }

  /** When bytes that come now may go on; `undefined`: not as things are. */
  get passage(): number | undefined {
    return this.#weather === 'fair' ? performance.now() + this.#delay : undefined
  }

  get open(): boolean {
    return this.#weather === 'fair'
  }
}

class Pipe {
  readonly #proxy: Proxy
  readonly #to: Socket
  readonly #waiting: Chunk[] = []
  #timer: ReturnType<typeof setTimeout> | undefined

  constructor(proxy: Proxy, from: Socket, to: Socket) {
    this.#proxy = proxy
    this.#to = to
    from.on('data', (bytes: Buffer) => this.#take(bytes))
    from.on('end', () => this.#take(undefined))
  }

  pump(): void {
    for (;;) {
      const [first] = this.#waiting
      if (first === undefined || !this.#proxy.open || this.#timer !== undefined) return
      const wait = first.due - performance.now()
      if (wait > 0) {
        this.#timer = setTimeout(() => {
          this.#timer = undefined
          this.pump()
        }, wait)
        return
      }
      this.#waiting.shift()
      if (first.bytes === undefined) this.#to.end()
      else this.#to.write(first.bytes)
    }
  }

  #take(bytes: Buffer | undefined): void {
    this.#waiting.push({ bytes, due: this.#proxy.passage ?? 0 })
    this.pump()
  }
}
