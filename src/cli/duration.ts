// Lengths of time as people type and read them.

const UNITS: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 }

/** ms of `90s`, `1.5h`, `2h30m`; `undefined` for what is no length of time. A number alone says no unit, so it is none. */
export function parseDuration(text: string): number | undefined {
  if (!/^(?:\d+(?:\.\d+)?(?:ms|[smhd]))+$/.test(text)) return undefined
  let sum = 0
  for (const [, number = '', unit = ''] of text.matchAll(/(\d+(?:\.\d+)?)(ms|[smhd])/g))
    sum += Number(number) * (UNITS[unit] ?? 0)
  return sum
}

/** What is left: rounded up, so that it ends at 0 and not before. `4 min 59 s` */
export function countdown(ms: number): string {
  return inSeconds(Math.max(0, Math.ceil(ms / 1_000)))
}

/** What has passed: rounded down. */
export function age(ms: number): string {
  return inSeconds(Math.max(0, Math.floor(ms / 1_000)))
}

/** What somebody chose: `850 ms`, `1.5 s`, `15 min`, `2 h`. */
export function length(ms: number): string {
  if (ms < 1_000) return `${Math.round(ms)} ms`
  if (ms < 120_000) return `${tenths(ms / 1_000)} s`
  return ms < 7_200_000 ? `${tenths(ms / 60_000)} min` : `${tenths(ms / 3_600_000)} h`
}

function inSeconds(seconds: number): string {
  if (seconds < 60) return `${seconds} s`
  const minutes = Math.floor(seconds / 60)
  if (minutes < 60) return minutes < 10 ? joined(minutes, 'min', seconds % 60, 's') : `${minutes} min`
  const hours = Math.floor(minutes / 60)
  return hours < 48 ? joined(hours, 'h', minutes % 60, 'min') : joined(Math.floor(hours / 24), 'days', hours % 24, 'h')
}

function joined(large: number, unit: string, small: number, smallUnit: string): string {
  return small === 0 ? `${large} ${unit}` : `${large} ${unit} ${small} ${smallUnit}`
}

function tenths(value: number): number {
  return Math.round(value * 10) / 10
}
