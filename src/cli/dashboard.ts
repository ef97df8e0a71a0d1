// The page of a shared storage, served to this machine for as long as the command runs. What it prints on standard output
// is the address alone, so that a script can open it.

import { type Dashboard, serveDashboard } from '../admin/standalone.ts'
import type { CircuitStorage } from '../fleet/storage.ts'
import { authorOf } from './author.ts'
import type { Deed } from './deed.ts'
import { ended } from './ending.ts'
import { failed } from './fault.ts'
import { numberOf, type Request } from './request.ts'
import { json } from './terminal.ts'

const HIGHEST_PORT = 65_535

/** @throws Fault for flags that are no good; so does the deed, where the port is taken. */
export function showDashboard(request: Request): Deed {
  const actor = authorOf(request)
  const port = portOf(request)
  return async ({ storage, text }, { out, err, end, warnings }) => {
    const dashboard = await serve(storage, port, actor)
    const forget = warnings.relayTo(err)
    try {
      out.write(request.flags.has('json') ? `${json({ url: dashboard.url })}\n` : `${dashboard.url}\n`)
      err.write(`${text}. The address is good once, on this machine alone. Ctrl-C ends.\n`)
      await ended(end)
    } finally {
      forget()
      await dashboard.close()
    }
  }
}

/** 0: any that is free. @throws Fault */
export function portOf(request: Request): number {
  return numberOf(request, 'port', 0, HIGHEST_PORT) ?? 0
}

/** @throws Fault where the port cannot be had. */
export async function serve(storage: CircuitStorage, port: number, actor: string): Promise<Dashboard> {
  try {
    return await serveDashboard(storage, { port, actor })
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'EADDRINUSE') throw failed(`Port ${port} is taken; without --port a free one is.`)
    if (code === 'EACCES') throw failed(`Port ${port} is not for this user; without --port a free one is taken.`)
    throw error
  }
}
