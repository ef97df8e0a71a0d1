// Where a circuit lives: its keys, all in one cluster slot, and the keys that a Python library uses for the same one.

import { createHash } from 'node:crypto'
import { groupOf } from '../fleet/namespace.ts'

/** Whose keys are kept beside ours. */
export type Mirror = 'pybreaker' | 'infuse'

/** The keys of one circuit. */
export interface CircuitKeys {
  readonly record: string
  readonly transitions: string
  /** What processes told of it, which they are, and what they decided alone. */
  readonly steps: string
  readonly processes: string
  readonly alone: string
  /** Python's state, fail_counter, opened_at and, for PyBreaker, success_counter. */
  readonly mirrored: readonly string[]
}

const NAME = /^[\w.:\-/[\]]{1,128}$/
const KEPT_OF_A_LONG_NAME = 100

/** A name as it is kept: those that do not fit are shortened, with a hash to tell them apart. */
export function storedName(name: string): string {
  if (NAME.test(name)) return name
  const hash = createHash('sha256').update(name).digest('hex').slice(0, 20)
  return `${name.replace(/[^\w.:\-/[\]]/g, '_').slice(0, KEPT_OF_A_LONG_NAME)}-${hash}`
}

/** `name` as {@link storedName} gave it. */
export function keysOf(namespace: string, name: string, mirror: Mirror | undefined): CircuitKeys {
  const place = placeOf(namespace, name)
  const tagged = tag(place)
  return {
    record: `infuse:${tagged}`,
    transitions: `infuse:transitions:${tagged}`,
    steps: `infuse:steps:${tagged}`,
    processes: `infuse:processes:${tagged}`,
    alone: `infuse:alone:${tagged}`,
    mirrored: mirroredKeys(namespace, place, mirror),
  }
}

/** The sorted set of names in use. */
export function namesKey(namespace: string): string {
  const group = groupOf(namespace)
  return group === '' ? 'infuse:names' : `infuse:names:${tag(group)}`
}

/** The cluster slot of a key: CRC16 of what its first pair of braces holds, or of all of it. */
export function slotOf(key: string): number {
  const open = key.indexOf('{')
  const close = open === -1 ? -1 : key.indexOf('}', open + 1)
  const hashed = close > open + 1 ? key.slice(open + 1, close) : key
  let crc = 0
  for (const byte of Buffer.from(hashed)) {
    crc ^= byte << 8
    for (let bit = 0; bit < 8; bit++) crc = (crc & 0x8000 ? (crc << 1) ^ 0x1021 : crc << 1) & 0xffff
  }
  return crc % 16_384
}

function placeOf(namespace: string, name: string): string {
  if (namespace.includes('{name}')) return namespace.replaceAll('{name}', name)
  return namespace === '' ? name : `${namespace}:${name}`
}

/** Braces round it, so that its keys share a slot; a namespace that has braces of its own has chosen the slot. */
function tag(place: string): string {
  return place.includes('{') ? place : `{${place}}`
}

function mirroredKeys(namespace: string, place: string, mirror: Mirror | undefined): readonly string[] {
  if (mirror === undefined) return []
  // Without a namespace Python's keys have no prefix either, and there is one circuit.
  const [before, after] = mirror === 'pybreaker' ? ['', 'pybreaker:'] : ['infuse:', '']
  const prefix = namespace === '' ? `${before}${after}` : `${before}${place}:${after}`
  const fields = ['state', 'fail_counter', 'opened_at', ...(mirror === 'pybreaker' ? ['success_counter'] : [])]
  return fields.map((field) => `${prefix}${field}`)
}
