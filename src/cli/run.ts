// One run of the command line: understood as far as that goes without a storage, carried out, and its exit status.

import { readFileSync } from 'node:fs'
import { Refusal } from '../admin/refusal.ts'
import { act } from './act.ts'
import { connect } from './connection.ts'
import { showDashboard } from './dashboard.ts'
import type { Deed } from './deed.ts'
import { playDemo } from './demo.ts'
import { unlessEnded } from './ending.ts'
import { Fault } from './fault.ts'
import { look } from './look.ts'
import { parseRequest, type Request } from './request.ts'
import { helpOf } from './usage.ts'
import { watch } from './watch.ts'
import type { World } from './world.ts'

/** Exit status: 0 done, 1 failed, 2 not understood. */
export async function run(args: readonly string[], world: World): Promise<0 | 1 | 2> {
  try {
    await carryOut(parseRequest(args), world)
    return 0
  } catch (error) {
    if (error instanceof Fault) return complain(world, error.message, error.status)
    if (!(error instanceof Refusal)) throw error
    return complain(world, error.message, error.statusCode === 422 ? 2 : 1)
  }
}

async function carryOut(request: Request, world: World): Promise<void> {
  const { command, flags } = request
  if (flags.has('version')) return world.out.write(`${version()}\n`)
  if (command === undefined || flags.has('help')) return world.out.write(helpOf(command))
  if (command.name === 'demo') return playDemo(request, world)
  const deed = deedOf(command.name, request)
  // Awaited below: the connection ends with this block.
  await using connection = await connect(request, world)
  await deed(connection, world)
}

function deedOf(name: string, request: Request): Deed {
  switch (name) {
    case 'watch':
      return watch(request)
    case 'dashboard':
      return showDashboard(request)
    case 'list':
    case 'show':
    case 'explain':
    case 'history':
      return brief(look(request))
    default:
      return brief(act(request))
  }
}

/** One that is over by itself: Ctrl-C breaks it off. */
function brief(deed: Deed): Deed {
  return (connection, world) => unlessEnded(world.end, deed(connection, world))
}

function complain({ err }: World, message: string, status: 1 | 2): 1 | 2 {
  err.write(`${err.paint('red', 'infuse:')} ${message}${status === 2 ? ' Try infuse --help.' : ''}\n`)
  return status
}

function version(): string {
  const manifest = readFileSync(new URL('../../package.json', import.meta.url), 'utf8')
  return (JSON.parse(manifest) as { version: string }).version
}
