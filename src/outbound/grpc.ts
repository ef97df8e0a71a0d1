// The guard for @grpc/grpc-js, as a client interceptor: unary calls and streams, each judged at its end by its status,
// after the channel's own retries. A call that may not be made ends at once with UNAVAILABLE, as one to a server that
// is not there; the circuit's error is the cause of the caller's.

import { InterceptingCall, Metadata, propagate as Propagate, status as Status } from '@grpc/grpc-js'
import type { CallOptions, Interceptor, StatusObject } from '@grpc/grpc-js'
import { findCircuitBreakerError } from '../core/errors.ts'
import type { Verdict } from '../core/verdict.ts'
import { DEPENDENCY_HEADER, isOthersTrouble } from './blame.ts'
import { enter, Exchange } from './exchange.ts'
import { type DispatchOptions, exempt, isExempt } from './nesting.ts'
import { type Breakers, type GuardOptions, type Guarding, resolveGuarding } from './options.ts'
import { formatRetryAfter } from './retry-after.ts'

export type { Breakers, GuardOptions, GuardRequest } from './options.ts'

/** Spread it into the options of a call that no breaker should count or stop: `client.charge(order, { ...skipBreaker }, done)`. */
export const skipBreaker: CallOptions & { readonly skipBreaker: true } = Object.freeze({ skipBreaker: true })

type NextCall = Parameters<Interceptor>[1]
type Options = Parameters<NextCall>[0]
type Call = ReturnType<NextCall>

/** A call whose deadline was over when it began is not judged at all. */
const FAILING: ReadonlySet<Status> = new Set([
  Status.UNAVAILABLE,
  Status.INTERNAL,
  Status.UNKNOWN,
  Status.DATA_LOSS,
  Status.DEADLINE_EXCEEDED,
])

/**
 * An interceptor for a client's `interceptors`: every call goes through the breaker of its channel's target,
 * `grpc://host:port`, or of its `key`.
 * @throws TypeError for breakers or options that are none.
 */
export function grpcInterceptor(breakers: Breakers, options?: GuardOptions): Interceptor {
  const guarding = resolveGuarding(breakers, options)
  return (call, nextCall) => {
    // A deadline that is over says nothing about anybody, and nothing is sent.
    if (isExempt(call as unknown as DispatchOptions) || isOver(deadlineOf(call))) {
      return new InterceptingCall(nextCall(call))
    }
    return new InterceptingCall(guard(guarding, call, nextCall(exempt(call))))
  }
}

function guard(guarding: Guarding, options: Options, call: Call): Call {
  const { path } = options.method_definition
  let answer: ReturnType<typeof enter>
  try {
    answer = enter(guarding, 'POST', originOf(call.getPeer(), path), path)
  } catch (error) {
    return refused(call, error)
  }
  if (answer instanceof Exchange) return watched(call, answer)
  if (!(answer instanceof Promise)) return refused(call, answer)
  const decided = answer.then((late) => {
    if (!(late instanceof Exchange)) return refused(call, late)
    if (!isOver(deadlineOf(options))) return watched(call, late)
    late.abandoned(undefined)
    return new EndedCall(call.getPeer(), {
      code: Status.DEADLINE_EXCEEDED,
      details: 'Deadline exceeded',
      metadata: new Metadata(),
    })
  })
  return new LateCall(call, decided)
}

/** A call that is made. */
function watched(call: Call, exchange: Exchange): Call {
  return new InterceptingCall(call, {
    start: (metadata, _, next) => {
      next(metadata, {
        onReceiveStatus: (status, pass) => {
          judge(status, exchange)
          pass(status)
        },
      })
    },
  })
}

function judge(status: StatusObject, exchange: Exchange): void {
  const { code } = status
  if (code === Status.OK) exchange.completed()
  else if (code === Status.CANCELLED) exchange.abandoned(errorOf(status))
  else exchange.ended(errorOf(status), verdictOf(status))
}

function verdictOf({ code, metadata }: StatusObject): Verdict {
  if (code === Status.UNAVAILABLE && isOthersTrouble(503, metadata.get(DEPENDENCY_HEADER)[0]?.toString()))
    return 'ignore'
  return FAILING.has(code) ? 'failure' : 'success'
}

/** What listeners, `exclude` and `isFailure` see: what the caller gets, without the caller's own stack. */
function errorOf({ code, details, metadata }: StatusObject): Error {
  return Object.assign(new Error(`${code} ${Status[code]}: ${details}`), { code, details, metadata })
}

/** A call that may not be made: the one that was there for it is given up before it begins. */
function refused(call: Call, cause: unknown): Call {
  const peer = call.getPeer()
  call.cancelWithStatus(Status.CANCELLED, 'Not sent')
  const rejection = findCircuitBreakerError(cause)
  const metadata = new Metadata()
  const seconds = rejection === undefined ? undefined : formatRetryAfter(rejection.retryAfter)
  if (seconds !== undefined) metadata.set('retry-after', seconds)
  const code = rejection === undefined ? Status.INTERNAL : Status.UNAVAILABLE
  const details = cause instanceof Error ? cause.message : String(cause)
  // grpc-js copies all that a status has into the error of the caller.
  return new EndedCall(peer, { code, details, metadata, cause } as StatusObject)
}

type Listener = Parameters<Call['start']>[1]
type Message = Parameters<Call['sendMessageWithContext']>

/** A call that has ended before it begins. Whatever is written to it is lost, and does not wait. */
class EndedCall implements Call {
  readonly #peer: string
  readonly #status: StatusObject

  constructor(peer: string, status: StatusObject) {
    this.#peer = peer
    this.#status = status
  }

  start(_metadata: Metadata, listener?: Listener): void {
    process.nextTick(() => listener?.onReceiveStatus?.(this.#status))
  }

  sendMessageWithContext(...[{ callback }]: Message): void {
    if (callback !== undefined) process.nextTick(callback)
  }

  getPeer(): string {
    return this.#peer
  }

  getAuthContext(): null {
    return null
  }

  cancelWithStatus(): void {}
  sendMessage(): void {}
  startRead(): void {}
  halfClose(): void {}
}

/** A call that waits until it is known what becomes of it. */
class LateCall implements Call {
  readonly #asked: Call
  #call: Call | undefined
  readonly #waiting: ((call: Call) => void)[] = []

  constructor(asked: Call, decided: Promise<Call>) {
    this.#asked = asked
    void decided.then((call) => {
      this.#call = call
      for (const act of this.#waiting) act(call)
    })
  }

  start(...args: Parameters<Call['start']>): void {
    this.#act((call) => call.start(...args))
  }

  sendMessageWithContext(...args: Message): void {
    this.#act((call) => call.sendMessageWithContext(...args))
  }

  sendMessage(message: unknown): void {
    this.#act((call) => call.sendMessage(message))
  }

  startRead(): void {
    this.#act((call) => call.startRead())
  }

  halfClose(): void {
    this.#act((call) => call.halfClose())
  }

  cancelWithStatus(...args: Parameters<Call['cancelWithStatus']>): void {
    this.#act((call) => call.cancelWithStatus(...args))
  }

  getPeer(): string {
    return (this.#call ?? this.#asked).getPeer()
  }

  getAuthContext(): ReturnType<Call['getAuthContext']> {
    return (this.#call ?? this.#asked).getAuthContext()
  }

  #act(act: (call: Call) => void): void {
    if (this.#call === undefined) this.#waiting.push(act)
    else act(this.#call)
  }
}

/** Epoch ms; that of the server's call that this one is part of counts too, as it does for grpc-js. */
function deadlineOf({ deadline = Infinity, parent, propagate_flags = ~0 }: Options): number {
  const inherited =
    parent !== undefined && (propagate_flags & Propagate.DEADLINE) !== 0 ? parent.getDeadline() : Infinity
  return Math.min(Number(deadline), Number(inherited))
}

function isOver(deadline: number): boolean {
  return deadline <= Date.now()
}

// A scheme and an authority may stand before it: dns:payments:50051, dns://1.1.1.1/payments, ipv4:10.0.0.1:50051.
const ADDRESS = /^(?:(?:dns|ipv4|ipv6|xds|passthrough):)?(?:\/\/[^/]*\/)?([^/,]+)$/i
const PORT = /:\d+$/

/** `grpc://host:port` of a channel's target; of a target without one (sockets, lists), the service's full name. */
function originOf(target: string, path: string): string {
  const address = ADDRESS.exec(target)?.[1]
  if (address !== undefined) {
    // Without a port it is that of TLS, as for grpc-js.
    const origin = `grpc://${address}${PORT.test(address) ? '' : ':443'}`
    if (URL.canParse(origin)) return origin
  }
  return `grpc://${path.split('/')[1]}`
}
