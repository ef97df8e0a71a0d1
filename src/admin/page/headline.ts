// The page's first sentence and the line under it: what broke first, since when, what followed, what is tried and
// what is held. Made of pieces, so that names are links and ages tick; it knows nothing of the document.

import type { WireStorage } from '../wire.ts'
import { counted, grouped, moment } from './format.ts'
import { age } from './format.ts'
import type { View } from './view.ts'

/** Words, the name of a circuit, or an age that ticks (ms of the page's clock at which it began). */
export type Piece = string | { readonly name: string } | { readonly since: number }

export interface Headline {
  readonly lead: readonly Piece[]
  readonly sub: readonly Piece[]
  readonly title: string
}

export interface Situation {
  readonly views: readonly View[]
  readonly storage: WireStorage
  readonly now: number
  readonly wallNow: number
}

/** What opened within so long after the first one followed it, ms. */
const FOLLOWS = 60_000
/** So many names in one sentence; the rest is a number. */
const MOST = 3

export function headline(situation: Situation): Headline {
  const { views, storage } = situation
  const open = views.filter(({ kind }) => kind === 'open')
  if (!storage.up) return whenDown(open.length, views.length)
  if (views.length === 0) {
    return said(['Nothing to show yet'], ['Storage is up. No process has reported a circuit.'], 'Infuse')
  }
  const title = open.length === 0 ? 'Infuse' : `${open.length} open · Infuse`
  const sick = views.filter(({ kind }) => kind !== 'closed')
  if (sick.length === 0) return said([allClosed(views.length)], lastChange(situation), title)
  const first = sick.filter(isAutomatic).sort(byAge)[0]
  if (first === undefined) return said(byPeople(sick), details(situation, sick, undefined), title)
  const alone = sick.filter(isAutomatic).length === 1
  const since = first.trouble?.when
  const lead: Piece[] = [{ name: first.name }, alone ? ' opened' : ' opened first']
  if (since !== undefined) lead.push(alone ? ' ' : ', ', { since }, ' ago')
  return said(lead, details(situation, sick, first), title)
}

/** As text, for titles and tests. */
export function spoken(pieces: readonly Piece[], now: number): string {
  return pieces
    .map((piece) => (typeof piece === 'string' ? piece : 'name' in piece ? piece.name : age(now - piece.since)))
    .join('')
}

function said(lead: readonly Piece[], sub: readonly Piece[], title: string): Headline {
  return { lead, sub, title }
}

function whenDown(open: number, all: number): Headline {
  const were = open === 1 ? '1 circuit was open' : `${open === 0 ? 'No' : open} circuits were open`
  const lead = all === 0 ? 'Storage does not answer' : `${were} when storage stopped answering`
  return said(
    [lead],
    ['Each process now decides by itself, from what it last knew and what it sees.'],
    'Storage down · Infuse',
  )
}

function allClosed(n: number): string {
  return n === 1 ? 'The one circuit is closed' : `All ${grouped(n)} circuits are closed`
}

function lastChange({ views, wallNow }: Situation): Piece[] {
  const moves = views.flatMap((view) => view.moves[0] ?? [])
  const last = moves.reduce<(typeof moves)[number] | undefined>(
    (newest, move) => (newest === undefined || move.when > newest.when ? move : newest),
    undefined,
  )
  if (last === undefined) return ['No change is known of.']
  const { circuit, to, kind, at } = last.wire
  const what = kind === 'updated' ? 'got other thresholds' : kind === 'released' ? 'was released' : stateVerb(to)
  return ['Last change ', { since: last.when }, ' ago: ', { name: circuit }, ` ${what}, ${moment(at, wallNow)}.`]
}

function stateVerb(to: View['seen']['wire']['state']): string {
  return to === 'closed' ? 'closed' : to === 'open' ? 'opened' : 'became half-open'
}

function isAutomatic({ kind, trouble }: View): boolean {
  return kind !== 'forced' && trouble !== undefined && trouble.by === undefined
}

function byAge(a: View, b: View): number {
  return (a.trouble?.when ?? Number.MAX_VALUE) - (b.trouble?.when ?? Number.MAX_VALUE)
}

/** Nothing opened by itself: people did. */
function byPeople(sick: readonly View[]): Piece[] {
  const [first] = sick
  if (first === undefined) return []
  if (sick.length > 1) return [`${sick.length} circuits are not closed, all of them by people`]
  const { forced } = first.seen.wire
  const by = forced === null ? first.trouble?.by : forced.by
  const verb =
    forced === null ? (first.kind === 'open' ? 'was opened' : 'was made half-open') : `is held ${forced.state}`
  return [{ name: first.name }, ` ${verb} by ${by ?? 'somebody'}`]
}

function details({ views, now }: Situation, sick: readonly View[], first: View | undefined): Piece[] {
  const others = sick.filter((view) => view !== first)
  const began = first?.trouble?.when
  const followed = others.filter((view) => {
    const when = view.trouble?.when
    return began !== undefined && isAutomatic(view) && view.kind === 'open' && !isLocal(view) && when !== undefined
      ? when - began <= FOLLOWS
      : false
  })
  const broke: Piece[][] = []
  if (began !== undefined && followed.length > 0) broke.push(followers(followed, began, now))
  const tried = sick.filter(({ kind }) => kind === 'half-open')
  if (tried.length > 0) broke.push([...names(tried), ` ${tried.length === 1 ? 'is' : 'are'} being tried now`])
  const special: Piece[][] = []
  const local = sick.filter((view) => view.kind === 'open' && isLocal(view))
  if (local.length > 0) special.push(localClause(local))
  const held = sick.filter(({ kind }) => kind === 'forced')
  if (held.length > 0 && first !== undefined) special.push(heldClause(held))
  return [...rejectedNow(views), ...sentenceOf(broke), ...sentenceOf(special)]
}

/** Clauses as one sentence, with the space that parts it from the next. */
function sentenceOf(clauses: readonly Piece[][]): Piece[] {
  if (clauses.length === 0) return []
  return [...clauses.flatMap((clause, i) => (i === 0 ? clause : ['; ', ...clause])), '. ']
}

function rejectedNow(views: readonly View[]): Piece[] {
  const known = views.flatMap(({ minute }) => minute ?? [])
  if (known.length === 0) return []
  const all = known.reduce((sum, { rejected, seconds }) => sum + rejected / seconds, 0)
  if (all === 0) return ['No call is being rejected. ']
  if (all < 1) return ['Less than one call a second is being rejected. ']
  const n = Math.round(all)
  return [`${n === 1 ? '1 call a second is' : `${grouped(n)} calls a second are`} being rejected. `]
}

function followers(followed: readonly View[], began: number, now: number): Piece[] {
  const [first] = followed.toSorted(byAge)
  if (first === undefined) return []
  if (followed.length > 1) return [...names(followed), ' followed within a minute']
  return [{ name: first.name }, ` followed ${age((first.trouble?.when ?? now) - began)} later`]
}

function localClause(local: readonly View[]): Piece[] {
  const one = local.length === 1 ? local[0] : undefined
  const open = one?.seen.wire.local?.open
  const where =
    one === undefined
      ? 'in single processes only'
      : open === 1
        ? 'in one process only'
        : typeof open === 'number'
          ? `in ${counted(open, 'process')} only`
          : 'in single processes only'
  return [...names(local), ` ${local.length === 1 ? 'is' : 'are'} open ${where}`]
}

function heldClause(held: readonly View[]): Piece[] {
  return [
    ...names(held),
    ` ${held.length === 1 ? 'is' : 'are'} held by ${held.length === 1 ? (held[0]?.seen.wire.forced?.by ?? 'a person') : 'people'}`,
  ]
}

function isLocal({ seen }: View): boolean {
  return seen.wire.scope === 'local'
}

/** a, b and c; from 4 on: a, b, c and 2 more. */
function names(views: readonly View[]): Piece[] {
  const shown = views.slice(0, MOST)
  const more = views.length - shown.length
  const parts: Piece[] = shown.map(({ name }) => ({ name }))
  if (more > 0) parts.push(`${more} more`)
  return parts.flatMap((part, i) => (i === 0 ? [part] : [i === parts.length - 1 ? ' and ' : ', ', part]))
}
