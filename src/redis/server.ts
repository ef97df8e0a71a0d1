// What circuits in Redis need of a server, whatever client speaks to it: to run a script, and to subscribe on a connection
// of its own.

/** A Redis server, sentinel group or cluster, behind whichever client. */
export interface Server {
  /** Keys of one command must share a slot. */
  readonly cluster: boolean
  /** What the client puts before every key. */
  readonly prefix: string
  /** The number of the database: keys are told apart by it, channels are not. */
  readonly database: number
  evalsha(sha: string, keys: readonly string[], args: readonly string[]): PromiseLike<unknown>
  eval(script: string, keys: readonly string[], args: readonly string[]): PromiseLike<unknown>
  /** A connection for subscribing, connected. */
  listen(ear: Ear): Promise<Line>
}

/** Who hears what comes over a {@link Line}. */
export interface Ear {
  message(channel: string, text: string): void
  /** The client subscribed anew by itself; what was said meanwhile is lost. */
  again(): void
  /** The line is gone for good. */
  lost(): void
}

/** A connection for subscribing. */
export interface Line {
  subscribe(channel: string): PromiseLike<unknown>
  unsubscribe(channel: string): PromiseLike<unknown>
  /** Whether it listens in the wrong place by now (a cluster's slots move). */
  stale?(): boolean
  close(): void
}

/** Events of a client, which all of them emit as Node does. */
export interface Emitter {
  on(event: string, heard: (...args: unknown[]) => void): unknown
  off(event: string, heard: (...args: unknown[]) => void): unknown
}
