// Where the socket stands, and whether that place can be trusted: node tells nobody who is at the other end of a
// socket, so the folder has to see to it that no other user can put one there.

import { createHash } from 'node:crypto'
import { type BigIntStats, existsSync, lstatSync, mkdirSync, readdirSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { bad } from '../core/check.ts'
import { groupOf } from '../fleet/namespace.ts'

export interface Place {
  readonly path: string
  readonly folder: string
  /** The folder is this library's: made where it is missing, and nobody else's business. */
  readonly ours: boolean
}

/** Bytes a socket's address may have, without the NUL at its end. */
const LONGEST = process.platform === 'linux' ? 107 : 103
/** What `claim` adds to the folder while it makes a socket: a folder, and in it the new one and the old one. */
export const NEST = '/.'
export const EGG = '/s'
export const SHELL = '/o'
const LONGEST_GROUP = 24
const NESTED = `${NEST}XXXXXX${EGG}`.length

/** @throws TypeError or RangeError for a path that can be no socket's. */
export function placeOf(path: string | undefined, namespace: string = ''): Place {
  if (path === undefined) return defaultPlace(groupOf(namespace))
  if (typeof path !== 'string' || path === '' || path.includes('\0')) throw bad('path', 'a file name', path, 'string')
  const place = { path: resolve(path), folder: dirname(resolve(path)), ours: false }
  if (fits(place)) return place
  const limits = `a path of at most ${LONGEST} bytes whose folder has at most ${LONGEST - NESTED}`
  throw bad('path', limits, path, 'string')
}

function defaultPlace(group: string): Place {
  const folder = defaultFolder()
  return { path: join(folder, group === '' ? 'infuse.sock' : `infuse-${fileName(group)}.sock`), folder, ours: true }
}

/**
 * One per user. Not below XDG_RUNTIME_DIR: a process of a login session has it and a service of the same user does not,
 * and it goes away with the session while the processes stay.
 */
function defaultFolder(): string {
  const folder = join(tmpdir(), `infuse-${me()}`)
  const longest = join(folder, `infuse-${'x'.repeat(LONGEST_GROUP)}.sock`)
  return fits({ path: longest, folder, ours: true }) ? folder : join('/tmp', `infuse-${me()}-${shortHash(tmpdir())}`)
}

/** The groups that have a socket here, whether or not somebody serves there; without those that are a hash. */
export function groupsHere(): readonly string[] {
  const folder = defaultFolder()
  const files = existsSync(folder) ? readdirSync(folder).sort() : []
  return files.flatMap((file) => /^infuse-(?![0-9a-f]{12}\.)(.+)\.sock$/.exec(file)?.[1] ?? [])
}

/** A group as a part of a file's name: one that does not fit is a hash. */
function fileName(group: string): string {
  return group.length <= LONGEST_GROUP && /^[\w.:-]+$/.test(group) ? group : shortHash(group)
}

function shortHash(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 12)
}

function fits({ path, folder }: Place): boolean {
  return Math.max(Buffer.byteLength(path), Buffer.byteLength(folder) + NESTED) <= LONGEST
}

function me(): number | undefined {
  return process.geteuid?.()
}

/** Makes the folder if it is ours to make. @throws Error for one that others can write to. */
export function checkFolder({ folder, ours }: Place): void {
  if (me() === undefined) throw new Error('HostStorage needs Unix sockets, which this system does not have')
  if (!ours) return checkSharedFolder(folder)
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  const found = lstatSync(folder)
  if (!found.isDirectory()) throw new Error(`${folder} is no folder`)
  if (found.uid !== me()) throw new Error(`${folder} belongs to user ${found.uid}, not to this one (${me()})`)
  if ((found.mode & 0o077) !== 0) throw new Error(`${folder} is open to other users; its mode must be 0700`)
}

function checkSharedFolder(folder: string): void {
  const found = statSync(folder, { throwIfNoEntry: false })
  if (found === undefined) throw new Error(`${folder} does not exist`)
  if (!found.isDirectory()) throw new Error(`${folder} is no folder`)
  if (found.uid !== me() && found.uid !== 0)
    throw new Error(`${folder} belongs to user ${found.uid}, not to this one (${me()})`)
  const sticky = (found.mode & 0o1000) !== 0
  if ((found.mode & 0o002) !== 0 && !sticky) throw new Error(`Every user can replace files in ${folder}`)
}

/** Which socket stands at the path, if any. @throws Error for what is no socket of this user. */
export function socketAt(path: string): string | undefined {
  const found = lstatSync(path, { bigint: true, throwIfNoEntry: false })
  if (found === undefined) return undefined
  if (!found.isSocket()) throw new Error(`${path} is no socket`)
  if (found.uid !== BigInt(me() ?? -1))
    throw new Error(`${path} belongs to user ${found.uid}, not to this one (${me()})`)
  return identityOf(found)
}

/** Tells one file from another that stood at the same path. */
function identityOf({ dev, ino }: BigIntStats): string {
  return `${dev}:${ino}`
}
