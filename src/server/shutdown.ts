// The end of a plugin in frameworks that have none themselves: when the last server that ran the application has
// closed, requests under way included.

import type { Server } from 'node:http'
import { warn } from '../core/warning.ts'
import type { Plugin } from './application.ts'

/** As far as applications of Express and Koa matter here. */
interface Listening {
  // biome-ignore lint/suspicious/noExplicitAny: each framework has its own overloads
  listen(...args: any[]): any
}

/** Takes a server that runs the application; one that it has already is no news. */
export type WatchServer = (server: Server | undefined) => void

export function endingWith({ admin, close }: Plugin): WatchServer {
  const servers = new Set<Server>()
  return (server) => {
    if (server === undefined || servers.has(server)) return
    servers.add(server)
    // Streams of events would keep the server from ever having closed.
    if (admin !== undefined) before(server, 'close', () => admin.dispose())
    server.once('close', () => {
      servers.delete(server)
      if (servers.size === 0) close().catch((error: unknown) => warn('The application of breakers did not end', error))
    })
  }
}

/** Sees the servers that an application starts itself; others are seen with their first request. */
export function watchListen(app: Listening, watch: WatchServer): void {
  const { listen } = app
  app.listen = (...args: readonly unknown[]): unknown => {
    const server = Reflect.apply(listen, app, args) as Server
    watch(server)
    return server
  }
}

/** The server of a request, by its socket. */
export function serverOf(message: { readonly socket: object } | undefined): Server | undefined {
  // Node.js has it there; its types do not say so.
  return message && (Reflect.get(message.socket, 'server') as Server | undefined)
}

function before(server: Server, method: 'close', act: () => void): void {
  const original = server[method]
  server[method] = (...args) => {
    act()
    return Reflect.apply(original, server, args)
  }
}
