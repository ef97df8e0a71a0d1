/** Draws the closed-success ratios as bars: plain SVG that follows the reader's light or dark setting. */
import type { Run } from './results.ts'

const [width, left, right, row, top] = [760, 250, 60, 26, 64]

function escaped(text: string): string {
  return text.replaceAll('`', '').replaceAll('&', '&amp;').replaceAll('<', '&lt;')
}

/** Logarithmic, since opossum is an order of magnitude away from the rest; the axis says so. */
export function chart(run: Run): string {
  const closed = run.timed['closed'] ?? {}
  const bars = run.variants.filter(({ id }) => closed[id] !== undefined && !id.endsWith('-stack'))
  const most = Math.max(2, ...bars.map(({ id }) => closed[id]!.ratio))
  const last = Math.ceil(Math.log2(most))
  const x = (ratio: number): number => left + (Math.max(0, Math.log2(ratio)) / last) * (width - left - right)
  const bottom = top + bars.length * row
  const ticks = Array.from({ length: last + 1 }, (_, power) => 2 ** power)
  const grid = ticks.map((tick) => {
    const at = x(tick).toFixed(1)
    return `<path class="grid" d="M${at} ${top - 6}V${bottom}"/><text class="tick" x="${at}" y="${bottom + 16}">${tick} ×</text>`
  })
  const rows = bars.map(({ id, label, library }, index) => {
    const y = top + index * row
    const end = x(closed[id]!.ratio)
    return `<text class="name" x="${left - 10}" y="${y + 14}">${escaped(label)}</text>
<rect class="${library}" x="${left}" y="${y + 3}" width="${Math.max(2, end - left).toFixed(1)}" height="${row - 10}" rx="2"/>
<text class="value" x="${(end + 6).toFixed(1)}" y="${y + 15}">${closed[id]!.ratio.toFixed(closed[id]!.ratio < 10 ? 2 : 0)}</text>`
  })
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${bottom + 30}" role="img" aria-labelledby="title">
<title id="title">Cost of a closed, successful call as a multiple of the bare call, on a logarithmic scale</title>
<style>
text { font: 13px system-ui, sans-serif; fill: #1f2328 }
.head { font-weight: 600; font-size: 15px } .note, .tick { fill: #59636e; font-size: 12px }
.name { text-anchor: end } .tick { text-anchor: middle } .grid { stroke: #d1d9e0 }
.bare, .floor { fill: #8c959f } .cockatiel { fill: #bc6c25 } .opossum { fill: #a0456e } .infuse { fill: #0969da }
@media (prefers-color-scheme: dark) {
text { fill: #f0f6fc } .note, .tick { fill: #9198a1 } .grid { stroke: #3d444d }
.bare, .floor { fill: #7d8590 } .cockatiel { fill: #d99a5b } .opossum { fill: #d8719c } .infuse { fill: #4493f8 }
}
</style>
<text class="head" x="12" y="22">Closed, successful call: times the bare call</text>
<text class="note" x="12" y="42">Logarithmic scale: each line is twice the one before it. Node ${run.versions['node'] ?? ''}, ${run.date}.</text>
${grid.join('\n')}
${rows.join('\n')}
</svg>
`
}
