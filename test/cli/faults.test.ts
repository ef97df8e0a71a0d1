// What cannot be done, and what is not understood: a sentence on standard error, and a status.

import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs'
import { type AddressInfo, createServer, type Server } from 'node:net'
import { once } from 'node:events'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { run } from '../../src/cli/run.ts'
import type { Terminal } from '../../src/cli/terminal.ts'
import { Warnings } from '../../src/cli/warnings.ts'
import { root } from '../support/processes.ts'
import { RedisServer } from '../support/redis-server.ts'
import { BUSY, compile, type Ran, Shell } from './shell.ts'

const secret = 'hunter2'
let folder: string
let shell: Shell
let scratch: string

beforeAll(async () => {
  folder = await compile('faults')
  shell = new Shell(folder)
  scratch = mkdtempSync(join(tmpdir(), 'infuse-cli-'))
}, BUSY)

afterAll(() => {
  shell?.[Symbol.dispose]()
  rmSync(scratch, { recursive: true, force: true })
})

/** In this process: what is not understood gets as far as no storage. */
async function here(...args: readonly string[]): Promise<Ran> {
  const said = { out: '', err: '' }
  const terminal = (to: keyof typeof said): Terminal => ({
    isTerminal: false,
    width: Number.POSITIVE_INFINITY,
    height: Number.POSITIVE_INFINITY,
    write: (text) => void (said[to] += text),
    paint: (_, text) => text,
    onResize: () => () => undefined,
  })
  const { signal: end } = new AbortController()
  const status = await run(args, { out: terminal('out'), err: terminal('err'), env: {}, end, warnings: new Warnings() })
  return { status, ...said }
}

function fault(status: number, text: string): Ran {
  return { status, out: '', err: `infuse: ${text}${status === 2 ? ' Try infuse --help.' : ''}\n` }
}

describe('what is not understood', { timeout: BUSY }, () => {
  const reason = ['--reason', 'x']
  it.each([
    [[], 'Say what to do.'],
    [['frob'], 'There is no command "frob".'],
    [['list', 'more'], '`infuse list` takes nothing more.'],
    [['show'], '`infuse show` takes NAME.'],
    [['show', ''], 'A name has at least one character.'],
    [['force', 'a', 'ajar', ...reason], 'A circuit is held open or closed: `infuse force NAME open|closed`.'],
    [['force', 'a', 'open', '--for', '30', ...reason], '--for is a time such as 90s, 30m or 2h, 30 days at most.'],
    [['close', 'a'], 'Say why: --reason "…", of at most 200 characters.'],
    [['close', 'a', '--reason', ' '], 'Say why: --reason "…", of at most 200 characters.'],
    [['close', 'a', '--reason', 'x'.repeat(201)], 'The reason may have 200 characters.'],
    [['close', 'a', '--reason', 'a\u001B[2Jb'], 'The reason must be one line of plain text.'],
    [['close', 'a', '--by', 'a\nb', ...reason], '--by is a name of at most 100 characters.'],
    [
      ['update', 'a', ...reason],
      'Say what to change: --fail-max, --reset-timeout or --success-threshold; none undoes.',
    ],
    [['update', 'a', '--fail-max', '0', ...reason], '--fail-max is a number from 1 to 1000000.'],
    [
      ['update', 'a', '--reset-timeout', '30', ...reason],
      '--reset-timeout is a time such as 500ms, 30s or 5m, 30 days at most.',
    ],
    [['history', '--limit', '1001'], '--limit is a number from 1 to 1000.'],
    [['dashboard', '--port', '65536'], '--port is a number from 0 to 65535.'],
    [
      ['dashboard', '--host', '0.0.0.0'],
      'There is no --host. What is no flag though it begins with - stands at the end, behind --.',
    ],
    [['demo', '--redis', 'redis://x'], '`infuse demo` takes no --redis.'],
    [['list', '--limit', '3'], '`infuse list` takes no --limit.'],
    [['show', '-odd'], 'There is no -odd. What is no flag though it begins with - stands at the end, behind --.'],
    [['list', '--redis'], '--redis is given without its URL.'],
    [
      ['close', 'a', '--reason', '-x'],
      '--reason is given without its TEXT; one that begins with - is given as --reason=-….',
    ],
    [['list', '--json=yes'], '--json takes no value.'],
    [['list', '--redis', 'redis://x', '--host-socket', 'y'], 'Give --redis or --host-socket, not both.'],
    [
      ['list', '--redis', 'redis://x', '--namespace', 'a b'],
      expect.stringMatching(/^Expected `namespace` to be at most 128 of/) as string,
    ],
    [['list', '--namespace', 'prod', '--host-socket', 'y'], 'Give --namespace or --host-socket, not both.'],
    [['list', '--namespace', 'a b'], expect.stringMatching(/^Expected `namespace` to be at most 128 of/) as string],
    [
      ['list', '--redis', `redis://:${secret}@[x`],
      'Expected `--redis` to be a URL such as redis://host:6379/0 or rediss://user:password@host (it is not repeated here).',
    ],
    [['list', '--host-socket', 'x'.repeat(200)], expect.stringContaining('`path`') as string],
  ])('%j is 2', async (args, text) => {
    const ran = await here(...args)
    expect(ran).toEqual({ ...fault(2, ''), err: expect.stringContaining('infuse: ') as string })
    expect(ran.err.replace(/^infuse: | Try infuse --help\.\n$/g, '')).toEqual(text)
    expect(ran.err).not.toContain(secret)
  })

  it('is 2 of the real program too', async () => {
    expect(await shell.run('frob')).toEqual(fault(2, 'There is no command "frob".'))
    expect(await shell.run('close', 'a')).toEqual(fault(2, 'Say why: --reason "…", of at most 200 characters.'))
  })

  it('help and the version are on standard output, with 0', async () => {
    const [help, force, demo, version] = await Promise.all([
      shell.run('--help'),
      shell.run('force', '-h'),
      shell.run('demo', '--help'),
      shell.run('--version'),
    ])
    expect(help).toMatchObject({ status: 0, err: '' })
    for (const command of [
      'list',
      'show NAME',
      'watch',
      'history [NAME]',
      'half-open NAME',
      'update NAME',
      'dashboard',
    ])
      expect(help.out).toContain(`\n  ${command} `)
    expect(Math.max(...help.out.split('\n').map(({ length }) => length))).toBeLessThanOrEqual(120)
    expect(force).toMatchObject({ status: 0, err: '' })
    expect(force.out).toMatch(/^infuse force NAME open\|closed\n/)
    expect(demo.out).not.toContain('--redis')
    expect(version).toEqual({ status: 0, out: expect.stringMatching(/^\d+\.\d+\.\d+\n$/) as string, err: '' })
  })
})

describe('a storage that does not answer', { timeout: BUSY }, () => {
  it('is 1, with its address and why, and without its password', async () => {
    const refused = await shell.run('list', '--redis', `redis://me:${secret}@127.0.0.1:1/3`)
    expect(refused).toEqual(fault(1, 'Redis at 127.0.0.1:1 does not answer: ECONNREFUSED.'))
  })

  it('is 1 within a few seconds where it takes the connection and says nothing', async () => {
    const hole = createServer()
    const port = await listen(hole)
    const hung = await shell.run('list', '--redis', `redis://127.0.0.1:${port}`)
    expect(hung).toEqual(fault(1, `Redis at 127.0.0.1:${port} does not answer.`))
    hole.close()
  })

  it('is 1 at Ctrl-C, sooner than by itself', async () => {
    const hole = createServer()
    const port = await listen(hole)
    const asked = once(hole, 'connection')
    const hung = shell.start(['close', 'payments', '--reason', 'x', '--redis', `redis://127.0.0.1:${port}`])
    await asked
    hung.process.kill('SIGINT')
    expect(await hung.ended).toEqual(fault(1, 'Interrupted.'))
    hole.close()
  })

  it('is 1 with what Redis said of a wrong password, or of none', async () => {
    await using redis = await RedisServer.start()
    await redis.command('CONFIG', 'SET', 'requirepass', secret)
    const [wrong, none, right] = await Promise.all(
      ['x@', '', `${secret}@`].map((login) =>
        shell.run('list', '--redis', `redis://${login === '' ? '' : ':'}${login}127.0.0.1:${redis.port}`),
      ),
    )
    expect(wrong).toMatchObject({ status: 1, err: expect.stringMatching(/does not answer: .*WRONGPASS/) as string })
    expect(none).toMatchObject({ status: 1, err: expect.stringMatching(/does not answer: .*NOAUTH/) as string })
    expect(right).toMatchObject({ status: 0, err: '' })
    expect(wrong?.err).not.toContain(':x@')
  })

  it('is 1 with why, where a socket cannot be', async () => {
    const path = join(scratch, 'missing', 'x.sock')
    const ran = await shell.run('list', '--host-socket', path)
    expect(ran).toEqual(fault(1, `The socket ${path} does not answer: ${join(scratch, 'missing')} does not exist.`))
  })
})

describe('the Redis client', { timeout: BUSY }, () => {
  /** The package in a folder that has this client alone. */
  function besides(client: string | undefined, source = client): Shell {
    const project = join(scratch, client ?? 'none')
    mkdirSync(join(project, 'node_modules'), { recursive: true })
    cpSync(folder, join(project, 'dist'), { recursive: true })
    cpSync(join(root, 'package.json'), join(project, 'package.json'))
    if (client !== undefined)
      symlinkSync(join(root, 'node_modules', String(source)), join(project, 'node_modules', client))
    return new Shell(join(project, 'dist'))
  }

  it.each([
    ['redis', 'redis-5'],
    ['ioredis', 'ioredis-5'],
    ['iovalkey', 'iovalkey'],
  ])('may be %s, over TLS too, and says what is amiss', async (client, source) => {
    using infuse = besides(client, source)
    const [cert = '', key = ''] = ['cert', 'key'].map((file) => join(root, 'test/outbound/self-signed', `${file}.pem`))
    await using redis = await RedisServer.start()
    const tls = ['--tls-cert-file', cert, '--tls-key-file', key, '--tls-ca-cert-file', cert, '--tls-auth-clients', 'no']
    await using secured = await RedisServer.start()
    const port = await freePort()
    for (const [index, value] of tls.entries())
      if (index % 2 === 0) await secured.command('CONFIG', 'SET', value.slice(2), String(tls[index + 1]))
    await secured.command('CONFIG', 'SET', 'tls-port', String(port))
    const [plain, safe, strange, refused] = await Promise.all([
      infuse.run('list', '--redis', redis.url),
      infuse.start(['list', '--redis', `rediss://localhost:${port}`], {
        env: { NODE_EXTRA_CA_CERTS: cert },
      }).ended,
      infuse.run('list', '--redis', `rediss://localhost:${port}`),
      infuse.run('list', '--redis', `redis://:${secret}@127.0.0.1:1`),
    ])
    expect(plain).toEqual({ status: 0, out: expect.stringMatching(/^No circuit/) as string, err: '' })
    expect(safe).toEqual(plain)
    expect(strange).toMatchObject({ status: 1, err: expect.stringMatching(/does not answer: .*CERT.*\.\n$/) as string })
    expect(refused).toEqual(fault(1, 'Redis at 127.0.0.1:1 does not answer: ECONNREFUSED.'))
  })

  it('is told of where there is none', async () => {
    using infuse = besides(undefined)
    expect(await infuse.run('list', '--redis', 'redis://127.0.0.1:1')).toEqual(
      fault(1, 'Sharing circuits through Redis needs one of the packages redis, ioredis, iovalkey; none is installed.'),
    )
  })
})

async function listen(server: Server): Promise<number> {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return (server.address() as AddressInfo).port
}

async function freePort(): Promise<number> {
  const server = createServer()
  const port = await listen(server)
  server.close()
  await once(server, 'close')
  return port
}
