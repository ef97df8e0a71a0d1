// The guard for gRPC, on a real server: a service written by hand, whose messages are JSON.

import { once } from 'node:events'
import * as grpc from '@grpc/grpc-js'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { CircuitBreakerError, findCircuitBreakerError, Infuse } from '../../src/index.ts'
import { grpcInterceptor, skipBreaker } from '../../src/outbound/grpc.ts'
import type { Breakers, GuardOptions } from '../../src/outbound/options.ts'
import { errorOf } from '../support/async.ts'
import { Circuits, until } from './circuits.ts'
import { type Fleet, fleetWhoseTrialIsDue } from './fleet.ts'

/** What the server is to end with, and after how many messages; `hold`: not before it is told. */
interface Asked {
  readonly code?: number
  readonly messages?: number
  readonly hold?: boolean
  readonly trailers?: Readonly<Record<string, string>>
}

const serialize = (value: unknown): Buffer => Buffer.from(JSON.stringify(value))
const deserialize = (bytes: Buffer): Asked => JSON.parse(String(bytes)) as Asked
const method = <Q extends boolean, S extends boolean>(name: string, requestStream: Q, responseStream: S) => ({
  path: `/shop.Payments/${name}`,
  requestStream,
  responseStream,
  requestSerialize: serialize,
  requestDeserialize: deserialize,
  responseSerialize: serialize,
  responseDeserialize: deserialize,
})
const service = {
  ask: method('Ask', false, false),
  upload: method('Upload', true, false),
  list: method('List', false, true),
  talk: method('Talk', true, true),
}
const PaymentsClient = grpc.makeClientConstructor(service, 'Payments')

class Payments {
  calls = 0
  readonly server: grpc.Server = new grpc.Server()
  readonly #held: (() => void)[] = []
  port = 0

  constructor() {
    this.server.addService(service, {
      ask: (call: grpc.ServerUnaryCall<Asked, unknown>, done: grpc.sendUnaryData<unknown>) => {
        this.calls++
        this.#end(call.request, (error) => done(error, error === null ? { fine: true } : undefined))
      },
      upload: (call: grpc.ServerReadableStream<Asked, unknown>, done: grpc.sendUnaryData<unknown>) => {
        this.calls++
        let last: Asked = {}
        call.on('data', (asked: Asked) => {
          last = asked
        })
        call.on('end', () => this.#end(last, (error) => done(error, error === null ? { fine: true } : undefined)))
      },
      list: (call: grpc.ServerWritableStream<Asked, unknown>) => {
        this.calls++
        for (let at = 0; at < (call.request.messages ?? 0); at++) call.write({ at })
        this.#end(call.request, (error) => (error === null ? call.end() : call.emit('error', error)))
      },
      talk: (call: grpc.ServerDuplexStream<Asked, unknown>) => {
        this.calls++
        call.on('data', (asked: Asked) => {
          call.write({ heard: true })
          this.#end(asked, (error) => (error === null ? call.end() : call.emit('error', error)))
        })
      },
    })
  }

  async start(): Promise<void> {
    this.port = await new Promise((resolve, reject) => {
      const bound = (error: Error | null, port: number): void => (error === null ? resolve(port) : reject(error))
      this.server.bindAsync('127.0.0.1:0', grpc.ServerCredentials.createInsecure(), bound)
    })
  }

  get held(): number {
    return this.#held.length
  }

  release(): void {
    for (const end of this.#held.splice(0)) end()
  }

  #end({ code = 0, hold = false, trailers = {} }: Asked, end: (error: grpc.ServiceError | null) => void): void {
    const metadata = new grpc.Metadata()
    for (const [name, value] of Object.entries(trailers)) metadata.set(name, value)
    const error = code === 0 ? null : Object.assign(new Error('asked for'), { code, details: 'asked for', metadata })
    if (hold) this.#held.push(() => end(error))
    else end(error)
  }
}

const { status } = grpc
const FAILING = [status.UNAVAILABLE, status.INTERNAL, status.UNKNOWN, status.DATA_LOSS]
const ANSWERING = [
  status.OK,
  status.INVALID_ARGUMENT,
  status.NOT_FOUND,
  status.ALREADY_EXISTS,
  status.PERMISSION_DENIED,
  status.RESOURCE_EXHAUSTED,
  status.FAILED_PRECONDITION,
  status.ABORTED,
  status.OUT_OF_RANGE,
  status.UNIMPLEMENTED,
  status.UNAUTHENTICATED,
]

describe('guarded gRPC', () => {
  const payments = new Payments()
  const clients: grpc.Client[] = []
  beforeAll(() => payments.start())
  afterEach(() => {
    payments.release()
    for (const client of clients.splice(0)) client.close()
  })
  afterAll(() => payments.server.forceShutdown())

  type Client = InstanceType<typeof PaymentsClient>
  const connect = (breakers: Breakers, options?: GuardOptions, address = `127.0.0.1:${payments.port}`): Client => {
    const interceptors = [grpcInterceptor(breakers, options)]
    const client = new PaymentsClient(address, grpc.credentials.createInsecure(), { interceptors })
    clients.push(client)
    return client
  }
  type Stream = grpc.ClientDuplexStream<Asked, unknown>
  const call = (client: Client, name: string, ...args: unknown[]): Stream =>
    (client[name] as (...args: unknown[]) => Stream).apply(client, args)

  /** A call of any kind, to its end. */
  const ask = (client: Client, kind: string, asked: Asked, options: grpc.CallOptions = {}): Promise<unknown> =>
    new Promise((resolve, reject) => {
      const done = (error: unknown, value: unknown): void => (error ? reject(error as Error) : resolve(value))
      const streams = kind === 'list' || kind === 'talk'
      const stream =
        kind === 'ask'
          ? call(client, kind, asked, options, done)
          : kind === 'upload'
            ? call(client, kind, options, done)
            : kind === 'list'
              ? call(client, kind, asked, options)
              : call(client, kind, options)
      if (kind === 'upload' || kind === 'talk') {
        stream.write(asked)
        stream.end()
      }
      if (streams)
        stream
          .on('data', () => undefined)
          .on('error', reject)
          .on('end', () => resolve('end'))
    })

  describe.each(['ask', 'upload', 'list', 'talk'])('%s', (kind) => {
    it.each(FAILING)('H12 status %i is a failure, and the error is the caller’s own', async (code) => {
      const circuits = new Circuits()
      const error = await errorOf(ask(connect(circuits.breaker), kind, { code, messages: 2 }))
      expect(error).toMatchObject({ code, details: 'asked for' })
      expect(findCircuitBreakerError(error)).toBeUndefined()
      expect(await circuits.judged()).toEqual(['failure'])
    })

    it('S24 the call that opens the circuit keeps its error; the next ends at once, with the reason as cause', async () => {
      const circuits = new Circuits({ failMax: 1, resetTimeout: 9_500 })
      const client = connect(circuits.breaker)
      const first = await errorOf(ask(client, kind, { code: status.UNAVAILABLE }))
      expect(findCircuitBreakerError(first)).toBeUndefined()
      expect(circuits.only.state).toBe('open')
      const { calls } = payments
      const error = await errorOf(ask(client, kind, {}))
      expect(error).toMatchObject({ code: status.UNAVAILABLE, cause: { reason: 'open', retryAfter: 9_500 } })
      expect(findCircuitBreakerError(error)).toBeInstanceOf(CircuitBreakerError)
      expect((error as grpc.ServiceError).metadata.get('retry-after')).toEqual(['10'])
      expect(payments.calls).toBe(calls)
      circuits.clock.advance(9_500)
      await ask(client, kind, {})
      expect(circuits.only.state).toBe('closed')
    })

    it('T3 that its caller cancels is no evidence', async () => {
      const circuits = new Circuits()
      const client = connect(circuits.breaker)
      const done = (): void => undefined
      const streams = kind === 'upload' || kind === 'talk'
      const asked = { hold: true, messages: 1 }
      const args = kind === 'ask' ? [asked, done] : kind === 'upload' ? [done] : kind === 'list' ? [asked] : []
      const stream = call(client, kind, ...args)
      stream.on('error', done)
      if (kind === 'list' || kind === 'talk') stream.on('data', done)
      if (streams) stream.write(asked)
      if (kind === 'upload') stream.end()
      await until(() => payments.held > 0)
      stream.cancel()
      expect(await circuits.judged()).toEqual(['ignore'])
    })

    it('a deadline that passes is a failure, one that had passed is no verdict', async () => {
      const circuits = new Circuits({ failMax: 1 })
      const client = connect(circuits.breaker)
      const late = await errorOf(ask(client, kind, {}, { deadline: Date.now() - 1_000 }))
      expect(late).toMatchObject({ code: status.DEADLINE_EXCEEDED })
      expect(circuits.calls).toBe(0)
      await errorOf(ask(client, kind, { hold: true }, { deadline: new Date(Date.now() + 300) }))
      expect(await circuits.judged()).toEqual(['failure'])
    })
  })

  it('H12 every other status is an answer', async () => {
    const circuits = new Circuits()
    const client = connect(circuits.breaker)
    for (const code of ANSWERING) {
      if (code === status.OK) expect(await ask(client, 'ask', { code })).toEqual({ fine: true })
      else expect(await errorOf(ask(client, 'ask', { code }))).toMatchObject({ code })
    }
    expect(await circuits.judged()).toEqual(ANSWERING.map(() => 'success'))
  })

  it('H12 a stream is judged at its end, whatever came before', async () => {
    const circuits = new Circuits()
    const stream = call(connect(circuits.breaker), 'list', { messages: 3, code: status.DATA_LOSS, hold: true })
    const seen: unknown[] = []
    const ended = once(stream, 'error')
    stream.on('data', (message) => seen.push(message))
    await until(() => seen.length === 3 && payments.held === 1)
    expect(circuits.unsettled).toBe(1)
    payments.release()
    await ended
    expect(await circuits.judged()).toEqual(['failure'])
  })

  it('nobody there is a failure', async () => {
    const circuits = new Circuits()
    const error = await errorOf(ask(connect(circuits.breaker, {}, '127.0.0.1:1'), 'ask', {}))
    expect(error).toMatchObject({ code: status.UNAVAILABLE })
    expect(await circuits.judged()).toEqual(['failure'])
    expect([...circuits.made.keys()]).toEqual(['grpc://127.0.0.1:1'])
  })

  it('a service whose own dependency is the trouble is not blamed', async () => {
    const circuits = new Circuits()
    const trailers = { 'infuse-dependency': 'unavailable' }
    await errorOf(ask(connect(circuits.breaker), 'ask', { code: status.UNAVAILABLE, trailers }))
    expect(await circuits.judged()).toEqual(['ignore'])
  })

  it('H8 the key is the target’s origin, or the service where it has none', async () => {
    const targets = {
      [`localhost:${payments.port}`]: `grpc://localhost:${payments.port}`,
      [`dns:///LOCALHOST:${payments.port}`]: `grpc://localhost:${payments.port}`,
      [`ipv4:127.0.0.1:${payments.port}`]: `grpc://127.0.0.1:${payments.port}`,
      'ipv6:[::1]:1': 'grpc://[::1]:1',
      'payments.invalid': 'grpc://payments.invalid:443',
      'ipv4:127.0.0.1:1,127.0.0.1:2': 'grpc://shop.payments',
      'unix:/nowhere.sock': 'grpc://shop.payments',
    }
    for (const [target, key] of Object.entries(targets)) {
      const circuits = new Circuits()
      const seen: unknown[] = []
      const client = connect(circuits.breaker, undefined, target)
      const refusing = (request: unknown): never => {
        seen.push(request)
        throw new Error('seen')
      }
      const error = await errorOf(ask(connect(circuits.breaker, { key: refusing }, target), 'ask', {}))
      expect(error).toMatchObject({ code: status.INTERNAL, details: 'seen', cause: { message: 'seen' } })
      expect(seen).toEqual([{ method: 'POST', origin: key, path: '/shop.Payments/Ask' }])
      client.close()
    }
  })

  it('a service of an application has its name as key', async () => {
    const infuse = new Infuse({ services: { payments: `grpc://127.0.0.1:${payments.port}` } })
    await ask(connect(infuse), 'ask', {})
    expect([...infuse.breakers.keys()]).toEqual(['payments'])
    await infuse.dispose()
  })

  it('`isFailure` decides where it says something', async () => {
    const circuits = new Circuits()
    const isFailure: GuardOptions['isFailure'] = ({ error }) => {
      const { code } = error as grpc.ServiceError
      return code === status.RESOURCE_EXHAUSTED ? true : code === status.UNKNOWN ? false : undefined
    }
    const client = connect(circuits.breaker, { isFailure })
    for (const code of [status.RESOURCE_EXHAUSTED, status.UNKNOWN, status.INTERNAL, status.NOT_FOUND]) {
      await errorOf(ask(client, 'ask', { code }))
    }
    expect(await circuits.judged()).toEqual(['success', 'failure', 'failure', 'ignore'])
  })

  it('a call that skips the breaker is neither counted nor stopped, two guards judge once', async () => {
    const [circuits, inner] = [new Circuits({ failMax: 1 }), new Circuits()]
    const interceptors = [grpcInterceptor(circuits.breaker), grpcInterceptor(inner.breaker)]
    const client = connect(circuits.breaker)
    await errorOf(ask(client, 'ask', { code: status.UNAVAILABLE }, { ...skipBreaker }))
    expect(circuits.calls).toBe(0)
    await errorOf(ask(client, 'ask', { code: status.UNAVAILABLE }, { interceptors }))
    expect([circuits.calls, inner.calls]).toEqual([1, 0])
    expect(await ask(client, 'ask', {}, { ...skipBreaker })).toEqual({ fine: true })
    expect(await ask(client, 'ask', {}, { ...skipBreaker, interceptors })).toEqual({ fine: true })
    expect([circuits.calls, inner.calls]).toEqual([1, 0])
  })

  it('the channel’s own retries are one call', async () => {
    const circuits = new Circuits()
    const retryPolicy = {
      maxAttempts: 3,
      initialBackoff: '0.01s',
      maxBackoff: '0.01s',
      backoffMultiplier: 1,
      retryableStatusCodes: ['UNAVAILABLE'],
    }
    const config = JSON.stringify({ loadBalancingConfig: [], methodConfig: [{ name: [{}], retryPolicy }] })
    const client = new PaymentsClient(`127.0.0.1:${payments.port}`, grpc.credentials.createInsecure(), {
      interceptors: [grpcInterceptor(circuits.breaker)],
      'grpc.service_config': config,
    })
    clients.push(client)
    const { calls } = payments
    await errorOf(ask(client, 'ask', { code: status.UNAVAILABLE }))
    expect(payments.calls - calls).toBe(3)
    expect(await circuits.judged()).toEqual(['failure'])
  })

  it('H6 keeps nothing of calls that are refused, their deadlines neither', async () => {
    const circuits = new Circuits({ failMax: 1 })
    const client = connect(circuits.breaker)
    await errorOf(ask(client, 'ask', { code: status.UNAVAILABLE }))
    const { calls } = payments
    const timers = (): number => process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length
    const before = timers()
    const deadline = Date.now() + 3_600_000
    const errors = await Promise.all(Array.from({ length: 2_000 }, () => errorOf(ask(client, 'ask', {}, { deadline }))))
    for (const error of errors) expect(findCircuitBreakerError(error)?.reason).toBe('open')
    expect(payments.calls).toBe(calls)
    expect(timers() - before).toBeLessThan(20)
    expect(circuits.only.stats.rejected).toBe(2_000)
  })

  it('a refused stream can be written to, and hears of its end once', async () => {
    const circuits = new Circuits({ failMax: 1 })
    const client = connect(circuits.breaker)
    await errorOf(ask(client, 'ask', { code: status.UNAVAILABLE }))
    const stream = call(client, 'talk')
    const errors: unknown[] = []
    stream.on('error', (error) => errors.push(error))
    const written: unknown[] = []
    for (let at = 0; at < 3; at++) stream.write({}, () => written.push(at))
    expect(stream.getPeer()).toBe(`dns:127.0.0.1:${payments.port}`)
    stream.end()
    await until(() => errors.length === 1 && written.length === 3)
    expect(findCircuitBreakerError(errors[0])?.reason).toBe('open')
  })

  describe('whose trial a fleet must be asked for', () => {
    let fleet: Fleet
    let client: Client
    beforeEach(async () => {
      fleet = await fleetWhoseTrialIsDue()
      client = connect(() => fleet.breaker)
    })
    afterEach(() => fleet[Symbol.asyncDispose]())

    it.each(['ask', 'upload', 'list', 'talk'])('%s waits for the answer, and is the trial then', async (kind) => {
      const asked = ask(client, kind, { messages: 2 })
      expect(fleet.breaker.stats.calls).toBe(0)
      await asked
      await until(() => fleet.breaker.state === 'closed')
    })

    it.each(['ask', 'upload', 'list', 'talk'])('%s is not sent where another process has the trial', async (kind) => {
      const permit = await fleet.other.acquire()
      const { calls } = payments
      const error = await errorOf(ask(client, kind, {}))
      expect(findCircuitBreakerError(error)?.reason).toBe('trial-in-flight')
      expect(payments.calls).toBe(calls)
      permit.success()
    })

    it('T3 that its caller cancels meanwhile is no evidence', async () => {
      const stream = call(client, 'list', {})
      const failed = once(stream, 'error')
      stream.on('data', () => undefined)
      stream.cancel()
      expect(stream.getPeer()).toContain('127.0.0.1')
      await until(() => fleet.breaker.stats.ignored === 1)
      expect((await failed.catch((error: unknown) => [error]))[0]).toMatchObject({ code: status.CANCELLED })
    })

    it('whose deadline passes meanwhile is not sent, and no evidence', async () => {
      const { calls } = payments
      const error = await errorOf(ask(client, 'ask', {}, { deadline: Date.now() + 1 }))
      expect(error).toMatchObject({ code: status.DEADLINE_EXCEEDED })
      await until(() => fleet.breaker.stats.calls === fleet.breaker.stats.ignored)
      expect(payments.calls).toBe(calls)
    })
  })

  it('refuses options that are none', () => {
    expect(() => grpcInterceptor(undefined as never)).toThrow(/breakers/)
    expect(() => grpcInterceptor(new Circuits().breaker, { keys: 1 } as never)).toThrow(/keys/)
  })
})
