/**
 * The customers of one shop, or of several by turns: so many orders a second, whether or not earlier ones were answered (an open loop).
 * Bounded: with too many orders unanswered the next customer does not even queue, and after a stall nothing is made up for.
 */
import { Agent, request } from 'node:http'
import { performance } from 'node:perf_hooks'

/** What became of an order; `odd` says what was answered when it is none of the others. */
export type Ending = 'served' | 'failed fast' | 'failed slow' | { readonly odd: string }

export interface Customer {
  came(): void
  left(ending: Ending, ms: number): void
  /** too many were waiting already */
  walkedPast(): void
}

const mostWaiting = 400
const mostBehind = 0.25
/** ms until a customer gives up; a shop that works answers long before. */
const customerPatience = 10_000

export class Load {
  readonly #urls: readonly string[]
  readonly #rate: number
  readonly #customer: Customer
  readonly #agent = new Agent({ keepAlive: true })
  readonly #timer: NodeJS.Timeout
  #from = performance.now()
  #sent = 0
  #turn = 0
  #waiting = 0
  #whenIdle: (() => void) | undefined

  /** Starts at once: `rate` orders a second, to the addresses by turns. */
  constructor(urls: readonly string[], rate: number, customer: Customer) {
    this.#urls = urls
    this.#rate = rate
    this.#customer = customer
    this.#timer = setInterval(() => this.#sendDue(), 5)
  }

  /** No further orders; resolves when all that were sent are answered. */
  async stop(): Promise<void> {
    clearInterval(this.#timer)
    if (this.#waiting > 0) await new Promise<void>((resolve) => (this.#whenIdle = resolve))
    this.#agent.destroy()
  }

  #sendDue(): void {
    const now = performance.now()
    const due = ((now - this.#from) / 1_000) * this.#rate
    if (due - this.#sent > mostBehind * this.#rate) {
      this.#from = now
      this.#sent = 0
      return
    }
    for (; this.#sent < due; this.#sent += 1) {
      if (this.#waiting < mostWaiting) this.#order()
      else this.#customer.walkedPast()
    }
  }

  #order(): void {
    const start = performance.now()
    let gone = false
    const leave = (ending: Ending): void => {
      if (gone) return
      gone = true
      this.#customer.left(ending, performance.now() - start)
      this.#waiting -= 1
      if (this.#waiting === 0) this.#whenIdle?.()
    }
    this.#waiting += 1
    this.#customer.came()
    const url = this.#urls[this.#turn++ % this.#urls.length]
    const order = request(`${url}/orders`, { method: 'POST', agent: this.#agent }, (answer) => {
      answer.once('end', () => leave(endingOf(answer.statusCode, answer.headers['retry-after'])))
      answer.once('error', (error) => leave({ odd: error.message }))
      answer.resume()
    })
    order.once('error', (error) => leave({ odd: error.message }))
    order.setTimeout(customerPatience, () => order.destroy(new Error('no answer at all')))
    order.end()
  }
}

function endingOf(status: number | undefined, retryAfter: string | undefined): Ending {
  if (status === 200) return 'served'
  if (status === 503 && retryAfter !== undefined) return 'failed fast'
  if (status === 502 || status === 504) return 'failed slow'
  return { odd: `status ${status}` }
}
