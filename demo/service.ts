/**
 * A service of the demo, run as a child process: a port to call, questions to ask, news to hear.
 * It must not outlive the terminal: the child ends when the channel between them closes.
 */
import { type ChildProcess, fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import type { FromService, ToService } from './messages.ts'

export interface ServiceOptions {
  readonly args?: readonly string[]
  readonly onNews?: (news: never) => void
  /** It ended although nobody stopped it. */
  readonly onDeath: (why: string) => void
}

export class Service<Question, Answer> {
  readonly name: string
  url = ''
  /** What it wrote to stderr, at most some thousand characters of it. */
  complaints = ''
  readonly #child: ChildProcess
  #stopping = false
  #asked = 0
  readonly #waiting = new Map<number, (answer: Answer) => void>()

  /** Resolves when the service listens; rejects when it ends before. */
  static start<Question, Answer>(
    name: string,
    file: string,
    options: ServiceOptions,
  ): Promise<Service<Question, Answer>> {
    return new Promise((resolve, reject) => {
      const service = new Service<Question, Answer>(name, file, options, () => resolve(service), reject)
    })
  }

  private constructor(
    name: string,
    file: string,
    options: ServiceOptions,
    onReady: () => void,
    onFailure: (error: Error) => void,
  ) {
    this.name = name
    this.#child = fork(fileURLToPath(new URL(file, import.meta.url)), options.args ?? [], {
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
      execArgv: [],
    })
    this.#child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.complaints = (this.complaints + text).slice(0, 4_000)
    })
    this.#child.on('error', onFailure)
    this.#child.on('exit', (code, signal) => {
      if (this.#stopping) return
      const why = `${name} ended by itself (${signal ?? `status ${code}`})`
      onFailure(new Error(`${why}\n${this.complaints}`))
      options.onDeath(why)
    })
    this.#child.on('message', (message: FromService) => {
      if (message.kind === 'news') options.onNews?.(message.news as never)
      if (message.kind === 'answer') this.#settle(message.id, message.answer as Answer)
      if (message.kind === 'ready') {
        this.url = `http://127.0.0.1:${message.port}`
        onReady()
      }
    })
  }

  /** Never settles when the service has ended: `onDeath` tells of that. */
  ask(question: Question): Promise<Answer> {
    this.#asked += 1
    const asked: ToService = { id: this.#asked, question }
    return new Promise((resolve) => {
      this.#waiting.set(asked.id, resolve)
      if (this.#child.connected) this.#child.send(asked, () => {})
    })
  }

  stop(): Promise<void> {
    this.#stopping = true
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return Promise.resolve()
    return new Promise((resolve) => {
      this.#child.once('exit', () => resolve())
      this.#child.kill('SIGKILL')
    })
  }

  #settle(id: number, answer: Answer): void {
    this.#waiting.get(id)?.(answer)
    this.#waiting.delete(id)
  }
}
