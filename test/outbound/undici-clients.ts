// The guard for undici in every form in which undici can be called, as adapters of the contract.

import { text } from 'node:stream/consumers'
import { circuitBreaker, skipBreaker } from '../../src/outbound/undici.ts'
import type { Adapter, Answered, Asked, Client, Setup } from './contract.ts'

export type Undici = typeof import('undici-7')
export type Dispatcher = InstanceType<Undici['Agent']>

/** Those that this Node.js can load: version 8 needs 22.19. */
export const UNDICI_VERSIONS: readonly number[] = isAtLeast(22, 19) ? [6, 7, 8] : [6, 7]

/** The one whose dispatchers the built-in fetch can be given. */
export const BUILT_IN: number = Number.parseInt(process.versions['undici'] ?? '', 10)

export async function loadUndici(version: number): Promise<Undici> {
  return (await import(`undici-${version}`)) as Undici
}

function isAtLeast(major: number, minor: number): boolean {
  const [here = 0, less = 0] = process.versions.node.split('.').map(Number)
  return here > major || (here === major && less >= minor)
}

export function agentOf({ Agent }: Undici, { breakers, options, timeouts = {} }: Setup): Dispatcher {
  const agent = new Agent({
    connections: 16,
    ...(timeouts.headers !== undefined && { headersTimeout: timeouts.headers }),
    ...(timeouts.body !== undefined && { bodyTimeout: timeouts.body }),
    ...(timeouts.connect !== undefined && { connectTimeout: timeouts.connect }),
  })
  return agent.compose(circuitBreaker(breakers, options)) as Dispatcher
}

/** Options of a request as undici takes them. */
function optionsOf({ skipBreaker: skips, ...asked }: Asked): object {
  return { ...asked, ...(skips === true && skipBreaker) }
}

export function viaRequest(undici: Undici): Adapter {
  return {
    name: 'request',
    sees: 'bodies',
    timeouts: ['connect', 'headers', 'body'],
    aborts: 'reason',
    connect: (setup) => {
      const dispatcher = agentOf(undici, setup)
      const request = (url: string, asked: Asked = {}) =>
        undici.request(url, { ...optionsOf(asked), dispatcher } as never)
      return {
        request: async (url, asked): Promise<Answered> => {
          const { statusCode: status, headers, body } = await request(url, asked)
          return { status, body: await text(body), header: (name) => headers[name] as string | undefined }
        },
        leave: async (url) => {
          const { statusCode: status, body } = await request(url)
          body.on('error', () => undefined)
          return { status, cancel: () => void body.destroy() }
        },
        end: () => dispatcher.destroy(),
      }
    },
  }
}

/** undici's own fetch, guarded where it sends. */
export function viaFetch(undici: Undici): Adapter {
  return {
    name: 'fetch',
    sees: 'bodies',
    timeouts: ['connect', 'headers', 'body'],
    aborts: 'reason',
    connect: (setup) => {
      const dispatcher = agentOf(undici, setup)
      const fetch = ({ skipBreaker: skips, ...asked }: Asked, url: string) =>
        undici.fetch(url, { ...asked, dispatcher: skips === true ? exempted(dispatcher) : dispatcher } as never)
      return {
        ...fetchClient((url, asked = {}) => fetch(asked, url) as unknown as Promise<Response>),
        end: () => dispatcher.destroy(),
      }
    },
  }
}

/** What fetch drops on its way: the mark of a request that skips the breaker. */
function exempted(dispatcher: Dispatcher): object {
  return {
    dispatch: (options: object, handler: never) =>
      dispatcher.dispatch({ ...options, ...skipBreaker } as never, handler),
  }
}

/** A client on a function like fetch. */
export function fetchClient(fetch: (url: string, asked?: Asked) => Promise<Response>): Omit<Client, 'end'> {
  return {
    request: async (url, asked) => {
      const response = await fetch(url, asked)
      return {
        status: response.status,
        body: await response.text(),
        header: (name) => response.headers.get(name),
      }
    },
    leave: async (url) => {
      const response = await fetch(url)
      return { status: response.status, cancel: () => response.body?.cancel() }
    },
  }
}
