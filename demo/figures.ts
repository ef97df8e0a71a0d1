/** Figures as people read them. */

export function count(n: number): string {
  return n.toLocaleString('en-US')
}

export function duration(ms: number | undefined): string {
  if (ms === undefined) return '-'
  if (ms < 995) return `${ms.toFixed(0)} ms`
  if (ms < 9_950) return `${(ms / 1_000).toFixed(1)} s`
  return `${count(Math.round(ms / 1_000))} s`
}

/** Seconds as minutes and seconds, `1:05`. */
export function clock(seconds: number): string {
  const whole = Math.floor(seconds)
  return `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, '0')}`
}
