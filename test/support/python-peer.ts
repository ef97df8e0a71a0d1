// A Python process on the same keys: the commands that PyBreaker and Infuse send, from a process of its own (redis-cli).

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import type { RedisServer } from './redis-server.ts'

export class PythonPeer {
  readonly #server: RedisServer
  readonly #prefix: string
  readonly #library: 'pybreaker' | 'infuse'

  /** `prefix` is what stands before `state`: `shop:payments:pybreaker:`, `infuse:test:testone:`. */
  constructor(server: RedisServer, library: 'pybreaker' | 'infuse', prefix: string) {
    this.#server = server
    this.#library = library
    this.#prefix = prefix
  }

  /** What it sends when it starts. */
  async start(): Promise<void> {
    if (this.#library === 'infuse') await this.send(['SET fail_counter 0', 'SET state closed'])
    else await this.send(['SETNX fail_counter 0', 'SETNX success_counter 0', 'SETNX state closed'])
  }

  async success(): Promise<void> {
    await this.send(
      this.#library === 'infuse'
        ? ['GET state', 'GET fail_counter', 'SET fail_counter 0']
        : ['GET state', 'SET fail_counter 0'],
    )
  }

  async failure(): Promise<void> {
    await this.send(['GET state', 'INCR fail_counter', 'GET fail_counter'])
  }

  /** A failure that reaches fail_max, `seconds` ago. */
  async trip(seconds = 0): Promise<void> {
    await this.failure()
    await this.open(seconds)
  }

  async open(seconds = 0): Promise<void> {
    const openedAt = Math.floor(Date.now() / 1000) - seconds
    const successes = this.#library === 'infuse' ? [] : ['SET success_counter 0']
    await this.send([
      'WATCH opened_at',
      'GET opened_at',
      'MULTI',
      `SET opened_at ${openedAt}`,
      'EXEC',
      ...successes,
      'SET state open',
    ])
  }

  async halfOpen(): Promise<void> {
    const successes = this.#library === 'infuse' ? [] : ['SET success_counter 0']
    await this.send(['GET state', 'GET opened_at', ...successes, 'SET state half-open'])
  }

  async close(): Promise<void> {
    await this.send(['SET fail_counter 0', 'SET state closed'])
  }

  /** What it would read: its own keys, as texts. */
  async sees(): Promise<Record<string, string>> {
    const fields = ['state', 'fail_counter', 'success_counter', 'opened_at']
    const answers = await this.send(fields.map((field) => `GET ${field}`))
    return Object.fromEntries(fields.map((field, index) => [field, answers[index] ?? '']))
  }

  /** Runs commands whose second word is one of its keys, without the prefix. */
  async send(commands: readonly string[]): Promise<readonly string[]> {
    const child = spawn('redis-cli', ['-p', String(this.#server.port)], { stdio: ['pipe', 'pipe', 'inherit'] })
    let output = ''
    child.stdout.on('data', (chunk) => (output += String(chunk)))
    child.stdin.end(commands.map((command) => command.replace(/^(\w+) /, `$1 ${this.#prefix}`)).join('\n'))
    const [code] = await once(child, 'close')
    if (code !== 0) throw new Error(`redis-cli ended with ${String(code)}: ${output}`)
    return output.split('\n')
  }
}
