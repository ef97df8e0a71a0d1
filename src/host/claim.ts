// Becoming the one that serves: a socket is made under a name that nobody knows, in a folder that nobody else can
// enter, and renamed onto the path. So what stands there is complete, private, and never there twice. Two that do this
// at the same moment both succeed; the earlier one finds out by looking which socket is at the path.

import { chmodSync, mkdtempSync, renameSync, rmSync, unlinkSync } from 'node:fs'
import { createServer, type Server } from 'node:net'
import { checkFolder, EGG, NEST, type Place, socketAt } from './place.ts'

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
    // From here to the rename nothing else of this process runs, and of others only what fits in between.
    chmodSync(`${nest}${EGG}`, 0o600)
    const socket = socketAt(`${nest}${EGG}`)
    if (socket !== undefined && socketAt(place.path) === seen) {
      renameSync(`${nest}${EGG}`, place.path)
      return { server, path: place.path, socket }
    }
    server.close()
    return undefined
  } catch (error) {
    server.close()
    throw error
  } finally {
    rmSync(nest, { recursive: true, force: true })
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
