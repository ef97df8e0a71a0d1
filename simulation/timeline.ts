// An outage as a picture: what becomes of the calls of a fleet, and what the storage is asked, over time.

import { type PlainFleet, SLICE, type Slice } from './plain.ts'

interface Band {
  readonly key: keyof Slice
  readonly label: string
  readonly colour: string
}

const BANDS: readonly Band[] = [
  { key: 'let', label: 'calls let in', colour: '#2f7d5b' },
  { key: 'failed', label: 'calls that failed', colour: '#b3392f' },
  { key: 'rejected', label: 'calls rejected', colour: '#7a7f87' },
  { key: 'commands', label: 'storage commands', colour: '#3b5fa0' },
]
const WIDTH = 760
const HEIGHT = 84
const LEFT = 120
const TOP = 42

export interface Mark {
  readonly at: number
  readonly text: string
}

/** `from` and `to` in ms of the run; marks are what happened, told above. */
export function timeline(fleet: PlainFleet, from: number, to: number, marks: readonly Mark[]): string {
  const step = 5
  const slices = merge(fleet.slices.slice(Math.floor(from / SLICE), Math.ceil(to / SLICE)), step)
  const x = (ms: number): number => LEFT + ((ms - from) / (to - from)) * (WIDTH - LEFT - 20)
  const height = TOP + BANDS.length * HEIGHT + 40
  const parts = [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" font-family="sans-serif" font-size="11" role="img" aria-label="An outage of ${fleet.nodes.length} processes over time">`,
    `<rect width="${WIDTH}" height="${height}" fill="#ffffff"/>`,
    ...BANDS.flatMap((band, index) => draw(band, slices, TOP + index * HEIGHT, x, from, step)),
    ...marks.flatMap(({ at, text }, index) => {
      const end = TOP + BANDS.length * HEIGHT
      const line = `<path d="M${x(at).toFixed(1)} ${TOP - 8}V${end}" stroke="#222" stroke-dasharray="3 3" stroke-width="0.7"/>`
      return [line, `<text x="${(x(at) + 3).toFixed(1)}" y="${12 + 12 * (index % 3)}" fill="#222">${text}</text>`]
    }),
    ...axis(from, to, x, TOP + BANDS.length * HEIGHT),
    '</svg>',
  ]
  return `${parts.join('\n')}\n`
}

function draw(
  band: Band,
  slices: readonly Slice[],
  top: number,
  x: (ms: number) => number,
  from: number,
  step: number,
): string[] {
  const values = slices.map((slice) => slice[band.key])
  const most = Math.max(1, ...values)
  const base = top + HEIGHT - 14
  const scale = (HEIGHT - 26) / most
  const points = values.map((value, index) => {
    const at = x(from + index * step * SLICE).toFixed(1)
    const next = x(from + (index + 1) * step * SLICE).toFixed(1)
    const y = (base - value * scale).toFixed(1)
    return `L${at} ${y}L${next} ${y}`
  })
  const end = x(from + values.length * step * SLICE).toFixed(1)
  const perSecond = Math.round((most * 1_000) / (SLICE * step))
  return [
    `<text x="8" y="${top + 26}" fill="${band.colour}">${band.label}</text>`,
    `<text x="8" y="${top + 40}" fill="#555">top: ${perSecond} / s</text>`,
    `<path d="M${x(from).toFixed(1)} ${base}${points.join('')}L${end} ${base}Z" fill="${band.colour}" fill-opacity="0.75"/>`,
    `<path d="M${LEFT} ${base}H${WIDTH - 20}" stroke="#999" stroke-width="0.6"/>`,
  ]
}

function axis(from: number, to: number, x: (ms: number) => number, top: number): string[] {
  const parts: string[] = []
  for (let at = Math.ceil(from / 500) * 500; at <= to; at += 500) {
    const where = x(at).toFixed(1)
    parts.push(`<path d="M${where} ${top}v5" stroke="#555" stroke-width="0.7"/>`)
    parts.push(
      `<text x="${where}" y="${top + 18}" text-anchor="middle" fill="#555">${((at - from) / 1_000).toFixed(1)} s</text>`,
    )
  }
  return parts
}

function merge(slices: readonly Slice[], step: number): Slice[] {
  return Array.from({ length: Math.ceil(slices.length / step) }, (_, index) =>
    slices.slice(index * step, (index + 1) * step).reduce(
      (sum, one) => ({
        let: sum.let + one.let,
        failed: sum.failed + one.failed,
        rejected: sum.rejected + one.rejected,
        commands: sum.commands + one.commands,
      }),
      { let: 0, failed: 0, rejected: 0, commands: 0 },
    ),
  )
}
