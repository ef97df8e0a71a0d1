// The API described for programs (OpenAPI 3.1), made of the same table of actions and limits that requests are held
// against.

import { ACTIONS } from './order.ts'
import { SCHEMAS } from './schemas.ts'
import type { WireAction } from './wire.ts'

const REFUSALS: Readonly<Record<string, string>> = {
  400: 'The Host of the request is none',
  401: 'Nobody was recognised',
  403: 'Without the right, from another origin, or nothing can be changed here',
  404: 'There is no such circuit',
  405: 'Another method; Allow says which',
  413: 'The body is too large',
  415: 'The body is not JSON',
  422: 'A field is missing or bad; field says which',
  503: 'Storage does not answer, or there are too many streams',
}

const SUMMARIES: Readonly<Record<WireAction, string>> = {
  open: 'Reject calls now, until the open time is over',
  'half-open': 'Make the next call a trial',
  close: 'Let all calls pass and forget the counts',
  force: 'Hold the circuit open or closed for a time',
  release: 'End a hold',
  update: 'Change thresholds for all processes; null undoes',
}

const NAME = { name: 'name', in: 'path', required: true, schema: { type: 'string' }, description: 'Percent-encoded' }
const CIRCUIT = { name: 'circuit', in: 'query', schema: { type: 'string' } }
const LIMIT = { name: 'limit', in: 'query', schema: { type: 'integer', minimum: 1, maximum: 1_000, default: 100 } }

/** The description; `basePath` without a slash at its end. */
export function describeApi(basePath: string): object {
  return {
    openapi: '3.1.0',
    info: {
      title: 'Infuse admin API',
      version: '1',
      description:
        'Circuits as they are, who moved them, and ways to move them. Times are ms; null is unknown or without end.',
    },
    servers: [{ url: basePath === '' ? '/' : basePath }],
    paths: { ...reads(), ...mutations() },
    components: { schemas: SCHEMAS },
  }
}

function reads(): object {
  return {
    '/circuits': get('Every circuit', 'Circuits', [401, 403]),
    '/circuits/{name}': get('One circuit', 'CircuitAnswer', [401, 403, 404, 503], [NAME]),
    '/transitions': get('Who moved what, and why; newest first', 'Transitions', [401, 403, 422, 503], [CIRCUIT, LIMIT]),
    '/events': {
      get: {
        summary: 'Server-sent events: circuit, transition, and a heartbeat every second',
        responses: { 200: { description: 'OK', content: { 'text/event-stream': {} } }, ...refusals([401, 403, 503]) },
      },
    },
    '/openapi.json': {
      get: { summary: 'This description', responses: { 200: { description: 'OK' }, ...refusals([401, 403]) } },
    },
    '/': { get: { summary: 'The dashboard', responses: { 200: { description: 'OK' }, ...refusals([401, 403]) } } },
  }
}

function mutations(): object {
  const paths = ACTIONS.map((action) => {
    const schema = action === 'force' ? 'Force' : action === 'update' ? 'Update' : 'Reason'
    const post = {
      summary: SUMMARIES[action],
      parameters: [NAME],
      requestBody: { required: true, content: contentOf(schema) },
      responses: { 200: answer('CircuitAnswer'), ...refusals([401, 403, 404, 405, 413, 415, 422, 503]) },
    }
    return [`/circuits/{name}/${action}`, { post }] as const
  })
  return Object.fromEntries(paths)
}

function get(summary: string, schema: string, statuses: readonly number[], parameters: readonly object[] = []): object {
  return { get: { summary, parameters, responses: { 200: answer(schema), ...refusals(statuses) } } }
}

function answer(schema: string): object {
  return { description: 'OK', content: contentOf(schema) }
}

function contentOf(schema: string): object {
  return { 'application/json': { schema: { $ref: `#/components/schemas/${schema}` } } }
}

function refusals(statuses: readonly number[]): object {
  const known = statuses.map((status) => {
    return [String(status), { description: REFUSALS[status], content: contentOf('Error') }] as const
  })
  return Object.fromEntries([...known, ['400', { description: REFUSALS[400], content: contentOf('Error') }]])
}
