// What answers hold, for the description of the API: the types of wire.ts once more, as JSON Schema. A test holds real
// answers against them.

import { LONGEST_HOLD, LONGEST_REASON, MOST_COUNT } from './order.ts'

/** As much of JSON Schema as is used here. */
export interface Schema {
  readonly $ref?: string
  readonly type?: string | readonly string[]
  readonly description?: string
  readonly enum?: readonly (string | null)[]
  readonly anyOf?: readonly Schema[]
  readonly properties?: Readonly<Record<string, Schema>>
  readonly required?: readonly string[]
  readonly additionalProperties?: boolean | Schema
  readonly items?: Schema
  readonly minimum?: number
  readonly maximum?: number
  readonly minItems?: number
  readonly maxItems?: number
  readonly minLength?: number
  readonly maxLength?: number
  readonly default?: unknown
}

const text: Schema = { type: 'string' }
const flag: Schema = { type: 'boolean' }
const number: Schema = { type: 'number' }
const maybeText: Schema = { type: ['string', 'null'] }
const maybeNumber: Schema = { type: ['number', 'null'] }
const state: Schema = { enum: ['closed', 'open', 'half-open'] }
const held: Schema = { enum: ['open', 'closed'] }
const scope: Schema = { enum: ['local', 'fleet'] }
const epoch = (description: string): Schema => ({ type: 'number', description: `${description}; epoch ms` })
const ms = (description: string): Schema => ({ type: ['number', 'null'], description: `${description}; ms` })

/** Everything is there; `optional` may be left out. */
function object(properties: Readonly<Record<string, Schema>>, optional: readonly string[] = []): Schema {
  const required = Object.keys(properties).filter((name) => !optional.includes(name))
  return { type: 'object', properties, required, additionalProperties: false }
}

function orNull(schema: Schema): Schema {
  return { anyOf: [schema, { type: 'null' }] }
}

function ref(name: string): Schema {
  return { $ref: `#/components/schemas/${name}` }
}

const envelope: Readonly<Record<string, Schema>> = {
  at: epoch('When this was made'),
  namespace: maybeText,
  env: maybeText,
  service: maybeText,
  storage: object({ up: flag, ms: maybeNumber, asOf: maybeNumber, downFor: maybeNumber }),
  processes: { ...maybeNumber, description: 'Distinct processes that reported lately' },
  can: { type: 'array', items: { enum: ['read', 'operate'] } },
  actor: text,
  allowMutations: flag,
  shellCommand: maybeText,
}
const count: Schema = { type: ['integer', 'null'], minimum: 1, maximum: MOST_COUNT }
const column: Schema = { type: 'array', items: maybeNumber, minItems: 60, maxItems: 60 }
const reason: Schema = {
  type: 'string',
  minLength: 1,
  maxLength: LONGEST_REASON,
  description: 'One line; stands in the history',
}
const threeNumbers = { failMax: maybeNumber, resetTimeout: maybeNumber, successThreshold: maybeNumber }

export const SCHEMAS: Readonly<Record<string, Schema>> = {
  Circuit: object(
    {
      name: text,
      state,
      scope,
      counts: { type: 'object', additionalProperties: number },
      openedAt: { ...maybeNumber, description: 'Epoch ms; null while closed' },
      since: ms('How long it has been in this state or hold'),
      retryAfter: ms('Until a trial may go, its answer is due, or traffic is back; null without such a time'),
      period: ms('The whole of what retryAfter is left of'),
      reason: maybeText,
      text: maybeText,
      forced: orNull(
        object({
          state: held,
          left: ms('Until it ends'),
          period: ms('The whole of it'),
          by: maybeText,
          reason: maybeText,
        }),
      ),
      policy: maybeText,
      thresholds: object({ ...threeNumbers, trials: maybeNumber, inCode: object(threeNumbers) }),
      overrides: orNull(
        object({ failMax: number, resetTimeout: number, successThreshold: number, by: maybeText, at: maybeNumber }, [
          'failMax',
          'resetTimeout',
          'successThreshold',
        ]),
      ),
      relapses: maybeNumber,
      late: maybeNumber,
      processes: maybeNumber,
      local: orNull(object({ open: maybeNumber, of: maybeNumber, who: maybeText })),
      trialBy: maybeText,
      steps: orNull(ref('Steps')),
    },
    ['steps'],
  ),
  Steps: object({
    behind: { ...number, description: 'From the end of the last step to this answer; ms' },
    calls: column,
    successes: orNull(column),
    failures: column,
    rejected: column,
    slow: column,
  }),
  Transition: object({
    id: text,
    circuit: text,
    kind: { enum: ['moved', 'forced', 'released', 'updated'] },
    from: state,
    to: state,
    at: epoch('When'),
    ago: number,
    by: maybeText,
    why: maybeText,
    change: maybeText,
    for: ms('Of a hold'),
    scope,
    process: maybeText,
  }),
  Envelope: object(envelope),
  Circuits: object({ ...envelope, circuits: { type: 'array', items: ref('Circuit') } }),
  CircuitAnswer: object({ ...envelope, circuit: ref('Circuit') }),
  Transitions: object({ at: number, transitions: { type: 'array', items: ref('Transition') }, more: flag }),
  Reason: object({ reason }),
  Force: object(
    {
      reason,
      state: held,
      for: { type: 'number', minimum: 1, maximum: LONGEST_HOLD, default: 900_000, description: 'ms' },
    },
    ['for'],
  ),
  Update: object(
    {
      reason,
      failMax: count,
      resetTimeout: { type: ['number', 'null'], minimum: 0, maximum: LONGEST_HOLD, description: 'ms' },
      successThreshold: count,
    },
    ['failMax', 'resetTimeout', 'successThreshold'],
  ),
  Error: object({ statusCode: number, code: text, message: text, field: text }, ['field']),
}
