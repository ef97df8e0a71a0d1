// The service that the demo's shops call: well for a while, then ill for a while, again and again.

import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'

const WELL = 12_000
const ILL = 15_000
/** ms until it falls ill for the first time. */
const FIRST = 4_000
/** ms that an answer takes. */
const WORK = 20

export interface Payments extends AsyncDisposable {
  readonly url: string
}

/** Listens on this machine, and tells whenever it falls ill or recovers. */
export async function openPayments(tell: (isWell: boolean) => void): Promise<Payments> {
  let isWell = true
  const server = createServer((_request, response) => {
    setTimeout(() => response.writeHead(isWell ? 200 : 503).end(), WORK)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const turn = (): void => {
    isWell = !isWell
    tell(isWell)
    timer = setTimeout(turn, isWell ? WELL : ILL)
  }
  let timer = setTimeout(turn, FIRST)
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    [Symbol.asyncDispose]: async () => {
      clearTimeout(timer)
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
}
