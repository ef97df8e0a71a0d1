// What servers push: one subscribing connection for all circuits of a storage, opened with the first. Pushes are a
// convenience; when the connection fails it is opened again, later and later, and nobody hears more of it than
// `reconnected()`. It neither throws nor keeps a process alive.

import { warn } from '../core/warning.ts'
import type { Watcher } from '../fleet/storage.ts'
import type { Line, Server } from './server.ts'
import { decode } from './wire.ts'

interface Channel {
  readonly name: string
  readonly watchers: Set<Watcher>
}

const FIRST_RETRY = 50
const LAST_RETRY = 2_000

export class Pushes {
  readonly #server: Server
  /** By channel. */
  readonly #channels = new Map<string, Channel>()
  /** By channel, what is being said to the line about it. */
  readonly #turns = new Map<string, Promise<void>>()
  #line: Promise<Line | undefined> | undefined
  /** The line that is open now: what an earlier one still says of its end is old news. */
  #current: Line | undefined
  #retry: ReturnType<typeof setTimeout> | undefined
  #failures = 0
  #warned = false
  #disposed = false

  constructor(server: Server) {
    this.#server = server
  }

  watch(channel: string, name: string, watcher: Watcher): () => void {
    const known = this.#channels.get(channel)
    if (known === undefined) {
      this.#channels.set(channel, { name, watchers: new Set([watcher]) })
      void this.#subscribe(channel)
    } else known.watchers.add(watcher)
    return () => this.#unwatch(channel, watcher)
  }

  /** Called now and then: a line that listens in the wrong place is given up for another. */
  async check(): Promise<void> {
    const line = await this.#line
    if (line?.stale?.()) this.#failed(new Error('A slot of the cluster has moved'), line)
  }

  async dispose(): Promise<void> {
    this.#disposed = true
    clearTimeout(this.#retry)
    this.#channels.clear()
    const line = await this.#line
    this.#line = undefined
    line?.close()
  }

  #unwatch(channel: string, watcher: Watcher): void {
    const known = this.#channels.get(channel)
    if (!known?.watchers.delete(watcher) || known.watchers.size > 0) return
    this.#channels.delete(channel)
    void this.#unsubscribe(channel)
  }

  #subscribe(channel: string): Promise<void> {
    return this.#inTurn(channel, () => this.#begin(channel))
  }

  #unsubscribe(channel: string): Promise<void> {
    return this.#inTurn(channel, () => this.#end(channel))
  }

  /** One after the other: clients take a channel that is about to be left for one that they have. */
  #inTurn(channel: string, step: () => Promise<void>): Promise<void> {
    const turn = (this.#turns.get(channel) ?? Promise.resolve()).then(step).finally(() => {
      if (this.#turns.get(channel) === turn) this.#turns.delete(channel)
    })
    this.#turns.set(channel, turn)
    return turn
  }

  async #begin(channel: string): Promise<void> {
    if (this.#disposed) return
    this.#line ??= this.#open()
    const line = await this.#line
    // Without a line there will be another, which begins with all channels.
    if (line === undefined || !this.#channels.has(channel)) return
    try {
      await line.subscribe(channel)
      this.#failures = 0
      this.#reconnected(channel)
    } catch (error) {
      this.#failed(error, line)
    }
  }

  async #end(channel: string): Promise<void> {
    const line = await this.#line
    if (line === undefined || this.#channels.has(channel)) return
    try {
      await line.unsubscribe(channel)
    } catch (error) {
      this.#failed(error, line)
    }
  }

  async #open(): Promise<Line | undefined> {
    let line: Line | undefined
    try {
      line = await this.#server.listen({
        message: (channel, text) => this.#heard(channel, text),
        again: () => this.#reconnected(),
        lost: () => this.#failed(new Error('The connection for pushes was lost'), line),
      })
      if (this.#retry !== undefined) {
        line.close()
        return undefined
      }
      this.#current = line
      return line
    } catch (error) {
      this.#failed(error, line)
      return undefined
    }
  }

  /** Opens a new line after a while; the more often it failed, the later. */
  #failed(error: unknown, line: Line | undefined): void {
    if (this.#disposed || this.#retry !== undefined || line !== this.#current) return
    this.#line = undefined
    this.#current = undefined
    // What waits for an answer of the lost line waits for nothing.
    this.#turns.clear()
    line?.close()
    if (!this.#warned && isLasting(error)) {
      this.#warned = true
      warn('Redis gives no connection for pushes', error)
    }
    const most = Math.min(LAST_RETRY, FIRST_RETRY * 2 ** this.#failures++)
    this.#retry = setTimeout(
      () => {
        this.#retry = undefined
        for (const channel of [...this.#channels.keys()]) void this.#subscribe(channel)
      },
      most * (0.5 + 0.5 * Math.random()),
    )
    this.#retry.unref()
  }

  #reconnected(channel?: string): void {
    const channels = channel === undefined ? [...this.#channels.values()] : [this.#channels.get(channel)]
    for (const watcher of new Set(channels.flatMap((one) => [...(one?.watchers ?? [])])))
      told(() => watcher.reconnected())
  }

  #heard(channel: string, text: string): void {
    const known = this.#channels.get(channel)
    if (known === undefined) return
    const said = decode(text)
    for (const watcher of [...known.watchers]) {
      if (said.kind === 'record') told(() => watcher.changed(known.name, said.circuit))
      if (said.kind === 'note') told(() => watcher.noted(known.name, said.note))
    }
  }
}

/** A watcher's fault is not the connection's. */
function told(tell: () => void): void {
  try {
    tell()
  } catch (error) {
    warn('A watcher of a circuit threw', error)
  }
}

/** Not a matter of time: somebody must change rights, or bring another kind of client. */
function isLasting(error: unknown): boolean {
  return error instanceof TypeError || (error instanceof Error && /^(NOPERM|NOAUTH|WRONGPASS)/.test(error.message))
}
