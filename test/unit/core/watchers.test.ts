// Who is held, who is told, and when those that are gone are cleared out. The collector is played: a reference that was
// let go of answers undefined.
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { Watchers } from '../../../src/core/watchers.ts'

interface Named {
  readonly name: string
}

const gone = new Set<object>()
let looks = 0

class Reference<T extends object> {
  readonly #target: T
  constructor(target: T) {
    this.#target = target
  }
  deref(): T | undefined {
    looks++
    return gone.has(this.#target) ? undefined : this.#target
  }
}

beforeEach(() => {
  gone.clear()
  looks = 0
  vi.stubGlobal('WeakRef', Reference)
})
afterEach(() => void vi.unstubAllGlobals())

function told(watchers: Watchers<Named>): string {
  const names: string[] = []
  watchers.tell(({ name }) => void names.push(name))
  return names.join(' ')
}

const named = (count: number): Named[] => Array.from({ length: count }, (_, index) => ({ name: String(index) }))

describe('watchers', () => {
  it('are none at first', () => {
    expect(told(new Watchers())).toBe('')
  })

  it('are told in order, the owner first', () => {
    const watchers = new Watchers<Named>()
    watchers.add({ name: 'one' })
    watchers.add({ name: 'two' })
    watchers.own({ name: 'owner' })
    expect(told(watchers)).toBe('owner one two')
  })

  it('are not told once they are gone, but for the owner', () => {
    const watchers = new Watchers<Named>()
    const [owner, one, two] = named(3) as [Named, Named, Named]
    watchers.own(owner)
    watchers.add(one)
    watchers.add(two)
    gone.add(one).add(owner)
    expect(told(watchers)).toBe('0 2')
  })

  it('that are gone are cleared out when the ninth comes, and not before', () => {
    const watchers = new Watchers<Named>()
    const eight = named(8)
    for (const one of eight) watchers.add(one)
    expect(looks).toBe(0)
    for (const one of eight.slice(0, 5)) gone.add(one)
    watchers.add({ name: 'ninth' })
    expect(looks).toBe(8)
    looks = 0
    expect(told(watchers)).toBe('5 6 7 ninth')
    expect(looks).toBe(4)
  })

  it('are looked through again only when they have doubled', () => {
    const watchers = new Watchers<Named>()
    for (const one of named(9)) watchers.add(one)
    expect(looks).toBe(8)
    for (const one of named(7)) watchers.add(one)
    expect(looks).toBe(8)
    watchers.add({ name: 'seventeenth' })
    expect(looks).toBe(24)
  })

  it('of a small crowd are looked through at eight again, however few were left', () => {
    const watchers = new Watchers<Named>()
    const eight = named(8)
    for (const one of eight) {
      watchers.add(one)
      gone.add(one)
    }
    for (const one of named(8)) watchers.add(one)
    expect(looks).toBe(8)
    watchers.add({ name: 'last' })
    expect(looks).toBe(16)
  })
})
