// One run of the command line: understood, carried out, and its exit status.

import { readFileSync } from 'node:fs'
import { Refusal } from '../admin/refusal.ts'
import { act } from './act.ts'
import { connect } from './connection.ts'
import { showDashboard } from './dashboard.ts'
import { playDemo } from './demo.ts'
import { Fault } from './fault.ts'
import { look } from './look.ts'
import { parseRequest, type Request } from './request.ts'
import type { Terminal } from './terminal.ts'
import { helpOf } from './usage.ts'
import { watch } from './watch.ts'

/** What a run has of the world. */
export interface World {
  readonly out: Terminal
  readonly err: Terminal
  readonly env: NodeJS.ProcessEnv
  /** Ctrl-C, a polite kill, a closed pipe. */
  readonly end: AbortSignal
}

/** Exit status: 0 done, 1 failed, 2 not understood. */
export async function run(args: readonly string[], world: World): Promise<0 | 1 | 2> {
  try {
    await carryOut(parseRequest(args), world)
    return 0
  } catch (error) {
    if (error instanceof Refusal) return complain(world, error.message, 1)
    if (!(error instanceof Fault)) throw error
    return complain(world, error.status === 2 ? `${error.message} Try infuse --help.` : error.message, error.status)
  }
}

async function carryOut(request: Request, world: World): Promise<void> {
  const { command, flags } = request
  if (flags.has('version')) return world.out.write(`${version()}\n`)
  if (command === undefined || flags.has('help')) return world.out.write(helpOf(command))
  if (command.name === 'demo') return playDemo(request, world)
  // Awaited below, each: the connection ends with this block.
  await using connection = await connect(request, world.env)
  switch (command.name) {
    case 'watch':
      return await watch(request, connection, world.out, world.end)
    case 'dashboard':
      return await showDashboard(request, connection, world)
    case 'list':
    case 'show':
    case 'explain':
    case 'history':
      return await look(request, connection, world.out)
    default:
      return await act(request, connection, world.out)
  }
}

function complain({ err }: World, message: string, status: 1 | 2): 1 | 2 {
  err.write(`${err.paint('red', 'infuse:')} ${message}\n`)
  return status
}

function version(): string {
  const manifest = readFileSync(new URL('../../package.json', import.meta.url), 'utf8')
  return (JSON.parse(manifest) as { version: string }).version
}
