// Reads values that came over a socket: whoever wrote them may be of another version, or something else altogether.
// What does not fit throws; what is merely too long for what it says to people is cut.

import type { StorageTime } from '../fleet/storage.ts'
import { ENDLESS } from './line.ts'

export type Fields = Readonly<Record<string, unknown>>
type Read<T> = (value: unknown) => T

/** Names in one read: their answers fit into one message. */
export const MOST_NAMES = 20
const LONGEST_NAME = 1_000
/** Epochs only grow, by one at least: the newest must leave room. */
const HIGHEST_EPOCH = 2 ** 52

export function fields(value: unknown): Fields {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Fields
  throw unreadable('an object')
}

/** A name, or an identifier. */
export function text(value: unknown): string {
  if (typeof value === 'string' && value.length <= LONGEST_NAME) return value
  throw unreadable('a text')
}

/** Something that people wrote for people. */
export function words(value: unknown): string {
  if (typeof value === 'string') return value.slice(0, LONGEST_NAME)
  throw unreadable('a text')
}

export function number(value: unknown): number {
  if (typeof value === 'number' && Number.isFinite(value)) return value
  throw unreadable('a number')
}

/** ms, or for ever. */
export function time(value: unknown): number {
  return value === ENDLESS ? Number.POSITIVE_INFINITY : number(value)
}

/** Of the storage's clock, or so many ms from when it writes. */
export function storageTime(value: unknown): StorageTime {
  return typeof value === 'object' ? { in: time(fields(value)['in']) } : time(value)
}

export function count(value: unknown): number {
  if (Number.isSafeInteger(value) && (value as number) >= 0) return value as number
  throw unreadable('an integer from 0')
}

export function epoch(value: unknown): number {
  return Math.min(count(value), HIGHEST_EPOCH)
}

export function listOf<T>(value: unknown, most: number, read: Read<T>): readonly T[] {
  if (!Array.isArray(value) || value.length > most) throw unreadable(`a list of at most ${most}`)
  return value.map((one) => read(one))
}

/** An answer about so many. What cannot be read is as good as absent. */
export function readEach<T>(answer: unknown, length: number, read: (one: unknown) => T): readonly (T | undefined)[] {
  const all = listOf(answer, length, (one) => {
    try {
      return one === null ? undefined : read(one)
    } catch (error) {
      if (error instanceof TypeError) return undefined
      throw error
    }
  })
  if (all.length === length) return all
  throw new TypeError(`Expected ${length} answers, got ${all.length}`)
}

export function oneOf<T extends string>(...known: readonly T[]): Read<T> {
  return (value) => {
    if (known.includes(value as T)) return value as T
    throw unreadable(`one of ${known.join(', ')}`)
  }
}

/** The field under its name where it is given, nothing where it is not. */
export function maybe<K extends string, T>(from: Fields, key: K, read: Read<T>): { readonly [P in K]?: T } {
  const value = from[key]
  return value === undefined || value === null ? {} : ({ [key]: read(value) } as { [P in K]?: T })
}

function unreadable(expected: string): TypeError {
  return new TypeError(`Expected ${expected}`)
}
