// What the examples call: a service on loopback that can be stopped, and started at the same port.
import { once } from 'node:events'
import { createServer } from 'node:http'
import { setTimeout as wait } from 'node:timers/promises'

export class Payments {
  charged = 0
  #port = 0
  /** @type {import('node:http').Server | undefined} */
  #server

  /** Answers its address. */
  async start() {
    this.#server = createServer((_request, response) => {
      this.charged += 1
      response.writeHead(200, { 'content-type': 'application/json' }).end('{"charged":true}')
    }).listen(this.#port, '127.0.0.1')
    await once(this.#server, 'listening')
    const address = this.#server.address()
    if (typeof address === 'object' && address !== null) this.#port = address.port
    return `http://127.0.0.1:${this.#port}`
  }

  async stop() {
    if (this.#server === undefined) return
    const closed = once(this.#server, 'close')
    this.#server.close()
    this.#server.closeAllConnections()
    await closed
  }

  /** @param {() => Promise<boolean>} order */
  async untilSold(order) {
    while (!(await order())) await wait(50)
  }
}
