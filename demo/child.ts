/**
 * The service's end of the channel to the terminal: says on which port it listens, answers questions, brings news.
 * Whatever ends the terminal closes the channel, and then the service ends too.
 */
import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { FromService, ToService } from './messages.ts'

/** Listens on a free port of loopback and answers what the terminal asks. */
export function serve<Question>(server: Server, answer: (question: Question) => unknown): void {
  process.on('disconnect', () => process.exit())
  if (!process.connected) process.exit()
  // Ctrl-C reaches every process of the terminal's group; the terminal alone decides when the play is over.
  process.on('SIGINT', () => {})
  process.on('message', ({ id, question }: ToService) => {
    say({ kind: 'answer', id, answer: answer(question as Question) })
  })
  // Callers here come in bursts with long pauses: an idle connection that closes under a new request is nobody's failure.
  server.keepAliveTimeout = 60_000
  server.listen(0, '127.0.0.1', () => say({ kind: 'ready', port: (server.address() as AddressInfo).port }))
}

export function tell(news: unknown): void {
  say({ kind: 'news', news })
}

function say(message: FromService): void {
  // The callback takes the error of a channel that has just closed; 'disconnect' follows.
  if (process.connected) process.send?.(message, () => {})
}
