/** The demo played for real: its own processes, its own ports, its own clock. */
import { afterEach, beforeAll, describe, expect, test } from 'vitest'
import type { WireCircuitAnswer, WireCircuits } from '../../src/admin/wire.ts'
import { signIn } from '../cli/visitor.ts'
import { RedisServer } from '../support/redis-server.ts'
import { addresses, compileDemo, listens, type Player, startByScript, startDemo } from './player.ts'

const players: Player[] = []

function track(player: Player): Player {
  players.push(player)
  return player
}

function play(...args: readonly string[]): Player {
  return track(startDemo(args))
}

/** The shops that said so. */
function shopsOf(output: string, what: string): readonly string[] {
  const said = output.matchAll(new RegExp(`shop (\\d): ${what}`, 'g'))
  return [...new Set([...said].map(([, shop = '']) => shop))].toSorted()
}

async function left(output: string): Promise<number> {
  return (await Promise.all(addresses(output).map(listens))).filter(Boolean).length
}

beforeAll(compileDemo, 120_000)

afterEach(() => {
  for (const player of players.splice(0)) player.discard()
})

describe('the demo, played once in a pipe', { timeout: 90_000 }, () => {
  test('holds every expectation, sums both sides up and exits 0', async () => {
    const player = play('--once')
    const status = await player.ended
    const { output, errors } = player.said
    expect(output).toContain('All 9 expectations hold.')
    expect({ status, errors }).toEqual({ status: 0, errors: '' })
    expect(output).toMatch(/Summary +three, sharing +one without\n/)
    for (const row of ['served', 'failed fast', 'failed slow', 'calls that reached sick payments', 'time wasted']) {
      expect(output).toMatch(new RegExp(`^ {2}${row}.* [\\d.,]+( m?s)? +[\\d.,]+( m?s)?$`, 'm'))
    }
    for (const change of ['closed → open', 'open → half-open', 'half-open → closed']) {
      expect(shopsOf(output, `circuit ${change}, (?:by itself|told)`)).toEqual(['1', '2', '3'])
    }
    expect(output).toMatch(/shop \d tripped, and all 3 stopped within [\d.]+ ms\n/)
    expect(output).toMatch(/^ {2}\d+ trials in the fleet, at most 1 at a time$/m)
    expect(output).not.toContain('\x1b')
    expect(addresses(output)).toHaveLength(6)
    expect(await left(output)).toBe(0)
    expect(player.leftovers()).toEqual([])
  })

  test('exits 1 and says what was not met when no shop has a breaker', async () => {
    const player = play('--once', '--unguarded', '--pace', '0.25')
    const status = await player.ended
    expect(player.said.output).toMatch(/FAILED {2}when one shop tripped, all three stopped\n +it never opened\n/)
    expect(player.said.output).toMatch(/\d of 9 expectations failed\./)
    expect(status).toBe(1)
    expect(await left(player.said.output)).toBe(0)
  })
})

describe('the demo, ended early', { timeout: 30_000 }, () => {
  test.each([
    ['SIGINT, which is how it is meant to end, with 0', [], 'SIGINT', 0],
    ['SIGINT while it plays once, with 130', ['--once'], 'SIGINT', 130],
    ['SIGTERM, with 143', [], 'SIGTERM', 143],
  ] as const)('ends on %s, and its services with it', async (_how, args, signal, status) => {
    const player = play(...args)
    const output = await player.hears(/time +circuit/)
    expect(await left(output)).toBe(6)
    player.process.kill(signal)
    expect(await player.ended).toBe(status)
    await expect.poll(() => left(output), { timeout: 10_000 }).toBe(0)
    await expect.poll(() => player.leftovers(), { timeout: 10_000 }).toEqual([])
  })

  test('leaves no service behind when it is killed', async () => {
    const player = play()
    const output = await player.hears(/time +circuit/)
    player.process.kill('SIGKILL')
    expect(await player.ended).toBe('SIGKILL')
    await expect.poll(() => left(output), { timeout: 10_000 }).toBe(0)
    await expect.poll(() => player.leftovers(), { timeout: 10_000 }).toEqual([])
  })
})

test('the address of the dashboard is printed: who opens it sees the circuit, forces and releases it', {
  timeout: 60_000,
}, async () => {
  const player = play()
  const output = await player.hears(/time +circuit/)
  const [, url = ''] = /(http:\S+\?token=\S+)/.exec(output) ?? []
  const visitor = await signIn(url)
  expect(await visitor.text('/')).toMatch(/^<!doctype html>/i)
  const { circuits } = (await visitor.get('/circuits')) as WireCircuits
  expect(circuits.map(({ name }) => name)).toContain('payments')
  const reason = 'to see what happens'
  await visitor.post('/circuits/payments/force', { state: 'open', for: 60_000, reason })
  const all = (state: string): Promise<void> =>
    expect
      .poll(() => shopsOf(player.said.output, `circuit [\\w-]+ → ${state}, told`), { timeout: 20_000 })
      .toEqual(['1', '2', '3'])
  await all('open')
  const held = (await visitor.get('/circuits/payments')) as WireCircuitAnswer
  expect(held.circuit.forced).toMatchObject({ state: 'open', by: 'you', reason })
  await visitor.post('/circuits/payments/release', { reason: 'seen' })
  await all('half-open')
  player.process.kill('SIGINT')
  expect(await player.ended).toBe(0)
  await expect.poll(() => left(output), { timeout: 10_000 }).toBe(0)
})

test('npm start: a signal to the script that builds and starts it ends the demo and its services', {
  timeout: 120_000,
}, async () => {
  const player = track(startByScript())
  const output = await player.hears(/time +circuit/)
  player.process.kill('SIGTERM')
  expect(await player.ended).toBe(143)
  await expect.poll(() => left(output), { timeout: 10_000 }).toBe(0)
})

describe('the demo with REDIS_URL', { timeout: 60_000 }, () => {
  test('shares through that Redis', async () => {
    const redis = await RedisServer.start()
    try {
      const player = track(startDemo(['--once', '--pace', '0.25'], { REDIS_URL: redis.url }))
      expect(await player.ended).toBeTypeOf('number')
      expect(player.said.output).toContain(`The circuit is in RedisStorage, 127.0.0.1:${redis.port}.`)
      expect(shopsOf(player.said.output, 'circuit closed → open, (?:by itself|told)')).toEqual(['1', '2', '3'])
      expect(player.leftovers()).toEqual([])
    } finally {
      await redis.stop()
    }
  })

  test.each([
    ['redis://user:secret@127.0.0.1:1', /^No Redis answers at 127\.0\.0\.1:1 \(REDIS_URL\): .*ECONNREFUSED/],
    ['nonsense', /^REDIS_URL is no address such as redis:\/\/127\.0\.0\.1:6379/],
  ])('says that %s does not work, and exits 1', async (url, message) => {
    const player = track(startDemo(['--once'], { REDIS_URL: url }))
    expect(await player.ended).toBe(1)
    expect(player.said.output).toMatch(message)
    expect(player.said.output).not.toContain('secret')
  })
})

describe('the command line', { timeout: 30_000 }, () => {
  test('explains itself', async () => {
    const player = play('--help')
    expect(await player.ended).toBe(0)
    for (const flag of ['--once', '--plain', '--help', '--unguarded', '--pace'])
      expect(player.said.output).toContain(flag)
  })

  test.each([
    [['--twice'], "Unknown option '--twice'"],
    [['again'], "Unexpected argument 'again'"],
    [['--pace', 'fast'], "Expected --pace to be a number from 0.25 to 10, got 'fast'"],
  ])('refuses %j with status 2', async (args, message) => {
    const player = play(...args)
    expect(await player.ended).toBe(2)
    expect(player.said.errors).toContain(message)
    expect(player.said.output).toBe('')
  })
})
