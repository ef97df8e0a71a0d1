// A real Redis for tests: on a unix socket and a free loopback port, in a folder of its own, ended with the test.
// Stop it, kill it, freeze it, start it again on the same addresses; with sentinels, or as a cluster of three.

import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { connect, createServer, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** A reply: text, number, nothing, or a list of those. */
export type Reply = string | number | null | readonly Reply[]

const running = new Set<ChildProcess>()
process.on('exit', () => {
  for (const child of running) child.kill('SIGKILL')
})

export class RedisServer {
  readonly port: number
  readonly socket: string
  readonly #folder: string
  readonly #program: 'redis-server' | 'redis-sentinel'
  readonly #options: readonly string[]
  #child: ChildProcess | undefined

  private constructor(
    port: number,
    folder: string,
    program: 'redis-server' | 'redis-sentinel',
    options: readonly string[],
  ) {
    this.port = port
    this.#folder = folder
    this.socket = join(folder, 'redis.sock')
    this.#program = program
    this.#options = options
  }

  /** Starts one; `options` are lines of its configuration as arguments. */
  static async start(...options: readonly string[]): Promise<RedisServer> {
    return RedisServer.#begin('redis-server', await freePort(), options)
  }

  /** Starts a sentinel that watches `master` under the name `main`. */
  static async sentinel(master: RedisServer): Promise<RedisServer> {
    const server = new RedisServer(await freePort(), mkdtempSync(join(tmpdir(), 'infuse-redis-')), 'redis-sentinel', [])
    const lines = [
      `port ${server.port}`,
      'bind 127.0.0.1',
      `dir ${server.#folder}`,
      `sentinel monitor main 127.0.0.1 ${master.port} 1`,
      'sentinel down-after-milliseconds main 500',
      'sentinel failover-timeout main 2000',
    ]
    writeFileSync(join(server.#folder, 'sentinel.conf'), `${lines.join('\n')}\n`)
    await server.start()
    return server
  }

  static async #begin(
    program: 'redis-server' | 'redis-sentinel',
    port: number,
    options: readonly string[],
  ): Promise<RedisServer> {
    const server = new RedisServer(port, mkdtempSync(join(tmpdir(), 'infuse-redis-')), program, options)
    await server.start()
    return server
  }

  get url(): string {
    return `redis://127.0.0.1:${this.port}`
  }

  /** Starts it again on the same addresses. What it held is gone. */
  async start(): Promise<void> {
    const args =
      this.#program === 'redis-sentinel'
        ? [join(this.#folder, 'sentinel.conf')]
        : [
            '--port',
            String(this.port),
            '--bind',
            '127.0.0.1',
            '--unixsocket',
            this.socket,
            '--dir',
            this.#folder,
            '--save',
            '',
            '--appendonly',
            'no',
            '--daemonize',
            'no',
            ...this.#options,
          ]
    const child = spawn(this.#program, args, { stdio: ['ignore', 'pipe', 'pipe'] })
    let output = ''
    child.stdout.on('data', (chunk) => (output += String(chunk)))
    child.stderr.on('data', (chunk) => (output += String(chunk)))
    running.add(child)
    child.once('exit', () => running.delete(child))
    const failed = new Promise<never>((_, reject) => {
      child.once('error', (error) =>
        reject(new Error(`${this.#program} does not start: ${error.message}; install Debian's ${this.#program}`)),
      )
      child.once('exit', (code) => reject(new Error(`${this.#program} ended with ${code}: ${output}`)))
    })
    failed.catch(() => undefined)
    this.#child = child
    await Promise.race([failed, until(() => this.command('PING').then((reply) => reply === 'PONG'))])
  }

  /** Ends it in good order. */
  async stop(): Promise<void> {
    await this.#end('SIGTERM')
  }

  /** `kill -9`. */
  async kill(): Promise<void> {
    await this.#end('SIGKILL')
  }

  async restart(): Promise<void> {
    await this.stop()
    await this.start()
  }

  /** It keeps its connections and answers nothing. */
  freeze(): void {
    this.#child?.kill('SIGSTOP')
  }

  thaw(): void {
    this.#child?.kill('SIGCONT')
  }

  /** Runs a command on a connection of its own and answers the reply; an error reply is thrown. */
  command(...args: readonly string[]): Promise<Reply> {
    return command(this.port, args)
  }

  async flush(): Promise<void> {
    await this.command('FLUSHALL')
  }

  /** Refuses writes that need memory (`OOM`), or no longer. */
  async refuseMemory(refuse: boolean): Promise<void> {
    await this.command('CONFIG', 'SET', 'maxmemory', refuse ? '1' : '0')
  }

  /** Every command that clients send from now on, lower case, those that scripts run included, marked `lua`. */
  async monitor(): Promise<{ readonly lines: readonly string[]; end(): void }> {
    const socket = await open(this.port)
    const lines: string[] = []
    let text = ''
    let started!: () => void
    const ready = new Promise<void>((resolve) => (started = resolve))
    socket.on('data', (chunk) => {
      text += String(chunk)
      const whole = text.split('\r\n')
      text = whole.pop() ?? ''
      for (const line of whole) {
        if (line === '+OK') started()
        else lines.push(line)
      }
    })
    socket.write('MONITOR\r\n')
    await ready
    return { lines, end: () => socket.destroy() }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.thaw()
    await this.kill()
    rmSync(this.#folder, { recursive: true, force: true })
  }

  async #end(signal: NodeJS.Signals): Promise<void> {
    const child = this.#child
    this.#child = undefined
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return
    const ended = once(child, 'exit')
    child.kill(signal)
    await ended
  }
}

/** Where the slots of each node of a cluster begin. */
const BOUNDS = [0, 5461, 10_923, 16_384]

/** Three masters that share the slots. */
export class RedisCluster {
  readonly nodes: readonly RedisServer[]

  private constructor(nodes: readonly RedisServer[]) {
    this.nodes = nodes
  }

  static async start(): Promise<RedisCluster> {
    const nodes = await Promise.all(
      [0, 1, 2].map(() => RedisServer.start('--cluster-enabled', 'yes', '--cluster-node-timeout', '2000')),
    )
    for (const [index, node] of nodes.entries()) {
      await node.command('CLUSTER', 'ADDSLOTSRANGE', String(BOUNDS[index]), String(Number(BOUNDS[index + 1]) - 1))
      await node.command('CLUSTER', 'SET-CONFIG-EPOCH', String(index + 1))
    }
    for (const node of nodes.slice(1)) await node.command('CLUSTER', 'MEET', '127.0.0.1', String(nodes[0]?.port))
    await until(async () => {
      const infos = await Promise.all(nodes.map((node) => node.command('CLUSTER', 'INFO')))
      return infos.every(
        (info) => String(info).includes('cluster_state:ok') && String(info).includes('cluster_known_nodes:3'),
      )
    })
    return new RedisCluster(nodes)
  }

  /** The node that a slot was given to at the start. */
  owner(slot: number): RedisServer {
    return this.nodes[BOUNDS.findLastIndex((bound) => bound <= slot)] as RedisServer
  }

  /** Moves a slot and its keys, while everybody goes on. */
  async moveSlot(slot: number, from: RedisServer, to: RedisServer): Promise<void> {
    const [source, target] = [
      String(await from.command('CLUSTER', 'MYID')),
      String(await to.command('CLUSTER', 'MYID')),
    ]
    await to.command('CLUSTER', 'SETSLOT', String(slot), 'IMPORTING', source)
    await from.command('CLUSTER', 'SETSLOT', String(slot), 'MIGRATING', target)
    const keys = (await from.command('CLUSTER', 'GETKEYSINSLOT', String(slot), '1000')) as string[]
    if (keys.length > 0) await from.command('MIGRATE', '127.0.0.1', String(to.port), '', '0', '5000', 'KEYS', ...keys)
    for (const node of [to, from, ...this.nodes.filter((other) => other !== from && other !== to)]) {
      await node.command('CLUSTER', 'SETSLOT', String(slot), 'NODE', target)
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.nodes.map((node) => node[Symbol.asyncDispose]()))
  }
}

/** Asks again until it holds, 15 s at most. */
export async function until(holds: () => boolean | Promise<boolean>, within = 15_000): Promise<void> {
  const end = performance.now() + within
  let last: unknown
  for (;;) {
    try {
      if (await holds()) return
      last = undefined
    } catch (error) {
      last = error
    }
    if (performance.now() > end) throw new Error(`Did not come about within ${within} ms`, { cause: last })
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
}

/** One command on a raw connection, as a program without a library would. */
async function command(port: number, args: readonly string[]): Promise<Reply> {
  const socket = await open(port)
  try {
    let text = ''
    const replied = new Promise<Reply>((resolve, reject) => {
      socket.on('error', reject)
      socket.on('close', () => reject(new Error('The connection was closed')))
      socket.on('data', (chunk) => {
        text += chunk.toString('latin1')
        const parsed = parse(text, 0)
        if (parsed === undefined) return
        if (parsed.reply instanceof Error) reject(parsed.reply)
        else resolve(parsed.reply)
      })
    })
    socket.write(`*${args.length}\r\n${args.map((arg) => `$${Buffer.byteLength(arg)}\r\n${arg}\r\n`).join('')}`)
    return await replied
  } finally {
    socket.destroy()
  }
}

function parse(text: string, from: number): { readonly reply: Reply | Error; readonly end: number } | undefined {
  const eol = text.indexOf('\r\n', from)
  if (eol === -1) return undefined
  const line = text.slice(from + 1, eol)
  const end = eol + 2
  switch (text[from]) {
    case '+':
      return { reply: line, end }
    case '-':
      return { reply: new Error(line), end }
    case ':':
      return { reply: Number(line), end }
    case '$': {
      const length = Number(line)
      if (length === -1) return { reply: null, end }
      if (text.length < end + length + 2) return undefined
      return { reply: Buffer.from(text.slice(end, end + length), 'latin1').toString(), end: end + length + 2 }
    }
    case '*': {
      const replies: Reply[] = []
      let at = end
      for (let left = Number(line); left > 0; left--) {
        const item = parse(text, at)
        if (item === undefined) return undefined
        replies.push(item.reply instanceof Error ? item.reply.message : item.reply)
        at = item.end
      }
      return { reply: replies, end: at }
    }
    default:
      throw new Error(`Not a reply: ${text.slice(from, from + 40)}`)
  }
}

async function open(port: number): Promise<Socket> {
  const socket = connect(port, '127.0.0.1')
  await once(socket, 'connect')
  return socket
}

/** Cluster nodes talk on the port 10 000 above, so that must exist too. */
async function freePort(): Promise<number> {
  for (;;) {
    const server = createServer()
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    const address = server.address()
    server.close()
    await once(server, 'close')
    if (typeof address === 'object' && address !== null && address.port < 55_000) return address.port
  }
}
