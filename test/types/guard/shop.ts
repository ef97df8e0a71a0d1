// One class decorated with `guard`, compiled once by each decorator standard and then run by guard.test.ts.
import { writeSync } from 'node:fs'
import { CircuitBreaker } from '../../../src/index.ts'

const payments = new CircuitBreaker({ name: 'payments', failMax: 1, throwNewErrorOnTrip: false })
const { guard } = payments

class Shop {
  readonly #rate = 3

  @payments.guard
  async charge(amount: number, currency = 'EUR'): Promise<string> {
    if (amount < 0) throw new RangeError('negative')
    return `${amount * this.#rate} ${currency}`
  }

  @guard
  static async open(): Promise<string> {
    return this.name
  }

  @guard
  later(): PromiseLike<number> {
    return Promise.resolve(this.#rate)
  }

  // @ts-expect-error a method that returns no promise
  @guard
  total(): number {
    return this.#rate
  }
}

const shop = new Shop()
const seen: unknown[] = [
  shop.charge.name,
  shop.charge.length,
  await shop.charge(2),
  await Shop.open(),
  await shop.later(),
  await shop.charge(-1).catch((error: unknown) => (error as Error).name),
  await shop.charge(2).catch((error: unknown) => (error as Error).name),
  payments.stats.calls,
  payments.stats.rejected,
]
writeSync(1, JSON.stringify(seen))
