// Stands for the Python process where Python is not at hand: sends what PyBreaker 1.4 sends for the same events, and
// decides as it decides. payments.py is the real one.
import { createClient } from 'redis'

const KEYS = 'shop:payments:pybreaker:'
const FAIL_MAX = 3

export class PythonPeer {
  /** @readonly @type {import('redis').RedisClientType} */
  #redis

  /** @param {string} url */
  constructor(url) {
    this.#redis = createClient({ url })
  }

  async start() {
    await this.#redis.connect()
    await this.#redis.setNX(`${KEYS}fail_counter`, '0')
    await this.#redis.setNX(`${KEYS}success_counter`, '0')
    await this.#redis.setNX(`${KEYS}state`, 'closed')
  }

  /** A call that failed. */
  async fail() {
    if ((await this.state()) === 'open') return 'CircuitBreakerError'
    await this.#redis.incr(`${KEYS}fail_counter`)
    if (Number(await this.#redis.get(`${KEYS}fail_counter`)) >= FAIL_MAX) {
      const now = Math.floor(Date.now() / 1_000)
      await this.#redis.set(`${KEYS}opened_at`, now)
      await this.#redis.set(`${KEYS}success_counter`, '0')
      await this.#redis.set(`${KEYS}state`, 'open')
    }
    return 'HTTPError'
  }

  state() {
    return this.#redis.get(`${KEYS}state`)
  }

  stop() {
    this.#redis.destroy()
  }
}
