// Who is at the shell, as the history will name them.

import { userInfo } from 'node:os'
import { misused } from './fault.ts'
import type { Request } from './request.ts'
import { plain } from './terminal.ts'

const LONGEST = 100

/** @throws Fault for a name that is none. */
export function authorOf({ flags }: Request): string {
  const given = flags.get('by')
  const name = (typeof given === 'string' ? given : loggedIn()).trim()
  if (name !== '' && name.length <= LONGEST && plain(name) === name) return name
  throw misused(`--by is a name of at most ${LONGEST} characters.`)
}

function loggedIn(): string {
  try {
    return userInfo().username
  } catch {
    // A container's user need have no name.
    return `user ${process.getuid?.() ?? 'unknown'}`
  }
}
