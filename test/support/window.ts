// What a time window holds, worked out from every sample ever taken. The slot rule: a window has ten slots, and an outcome
// counts while its slot's index is above the current index less ten. So it counts 0.9 windows at least and 1 at most.

/** How many of `times` a window of ten slots holds at `now`. */
export function slotted(times: readonly number[], now: number, window: number): number {
  const index = (time: number): number => Math.floor(time / (window / 10))
  return times.filter((time) => index(time) > index(now) - 10).length
}

/** How many of `times` are less than `length` old at `now`. */
export function within(times: readonly number[], now: number, length: number): number {
  return times.filter((time) => now - time < length).length
}
