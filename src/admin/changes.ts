// What has changed between two looks at a source, as events. Times that merely pass are no change; nor is what two
// readings of one moment differ by, since each is a difference of clocks.

import type { AdminSource, Survey } from './source.ts'
import type { WireCircuit, WireEvents, WireTransition } from './wire.ts'

/** One event of a stream. */
export type AdminEvent = {
  readonly [K in keyof WireEvents]: { readonly kind: K; readonly data: WireEvents[K] }
}[keyof WireEvents]

interface Told {
  readonly print: string
  readonly moments: readonly (number | null)[]
}

/** ms that two readings of one moment may differ by. */
const SAME = 500
/** Transitions that are read of a circuit that has changed. */
const MOST_NEW = 20
const MOST_REMEMBERED = 2_000

export class Changes {
  readonly #source: AdminSource
  #told: ReadonlyMap<string, Told> | undefined
  /** Transitions before this are no news; epoch ms. */
  #since = 0
  readonly #seen = new Set<string>()

  constructor(source: AdminSource) {
    this.#source = source
  }

  /** Looks, and answers what is new. The first look has no news. */
  async look(): Promise<{ readonly survey: Survey; readonly news: readonly AdminEvent[] }> {
    const survey = await this.#source.survey(false)
    const at = Date.now()
    const before = this.#told
    const now = new Map(survey.circuits.map((circuit) => [circuit.name, toldOf(circuit, at)]))
    // A storage that is down lists nothing: that is no reason to say that circuits have gone.
    if (!survey.storage.up && now.size === 0) return { survey, news: [] }
    this.#told = now
    if (before === undefined) {
      this.#since = at - SAME
      return { survey, news: [] }
    }
    const changed = survey.circuits.filter(({ name }) => !isSame(before.get(name), now.get(name)))
    const gone = [...before.keys()].filter((name) => !now.has(name))
    const transitions = await this.#transitionsOf(changed)
    const news: AdminEvent[] = [
      ...changed.map((circuit) => ({ kind: 'circuit', data: { at, circuit } }) as const),
      ...gone.map((name) => ({ kind: 'circuit', data: { at, gone: name } }) as const),
      ...transitions.map((data) => ({ kind: 'transition', data }) as const),
    ]
    return { survey, news }
  }

  /** Oldest first, as they were written. */
  async #transitionsOf(changed: readonly WireCircuit[]): Promise<readonly WireTransition[]> {
    const read = changed.map(({ name }) => this.#source.transitions(name, MOST_NEW).catch(() => []))
    const entries = (await Promise.all(read)).flat().sort((a, b) => a.at - b.at)
    return entries.filter(({ id, at }) => at >= this.#since && this.#isNew(id))
  }

  #isNew(id: string): boolean {
    if (this.#seen.has(id)) return false
    this.#seen.add(id)
    for (const oldest of this.#seen) {
      if (this.#seen.size <= MOST_REMEMBERED) break
      this.#seen.delete(oldest)
    }
    return true
  }
}

function toldOf({ forced, since, retryAfter, openedAt, ...circuit }: WireCircuit, at: number): Told {
  const { state, scope, local, period, reason, policy, thresholds, overrides, relapses, trialBy } = circuit
  const hold = forced && { state: forced.state, by: forced.by, reason: forced.reason }
  const isDue = retryAfter === null || retryAfter === 0
  const fixed = { state, scope, local, period, reason, policy, thresholds, overrides, relapses, trialBy, hold, isDue }
  const ends = [isDue ? null : retryAfter, forced?.left ?? null].map((left) => (left === null ? null : at + left))
  return { print: JSON.stringify(fixed), moments: [openedAt, since === null ? null : at - since, ...ends] }
}

function isSame(one: Told | undefined, other: Told | undefined): boolean {
  if (one === undefined || other === undefined || one.print !== other.print) return false
  return one.moments.every((moment, index) => {
    const now = other.moments[index] ?? null
    return moment === null || now === null ? moment === now : Math.abs(moment - now) <= SAME
  })
}
