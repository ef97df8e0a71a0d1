// The question why, to a person at a terminal. A script is not asked: it has to say it.

import { createInterface } from 'node:readline/promises'
import { failed } from './fault.ts'

export function canAsk(): boolean {
  return process.stdin.isTTY && process.stderr.isTTY
}

/** What was answered. @throws Fault where nothing was: an empty line, Ctrl-C, Ctrl-D. */
export async function askWhy(what: string, end: AbortSignal): Promise<string> {
  const asking = createInterface({ input: process.stdin, output: process.stderr })
  const given = new AbortController()
  const stop = (): void => given.abort()
  asking.once('SIGINT', stop).once('close', stop)
  end.addEventListener('abort', stop, { once: true })
  try {
    const reason = await asking.question(`${what}: why? `, { signal: given.signal })
    if (reason.trim() !== '') return reason
  } catch (error) {
    if ((error as Error).name !== 'AbortError') throw error
    process.stderr.write('\n')
  } finally {
    end.removeEventListener('abort', stop)
    asking.close()
  }
  throw failed('Nothing was done: it needs a reason.')
}
