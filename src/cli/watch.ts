// The list, live: on a terminal it stands in place, in a pipe every change is a line. It ends with Ctrl-C, or with
// whoever reads it.

import type { WireTransition } from '../admin/wire.ts'
import type { Connection } from './connection.ts'
import { listOf } from './list.ts'
import type { Request } from './request.ts'
import type { Terminal } from './terminal.ts'
import { entryOf } from './words.ts'

/** ms between looks where nothing hints at a change. */
const EVERY = 1_000
const SHOWN = 8
const READ = 100

const CLEAR = '\u001B[H\u001B[J'
const ENTER = '\u001B[?1049h\u001B[?25l'
const LEAVE = '\u001B[?25h\u001B[?1049l'

export async function watch(
  request: Request,
  { source, text }: Connection,
  terminal: Terminal,
  end: AbortSignal,
): Promise<void> {
  const json = request.flags.has('json')
  const isLive = terminal.isTerminal && !json
  let seen = new Set((await source.transitions(undefined, READ)).map(({ id }) => id))
  if (isLive) terminal.write(ENTER)
  else if (!json) terminal.write(listOf(await source.survey(false), terminal))
  try {
    while (!end.aborted) {
      const latest = await source.transitions(undefined, READ).catch(() => [] as readonly WireTransition[])
      if (isLive) terminal.write(await screen(source, text, latest, terminal))
      for (const entry of latest.filter(({ id }) => !isLive && !seen.has(id)).toReversed())
        terminal.write(json ? `${JSON.stringify(entry)}\n` : `${entryOf(entry, terminal)}\n`)
      if (latest.length > 0) seen = new Set(latest.map(({ id }) => id))
      await nextLook(source, end)
    }
  } finally {
    if (isLive) terminal.write(LEAVE)
  }
}

async function screen(
  source: Connection['source'],
  text: string,
  latest: readonly WireTransition[],
  terminal: Terminal,
): Promise<string> {
  const survey = await source.survey(false)
  const state = survey.storage.up ? text : terminal.paint(['red', 'bold'], `${text} does not answer`)
  const history = latest.slice(0, SHOWN).map((entry) => entryOf(entry, terminal))
  return `${CLEAR}${terminal.paint('bold', 'infuse')}  ${state}\n\n${listOf(survey, terminal)}\n${history.join('\n')}\n`
}

/** After a while, or sooner where something may have changed. */
function nextLook(source: Connection['source'], end: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      clearTimeout(timer)
      forget()
      end.removeEventListener('abort', done)
      resolve()
    }
    const timer = setTimeout(done, EVERY)
    const forget = source.onHint(done)
    end.addEventListener('abort', done)
  })
}
