// What changes, as it changes: on a terminal the list stands in place, in a pipe every change is a line. It ends with
// Ctrl-C, or with whoever reads it.

import type { WireTransition } from '../admin/wire.ts'
import type { Connection } from './connection.ts'
import type { Deed } from './deed.ts'
import { listOf } from './list.ts'
import type { Request } from './request.ts'
import type { World } from './world.ts'
import { Screen } from './screen.ts'
import { json } from './terminal.ts'
import { entryOf } from './words.ts'

/** ms between looks where nothing hints at a change. */
const EVERY = 1_000
/** Changes that are read at a time. */
const READ = 100

export function watch({ flags }: Request): Deed {
  return async (connection, world) => {
    if (flags.has('json')) return follow(connection, world, (entry) => world.out.write(`${json(entry)}\n`))
    if (world.out.isTerminal) return live(connection, world)
    world.out.write(listOf(await connection.source.survey(false), world.out))
    await follow(connection, world, (entry) => world.out.write(`${entryOf(entry, world.out)}\n`))
  }
}

/** Tells of every change from now on. That the storage does not answer, and does again, is said beside it. */
export async function follow(
  { source, text }: Pick<Connection, 'source' | 'text'>,
  { end, err }: World,
  tell: (entry: WireTransition) => void,
): Promise<void> {
  let seen = new Set((await source.transitions(undefined, READ)).map(({ id }) => id))
  let up = true
  while (!end.aborted) {
    const latest = await source.transitions(undefined, READ).catch(() => undefined)
    if (up !== (latest !== undefined)) err.write(`infuse: ${text} ${up ? 'does not answer' : 'answers again'}.\n`)
    up = latest !== undefined
    for (const entry of latest?.filter(({ id }) => !seen.has(id)).toReversed() ?? []) tell(entry)
    if (latest !== undefined && latest.length > 0) seen = new Set(latest.map(({ id }) => id))
    await nextLook(source, end)
  }
}

async function live({ source, text }: Connection, { out, end }: World): Promise<void> {
  using screen = new Screen(out, text)
  let latest: readonly WireTransition[] = []
  while (!end.aborted) {
    latest = await source.transitions(undefined, READ).catch(() => latest)
    const survey = await source.survey(false)
    if (!end.aborted) screen.show(survey, latest)
    await nextLook(source, end)
  }
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
    if (end.aborted) done()
  })
}
