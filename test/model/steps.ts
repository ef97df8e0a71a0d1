// What can happen to a circuit, as plain data that does not depend on what happened before: any step can be left out
// of a run and the rest still makes sense, so that a failing run can be made short.

import type { Random } from '../support/random.ts'
import type { RateRule, Rule, Rules } from './rules.ts'

/** How a call ends. `rejection`: with another breaker's error. `nothing`: its caller gives up. */
export type Ending = 'value' | 'bad value' | 'error' | 'excluded' | 'ignored' | 'rejection' | 'nothing'
export type Form = 'call' | 'wrap' | 'run' | 'acquire' | 'acquireSync' | 'iterate' | 'iterateSync'
export type Deadline = 'open' | 'lease' | 'force' | 'ramp' | 'forget' | 'slot' | 'window'

export type Step =
  | { readonly do: 'start'; readonly on: number; readonly form: Form }
  /** `which`: 0 the oldest call in flight, 1 the newest */
  | { readonly do: 'end'; readonly which: number; readonly ending: Ending }
  /** A call that starts and ends in this step; its function takes `takes` ms. */
  | { readonly do: 'sync'; readonly on: number; readonly ending: Ending; readonly takes: number }
  | { readonly do: 'advance'; readonly ms: number }
  | { readonly do: 'advanceTo'; readonly deadline: Deadline; readonly offset: number }
  | { readonly do: 'open' | 'halfOpen' | 'close' | 'release'; readonly on: number }
  | { readonly do: 'force'; readonly on: number; readonly state: 'open' | 'closed'; readonly for: number }
  /** Somebody begins to listen to beforeCall. */
  | { readonly do: 'listen'; readonly on: number }
  /** The process ends; `takes` ms later another goes on from its snapshot. */
  | { readonly do: 'restart'; readonly takes: number }
  | { readonly do: 'set'; readonly option: 'failMax' | 'resetTimeout' | 'successThreshold'; readonly to: number }

export interface Plan {
  readonly rules: Rules
  readonly classify: boolean
  /** More than one: on one MemoryStorage under one name. */
  readonly breakers: number
  readonly startsAt: number
  /** What the breakers' listeners hear; without any a call takes the shortest way there is. */
  readonly hearing: 'nothing' | 'outcomes'
  readonly steps: readonly Step[]
}

const windows = [10, 100, 1_000, 10_000]
const waits = [0, 1, 100, 1_000, Infinity]

export function makePlan(random: Random, length: number): Plan {
  const trip = random.chance(0.3) ? undefined : makeTrip(random)
  const hasSlowRate = trip?.some(({ kind }) => kind === 'slowRate') === true
  const rules: Rules = {
    trip,
    failMax: random.between(1, 4),
    resetTimeout: random.chance(0.3)
      ? { initial: random.pick([0, 10, 100]), max: random.pick([50, 1_000]), factor: random.pick([1, 2, 3]) }
      : random.pick(waits),
    successThreshold: random.between(1, 3),
    trials: random.between(1, 3),
    trialTimeout: random.pick([50, 500, 30_000, Infinity]),
    rampUp: random.chance(0.25) ? random.pick([10, 700]) : 0,
    slowCall: hasSlowRate || random.chance(0.5) ? random.pick([0, 5, 60]) : Infinity,
    throwNewErrorOnTrip: random.chance(0.7),
    shadow: random.chance(0.1),
  }
  // In shadow nothing shared is written, so there is nothing that two could share.
  const breakers = random.chance(0.2) && !rules.shadow ? 2 : 1
  const make = stepMaker(random, rules, breakers)
  return {
    rules,
    classify: random.chance(0.4),
    breakers,
    startsAt: random.pick([0, 0, -1, -1_234, 987_654, 2 ** 31]),
    hearing: random.pick(['nothing', 'outcomes', 'outcomes'] as const),
    steps: Array.from({ length }, make),
  }
}

function makeTrip(random: Random): Rule[] {
  const rules = [makeRule(random)]
  while (rules.length < 3 && random.chance(0.3)) rules.push(makeRule(random))
  return rules
}

function makeRule(random: Random): Rule {
  const kind = random.pick(['consecutive', 'failureRate', 'failureRate', 'slowRate'] as const)
  if (kind === 'consecutive') return { kind, failures: random.between(1, 5) }
  const rate: RateRule = { kind, threshold: random.pick([0, 0.25, 0.5, 0.6, 1]), minimumCalls: random.between(1, 6) }
  return random.chance(0.6) ? { ...rate, window: random.pick(windows) } : { ...rate, count: random.between(6, 12) }
}

function stepMaker(random: Random, rules: Rules, breakers: number): () => Step {
  // A run has its own mood: how sick the dependency is, and how busy the operator.
  const sick = random.unit()
  const commands = random.pick([0, 0.3, 2])
  const window =
    rules.trip?.map((rule) => (rule.kind === 'consecutive' ? undefined : rule.window)).find((ms) => ms !== undefined) ??
    100
  const lengths = [0, 1, 2, window / 10, window / 10 - 1, window / 2, window, 49, 50, 51, 100, 499, 500, 3_600_000]
  const takes = [0, 0, 0, 1, 5, 6, 60, 61]
  const forms: Form[] = ['call', 'call', 'wrap', 'run', 'acquire', 'acquireSync', 'iterate', 'iterateSync']
  const deadlines: Deadline[] = ['open', 'open', 'lease', 'force', 'ramp', 'forget', 'slot', 'window']
  const ending = (): Ending =>
    random.chance(0.2)
      ? random.pick(['bad value', 'excluded', 'ignored', 'rejection', 'nothing'] as const)
      : random.chance(sick)
        ? 'error'
        : 'value'
  return () => {
    const on = random.upTo(breakers - 1)
    const kind = random.weighted({
      start: 6,
      end: 6,
      sync: 6,
      advance: 3,
      advanceTo: 3,
      command: commands,
      force: commands / 4,
      set: 0.3,
      restart: breakers === 1 ? 0.15 : 0,
      listen: 0.1,
    })
    if (kind === 'start') return { do: kind, on, form: random.pick(forms) }
    if (kind === 'end') return { do: kind, which: random.unit(), ending: ending() }
    if (kind === 'sync') return { do: kind, on, ending: ending(), takes: random.pick(takes) }
    if (kind === 'advance') return { do: kind, ms: random.pick(lengths) }
    if (kind === 'advanceTo')
      return { do: kind, deadline: random.pick(deadlines), offset: random.pick([-1, 0, 0, 0, 1]) }
    if (kind === 'command') return { do: random.pick(['open', 'halfOpen', 'close', 'release'] as const), on }
    if (kind === 'force')
      return {
        do: kind,
        on,
        state: random.pick(['open', 'closed'] as const),
        for: random.pick([0, 10, 1_000, Infinity]),
      }
    if (kind === 'restart') return { do: kind, takes: random.pick(lengths) }
    if (kind === 'listen') return { do: kind, on }
    const option = random.pick(['failMax', 'resetTimeout', 'successThreshold'] as const)
    return { do: kind, option, to: option === 'resetTimeout' ? random.pick(waits) : random.between(1, 4) }
  }
}

export function describeStep(step: Step): string {
  return Object.entries(step)
    .map(([key, value]) =>
      key === 'do' ? String(value) : `${key}: ${typeof value === 'number' ? Math.round(value * 1e6) / 1e6 : value}`,
    )
    .join(', ')
}
