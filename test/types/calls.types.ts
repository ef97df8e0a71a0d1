// The types of every form of call, as a caller meets them. Compiled, never run.
import { CircuitBreaker, type ErrorMatcher, type Listener, type Permit } from '../../src/index.ts'
import { same } from './equal.ts'

declare const breaker: CircuitBreaker

interface Order {
  readonly id: string
}
interface Receipt {
  readonly paid: number
}
declare function charge(order: Order, amount?: number): Promise<Receipt>
declare function parse(text: string, strict: boolean): Order
declare function generic<T>(value: T): Promise<T>
declare const thenable: () => PromiseLike<Receipt>

export async function call(order: Order): Promise<void> {
  const paid = await breaker.call(charge, order, 3)
  same<typeof paid, Receipt>()
  const parsed = breaker.call(parse, 'text', true)
  same<typeof parsed, Promise<Order>>()
  const received = await breaker.call(thenable)
  same<typeof received, Receipt>()
  const nothing = await breaker.call(() => {})
  same<typeof nothing, void>()
  const never: Promise<never> = breaker.call((): never => {
    throw new Error('always')
  })
  void never
  const given = await breaker.call(() => generic(1 as number))
  same<typeof given, number>()
  await breaker.call(charge, order)

  // @ts-expect-error a missing argument
  await breaker.call(charge)
  // @ts-expect-error an argument of another type
  await breaker.call(charge, 'order')
  // @ts-expect-error one argument too many
  await breaker.call(charge, order, 3, 4)
  // @ts-expect-error no function
  await breaker.call(7)
  // @ts-expect-error a method that needs its `this`
  await breaker.call(till.charge, order)
}

export function callSync(): void {
  const order = breaker.callSync(parse, 'text', true)
  same<typeof order, Order>()
  const promise = breaker.callSync(charge, order)
  same<typeof promise, Promise<Receipt>>()
  // @ts-expect-error a missing argument
  breaker.callSync(parse, 'text')
}

declare const till: { charge(this: { readonly rate: number }, order: Order): Promise<Receipt> }

export async function wrap(order: Order): Promise<void> {
  const charged = breaker.wrap(charge)
  same<typeof charged, typeof charge>()
  const kept = breaker.wrap(generic)
  same<typeof kept, typeof generic>()
  const text = await kept('text')
  same<typeof text, string>()
  const parsed = breaker.wrap((text: string, strict: boolean) => parse(text, strict))
  const answer = parsed('text', true)
  same<typeof answer, Promise<Order>>()
  const bound = breaker.wrap(till.charge)
  same<typeof bound, typeof till.charge>()
  await bound.call({ rate: 3 }, order)
  // @ts-expect-error without the `this` it needs
  await bound(order)
  // @ts-expect-error an argument of another type
  await charged('order')
  // @ts-expect-error no function
  breaker.wrap('charge')
}

export function wrapSync(): void {
  const parsed = breaker.wrapSync(parse)
  same<typeof parsed, typeof parse>()
  // @ts-expect-error an argument of another type
  parsed(1, true)
}

declare function readRows(query: string): AsyncGenerator<Receipt, number, boolean>
declare function readLines(file: string): Generator<string, number, boolean>
declare function stream(url: string): AsyncIterable<Uint8Array>
declare const rows: AsyncIterable<Receipt>

export async function iterate(): Promise<void> {
  const read = breaker.iterate(readRows, 'select')
  same<typeof read, AsyncGenerator<Receipt, number, boolean>>()
  await read.next(true)
  // @ts-expect-error a value that the generator does not take
  await read.next('true')
  const lines = breaker.iterate(readLines, 'file')
  same<typeof lines, AsyncGenerator<string, number, boolean>>()
  const chunks = breaker.iterate(stream, 'url')
  same<typeof chunks, AsyncGenerator<Uint8Array, void, undefined>>()
  const direct = breaker.iterate(rows)
  same<typeof direct, AsyncGenerator<Receipt, void, undefined>>()
  const list = breaker.iterate([1, 2])
  same<typeof list, AsyncGenerator<number, void, undefined>>()
  for await (const row of breaker.iterate(async function* () {
    yield 1
  })) {
    same<typeof row, number>()
  }
  for await (const row of breaker.iterate(function* (from: number) {
    yield String(from)
  }, 1)) {
    same<typeof row, string>()
  }
  // @ts-expect-error an argument of another type
  breaker.iterate(readRows, 1)
  // @ts-expect-error a missing argument
  breaker.iterate(readRows)
  // @ts-expect-error nothing to iterate
  breaker.iterate(7)
  // @ts-expect-error a promise of an iterable is none
  breaker.iterate(Promise.resolve([1]))
}

export function iterateSync(): void {
  const lines = breaker.iterateSync(readLines, 'file')
  same<typeof lines, Generator<string, number, boolean>>()
  const letters = breaker.iterateSync((text: string) => new Set(text), 'ab')
  same<typeof letters, Generator<string, void, undefined>>()
  const numbers = breaker.iterateSync([1, 2])
  same<typeof numbers, Generator<number, void, undefined>>()
  for (const row of breaker.iterateSync(function* () {
    yield 1
  })) {
    same<typeof row, number>()
  }
  // @ts-expect-error an async iterable
  breaker.iterateSync(rows)
  // @ts-expect-error an argument of another type
  breaker.iterateSync(readLines, 1)
}

export async function permits(error: unknown): Promise<void> {
  using permit = await breaker.acquire()
  same<typeof permit, Permit>()
  permit.success()
  permit.success('value')
  permit.failure(error)
  permit.ignore()
  using now = breaker.acquireSync()
  same<typeof now, Permit>()
  // @ts-expect-error a failure has an error
  permit.failure()
}

export async function run(signal: AbortSignal): Promise<void> {
  const paid = await breaker.run(({ signal: own }) => {
    same<typeof own, AbortSignal>()
    return charge({ id: '1' })
  })
  same<typeof paid, Receipt>()
  const limited = await breaker.run(() => 7 as number, { signal, timeout: 100 })
  same<typeof limited, number>()
  const either = await breaker.run(() => charge({ id: '1' }), {
    fallback: (error) => {
      same<typeof error, unknown>()
      return 'cached' as string
    },
  })
  same<typeof either, Receipt | string>()
  const later = await breaker.run(() => 7 as number, { fallback: async () => null })
  same<typeof later, number | null>()
  await breaker.run(() => 1, { signal: null, timeout: undefined, fallback: undefined })
  await breaker.run(({ signal: own }) => fetch('http://payments', { signal: own }), { signal })
  // @ts-expect-error a timeout in words
  await breaker.run(() => 1, { timeout: '2s' })
  // @ts-expect-error an option that is none
  await breaker.run(() => 1, { retries: 3 })
  // @ts-expect-error the signal is read only
  await breaker.run((context) => (context.signal = signal))
  // @ts-expect-error arguments are not passed on: `run` takes a closure
  await breaker.run(charge)
}

class Shop {
  readonly rate = 2
  async charge(order: Order): Promise<Receipt> {
    return { paid: this.rate * order.id.length }
  }
  total(): number {
    return this.rate
  }
}

export function guard(context: ClassMethodDecoratorContext<Shop, Shop['charge']>): void {
  const { guard: decorate } = breaker
  const charged = decorate(Shop.prototype.charge, context)
  same<typeof charged, Shop['charge']>()
  const descriptor: TypedPropertyDescriptor<Shop['charge']> = {}
  const nothing = decorate(Shop.prototype, 'charge', descriptor)
  same<typeof nothing, void>()
  const total: TypedPropertyDescriptor<Shop['total']> = {}
  // @ts-expect-error a method that returns no promise
  decorate(Shop.prototype, 'total', total)
}

export function members(): void {
  same<CircuitBreaker['state'], 'closed' | 'open' | 'half-open'>()
  same<CircuitBreaker['openedAt'], Date | undefined>()
  same<CircuitBreaker['failMax'], number | undefined>()
  same<CircuitBreaker['failCounter'], number>()
  breaker.failMax = 3
  breaker.successThreshold = 2
  breaker.resetTimeout = 1000
  breaker.resetTimeout = ({ relapses, error, retryAfter }) => {
    same<typeof relapses, number>()
    same<typeof error, unknown>()
    same<typeof retryAfter, number | undefined>()
    return 1000 * relapses
  }
  // @ts-expect-error fixed at construction
  breaker.name = 'other'
  // @ts-expect-error only commands change it
  breaker.state = 'open'
  // @ts-expect-error a copy to read
  breaker.stats.calls = 0
  // @ts-expect-error changed by addExcluded and removeExcluded
  breaker.excluded.push(Error)
  // @ts-expect-error changed by addListener and removeListener
  breaker.listeners.push({})
  // @ts-expect-error a count
  breaker.failMax = '3'
}

abstract class Failure extends Error {}
class StatusError extends Error {
  readonly status: number
  constructor(status: number) {
    super()
    this.status = status
  }
}

export function matchers(): void {
  const all: readonly ErrorMatcher[] = [
    Error,
    Failure,
    StatusError,
    (error: StatusError) => error.status === 404,
    (error: unknown) => error === undefined,
    (error) => error.code === 'ENOENT',
  ]
  breaker.addExcluded(...all)
  breaker.addExcluded()
  breaker.removeExcluded(StatusError)
  // @ts-expect-error a name is no matcher
  breaker.addExcluded('StatusError')
  // @ts-expect-error a predicate answers true or false
  breaker.addExcluded(() => 'yes')
}

export function listening(): void {
  const listener: Listener = {
    beforeCall(who, fn, ...args) {
      same<typeof who, CircuitBreaker>()
      same<typeof args, unknown[]>()
      void fn
    },
    async failure(_, error) {
      same<typeof error, unknown>()
    },
    rejected(_, { retryAfter, reason, openedAt, cause }) {
      same<typeof retryAfter, number>()
      same<typeof openedAt, Date | undefined>()
      same<typeof cause, unknown>()
      void reason
    },
    stateChange(_, from, to, change) {
      same<typeof from, 'closed' | 'open' | 'half-open'>()
      same<typeof to, typeof from>()
      same<typeof change.origin, 'local' | 'remote'>()
      same<typeof change.at, Date>()
    },
  }
  breaker.addListener(listener, {})
  const subscription = breaker.on('stateChange', (_, from) => same<typeof from, 'closed' | 'open' | 'half-open'>())
  same<typeof subscription, Disposable>()
  // @ts-expect-error no such event
  breaker.on('trip', () => {})
  // @ts-expect-error an answer that nobody reads
  breaker.addListener({ success: () => 7 })
}
