/**
 * The service's end of the channel to the terminal: says on which port it listens, answers questions, brings news.
 * Whatever ends the terminal closes the channel, and then the service ends too.
 */
import type { FastifyInstance } from 'fastify'
import type { AddressInfo } from 'node:net'
import type { FromService, ToService } from './messages.ts'

/** Listens on a free port of loopback and answers what the terminal asks. */
export async function serve<Question>(app: FastifyInstance, answer: (question: Question) => unknown): Promise<void> {
  process.on('disconnect', () => process.exit())
  if (!process.connected) process.exit()
  // Ctrl-C reaches every process of the terminal's group; the terminal alone decides when the play is over.
  process.on('SIGINT', () => {})
  process.on('message', ({ id, question }: ToService) => {
    say({ kind: 'answer', id, answer: answer(question as Question) })
  })
  await app.listen({ port: 0, host: '127.0.0.1' })
  say({ kind: 'ready', port: (app.server.address() as AddressInfo).port })
}

export function tell(news: unknown): void {
  say({ kind: 'news', news })
}

function say(message: FromService): void {
  // The callback takes the error of a channel that has just closed; 'disconnect' follows.
  if (process.connected) process.send?.(message, () => {})
}
