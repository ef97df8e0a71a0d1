// Numbers and times as the page writes them: short, without false precision. Times of day are the browser's zone;
// what they stand for in UTC goes into a title.

import type { WireState } from '../wire.ts'

const words: Readonly<Record<WireState, string>> = { open: 'Open', 'half-open': 'Half-open', closed: 'Closed' }

/** A state as a pill says it. */
export function stateWord(state: WireState): string {
  return words[state]
}

/** What is left (ms), rounded up, so that a countdown ends at 0 and not before. */
export function countdown(ms: number): string {
  return seconds(Math.max(0, Math.ceil(ms / 1000)))
}

/** What has passed (ms), rounded down. */
export function age(ms: number): string {
  return seconds(Math.max(0, Math.floor(ms / 1000)))
}

function seconds(s: number): string {
  if (s < 60) return `${s} s`
  const minutes = Math.floor(s / 60)
  if (minutes < 60) return s < 600 && s % 60 !== 0 ? `${minutes} min ${s % 60} s` : `${minutes} min`
  const hours = Math.floor(minutes / 60)
  if (hours < 48) return `${hours} h ${String(minutes % 60).padStart(2, '0')} min`
  return `${Math.floor(hours / 24)} days`
}

/** A length that somebody chose: 15 min, 4 h, 1.5 s. */
export function length(ms: number): string {
  if (ms < 120_000) return `${Math.round(ms / 100) / 10} s`
  const minutes = Math.round(ms / 6_000) / 10
  return minutes < 60 || minutes % 60 !== 0 ? `${minutes} min` : `${minutes / 60} h`
}

/** A rate per second. */
export function rate(n: number): string {
  if (n === 0) return '0'
  if (n < 0.1) return '<0.1'
  return n < 9.95 ? n.toFixed(1) : grouped(Math.round(n))
}

/** 10468 as 10 468. */
export function grouped(n: number): string {
  return String(n).replace(/\B(?=(\d{3})+$)/g, '\u2009')
}

/** A share of calls that failed: in words while there are few, `–` while there is none. */
export function failedShare(failed: number, of: number): string {
  if (of === 0) return '–'
  if (failed === 0) return '0 %'
  if (of < 20) return `${failed} of ${of}`
  return failed / of < 0.01 ? '<1 %' : `${Math.round((100 * failed) / of)} %`
}

/** 1 trial, 4 trials. */
export function counted(n: number, noun: string): string {
  return `${grouped(n)} ${noun}${n === 1 ? '' : noun.endsWith('ss') ? 'es' : 's'}`
}

/** The end of something that lasts so long from an answer on: the way of the answer took ms that are not its own. */
export function endOf(epoch: number): number {
  return Math.round(epoch / 1000) * 1000
}

/** 02:47:12, of epoch ms. */
export function timeOfDay(epoch: number, withSeconds = true): string {
  return new Date(epoch).toTimeString().slice(0, withSeconds ? 8 : 5)
}

/** The time of day, with the day before it where that is not the day of `now`. */
export function moment(epoch: number, now: number, withSeconds = true): string {
  const time = timeOfDay(epoch, withSeconds)
  const then = new Date(epoch)
  if (then.toDateString() === new Date(now).toDateString()) return time
  return `${then.getDate()} ${then.toLocaleString('en', { month: 'short' })} ${time}`
}

/** 2026-11-21 01:47:12 UTC, for a title. */
export function utc(epoch: number): string {
  return `${new Date(epoch).toISOString().slice(0, 19).replace('T', ' ')} UTC`
}

/** Why a trial failed, without saying that it was a trial. */
export function afterTrial(why: string): string {
  return why.replace(/^(?:the )?trial call failed: /i, '')
}

/** The circuit's own words as a sentence; what they say stays as it is. */
export function sentence(text: string): string {
  const trimmed = text.trim()
  if (trimmed === '') return ''
  const start = /^[a-z]+[ ,]/.test(trimmed) ? trimmed.charAt(0).toUpperCase() + trimmed.slice(1) : trimmed
  return /[.!?…”"]$/.test(start) ? start : `${start}.`
}
