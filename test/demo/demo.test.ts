/** The demo played for real: its own processes, its own ports, its own clock. */
import { afterEach, beforeAll, describe, expect, test } from 'vitest'
import { addresses, compileDemo, listens, type Player, startDemo } from './player.ts'

const players: Player[] = []

function play(...args: readonly string[]): Player {
  const player = startDemo(...args)
  players.push(player)
  return player
}

async function left(output: string): Promise<number> {
  return (await Promise.all(addresses(output).map(listens))).filter(Boolean).length
}

beforeAll(compileDemo, 120_000)

afterEach(() => {
  for (const player of players.splice(0)) player.process.kill('SIGKILL')
})

describe('the demo, played once in a pipe', { timeout: 90_000 }, () => {
  test('holds every expectation, sums both shops up and exits 0', async () => {
    const player = play('--once')
    const status = await player.ended
    const { output, errors } = player.said
    expect(output).toContain('All 8 expectations hold.')
    expect({ status, errors }).toEqual({ status: 0, errors: '' })
    expect(output).toMatch(/Summary +with a breaker +without\n/)
    for (const row of ['served', 'failed fast', 'failed slow', 'calls that reached sick payments', 'time wasted']) {
      expect(output).toMatch(new RegExp(`^ {2}${row}.* [\\d.,]+( m?s)? +[\\d.,]+( m?s)?$`, 'm'))
    }
    expect(output).toMatch(/circuit closed → open/)
    expect(output).toMatch(/circuit open → half-open/)
    expect(output).toMatch(/circuit half-open → closed/)
    expect(output).not.toContain('\x1b')
    expect(addresses(output)).toHaveLength(3)
    expect(await left(output)).toBe(0)
  })

  test('exits 1 and says what was not met when no shop has a breaker', async () => {
    const player = play('--once', '--unguarded', '--pace', '0.25')
    const status = await player.ended
    expect(player.said.output).toMatch(/FAILED {2}the circuit opened at failure 5 in a row\n +it never opened\n/)
    expect(player.said.output).toMatch(/\d of 8 expectations failed\./)
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
    expect(await left(output)).toBe(3)
    player.process.kill(signal)
    expect(await player.ended).toBe(status)
    await expect.poll(() => left(output), { timeout: 10_000 }).toBe(0)
  })

  test('leaves no service behind when it is killed', async () => {
    const player = play()
    const output = await player.hears(/time +circuit/)
    player.process.kill('SIGKILL')
    expect(await player.ended).toBe('SIGKILL')
    await expect.poll(() => left(output), { timeout: 10_000 }).toBe(0)
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
