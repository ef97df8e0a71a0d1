// What a person, or their code, can ask of a circuit: from the snapshot it is in to the one it shall be in. A
// process's own circuit and a fleet's carry them out alike.

import { openTime } from './backoff.ts'
import { checkKnown, checkObject, checkText } from './check.ts'
import * as machine from './machine.ts'
import type { Origin } from './machine.ts'
import type { Rules } from './options.ts'
import type { Hold, Snapshot } from './snapshot.ts'

/** `now` in ms of the circuit's clock, `wall` in epoch ms. */
export type Command = (at: Snapshot, now: number, wall: number) => Snapshot

/** Whose command it is; texts for people. */
export interface CommandOptions {
  /** Who gives it. */
  by?: string | undefined
  /** Why, in the person's words. @default that it was called */
  reason?: string | undefined
}

/** Who says what, of a command by its name. @throws TypeError for a bad option. */
export function originOf(command: string, options: CommandOptions = {}): Origin {
  checkKnown(command, checkObject('options', options), ['by', 'reason'])
  const reason = checkText('reason', options.reason)
  return { why: reason ?? `${command}() was called`, by: checkText('by', options.by) }
}

export function openCommand(
  rules: Pick<Rules, 'resetTimeout'>,
  lastFailure: unknown,
  origin: Origin = originOf('open'),
): Command {
  return (at, now, wall) => {
    const openFor = openTime(rules.resetTimeout, machine.keptRelapses(at), lastFailure)
    return machine.commandedOpen(at, { now, wall, openFor, ...origin })
  }
}

export function halfOpenCommand(origin: Origin = originOf('halfOpen')): Command {
  return (at, now, wall) => machine.commandedHalfOpen(at, now, wall, origin)
}

export function closeCommand(rules: Pick<Rules, 'rampUp'>, origin: Origin = originOf('close')): Command {
  return (at, now) => machine.commandedClose(now, at.state === 'closed' ? 0 : rules.rampUp, origin)
}

export function forceCommand(hold: Hold): Command {
  return (at, now, wall) => machine.held(at, hold, now, wall)
}

/** Nothing changes where nobody holds the circuit. */
export function releaseCommand(origin: Origin = originOf('release')): Command {
  return (at, now, wall) => (at.forced === undefined ? at : machine.released(at, now, wall, origin))
}

/** The end of a hold whose time is over. */
export const expireCommand: Command = (at, _, wall) => {
  const { forced } = at
  if (forced === undefined) return at
  const why = `the circuit was held ${forced.state}, and the time of that is over`
  return machine.released(at, forced.until, wall, { why, by: undefined })
}

/** Another open time, for an open circuit from the time it opened. No period begins. */
export function retimeCommand(openFor: number): Command {
  return (at) => (at.state === 'open' && at.forced === undefined ? machine.reopenedFor(at, openFor) : at)
}
