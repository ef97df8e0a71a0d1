// Every example runs as its reader would run it, in a process of its own, and prints what it is to show.
import { execFile } from 'node:child_process'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { RedisServer } from '../support/redis-server.ts'

const folder = fileURLToPath(new URL('../../examples/', import.meta.url))

const shop = ['order 1: 500', 'order 3: 500', 'order 4: 503, retry-after 1']

/** What a run prints; lines in the order in which they come. */
const shown: Readonly<Record<string, readonly string[]>> = {
  lambda: ['call 1: 502', 'call 3: 502', 'call 4: 503', 'rates was asked 3 times', 'a second later: 200, 200'],
  'queue-worker': [
    'closed -> open',
    'paused for the open time',
    'half-open -> closed',
    '10 sent, each once: true, in order: true',
    'left over: {"left":0}',
  ],
  fastify: [...shop, '{"name":"payments","state":"open"}', 'payments is back; charged 1 time(s)'],
  express: [...shop, 'calls in a row failed', 'payments is back; charged 1 time(s)'],
  nestjs: [...shop, 'mail 1: 500', 'mail 2: 503', 'mail 3: 503', 'payments is back; charged 1 time(s)'],
  grpc: [
    'call 1: UNAVAILABLE, by payments',
    'call 4: UNAVAILABLE, not sent',
    'payments was asked 3 times; the circuit is open',
    'charged order 5',
    'receipts: one, two, three; the circuit is closed',
  ],
  'mixed-fleet': [
    'python call 3: HTTPError',
    'python call 4: CircuitBreakerError',
    'node: open',
    "node's trial: charged",
    'python reads: closed',
  ],
}

let redis: RedisServer
beforeAll(async () => {
  redis = await RedisServer.start()
})
afterAll(() => redis[Symbol.asyncDispose]())

describe('examples', { timeout: 60_000 }, () => {
  const names = readdirSync(folder, { withFileTypes: true }).flatMap((entry) =>
    entry.isDirectory() && entry.name !== 'support' ? entry.name : [],
  )

  it('are all tried here, and listed', () => {
    expect(names.toSorted()).toEqual(Object.keys(shown).toSorted())
    const list = readFileSync(`${folder}README.md`, 'utf8')
    for (const name of names) expect(list).toContain(`examples/${name}/main.mjs`)
  })

  it.each(names)('%s runs, ends, and shows what it is for', async (name) => {
    expect(existsSync(`${folder}${name}/main.mjs`)).toBe(true)
    const { code, stdout, stderr } = await play(`${folder}${name}/main.mjs`)
    // Applications log to stderr; what is no line of a log has no business there.
    const amiss = stderr.split('\n').filter((line) => line !== '' && !line.startsWith('[INFUSE] '))
    expect({ code, amiss }).toEqual({ code: 0, amiss: [] })
    let from = 0
    for (const line of shown[name] ?? []) {
      const at = stdout.indexOf(line, from)
      expect(at, `${line}\nin\n${stdout}`).toBeGreaterThanOrEqual(from)
      from = at + line.length
    }
  })
})

function play(file: string): Promise<{ code: number | null; stdout: string; stderr: string }> {
  // Express writes errors to stderr but in tests.
  const env = { ...process.env, NODE_ENV: 'test', REDIS_URL: `redis://127.0.0.1:${redis.port}` }
  return new Promise((resolve) => {
    const child = execFile(
      process.execPath,
      [file],
      { env, timeout: 50_000, killSignal: 'SIGKILL' },
      (_, stdout, stderr) => resolve({ code: child.exitCode, stdout, stderr }),
    )
  })
}
