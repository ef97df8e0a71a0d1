// The guard for axios, around whichever adapter sends the request: there every answer is seen, whatever
// `validateStatus` thinks of it, and the caller gets axios' own answers and errors. A body that breaks off is seen; of a
// stream, too, where it is one of Node.js.

import { getAdapter } from 'axios'
import type { AxiosAdapter, AxiosInstance, AxiosPromise, AxiosResponse, InternalAxiosRequestConfig } from 'axios'
import { rejectSoon } from '../calls/rejection.ts'
import { isAborted, isNodeStream, watchBody } from './body.ts'
import { enter, Exchange } from './exchange.ts'
import { exemptInit } from './nesting.ts'
import { type Breakers, type GuardOptions, type Guarding, resolveGuarding } from './options.ts'
import { plainAgents } from './plain-agent.ts'

export type { Breakers, GuardOptions, GuardRequest } from './options.ts'

declare module 'axios' {
  // Type parameters as axios has them, or the two declarations are not one.
  // biome-ignore lint/suspicious/noExplicitAny: axios' own
  interface AxiosRequestConfig<D = any, P = any> {
    /** This request alone is neither counted nor stopped by a guard of infuse-breaker. @default false */
    skipBreaker?: boolean | undefined
  }
}

type Config = InternalAxiosRequestConfig

/** Without an answer these are the caller's own mistakes and limits. */
const OWN_MISTAKES: ReadonlySet<unknown> = new Set([
  'ERR_BAD_OPTION',
  'ERR_BAD_OPTION_VALUE',
  'ERR_BAD_REQUEST',
  'ERR_FORM_DATA_DEPTH_EXCEEDED',
  'ERR_FR_MAX_BODY_LENGTH_EXCEEDED',
  'ERR_FR_TOO_MANY_REDIRECTS',
  'ERR_INVALID_URL',
  'ERR_NOT_SUPPORT',
])

/** What guards an instance, however often it is guarded: the last one to be given. */
const GUARDS = new WeakMap<AxiosInstance, { guarding: Guarding }>()

/** Adapters that guard: who sends a request again does so with the configuration that it had. */
const GUARDING = new WeakSet<AxiosAdapter>()

/**
 * Guards every request of an axios instance, by the circuit of its origin or of its `key`, and answers that instance.
 * Per request `skipBreaker: true` in its configuration leaves it out.
 * @throws TypeError for breakers or options that are none.
 */
export function guardAxios<I extends AxiosInstance>(instance: I, breakers: Breakers, options?: GuardOptions): I {
  const guarding = resolveGuarding(breakers, options)
  const known = GUARDS.get(instance)
  if (known !== undefined) {
    known.guarding = guarding
    return instance
  }
  const guard = { guarding }
  GUARDS.set(instance, guard)
  // A request may bring an adapter of its own, so it is wrapped per request.
  const wrap = (config: Config): Config => {
    const given = config.adapter
    if (typeof given === 'function' && GUARDING.has(given)) return config
    const adapter: AxiosAdapter = (sent) => {
      // Whoever looks at the configuration, in an answer or an error, finds their own adapter.
      Reflect.set(sent, 'adapter', given)
      const own = getAdapter(given ?? instance.defaults.adapter ?? 'http', sent)
      return pass(guard.guarding, instance, own, sent)
    }
    GUARDING.add(adapter)
    config.adapter = adapter
    return config
  }
  instance.interceptors.request.use(wrap, undefined, { synchronous: true })
  return instance
}

function pass(guarding: Guarding, instance: AxiosInstance, adapter: AxiosAdapter, config: Config): AxiosPromise {
  if (config.skipBreaker === true) return sendPlainly(adapter, config)
  const url = urlOf(instance, config)
  if (url === undefined) return adapter(config)
  const { origin, pathname, search } = url
  let answer: ReturnType<typeof enter>
  try {
    answer = enter(guarding, (config.method ?? 'get').toUpperCase(), origin, pathname + search)
  } catch (error) {
    return rejectSoon(error)
  }
  const begin = (late: Awaited<typeof answer>): AxiosPromise =>
    late instanceof Exchange ? send(adapter, config, late) : rejectSoon(late)
  return answer instanceof Promise ? answer.then(begin) : begin(answer)
}

async function send(adapter: AxiosAdapter, config: Config, exchange: Exchange): AxiosPromise {
  try {
    const response = await sendPlainly(adapter, config)
    answered(response, config, exchange)
    return response
  } catch (error) {
    failed(error as Failure, config, exchange)
    throw error
  }
}

/** Without the guards that other parts of the request have, below axios. */
async function sendPlainly(adapter: AxiosAdapter, config: Config): AxiosPromise {
  const agents = plainAgents({ http: config.httpAgent, https: config.httpsAgent })
  const fetchOptions = exemptInit(config.fetchOptions)
  if (agents === undefined && fetchOptions === config.fetchOptions) return adapter(config)
  const { http: httpAgent, https: httpsAgent } = agents ?? { http: config.httpAgent, https: config.httpsAgent }
  const plain: Config = { ...config, httpAgent, httpsAgent, ...(fetchOptions ? { fetchOptions } : undefined) }
  try {
    const response = await adapter(plain)
    response.config = config
    return response
  } catch (error) {
    if ((error as Failure | undefined)?.config === plain) Reflect.set(error as object, 'config', config)
    throw error
  }
}

function answered({ status, headers, data }: AxiosResponse, { signal }: Config, exchange: Exchange): void {
  const read = headers as { get?: (name: string) => unknown } & Record<string, unknown>
  exchange.answered(status, (name) => (typeof read?.get === 'function' ? read.get(name) : read?.[name])?.toString())
  if (isNodeStream(data)) watchBody(data, exchange, signal)
  else exchange.completed()
}

interface Failure {
  readonly code?: unknown
  readonly message?: unknown
  readonly config?: unknown
  readonly response?: AxiosResponse
}

function failed(error: Failure, config: Config, exchange: Exchange): void {
  const { code, response } = error
  // An answer that `validateStatus` refuses is whole; one that broke off has no data.
  if (response !== undefined && 'data' in response) answered(response, config, exchange)
  else if (isAborted(config.signal)) exchange.failed(config.signal.reason, true)
  else if (code === 'ERR_CANCELED') exchange.failed(error, true)
  else if (response === undefined && isOwnMistake(error)) exchange.failed(error, true)
  else exchange.failed(error)
}

function isOwnMistake({ code, message }: Failure): boolean {
  // Of an answer that is longer than the caller wants to have it, nothing else tells.
  return OWN_MISTAKES.has(code) || (code === 'ERR_BAD_RESPONSE' && String(message).startsWith('maxContentLength'))
}

/** Where a request goes; `undefined` for what goes to no dependency, or nowhere. */
function urlOf(instance: AxiosInstance, config: Config): URL | undefined {
  const { url, baseURL, allowAbsoluteUrls, params, paramsSerializer } = config
  try {
    const given = { url, baseURL, allowAbsoluteUrls, params, paramsSerializer }
    const full = new URL(instance.getUri(given as Parameters<AxiosInstance['getUri']>[0]))
    return full.protocol === 'http:' || full.protocol === 'https:' ? full : undefined
  } catch {
    // axios says what is wrong with it.
    return undefined
  }
}
