// Becoming the one that serves: a socket is made under a name that nobody knows, in a folder that nobody else can
// enter, and linked to the path. So what stands there is complete and private, and of all that do this at the same
// moment one succeeds: a link is refused where something stands. What is left of one that served is moved away first.

import { chmodSync, linkSync, mkdtempSync, renameSync, rmSync, unlinkSync } from 'node:fs'
import { createServer, type Server } from 'node:net'
import { checkFolder, EGG, NEST, type Place, SHELL, socketAt } from './place.ts'

export interface Claim {
  readonly server: Server
  readonly path: string
  /** Which socket it is. */
  readonly socket: string
}

const MOST_CONNECTIONS = 4_096

/** Puts a socket at the path, provided that there still is what was `seen` there. Without listeners on the server yet. */
export async function claim(place: Place, seen: string | undefined): Promise<Claim | undefined> {
  checkFolder(place)
  const nest = mkdtempSync(`${place.folder}${NEST}`)
  const server = createServer()
  server.maxConnections = MOST_CONNECTIONS
  try {
    await listen(server, `${nest}${EGG}`)
    chmodSync(`${nest}${EGG}`, 0o600)
    const socket = socketAt(`${nest}${EGG}`)
    if (socket !== undefined && vacate(place.path, seen, `${nest}${SHELL}`) && link(`${nest}${EGG}`, place.path))
      return { server, path: place.path, socket }
    server.close()
    return undefined
  } catch (error) {
    server.close()
    throw error
  } finally {
    rmSync(nest, { recursive: true, force: true })
  }
}

/** Moves what was `seen` at the path aside; whether the path is free then. */
function vacate(path: string, seen: string | undefined, aside: string): boolean {
  if (socketAt(path) !== seen) return false
  if (seen === undefined) return true
  if (!succeeds(() => renameSync(path, aside), 'ENOENT')) return false
  if (socketAt(aside) === seen) return true
  // Somebody else's has come to stand there just now: it goes back.
  link(aside, path)
  return false
}

/** Whether nothing stood there. */
function link(from: string, to: string): boolean {
  return succeeds(() => linkSync(from, to), 'EEXIST')
}

/** Whether another process was not quicker, which `code` says. */
function succeeds(change: () => void, code: string): boolean {
  try {
    change()
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === code) return false
    throw error
  }
}

function listen(server: Server, path: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.once('listening', () => {
      server.off('error', reject)
      resolve()
    })
    // `exclusive`: a cluster's worker would have the primary listen for all of them.
    server.listen({ path, exclusive: true })
    server.unref()
  })
}

/** Whether it is still this socket that stands at the path. */
export function holds({ path, socket }: Claim): boolean {
  try {
    return socketAt(path) === socket
  } catch {
    // Something else stands there, or the folder is gone or closed: either way it is not this one.
    return false
  }
}

/** Takes the socket away, unless it is somebody else's by now. */
export function abandon(claimed: Claim): void {
  try {
    if (holds(claimed)) unlinkSync(claimed.path)
  } catch {
    // It is gone, or cannot be removed: a socket that nobody serves is taken over like one whose owner was killed.
  }
  claimed.server.close()
}
