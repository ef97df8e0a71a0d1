// Servers of frameworks without an end of their own: as an application starts and closes them.

import { once } from 'node:events'
import type { Server } from 'node:http'

export interface Listening {
  readonly url: string
  close(): Promise<void>
}

/** Waits until it listens. */
export async function listening(server: Server): Promise<Listening> {
  if (!server.listening) await once(server, 'listening')
  const { port } = server.address() as { port: number }
  const close = (): Promise<void> => new Promise((resolve) => void server.close(() => resolve()))
  return { url: `http://127.0.0.1:${port}`, close }
}
