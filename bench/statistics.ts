/** Medians and quartiles; nothing here assumes a distribution. */
export function quantile(values: readonly number[], share: number): number {
  if (values.length === 0) return Number.NaN
  const sorted = [...values].sort((a, b) => a - b)
  const position = (sorted.length - 1) * share
  const low = Math.floor(position)
  const high = Math.ceil(position)
  return sorted[low]! + (sorted[high]! - sorted[low]!) * (position - low)
}

export function median(values: readonly number[]): number {
  return quantile(values, 0.5)
}

/** The median of what each round says for itself: a slow spell of the machine hits both halves of a pair. */
export function medianRatio(values: readonly number[], base: readonly number[]): number {
  return median(values.map((value, round) => value / base[round]!))
}
