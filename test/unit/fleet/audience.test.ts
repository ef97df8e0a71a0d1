import { expect, it } from 'vitest'
import type { Transition } from '../../../src/core/circuit.ts'
import { newStats } from '../../../src/core/stats.ts'
import { Audience, type FleetWatcher } from '../../../src/fleet/audience.ts'

interface Hearer extends FleetWatcher {
  readonly heard: Transition[]
  readonly storage: unknown[]
}

function hearer(): Hearer {
  const heard: Transition[] = []
  const storage: unknown[] = []
  return {
    heard,
    storage,
    stats: newStats(),
    told: (transition) => void heard.push(transition),
    storageDown: (error) => void storage.push(error),
    storageUp: () => void storage.push('up'),
  }
}

function audience(): { audience: Audience; one: Hearer; two: Hearer } {
  const made = new Audience()
  const [one, two] = [hearer(), hearer()]
  made.add(one)
  made.add(two)
  return { audience: made, one, two }
}

const local = (why?: string, by?: string) => ({ origin: 'local' as const, why, by })
const remote = (why?: string, by?: string) => ({ origin: 'remote' as const, why, by })

it('everybody hears a change, with what it was before, and who made it', () => {
  const { audience: some, one, two } = audience()
  some.tell('open', 1_000, remote('3 calls in a row failed', 'Ann'))
  const change = { from: 'closed', to: 'open', at: 1_000, why: '3 calls in a row failed', by: 'Ann', origin: 'remote' }
  expect(one.heard).toEqual([change])
  expect(two.heard).toEqual([change])
  expect(some.told).toBe('open')
})

it('a change is told once, however often it is learnt', () => {
  const { audience: some, one } = audience()
  some.tell('closed', 1_000, local())
  some.tell('open', 1_000, local('first'))
  some.tell('open', 2_000, remote('again'))
  some.tell('closed', 3_000, remote())
  expect(one.heard.map(({ from, to, at }) => [from, to, at])).toEqual([
    ['closed', 'open', 1_000],
    ['open', 'closed', 3_000],
  ])
})

it('a trial that goes out is told as such, since the record keeps the reason it opened for', () => {
  const { audience: some, one } = audience()
  some.tell('open', 1_000, remote('3 calls in a row failed'))
  some.tell('half-open', 2_000, remote('3 calls in a row failed'))
  expect(one.heard.at(-1)?.why).toBe('its time is over, a trial call goes out')
})

it('half-open keeps its reason where a person asked for it, or where it was not open', () => {
  const { audience: some, one } = audience()
  some.tell('half-open', 1_000, local('halfOpen() was called'))
  some.tell('open', 2_000, local())
  some.tell('half-open', 3_000, local('a look at it', 'Ann'))
  some.tell('closed', 4_000, local('it is well'))
  expect(one.heard.map(({ why }) => why)).toEqual(['halfOpen() was called', undefined, 'a look at it', 'it is well'])
})

it('everybody hears that storage went down, and why, and that it is back', () => {
  const { audience: some, one, two } = audience()
  const error = new Error('gone')
  some.storageDown(error)
  some.storageUp()
  expect(one.storage).toEqual([error, 'up'])
  expect(two.storage).toEqual([error, 'up'])
  expect(one.heard).toEqual([])
})
