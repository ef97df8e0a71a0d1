// A client that no guard of the process sees: bare sockets, one request each.

import { request as send, type IncomingHttpHeaders } from 'node:http'

export interface Reply {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly text: string
  readonly json: any
}

export interface Ask {
  readonly method?: string
  readonly headers?: Record<string, string>
  readonly body?: string
}

/** Sends a request and reads the whole answer. */
export function ask(url: string, { method = 'GET', headers = {}, body }: Ask = {}): Promise<Reply> {
  return new Promise((resolve, reject) => {
    const request = send(url, { method, headers, agent: false }, (response) => {
      const chunks: Buffer[] = []
      response.on('data', (chunk: Buffer) => chunks.push(chunk))
      response.on('error', reject)
      response.on('end', () => {
        const text = Buffer.concat(chunks).toString()
        const isJson = response.headers['content-type']?.includes('json') === true
        resolve({
          status: response.statusCode ?? 0,
          headers: response.headers,
          text,
          json: isJson ? JSON.parse(text) : undefined,
        })
      })
    })
    request.on('error', reject)
    request.end(body)
  })
}

/** Sends a request and returns what hangs up on it. */
export function begin(url: string): () => void {
  const request = send(url, { agent: false })
  request.on('error', () => undefined)
  request.end()
  return () => request.destroy()
}

export interface Listening {
  /** What came so far. */
  text(): string
  readonly ended: Promise<void>
  hangUp(): void
}

/** Sends a request whose answer does not end by itself. */
export function listen(url: string): Listening {
  let text = ''
  const request = send(url, { agent: false })
  const ended = new Promise<void>((resolve) => {
    request.on('error', () => resolve())
    request.on('response', (response) => {
      response.on('data', (chunk: Buffer) => (text += String(chunk)))
      response.on('error', () => resolve())
      response.on('end', resolve)
    })
  })
  request.end()
  return { text: () => text, ended, hangUp: () => request.destroy() }
}

/** Waits until something holds, however long this machine takes. */
export async function until(holds: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await holds())) await new Promise((resolve) => setTimeout(resolve, 5))
}
