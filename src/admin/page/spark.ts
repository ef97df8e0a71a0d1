// A row's plot: the last 5 minutes on the row's own scale, a shape and not a size. Four paths and the bands; drawn
// again when a step is over or the state changed.

import type { BandKind } from './bands.ts'
import { barsOf, peakOf } from './bars.ts'
import { SPAN_MS } from './counts.ts'
import { draw } from './dom.ts'
import type { View } from './view.ts'

const WIDTH = 300

export class Spark {
  readonly node: SVGSVGElement = draw('svg', { preserveAspectRatio: 'none' })
  #drawn: View | undefined

  draw(view: View): void {
    const { seen, bands, kind } = view
    const last = this.#drawn
    this.#drawn = view
    const same = last?.seen.steps === seen.steps && last.seen.wire === seen.wire && last.moves === view.moves
    if (same) return
    const quiet = kind === 'closed'
    const height = quiet ? 22 : 46
    const ribbonHeight = quiet ? 2 : 4
    this.node.setAttribute('viewBox', `0 0 ${WIDTH} ${height}`)
    const nodes: SVGElement[] = [draw('rect', { x: 0, y: height - 1, width: WIDTH, height: 1, class: 'rib-closed' })]
    for (const { from, to, kind } of bands) {
      const x = ((SPAN_MS - from) / SPAN_MS) * WIDTH
      const width = Math.min(WIDTH - x, Math.max(2.5, ((from - to) / SPAN_MS) * WIDTH))
      nodes.push(draw('rect', { x: round(x), y: 0, width: round(width), height, class: `band-${kind}` }))
      nodes.push(...ribbon({ x, y: height - ribbonHeight, width, height: ribbonHeight }, kind))
    }
    const bars = barsOf(seen.steps, {
      width: WIDTH,
      height: height - ribbonHeight - 2,
      gap: 1,
      peak: peakOf(seen.steps),
      quiet: true,
    })
    nodes.push(draw('path', { d: bars.answered, class: 'b-ok' }), draw('path', { d: bars.failed, class: 'b-fail' }))
    nodes.push(draw('path', { d: bars.rejected, class: 'b-rej' }), draw('path', { d: bars.edge, class: 'b-rej-top' }))
    this.node.replaceChildren(...nodes)
  }
}

interface Box {
  readonly x: number
  readonly y: number
  readonly width: number
  readonly height: number
}

/** The state under a plot: open a solid bar, half-open dashes, held a double line; closed is the hairline behind it. */
export function ribbon({ x, y, width, height }: Box, kind: BandKind): SVGElement[] {
  const at = { x: round(x), width: round(width) }
  if (kind !== 'forced') return [draw('rect', { ...at, y, height, class: `rib-${kind}` })]
  return [0, 0.62].map((down) =>
    draw('rect', { ...at, y: round(y + height * down), height: round(height * 0.38), class: 'rib-forced' }),
  )
}

export function round(value: number): number {
  return Math.round(value * 10) / 10
}
