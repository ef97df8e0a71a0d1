// The addresses there are, below the base path: one table for the handler, for `Allow`, and for the description that
// programs read.

import { ACTIONS } from './order.ts'
import type { WireAction } from './wire.ts'

/** What a path asks for. */
export type Route =
  | { readonly kind: 'circuits' }
  | { readonly kind: 'circuit'; readonly name: string }
  | { readonly kind: 'action'; readonly name: string; readonly action: WireAction }
  | { readonly kind: 'transitions' }
  | { readonly kind: 'events' }
  | { readonly kind: 'description' }
  | { readonly kind: 'asset'; readonly file: string }

/** Which methods each kind has. */
export const METHODS: Readonly<Record<Route['kind'], 'GET' | 'POST'>> = {
  circuits: 'GET',
  circuit: 'GET',
  action: 'POST',
  transitions: 'GET',
  events: 'GET',
  description: 'GET',
  asset: 'GET',
}

/** Finds the route of a path below the base; `undefined`: there is none. Segments are percent-encoded. */
export function routeOf(path: string): Route | undefined {
  const segments = path.split('/').map(decoded)
  const [first, name, action] = segments
  if (first === undefined || segments.includes(undefined)) return undefined
  if (segments.length === 1) return single(first)
  if (first !== 'circuits' || name === undefined || name === '') return undefined
  if (segments.length === 2) return { kind: 'circuit', name }
  const known = segments.length === 3 ? ACTIONS.find((one) => one === action) : undefined
  return known && { kind: 'action', name, action: known }
}

function single(segment: string): Route {
  switch (segment) {
    case 'circuits':
    case 'transitions':
    case 'events':
      return { kind: segment }
    case 'openapi.json':
      return { kind: 'description' }
    default:
      return { kind: 'asset', file: segment === '' ? 'index.html' : segment }
  }
}

function decoded(segment: string): string | undefined {
  try {
    return decodeURIComponent(segment)
  } catch {
    // A stray % is no address of ours.
    return undefined
  }
}
