// The dashboard by itself, without an application: a server on this machine's own address, for who has the token. At any
// other address it does not start without somebody who says who asks.

import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import { type AddressInfo, isIP } from 'node:net'
import { bad, checkBetween, checkBoolean, checkKnown, checkObject } from '../core/check.ts'
import type { CircuitStorage } from '../fleet/storage.ts'
import type { Infuse } from '../infuse.ts'
import { adminHandler } from './handler.ts'
import { type Authorize, checkIdentity } from './identity.ts'
import { nodeListener } from './node.ts'
import { Refusal } from './refusal.ts'
import { moved, refused } from './reply.ts'
import { hostOf, insistOnSameOrigin } from './same-origin.ts'
import { Session } from './session.ts'

/** Options of {@link serveDashboard}. */
export interface DashboardOptions {
  /** The address to listen at; other than this machine's own only with `authorize`. @default '127.0.0.1' */
  host?: string | undefined
  /** 0: any that is free. @default 0 */
  port?: number | undefined
  /** As whom the history knows who has the token. @default 'operator' */
  actor?: string | undefined
  /** @default true */
  allowMutations?: boolean | undefined
  /** Instead of the token. @default the token */
  authorize?: Authorize | undefined
}

/** A dashboard that is being served. */
export interface Dashboard {
  /** What to open; with the token, which is good once, where there is one. */
  readonly url: string
  readonly port: number
  /** Ends streams and connections. */
  close(): Promise<void>
}

const KNOWN: readonly (keyof DashboardOptions)[] = ['host', 'port', 'actor', 'allowMutations', 'authorize']

/**
 * Serves the dashboard of a storage, or of an application.
 * @throws TypeError or RangeError for a bad option, and for an address that others can reach without `authorize`; the
 * error of a port that is taken.
 */
export function serveDashboard(source: Infuse | CircuitStorage, options: DashboardOptions = {}): Promise<Dashboard> {
  return serve(source, options)
}

async function serve(source: Infuse | CircuitStorage, options: DashboardOptions): Promise<Dashboard> {
  checkKnown('serveDashboard', checkObject('options', options), KNOWN)
  const { host = '127.0.0.1', port = 0, actor = 'operator', allowMutations = true, authorize } = options
  const isOwn = isLoopback(checkHost(host))
  if (!isOwn && authorize === undefined)
    throw bad(
      'host',
      'an address of this machine alone, such as 127.0.0.1, where `authorize` is not given',
      host,
      'string',
    )
  checkBetween('port', port, 0, 65_535)
  checkBoolean('allowMutations', allowMutations)
  const session = new Session(checkIdentity({ actor, can: ['read', 'operate'] }))
  const handler = adminHandler(source, {
    authorize: authorize ?? ((request) => session.recognise(request)),
    allowMutations,
  })
  const server = createServer()
  const close = async (): Promise<void> => {
    handler.dispose()
    server.closeAllConnections()
    if (!server.listening) return
    server.close()
    await once(server, 'close')
  }
  try {
    const bound = await listen(server, host, port)
    const names = isOwn ? new Set(['127.0.0.1', 'localhost', '[::1]'].map((name) => `${name}:${bound}`)) : undefined
    const answer = guarded(handler, authorize === undefined ? session : undefined, names)
    const listener = nodeListener(answer)
    server.on('request', (incoming, outgoing) => void listener(incoming, outgoing))
    const address = `http://${isIP(host) === 6 ? `[${host}]` : host}:${bound}/`
    return { url: authorize === undefined ? `${address}?token=${session.token}` : address, port: bound, close }
  } catch (error) {
    await close()
    throw error
  }
}

/** Turns the token into the cookie, and away whoever came by another name: it was made to point here. */
function guarded(
  handler: (request: Request) => Promise<Response>,
  session: Session | undefined,
  names: ReadonlySet<string> | undefined,
): (request: Request) => Promise<Response> {
  return async (request) => {
    try {
      const host = hostOf(request).toLowerCase()
      if (names?.has(host) === false) throw new Refusal(403, 'wrong-host', 'This dashboard has another address.')
      const { pathname, searchParams } = new URL(request.url)
      const token = searchParams.get('token')
      if (session === undefined || token === null || pathname !== '/' || request.method !== 'GET')
        return await handler(request)
      insistOnSameOrigin(request, host)
      const cookie = session.redeem(token)
      if (cookie !== undefined) return moved(303, '/', { 'set-cookie': cookie })
      if (session.recognise(request) !== null) return moved(303, '/')
      throw new Refusal(401, 'unauthenticated', 'This token was used before, or is none. Start the dashboard again.')
    } catch (error) {
      if (error instanceof Refusal) return refused(error)
      throw error
    }
  }
}

/** Answers the port. */
async function listen(server: Server, host: string, port: number): Promise<number> {
  server.listen(port, host)
  await once(server, 'listening')
  const bound = server.address() as AddressInfo
  // A name is whatever the system makes of it.
  if (isLoopback(host) && !isLoopback(bound.address))
    throw bad('host', 'an address of this machine alone', `${host} (${bound.address})`, 'string')
  return bound.port
}

function checkHost(host: string): string {
  if (typeof host === 'string' && /^[\w.:-]+$/.test(host)) return host
  throw bad('host', 'an address', host, 'string')
}

function isLoopback(host: string): boolean {
  const plain = host.toLowerCase().replace(/^::ffff:/, '')
  return plain === 'localhost' || plain === '::1' || (isIP(plain) === 4 && plain.startsWith('127.'))
}
