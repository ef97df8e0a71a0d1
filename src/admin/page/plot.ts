// The big plot: calls per second over the last 5 minutes with its axis, the states behind and under it, and a numbered
// flag for each transition. The pointer and the arrow keys read single steps.

import { wordAt } from './bands.ts'
import { barsOf, peakOf } from './bars.ts'
import { SPAN_MS, STEP_MS, STEPS, stepAt, sumOf } from './counts.ts'
import { draw, find, put } from './dom.ts'
import { edgeOf } from './bands.ts'
import { grouped, rate, timeOfDay } from './format.ts'
import type { Moved } from './log.ts'
import { ribbon, round } from './spark.ts'
import type { View } from './view.ts'

const HEIGHT = 208
const LEFT = 34
const TOP = 22
const BOTTOM = 38
/** The room of a flag. */
const FLAG = 16.5
const INNER = HEIGHT - TOP - BOTTOM
const SCALES = [1, 2, 5, 10, 20, 25, 50, 100, 200, 250, 500, 1_000, 2_000, 2_500, 5_000, 10_000, 20_000, 25_000, 50_000]

export class Plot {
  readonly #host = find('#big')
  readonly #readout = find('#readout')
  readonly #wallAt: (moment: number) => number
  #view: View | undefined
  #cross: SVGPathElement | undefined
  #width = 480
  #at: number | undefined

  constructor(wallAt: (moment: number) => number) {
    this.#wallAt = wallAt
    this.#host.addEventListener('pointermove', (event) => this.#point(event.clientX))
    this.#host.addEventListener('pointerleave', () => this.#read(undefined))
    this.#host.addEventListener('blur', () => this.#read(undefined))
    this.#host.addEventListener('keydown', (event) => {
      const by = { ArrowLeft: -1, ArrowRight: 1 }[event.key]
      if (by === undefined) return
      event.preventDefault()
      event.stopPropagation()
      this.#read(Math.max(0, Math.min(STEPS - 1, (this.#at ?? STEPS) + by)))
    })
  }

  /** `asOf`: storage is down since (epoch ms). */
  paint(view: View, asOf: number | undefined): void {
    const moved = this.#view?.name !== view.name
    this.#view = view
    this.#width = this.#host.clientWidth || 480
    this.#host.setAttribute(
      'aria-label',
      `Calls to ${view.name} in the last 5 minutes: ${sumWords(view)}. Arrow keys read single steps.`,
    )
    this.#host.replaceChildren(this.#drawing(view))
    this.#host.dataset['asOf'] = asOf === undefined ? '' : timeOfDay(asOf)
    this.#read(moved ? undefined : this.#at)
  }

  #drawing(view: View): SVGSVGElement {
    const { seen, bands } = view
    const inner = this.#width - LEFT
    const top = scaleFor(peakOf(seen.steps) / (STEP_MS / 1000))
    const svg = draw('svg', { viewBox: `0 0 ${this.#width} ${HEIGHT}`, 'aria-hidden': 'true' })
    const boxes = bands.map(({ from, to, kind }) => {
      const x = LEFT + ((SPAN_MS - from) / SPAN_MS) * inner
      const width = Math.min(this.#width - x, Math.max(2, ((from - to) / SPAN_MS) * inner))
      return { x, width, kind }
    })
    for (const { x, width, kind } of boxes) {
      svg.append(draw('rect', { x: round(x), y: TOP, width: round(width), height: INNER, class: `band-${kind}` }))
    }
    svg.append(...this.#scale(top), this.#bars(view, top * (STEP_MS / 1000)))
    svg.append(draw('rect', { x: LEFT, y: TOP + INNER + 7, width: inner, height: 1, class: 'rib-closed' }))
    for (const { x, width, kind } of boxes) svg.append(...ribbon({ x, y: TOP + INNER + 4, width, height: 6 }, kind))
    svg.append(...this.#minutes(view), ...this.#flags(view))
    this.#cross = draw('path', { class: 'cross', d: '' })
    svg.append(this.#cross)
    return svg
  }

  #scale(top: number): SVGElement[] {
    const lines = [0.5, 1].flatMap((share) => {
      const y = TOP + INNER * (1 - share)
      return [
        draw('path', { d: `M${LEFT} ${y}H${this.#width}`, class: 'grid-line' }),
        draw(
          'text',
          { x: LEFT - 6, y: y + 4, class: 'axis-t', 'text-anchor': 'end' },
          rate(top * share).replace('.0', ''),
        ),
      ]
    })
    return [...lines, draw('text', { x: LEFT - 6, y: TOP + INNER + 3, class: 'axis-t', 'text-anchor': 'end' }, '/s')]
  }

  #bars({ seen }: View, peak: number): SVGElement {
    const bars = barsOf(seen.steps, { width: this.#width - LEFT, height: INNER, gap: 1.2, peak, quiet: false })
    const group = draw('g', { transform: `translate(${LEFT} ${TOP})` })
    group.append(
      draw('path', { d: bars.answered, class: 'b-ok' }),
      draw('path', { d: bars.rejected, class: 'b-rej-hatch' }),
      draw('path', { d: bars.failed, class: 'b-fail' }),
    )
    return group
  }

  /** Ticks stand on whole minutes of the clock. */
  #minutes({ seen }: View): SVGElement[] {
    const right = this.#wallAt(edgeOf(seen))
    const nodes: SVGElement[] = []
    for (let before = right % 60_000; before < SPAN_MS; before += 60_000) {
      const x = this.#x(before)
      if (x > this.#width - 44) continue
      const label = { x: round(Math.max(x, LEFT + 15)), y: HEIGHT - 8, class: 'axis-t', 'text-anchor': 'middle' }
      nodes.push(draw('path', { d: `M${round(x)} ${TOP + INNER + 11}v4`, class: 'grid-line' }))
      nodes.push(draw('text', label, timeOfDay(right - before, false)))
    }
    nodes.push(draw('text', { x: this.#width, y: HEIGHT - 8, class: 'axis-t', 'text-anchor': 'end' }, 'now'))
    return nodes
  }

  #flags(view: View): SVGElement[] {
    const edge = edgeOf(view.seen)
    const moves = flagged(view).toReversed()
    const lines = moves.map(({ when }) => this.#x(Math.max(0, edge - when)))
    const places = apart(lines, this.#width - FLAG / 2)
    return moves.flatMap(({ wire }, i) => {
      const kind = markOf(wire)
      const at = round(places[i] ?? 0)
      return [
        draw('path', { d: `M${round(lines[i] ?? 0)} ${TOP - 2}V${TOP + INNER}`, class: 'flag-l' }),
        draw('circle', { cx: at, cy: 10, r: 7.5, class: `flag-c ${kind}` }),
        draw('text', { x: at, y: 13.5, class: `flag-t ${kind}` }, String(i + 1)),
      ]
    })
  }

  #x(before: number): number {
    return LEFT + ((SPAN_MS - before) / SPAN_MS) * (this.#width - LEFT)
  }

  #point(clientX: number): void {
    const box = this.#host.getBoundingClientRect()
    const share = (clientX - box.left - LEFT) / (box.width - LEFT)
    this.#read(share >= 0 && share < 1 ? Math.floor(share * STEPS) : undefined)
  }

  #read(step: number | undefined): void {
    this.#at = step
    const view = this.#view
    if (view === undefined) return
    const before = (STEPS - (step ?? 0)) * STEP_MS
    const x = round(this.#x(before - STEP_MS / 2))
    this.#cross?.setAttribute('d', step === undefined ? '' : `M${x} ${TOP}V${TOP + INNER}`)
    const down = this.#host.dataset['asOf'] ?? ''
    if (step === undefined) put(this.#readout, down === '' ? sumWords(view) : `no data since ${down}`)
    else put(this.#readout, this.#stepWords(view, step, before))
  }

  #stepWords({ seen, bands }: View, step: number, before: number): string {
    const sum = stepAt(seen.steps, step)
    const time = timeOfDay(this.#wallAt(edgeOf(seen)) - before)
    if (sum === null) return `${time}  no data`
    const { answered, failed, rejected } = sum
    return `${time}  ${wordAt(bands, step)} · ${answered} answered, ${failed} failed, ${rejected} rejected`
  }
}

/** Ascending places, moved so that none covers another and none stands right of `most`. */
function apart(places: readonly number[], most: number): number[] {
  let last = Number.NEGATIVE_INFINITY
  const moved = places.map((place) => (last = Math.max(place, last + FLAG)))
  let limit = most
  for (let i = moved.length - 1; i >= 0; i--) {
    const place = Math.min(moved[i] ?? 0, limit)
    moved[i] = place
    limit = place - FLAG
  }
  return moved
}

/** The transitions that have a flag, newest first. */
export function flagged({ seen, moves }: View): Moved[] {
  const edge = edgeOf(seen)
  return moves.filter(({ when }) => edge - when < SPAN_MS)
}

/** What a transition is marked with: a state's shape, or the one for changes. */
export function markOf({ kind, to }: Moved['wire']): 'open' | 'half-open' | 'closed' | 'forced' | 'update' {
  if (kind === 'forced') return 'forced'
  return kind === 'updated' ? 'update' : to
}

function sumWords({ seen }: View): string {
  const sum = sumOf(seen.steps)
  if (sum === null) return 'no data'
  return `${grouped(sum.answered)} answered · ${grouped(sum.failed)} failed · ${grouped(sum.rejected)} rejected`
}

function scaleFor(perSecond: number): number {
  return SCALES.find((scale) => scale >= perSecond * 0.98) ?? Math.ceil(perSecond)
}
