// The one script, as a server knows it: by its digest, and where it does not know it, by its text.

import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import type { Server } from './server.ts'

const TEXT = readFileSync(new URL('./register.lua', import.meta.url), 'utf8')
const DIGEST = createHash('sha1').update(TEXT).digest('hex')

/** Runs the script; a server that does not have it yet (a new one, after a fail-over) gets it sent along. */
export async function runScript(server: Server, keys: readonly string[], args: readonly string[]): Promise<unknown> {
  try {
    return await server.evalsha(DIGEST, keys, args)
  } catch (error) {
    if (!isUnknownScript(error)) throw error
    return server.eval(TEXT, keys, args)
  }
}

function isUnknownScript(error: unknown): boolean {
  return error instanceof Error && error.message.startsWith('NOSCRIPT')
}
