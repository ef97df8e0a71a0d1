// The end of a run that somebody asks for: Ctrl-C, a polite kill, a reader that has gone.

import { failed } from './fault.ts'

/** Resolves with the signal. */
export function ended(end: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (end.aborted) resolve()
    else end.addEventListener('abort', () => resolve(), { once: true })
  })
}

/** What the work comes to, unless the end comes first. @throws Fault then; the work goes on unheard. */
export function unlessEnded<T>(end: AbortSignal, work: Promise<T>): Promise<T> {
  const cut = ended(end).then((): never => {
    throw failed('Interrupted.')
  })
  cut.catch(() => undefined)
  return Promise.race([work, cut])
}
